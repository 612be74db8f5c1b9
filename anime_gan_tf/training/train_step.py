"""The training step, from top to bottom: inputs, discriminator, generator, weight average.

Every recipe trains with this one step. Recipes differ in the adversarial pair and the penalty
(losses.py), the schedules (schedules.py), the augmentation in front of the discriminator
(augment.py) and the networks (networks/).

Images are float32 (batch, size, size, 3) in [-1, 1], latents z float32 (batch, latent_dim), labels
are tags (batch, axes), and logits float32 (batch, 1), higher meaning more real. The generator of an
enlarger takes small images instead of latents; its images are crops, and its logits (batch, side,
side, 1) are those of patches.
"""
from typing import Any, Callable, NamedTuple

import numpy as np
import tensorflow as tf

from anime_gan_tf import losses
from anime_gan_tf.networks import perceptual
from anime_gan_tf.training import augment, distribution, schedules


def make_train_step(recipe, state, label_distribution=None, strategy=None):
    """Builds the tf.function that advances a run by one generator update.

    Args:
      recipe: a Recipe.
      state: the State that it trains.
      label_distribution: array of shape state.labels.sizes, the joint distribution that the labels
        of fakes are drawn from; needed if the recipe is conditional.
      strategy: the tf.distribute.Strategy that the state was made for; each of its devices takes an
        equal part of every batch.

    Returns: step(images, labels, data_inputs, progress) -> metrics, where
      images: float32 (n_critic, batch, size, size, 3), other reals for each discriminator update;
      labels: tags (n_critic, batch, axes), of state.labels.dtype;
      data_inputs: inputs of the generator that come from the data: {}, or of an enlarger {"small":
        float32 (n_critic, batch, height, width, 3)};
      progress: float32 scalar, the share of the run that is done, for the schedules;
      metrics: {name: float32 scalar} of the last discriminator update and the generator update;
        terms of a loss are unweighted, except d_penalty: with its own lambda or gamma, and 0 in
        updates without a penalty. With several devices they are averages. The weights' root mean
        squares are those after the updates, so that diverged weights are noticed before they are
        saved.
    """
    strategy = strategy or tf.distribute.get_strategy()
    networks = split_networks(state, recipe)
    last = recipe.n_critic - 1

    # AutoGraph is not needed: there is no Python control flow that depends on tensors.
    @tf.function(autograph=False)
    def step(images, labels, data_inputs, progress):
        rate, gamma = schedules.rates(recipe, progress)
        weight = schedules.adversarial_weight(recipe, progress)
        rate *= 0.5 ** tf.cast(state.rollbacks, tf.float32)
        state.d_optimizer.learning_rate.assign(rate * recipe.d_learning_rate_factor)
        state.g_optimizer.learning_rate.assign(rate)
        state.step.assign_add(1)
        inputs = sample_inputs(recipe, state.rng, state.labels, label_distribution) | data_inputs
        if losses.ADVERSARIAL[recipe.loss].relativistic:  # real and fake have the same labels
            inputs["labels"] = labels
        return update(images, labels, inputs, gamma, weight) | {"learning_rate": rate}

    @tf.function(jit_compile=recipe.jit and strategy.num_replicas_in_sync == 1, autograph=False)
    def update(images, labels, inputs, gamma, weight):
        def on_batch(i, function, *scheduled):
            number = (state.step - 1) * recipe.n_critic + tf.cast(i, tf.int64) + 1
            batch = images[i], labels[i], {name: value[i] for name, value in inputs.items()}
            return distribution.run(strategy, function, batch, number, *scheduled)

        def critic_update(i):
            on_batch(i, update_discriminator, gamma)
            return [i + 1]

        if last:  # a loop of the graph: unrolled, the update would be traced n_critic times
            tf.while_loop(lambda i: i < last, critic_update, [0])
        metrics = on_batch(last, update_both, gamma, weight)
        update_ema(recipe, state)
        return metrics | {"d_weight_rms": rms(state.discriminator.trainable_variables),
                          "g_weight_rms": rms(state.generator.trainable_variables)}

    def update_discriminator(images, labels, inputs, number, gamma):
        augmentation = augment.parameters(inputs)
        real = prepare_batch(networks, images, labels, augmentation)
        fake = prepare_batch(networks, generate(recipe, networks, inputs), inputs["labels"],
                             augmentation)
        return discriminator_update(recipe, state, networks, real, fake, inputs, gamma, number)

    def update_both(images, labels, inputs, number, gamma, weight):
        augmentation = augment.parameters(inputs)
        with tf.GradientTape() as fakes_tape:  # both updates use the same fakes
            fake = prepare_batch(networks, generate(recipe, networks, inputs), inputs["labels"],
                                 augmentation)
        real = prepare_batch(networks, images, labels, augmentation)
        metrics = discriminator_update(recipe, state, networks, real, fake, inputs, gamma, number)
        return metrics | generator_update(recipe, state, networks, real, fake, fakes_tape, weight)

    return step


# ----- 1. Inputs

def sample_inputs(recipe, rng, labels, label_distribution):
    """The random inputs of a step, one row for each discriminator update. The generator's update
    uses the last row.

    Returns: {"z": float32 (n_critic, batch, latent_dim), if the generator takes noise; "labels":
      tags (n_critic, batch, axes); "interpolation": float32 (n_critic, batch, 1, 1, 1) in [0, 1],
      the position between real and fake for WGAN-GP's penalty; and the parameters of augmentations
      (n_critic, batch, n), by their names in augment.py}.
    """
    rows, batch, axes = recipe.n_critic, recipe.batch_size, len(labels.axes)
    inputs = {}
    if "z" in recipe.generator_inputs:
        inputs["z"] = recipe.latent_std * rng.normal((rows, batch, recipe.latent_dim))
    inputs["interpolation"] = rng.uniform((rows, batch, 1, 1, 1))
    inputs |= augment.sample(recipe, rng, (rows, batch))
    if recipe.conditional:
        cumulative = tf.constant(np.cumsum(label_distribution.ravel())[:-1], tf.float32)
        index = tf.searchsorted(cumulative, rng.uniform((rows * batch,)), side="right")
        inputs["labels"] = tf.cast(tf.reshape(tf.transpose(tf.unravel_index(index, labels.sizes)),
                                              (rows, batch, axes)), labels.dtype)
    else:
        inputs["labels"] = tf.zeros((rows, batch, axes), labels.dtype)
    return inputs


# ----- 2. The discriminator

def discriminator_update(recipe, state, networks, real, fake, inputs, gamma, number):
    """Minimizes the discriminator's loss on one batch.

    Args: real, fake: DiscriminatorBatch; gamma: of R1 and R2; number: index of this update, from 1.
    Returns: {metric: scalar}.
    """
    weights = state.discriminator.trainable_variables
    pair = losses.ADVERSARIAL[recipe.loss]
    with tf.GradientTape() as tape:
        real_outputs, fake_outputs = discriminate_both(recipe, networks, real, fake)
        real_logits, fake_logits = real_outputs["score"], fake_outputs["score"]
        metrics = {"d_adversarial": pair.discriminator(real_logits, fake_logits,
                                                       recipe.real_label)}
        loss = recipe.adversarial_weight * metrics["d_adversarial"]
        if recipe.conditional:
            # On reals only: with fakes the discriminator would learn the generator's mistakes as
            # correct labels.
            metrics["d_attributes"] = losses.ATTRIBUTE[recipe.attribute_loss](
                real_outputs, real.labels, state.labels.axes)
            loss += metrics["d_attributes"]
        metrics |= {"d_real": tf.reduce_mean(real_logits), "d_fake": tf.reduce_mean(fake_logits)}
    gradients = tape.gradient(loss, weights)

    if recipe.gradient_penalty or recipe.r1_r2:
        penalized = lambda: penalty_gradients(recipe, networks, weights, real, fake, inputs, gamma)
        if recipe.penalty_every == 1:
            metrics["d_penalty"], more = penalized()
        else:  # lazy regularization, Karras et al. 2020
            without = lambda: (tf.zeros(()), [tf.zeros_like(gradient) for gradient in gradients])
            metrics["d_penalty"], more = tf.cond(number % recipe.penalty_every == 0, penalized,
                                                 without)
        loss += recipe.adversarial_weight * metrics["d_penalty"]
        gradients = [a + b for a, b in zip(gradients, more)]

    apply_gradients(state.d_optimizer, gradients, state.discriminator, loss)
    if recipe.weight_clip:  # in a merge_call: a replica may not assign to a variable of all
        tf.distribute.get_replica_context().merge_call(
            lambda _: losses.clip_weights(weights, recipe.weight_clip))
    return metrics | {"d_loss": loss, "d_grad_norm": tf.linalg.global_norm(gradients)}


def penalty_gradients(recipe, networks, weights, real, fake, inputs, gamma):
    """The penalty on the gradients of the logits with respect to the images, and its gradients with
    respect to the weights.

    Returns: (the penalty with its own lambda or gamma, [gradient, ...]).
    """
    with tf.GradientTape() as tape:
        penalty = 0.0
        if recipe.gradient_penalty:
            between = real.images + inputs["interpolation"] * (fake.images - real.images)
            penalty += recipe.gradient_penalty * losses.gradient_penalty(
                input_gradient(recipe, networks, real._replace(images=between)))
        if recipe.r1_r2:
            for batch in (real, fake):
                penalty += gamma * losses.zero_centered_penalty(
                    input_gradient(recipe, networks, batch))
        penalty = recipe.penalty_every * penalty  # the same on average as without lazy updates
        weighted = recipe.adversarial_weight * penalty
    gradients = tape.gradient(weighted, weights)
    # The logits do not depend on the attribute heads.
    return penalty, [tf.zeros_like(variable.value) if gradient is None else gradient
                     for gradient, variable in zip(gradients, weights)]


def input_gradient(recipe, networks, batch):
    """The gradient (batch, size, size, 3) of the logits with respect to the images, through
    augmentation, the frozen extractor and the discriminator."""
    with tf.GradientTape() as tape:
        tape.watch(batch.images)
        augmented = prepare_batch(networks, batch.images, batch.labels, batch.augmentation)
        logits = tf.reduce_sum(discriminate(recipe, networks, augmented)["score"])
    return tape.gradient(logits, batch.images)


# ----- 3. The generator

def generator_update(recipe, state, networks, real, fake, fakes_tape, weight):
    """Minimizes the generator's loss on the fakes of the discriminator's last update.

    The generator does not run again: one tape differentiates the loss with respect to the fakes'
    features, the tape that recorded these features continues to the generator's weights.

    Args: real, fake: DiscriminatorBatch; fakes_tape: a tf.GradientTape that recorded the fakes;
      weight: of the adversarial loss.
    Returns: {metric: scalar}.
    """
    pair = losses.ADVERSARIAL[recipe.loss]
    with tf.GradientTape() as features_tape:
        features_tape.watch(fake.features)
        fake_outputs = discriminate(recipe, networks, fake)
        real_logits = (discriminate(recipe, networks, real)["score"] if pair.relativistic
                       else None)
        metrics = {"g_adversarial": pair.generator(real_logits, fake_outputs["score"],
                                                   recipe.generator_label)}
        loss = weight * metrics["g_adversarial"]
        if recipe.conditional:
            metrics["g_attributes"] = losses.ATTRIBUTE[recipe.attribute_loss](
                fake_outputs, fake.labels, state.labels.axes)
            loss += recipe.g_attribute_weight * metrics["g_attributes"]
        # An enlarger's features are the shifted images themselves: its discriminator has no frozen
        # extractor.
        if recipe.reconstruction:
            metrics["g_reconstruction"] = losses.reconstruction(real.features, fake.features)
            loss += recipe.reconstruction * metrics["g_reconstruction"]
        if recipe.feature_loss:
            metrics["g_features"] = losses.feature_loss(state.comparison(real.features),
                                                        state.comparison(fake.features))
            loss += recipe.feature_loss * metrics["g_features"]
    gradients = fakes_tape.gradient(fake.features, state.generator.trainable_variables,
                                    features_tape.gradient(loss, fake.features))
    apply_gradients(state.g_optimizer, gradients, state.generator, loss)
    return metrics | {"g_loss": loss, "g_grad_norm": tf.linalg.global_norm(gradients)}


def apply_gradients(optimizer, gradients, network, loss):
    """One step of an optimizer, with the average of the devices' gradients."""
    # Keras sums the devices' gradients, but a loss is an average over the whole batch.
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas > 1:
        gradients = [gradient / replicas for gradient in gradients]
    # The loss is known once all weights have been read. Without this dependency TensorFlow's graph
    # optimizer may assign a weight before it is read, if its gradient does not depend on the value,
    # as with some biases in a gradient penalty.
    with tf.control_dependencies([loss]):
        optimizer.apply(gradients, network.trainable_variables)


# ----- 4. The weight average

def update_ema(recipe, state):
    """Updates the exponential moving average of the generator's weights."""
    num_images = tf.cast(state.step * recipe.batch_size, tf.float32)
    decay = schedules.ema_decay(recipe, num_images)
    # Including BatchNorm's statistics: the generator's own are noisy averages over about ten
    # batches, and belong to other weights.
    for average, weight in zip(state.ema_generator.weights, state.generator.weights):
        average.assign(weight + decay * (average - weight))


def rms(variables):
    """The root mean square of all values of some variables."""
    count = sum(variable.shape.num_elements() for variable in variables)
    return tf.linalg.global_norm([variable.value for variable in variables]) / count ** 0.5


# ----- What both updates call

class Networks(NamedTuple):
    """The generator, and the discriminator in two parts: discriminator(extractor(images))."""
    generator: Callable
    extractor: Callable      # frozen, so both updates can use the same features
    discriminator: Callable  # trainable


class DiscriminatorBatch(NamedTuple):
    """Images, and the discriminator's inputs that are computed from them."""
    images: Any        # before augmentation
    labels: Any
    augmentation: Any  # its parameters, {name: (batch, n)}
    features: Any      # of the augmented images, or these themselves without a frozen extractor


def split_networks(state, recipe):
    """The Networks of a State."""
    if recipe.perceptual:
        return Networks(state.generator, *perceptual.split(state.discriminator))
    return Networks(state.generator, lambda images: images, state.discriminator)


def generate(recipe, networks, inputs):
    """Fakes for the inputs of a step."""
    return networks.generator([inputs[name] for name in recipe.generator_inputs], training=True)


def prepare_batch(networks, images, labels, augmentation):
    """The DiscriminatorBatch of some images. augmentation: of augment.parameters(), the same for
    reals and fakes."""
    features = networks.extractor(augment.apply(images, augmentation))
    return DiscriminatorBatch(images, labels, augmentation, features)


def discriminate(recipe, networks, batch):
    """The discriminator's outputs: {"score": logits[, logits of each axis]}."""
    inputs = [batch.features, batch.labels] if recipe.projection else batch.features
    return networks.discriminator(inputs, training=True)


def discriminate_both(recipe, networks, real, fake):
    """(outputs for reals, outputs for fakes)."""
    if recipe.discriminator_norm == "batch":  # reals and fakes have statistics of their own
        return discriminate(recipe, networks, real), discriminate(recipe, networks, fake)
    # As one batch, so that the gradients of the weights are computed once, which saves a fifth of
    # acgan's step.
    join = lambda a, b: tf.concat([a, b], 0)
    both = real._replace(labels=join(real.labels, fake.labels),
                         features=tf.nest.map_structure(join, real.features, fake.features))
    halves = {name: tf.split(value, 2)
              for name, value in discriminate(recipe, networks, both).items()}
    return tuple({name: half[i] for name, half in halves.items()} for i in range(2))
