"""The one step that trains every recipe."""
import numpy as np
import tensorflow as tf

from anime_gan_tf.attributes import AXES, SIZES
from anime_gan_tf.training import losses, objectives


def make_train_step(recipe, state, table=None, strategy=None):
    """Builds the tf.function that advances a run by one generator update.

    Args:
      recipe: a Recipe.
      state: the State that it trains.
      table: array of shape attributes.SIZES, the joint distribution from which fakes get their tags; needed where
        the recipe is conditional.
      strategy: the tf.distribute.Strategy that the state was made for; each of its devices takes an equal
        part of every batch.

    Returns: step(images, tags, progress) -> metrics, where
      images: float32 (n_critic, batch, size, size, 3) in [-1, 1], fresh reals for every D update;
      tags: int32 (n_critic, batch, axes);
      progress: float32 scalar, the share of the run that is done, which drives the schedules;
      metrics: {name: float32 scalar} of the last D and the G update; loss terms are unweighted, but
        for d_penalty: with its own lambda or gamma, and 0 on the updates that do without. With several
        devices their averages, also of the gradients' norms.
    """
    strategy = strategy or tf.distribute.get_strategy()
    draw = make_draw(recipe, state.rng, table)
    update_discriminator, update_both = _make_updates(recipe, state, strategy.num_replicas_in_sync)

    # Without AutoGraph: no loop or branch here is on a tensor, and reading all code for one takes seconds.
    @tf.function(jit_compile=recipe.jit and strategy.num_replicas_in_sync == 1, autograph=False)
    def update(images, tags, noise, seen, gamma):
        if losses.ADVERSARIAL[recipe.loss].relativistic:  # a fake is compared with a real one of the same tags
            noise = noise | {"tags": tags}

        def turn(i, function):
            batch = (state.step - 1) * recipe.n_critic + tf.cast(i, tf.int64)
            number = batch // recipe.d_every + 1
            its_noise = {name: draws[i] for name, draws in noise.items()}
            run = lambda due: _on_each_device(strategy, function, images[i], tags[i], its_noise, gamma, number, due)
            # On all devices or on none: a message between them cannot depend on what one of them finds.
            return run(True) if recipe.d_every == 1 else tf.cond(
                batch % recipe.d_every == 0, lambda: run(True), lambda: run(False))

        def critic_turn(i):
            turn(i, update_discriminator)
            return i + 1

        if recipe.n_critic > 1:  # a graph loop: unrolled, D's update would be traced n_critic times
            tf.while_loop(lambda i: i < recipe.n_critic - 1, critic_turn, [0])
        metrics = turn(recipe.n_critic - 1, update_both)
        _update_ema(recipe, state, seen)
        return metrics

    @tf.function(autograph=False)
    def step(images, tags, progress):
        rate = recipe.learning_rate * cosine(recipe.learning_rate_end, progress)
        rate *= 0.5 ** tf.cast(state.rollbacks, tf.float32)
        gamma = recipe.r1_r2 * cosine(recipe.r1_r2_end, progress)
        state.d_optimizer.learning_rate.assign(rate * recipe.d_learning_rate)
        state.g_optimizer.learning_rate.assign(rate)
        state.step.assign_add(1)
        seen = tf.cast(state.step * recipe.batch_size, tf.float32)
        return update(images, tags, draw(), seen, gamma) | {"learning_rate": rate}

    return step


def _make_updates(recipe, state, devices):
    """(D's update, D's update and then G's), each a function of one device's part of a batch."""
    networks = objectives.networks_of(state.generator, state.discriminator, recipe)
    generator, discriminator = state.generator, state.discriminator

    def apply(optimizer, gradients, network):
        if devices > 1:  # Keras adds the devices' gradients up; a loss is an average over the whole batch
            gradients = [gradient / devices for gradient in gradients]
        optimizer.apply(gradients, network.trainable_variables)

    def clip(_):
        for weight in discriminator.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -recipe.weight_clip, recipe.weight_clip))

    def penalty_gradients(real, fake, gamma, mix):
        with tf.GradientTape() as tape:
            # Lazy regularisation: rarely, and then as many times as strong (Karras et al. 2020).
            penalty = recipe.penalty_every * objectives.penalty(networks, real, fake, recipe, gamma, mix)
            weighted = recipe.adversarial_weight * penalty
        gradients = tape.gradient(weighted, discriminator.trainable_variables)
        # The attribute heads have no part in the score.
        return penalty, [tf.zeros_like(variable.value) if gradient is None else gradient
                         for gradient, variable in zip(gradients, discriminator.trainable_variables)]

    def learn(real, fake, noise, gamma, number, due):
        """One update of D. number: of it, from 1 on; due: whether D moves, or sits this batch out."""
        with tf.GradientTape() as tape:
            loss, terms = objectives.discriminator_loss(networks, real, fake, recipe)
        gradients = tape.gradient(loss, discriminator.trainable_variables)
        if recipe.gradient_penalty or recipe.r1_r2:
            now = lambda: penalty_gradients(real, fake, gamma, noise["mix"])
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
        return terms | {"d_loss": loss, "d_grad_norm": tf.linalg.global_norm(gradients)}

    def update_discriminator(images, tags, noise, *turn):
        fakes = objectives.generate(networks, noise["z"], noise["tags"], recipe)
        real = objectives.shown(networks, images, tags, noise, recipe)
        return learn(real, objectives.shown(networks, fakes, noise["tags"], noise, recipe), noise, *turn)

    def update_both(images, tags, noise, *turn):
        """On the same fakes: G has not moved in between."""
        with tf.GradientTape() as drawing:
            fakes = objectives.generate(networks, noise["z"], noise["tags"], recipe)
            fake = objectives.shown(networks, fakes, noise["tags"], noise, recipe)
        real = objectives.shown(networks, images, tags, noise, recipe)
        metrics = learn(real, fake, noise, *turn)
        with tf.GradientTape() as tape:
            tape.watch(fake.seen)
            loss, terms = objectives.generator_loss(networks, real, fake, recipe)
        gradients = drawing.gradient(fake.seen, generator.trainable_variables, tape.gradient(loss, fake.seen))
        apply(state.g_optimizer, gradients, generator)
        return metrics | terms | {"g_loss": loss, "g_grad_norm": tf.linalg.global_norm(gradients)}

    return update_discriminator, update_both


def _on_each_device(strategy, update, images, tags, noise, *rest):
    """Runs update on every device with its part of the batch. Returns the averages of its metrics."""
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
    # A half-life that is a share of the images so far forgets the start at any run length
    # (the power-function average of Karras et al. 2024, equation 4).
    decay = 0.5 ** (recipe.batch_size / (recipe.ema_share * seen)) if recipe.ema_share else 0.0
    # BatchNorm's statistics as well: those of the latest ten batches are noisy, and of other weights.
    for slow, fast in zip(state.ema_generator.weights, state.generator.weights):
        slow.assign(fast + decay * (slow - fast))


def cosine(end, progress):
    """A half cosine from 1 to `end` (Loshchilov and Hutter 2017, equation 5)."""
    return end + (1 - end) * 0.5 * (1 + tf.cos(np.pi * progress))


def make_draw(recipe, rng, table):
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
            noise["tags"] = tf.reshape(tf.transpose(tf.unravel_index(index, SIZES)), (rows, batch, len(AXES)))
        else:
            noise["tags"] = tf.zeros((rows, batch, len(AXES)), tf.int32)
        return noise

    return draw
