"""The state of a training run and the one step that trains every recipe."""
import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from anime_gan_tf import augment, losses, networks, precision
from anime_gan_tf.attributes import EYES
from anime_gan_tf.networks import perceptual


@dataclasses.dataclass
class State:
    """Everything that changes during training, so everything that a checkpoint holds."""
    generator: keras.Model
    discriminator: keras.Model
    average: keras.Model  # the generator's weight average (EMA): the one to draw with
    g_optimizer: keras.optimizers.Optimizer
    d_optimizer: keras.optimizers.Optimizer
    rng: tf.random.Generator
    step: Any             # tf.Variable int64: generator updates done; also the position in the data
    seconds: Any          # tf.Variable float64: wall time spent training
    rollbacks: Any        # tf.Variable int64: how often it diverged and went back; each halves the learning rate

    def variables(self):
        """{unique name: variable}, in an order that depends only on the recipe."""
        parts = {name: getattr(self, name).weights
                 for name in ("generator", "discriminator", "average")}
        parts |= {name: getattr(self, name).variables for name in ("g_optimizer", "d_optimizer")}
        # By position: Keras counts its names up within a process, so they are not the same in all.
        named = {f"{part}/{i:03d}": variable
                 for part, members in parts.items() for i, variable in enumerate(members)}
        return named | {"rng": self.rng.state, "step": self.step, "seconds": self.seconds,
                        "rollbacks": self.rollbacks}


def make_state(recipe, seed, strategy=None, compute="float32"):
    """A fresh State; the same recipe and seed give the same weights, on whatever devices of a tf.distribute.Strategy.

    compute: the number format that the two networks compute in (precision.py); the average draws in float32.
    """
    strategy = strategy or tf.distribute.get_strategy()
    # Layers count their names up within a process, and the order in which TensorFlow adds gradients up
    # follows from the names: starting over makes a second run in a process equal to the first.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    with strategy.scope():
        with precision.of_networks(compute):
            generator, discriminator = networks.build(recipe)
        average = networks.build_generator(recipe)
        average.set_weights(generator.get_weights())
        theirs = recipe.optimizer if recipe.d_optimizer == "same" else recipe.d_optimizer
        g_optimizer, d_optimizer = _optimizer(recipe.optimizer, recipe), _optimizer(theirs, recipe)
        # Built before the step is traced: variables cannot be made inside a tf.function.
        g_optimizer.build(generator.trainable_variables)
        d_optimizer.build(discriminator.trainable_variables)
    for layer in (*generator.layers, *discriminator.layers):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = strategy.num_replicas_in_sync > 1  # one batch, whoever holds which part of it
    return State(generator, discriminator, average, g_optimizer, d_optimizer,
                 rng=tf.random.Generator.from_seed(seed),
                 step=tf.Variable(0, dtype=tf.int64, name="step"),
                 seconds=tf.Variable(0.0, dtype=tf.float64, name="seconds"),
                 rollbacks=tf.Variable(0, dtype=tf.int64, name="rollbacks"))


def _optimizer(name, recipe):
    if name == "rmsprop":
        return keras.optimizers.RMSprop(recipe.learning_rate)
    if name == "sgd":
        return keras.optimizers.SGD(recipe.learning_rate)
    return keras.optimizers.Adam(recipe.learning_rate, recipe.beta_1, recipe.beta_2, epsilon=1e-8)


def make_train_step(recipe, state, table=None, strategy=None):
    """Builds the tf.function that advances a run by one generator update.

    Args:
      recipe: a Recipe.
      state: the State that it trains.
      table: (12, 11) array, the joint distribution from which fakes get their tags; needed where
        the recipe is conditional.
      strategy: the tf.distribute.Strategy that the state was made for; each of its devices takes an equal
        part of every batch.

    Returns: step(images, tags, progress) -> metrics, where
      images: float32 (n_critic, batch, size, size, 3) in [-1, 1], fresh reals for every D update;
      tags: int32 (n_critic, batch, 2);
      progress: float32 scalar, the share of the run that is done, which drives the schedules;
      metrics: {name: float32 scalar} of the last D and the G update; loss terms are unweighted, but
        for d_penalty: with its own lambda or gamma, and 0 on the updates that do without. With several
        devices their averages, also of the gradients' norms.
    """
    strategy = strategy or tf.distribute.get_strategy()
    devices = strategy.num_replicas_in_sync
    pair = losses.ADVERSARIAL[recipe.loss]
    generator, discriminator = state.generator, state.discriminator
    d_metrics = (["d_adversarial"] + ["d_attributes"] * recipe.conditional
                 + ["d_penalty"] * bool(recipe.gradient_penalty or recipe.r1_r2)
                 + ["d_loss", "d_grad_norm", "d_real", "d_fake"])

    def generate(z, tags):
        return generator([z, tags] if recipe.conditional else [z], training=True)

    # What does not learn looks once at a face; D's update and G's share what it saw.
    frozen, learning = perceptual.split(discriminator) if recipe.perceptual else (lambda images: images, discriminator)

    def shift(images, noise):
        """Where the recipe translates, D only ever sees shifted images."""
        return augment.translate(images, noise["shift"]) if recipe.translation else images

    def judge(seen, tags):
        """D's outputs; seen: frozen() of shifted images."""
        return learning([seen, tags] if recipe.projection else seen, training=True)

    def apply(optimizer, gradients, network):
        if devices > 1:  # Keras adds the devices' gradients up; a loss is an average over the whole batch
            gradients = [gradient / devices for gradient in gradients]
        optimizer.apply(gradients, network.trainable_variables)

    def on_each_device(update, images, tags, noise, *rest):
        """Runs update on every device with its part of the batch. Returns the averages of its metrics."""
        if devices == 1:
            return update(images, tags, noise, *rest)

        def on_one(images, tags, noise, *rest):
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            part = lambda batch: tf.reshape(batch, (devices, -1) + tuple(batch.shape[1:]))[index]
            return update(*tf.nest.map_structure(part, (images, tags, noise)), *rest)

        metrics = strategy.run(on_one, (images, tags, noise, *rest))
        return {name: strategy.reduce("MEAN", value, axis=None) for name, value in metrics.items()}

    def train_discriminator(images, tags, noise, fakes, real_seen, fake_seen, gamma, number, due):
        """number: of D's update, from 1 on; due: whether D moves, or sits this batch out."""
        terms = {}
        with tf.GradientTape() as tape:
            real, fake = judge(real_seen, tags), judge(fake_seen, noise["tags"])
            terms["d_adversarial"] = pair.discriminator(
                real["score"], fake["score"], recipe.real_label)
            loss = recipe.adversarial_weight * terms["d_adversarial"]
            if recipe.conditional:
                # On reals only: to classify fakes as well teaches D that G's mistakes are right.
                terms["d_attributes"] = losses.attribute_loss(real["hair"], real["eyes"], tags)
                loss += terms["d_attributes"]
        gradients = tape.gradient(loss, discriminator.trainable_variables)
        if "d_penalty" in d_metrics:
            # Lazy regularisation: rarely, and then as many times as strong (Karras et al. 2020).
            now = lambda: penalise(images, fakes, tags, noise, gamma)
            without = lambda: (tf.zeros(()), [tf.zeros_like(gradient) for gradient in gradients])
            if recipe.penalty_every == 1:
                terms["d_penalty"], extra = now()
            else:
                terms["d_penalty"], extra = tf.cond(number % recipe.penalty_every == 0, now, without) if due else without()
            loss += recipe.adversarial_weight * terms["d_penalty"]
            gradients = [a + b for a, b in zip(gradients, extra)]
        if due:  # a batch that D sits out still shows in its curves
            apply(state.d_optimizer, gradients, discriminator)
            if recipe.weight_clip:  # on all devices at once: a device alone may not assign
                tf.distribute.get_replica_context().merge_call(clip)
        return terms | {"d_loss": loss, "d_grad_norm": tf.linalg.global_norm(gradients),
                        "d_real": tf.reduce_mean(real["score"]),
                        "d_fake": tf.reduce_mean(fake["score"])}

    def clip(_):
        for weight in discriminator.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -recipe.weight_clip, recipe.weight_clip))

    def penalise(images, fakes, tags, noise, gamma):
        """(the weighted penalty on D's slope, its gradients by D's weights)."""
        def slope(at, tags):
            with tf.GradientTape() as inner:
                inner.watch(at)
                score = judge(frozen(shift(at, noise)), tags)["score"]
            return inner.gradient(score, at)

        with tf.GradientTape() as tape:
            penalty = 0.0
            if recipe.gradient_penalty:
                between = images + noise["mix"] * (fakes - images)
                penalty += recipe.gradient_penalty * losses.gradient_penalty(slope(between, tags))
            if recipe.r1_r2:
                for at, its_tags in ((images, tags), (fakes, noise["tags"])):
                    penalty += gamma * losses.zero_centred_penalty(slope(at, its_tags))
            penalty *= recipe.penalty_every
            weighted = recipe.adversarial_weight * penalty
        gradients = tape.gradient(weighted, discriminator.trainable_variables)
        # The attribute heads have no part in the score.
        return penalty, [tf.zeros_like(variable.value) if gradient is None else gradient
                         for gradient, variable in zip(gradients, discriminator.trainable_variables)]

    def generator_loss(tags, noise, real_seen, fake_seen):
        fake = judge(fake_seen, noise["tags"])
        real_score = judge(real_seen, tags)["score"] if pair.compares else None
        terms = {"g_adversarial": pair.generator(real_score, fake["score"])}
        loss = recipe.adversarial_weight * terms["g_adversarial"]
        if recipe.conditional:
            terms["g_attributes"] = losses.attribute_loss(fake["hair"], fake["eyes"], noise["tags"])
            loss += terms["g_attributes"]
        return loss, terms

    def update_discriminator(images, tags, noise, gamma, number, due):
        fakes = generate(noise["z"], noise["tags"])
        seen = frozen(shift(images, noise)), frozen(shift(fakes, noise))
        return train_discriminator(images, tags, noise, fakes, *seen, gamma, number, due)

    def update_both(images, tags, noise, gamma, number, due):
        """D's update and then G's, on the same fakes: G has not moved in between."""
        with tf.GradientTape() as drawing:
            fakes = generate(noise["z"], noise["tags"])
            fake_seen = frozen(shift(fakes, noise))
        real_seen = frozen(shift(images, noise))
        metrics = train_discriminator(images, tags, noise, fakes, real_seen, fake_seen, gamma, number, due)
        with tf.GradientTape() as tape:
            tape.watch(fake_seen)
            loss, terms = generator_loss(tags, noise, real_seen, fake_seen)
        gradients = drawing.gradient(fake_seen, generator.trainable_variables, tape.gradient(loss, fake_seen))
        apply(state.g_optimizer, gradients, generator)
        return metrics | terms | {"g_loss": loss, "g_grad_norm": tf.linalg.global_norm(gradients)}

    def update_average(seen):
        # A half-life that is a share of the images so far forgets the start at any run length
        # (the power-function average of Karras et al. 2024, equation 4).
        decay = 0.5 ** (recipe.batch_size / (recipe.ema_share * seen)) if recipe.ema_share else 0.0
        # BatchNorm's statistics as well: those of the latest ten batches are noisy, and of other weights.
        for slow, fast in zip(state.average.weights, generator.weights):
            slow.assign(fast + decay * (slow - fast))

    # Without AutoGraph: no loop or branch here is on a tensor, and reading all code for one takes seconds.
    @tf.function(jit_compile=recipe.jit and devices == 1, autograph=False)
    def update(images, tags, noise, seen, gamma):
        if pair.compares:  # a fake is compared with a real one of the same tags
            noise = noise | {"tags": tags}

        def turn(i, update):
            batch = (state.step - 1) * recipe.n_critic + tf.cast(i, tf.int64)
            number = batch // recipe.d_every + 1
            its_noise = {name: draws[i] for name, draws in noise.items()}
            run = lambda due: on_each_device(update, images[i], tags[i], its_noise, gamma, number, due)
            # On all devices or on none: a message between them cannot depend on what one of them finds.
            return run(True) if recipe.d_every == 1 else tf.cond(
                batch % recipe.d_every == 0, lambda: run(True), lambda: run(False))

        def critic_turn(i):
            turn(i, update_discriminator)
            return i + 1

        if recipe.n_critic > 1:  # a graph loop: unrolled, D's update would be traced n_critic times
            tf.while_loop(lambda i: i < recipe.n_critic - 1, critic_turn, [0])
        metrics = turn(recipe.n_critic - 1, update_both)
        update_average(seen)
        return metrics

    def falling(end, progress):
        """A half cosine from 1 to `end` (Loshchilov and Hutter 2017, equation 5)."""
        return end + (1 - end) * 0.5 * (1 + tf.cos(np.pi * progress))

    draw = _make_draw(recipe, state.rng, table)

    @tf.function(autograph=False)
    def step(images, tags, progress):
        rate = recipe.learning_rate * falling(recipe.learning_rate_end, progress)
        rate *= 0.5 ** tf.cast(state.rollbacks, tf.float32)
        gamma = recipe.r1_r2 * falling(recipe.r1_r2_end, progress)
        state.d_optimizer.learning_rate.assign(rate * recipe.d_learning_rate)
        state.g_optimizer.learning_rate.assign(rate)
        state.step.assign_add(1)
        seen = tf.cast(state.step * recipe.batch_size, tf.float32)
        return update(images, tags, draw(), seen, gamma) | {"learning_rate": rate}

    return step


def _make_draw(recipe, rng, table):
    """A function that draws the noise of a step: one row for each D update; G's has that of the last."""
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
            tags = tf.stack([index // len(EYES), index % len(EYES)], axis=-1)
            noise["tags"] = tf.reshape(tags, (rows, batch, 2))
        else:
            noise["tags"] = tf.zeros((rows, batch, 2), tf.int32)
        return noise

    return draw
