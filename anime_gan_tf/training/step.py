"""The one step that trains every recipe."""
import numpy as np
import tensorflow as tf

from anime_gan_tf.attributes import AXES, SIZES
from anime_gan_tf.data import pipeline
from anime_gan_tf.training import losses, schedules
from anime_gan_tf.training.updates import Updates


def prepare():
    """Before anything of a training: the same seed is to give the same weights."""
    tf.config.experimental.enable_op_determinism()


def device():
    """The kind of device it trains on."""
    return "GPU" if tf.config.list_physical_devices("GPU") else "CPU"


class Trainer:
    """Takes the State of a Run from step to step."""

    def __init__(self, run, state):
        self._run, self._state = run, state
        self._step = make_train_step(run.job.recipe, state, run.table, run.job.strategy)
        self.restart()

    def restart(self):
        """Goes on from where the State stands now."""
        job = self._run.job
        self._batches = iter(pipeline.batches(job.faces, job.recipe, job.seed,
                                              int(self._state.step), self._run.split.training))

    def step(self, progress):
        """{name: float} of one step. progress: share of the run that is done."""
        metrics = self._step(*next(self._batches), tf.constant(progress, tf.float32))
        return {name: float(value) for name, value in metrics.items()}

    def write_back(self):
        """The State is up to date at every step."""


def make_train_step(recipe, state, table=None, strategy=None):
    """Builds the tf.function that advances a run by one generator update.

    Args:
      recipe: a Recipe.
      state: the State that it trains.
      table: array of shape attributes.SIZES, the joint distribution from which fakes get their
        tags; needed where the recipe is conditional.
      strategy: the tf.distribute.Strategy that the state was made for; each of its devices takes an
        equal part of every batch.

    Returns: step(images, tags, progress) -> metrics, where
      images: float32 (n_critic, batch, size, size, 3) in [-1, 1], fresh reals for every D update;
      tags: int32 (n_critic, batch, axes);
      progress: float32 scalar, the share of the run that is done, which drives the schedules;
      metrics: {name: float32 scalar} of the last D and the G update; loss terms are unweighted, but
        for d_penalty: with its own lambda or gamma, and 0 on the updates that do without. With
        several devices their averages, also of the gradients' norms.
    """
    strategy = strategy or tf.distribute.get_strategy()
    draw = make_draw(recipe, state.rng, table)
    updates = Updates(recipe, state, strategy.num_replicas_in_sync)

    # Without AutoGraph, which would read all code for loops on tensors: there are none.
    @tf.function(jit_compile=recipe.jit and strategy.num_replicas_in_sync == 1, autograph=False)
    def update(images, tags, noise, seen, gamma):
        if losses.ADVERSARIAL[recipe.loss].relativistic:  # pairs have the same tags
            noise = noise | {"tags": tags}

        def turn(i, function):
            batch = (state.step - 1) * recipe.n_critic + tf.cast(i, tf.int64)
            number = batch // recipe.d_every + 1
            its_noise = {name: draws[i] for name, draws in noise.items()}
            run = lambda due: _on_each_device(strategy, function, images[i], tags[i], its_noise,
                                              gamma, number, due)
            # On all devices or none: no message between them may depend on what one of them finds.
            return run(True) if recipe.d_every == 1 else tf.cond(
                batch % recipe.d_every == 0, lambda: run(True), lambda: run(False))

        def critic_turn(i):
            turn(i, updates.discriminator)
            return [i + 1]

        if recipe.n_critic > 1:  # a graph loop: unrolled, D's update would be traced n_critic times
            tf.while_loop(lambda i: i < recipe.n_critic - 1, critic_turn, [0])
        metrics = turn(recipe.n_critic - 1, updates.both)
        _update_ema(recipe, state, seen)
        return metrics

    @tf.function(autograph=False)
    def step(images, tags, progress):
        rate, gamma = schedules.rates(recipe, progress)
        rate *= 0.5 ** tf.cast(state.rollbacks, tf.float32)
        state.d_optimizer.learning_rate.assign(rate * recipe.d_learning_rate)
        state.g_optimizer.learning_rate.assign(rate)
        state.step.assign_add(1)
        seen = tf.cast(state.step * recipe.batch_size, tf.float32)
        return update(images, tags, draw(), seen, gamma) | {"learning_rate": rate}

    return step


def _on_each_device(strategy, update, images, tags, noise, *rest):
    """Runs update on every device with its part of the batch. Returns its metrics' averages."""
    devices = strategy.num_replicas_in_sync
    if devices == 1:
        return update(images, tags, noise, *rest)

    def on_one(images, tags, noise, *rest):
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        part = lambda batch: tf.reshape(batch, (devices, -1) + tuple(batch.shape[1:]))[index]
        return update(*tf.nest.map_structure(part, (images, tags, noise)), *rest)

    metrics = strategy.run(on_one, (images, tags, noise, *rest))
    return {name: strategy.reduce("MEAN", value, axis=None) for name, value in metrics.items()}


def _update_ema(recipe, state, seen):
    """seen: images so far."""
    decay = schedules.ema_decay(recipe, seen)
    # BatchNorm's statistics as well: those of the latest ten batches are noisy, and of other
    # weights.
    for slow, fast in zip(state.ema_generator.weights, state.generator.weights):
        slow.assign(fast + decay * (slow - fast))


def make_draw(recipe, rng, table):
    """A function that draws a step's noise: one row for each D update; G's has the last one's."""
    rows, batch = recipe.n_critic, recipe.batch_size
    if recipe.conditional:
        cumulative = tf.constant(np.cumsum(table.ravel())[:-1], tf.float32)

    def draw():
        noise = {"z": recipe.latent_std * rng.normal((rows, batch, recipe.latent_dim)),
                 "mix": rng.uniform((rows, batch, 1, 1, 1))}
        if recipe.translation:
            limit = round(recipe.translation * recipe.image_size)
            noise["shift"] = rng.uniform((rows, batch, 2), -limit, limit + 1, tf.int32)
        if recipe.conditional:
            index = tf.searchsorted(cumulative, rng.uniform((rows * batch,)), side="right")
            noise["tags"] = tf.reshape(tf.transpose(tf.unravel_index(index, SIZES)),
                                       (rows, batch, len(AXES)))
        else:
            noise["tags"] = tf.zeros((rows, batch, len(AXES)), tf.int32)
        return noise

    return draw
