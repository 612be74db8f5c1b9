"""What the two networks minimise. No optimisers here: everything also runs eagerly, on any tensors.

Only Keras is used, so that TensorFlow's step (step.py) and JAX's (jax_step.py) share it.
"""
from typing import Any, Callable, NamedTuple

from keras import ops, tree

from anime_gan_tf.networks import perceptual
from anime_gan_tf.training import augment, gradients, losses


class Networks(NamedTuple):
    """The generator, and the discriminator in two parts: discriminator(images) is
    learning(frozen(images))."""
    generator: Callable
    frozen: Callable    # learns nothing, so what it makes of a face serves D's update and G's
    learning: Callable


class Faces(NamedTuple):
    """A batch in front of the discriminator."""
    images: Any  # (batch, size, size, 3) in [-1, 1]
    tags: Any    # int32 (batch, axes)
    shift: Any   # int32 (batch, 2) in pixels, where the recipe translates
    seen: Any    # frozen() of the shifted images


def networks_of(generator, discriminator, recipe):
    """The Networks of two keras models."""
    if recipe.perceptual:
        return Networks(generator, *perceptual.split(discriminator))
    return Networks(generator, lambda images: images, discriminator)


def generate(networks, z, tags, recipe):
    """Images of a batch of noise."""
    return networks.generator([z, tags] if recipe.conditional else [z], training=True)


def shown(networks, images, tags, noise, recipe):
    """The Faces of images. Where the recipe translates, D only ever sees shifted images."""
    shift = noise["shift"] if recipe.translation else None
    moved = augment.translate(images, shift) if recipe.translation else images
    return Faces(images, tags, shift, networks.frozen(moved))


def discriminate(networks, faces, recipe):
    """D's outputs for Faces: {"score": logits (batch, 1)[, one of each axis]}."""
    return networks.learning([faces.seen, faces.tags] if recipe.projection else faces.seen,
                             training=True)


def discriminate_both(networks, real, fake, recipe):
    """(D's outputs for reals, D's outputs for fakes)."""
    if recipe.discriminator_norm:  # BatchNorm takes its statistics of reals and of fakes apart
        return discriminate(networks, real, recipe), discriminate(networks, fake, recipe)
    # As one batch, so that the gradients of the weights are computed once: acgan's step takes a
    # fifth less time.
    join = lambda a, b: ops.concatenate([a, b], 0)
    both = real._replace(tags=join(real.tags, fake.tags),
                         seen=tree.map_structure(join, real.seen, fake.seen))
    halves = {name: ops.split(value, 2)
              for name, value in discriminate(networks, both, recipe).items()}
    return tuple({name: values[i] for name, values in halves.items()} for i in range(2))


def discriminator_loss(networks, real, fake, recipe):
    """D's loss without its penalty.

    Args: real, fake: Faces.
    Returns: (the weighted sum, {name: unweighted term}, with the means of both scores).
    """
    real_outputs, fake_outputs = discriminate_both(networks, real, fake, recipe)
    pair = losses.ADVERSARIAL[recipe.loss]
    terms = {"d_adversarial": pair.discriminator(real_outputs["score"], fake_outputs["score"],
                                                 recipe.real_label)}
    loss = recipe.adversarial_weight * terms["d_adversarial"]
    if recipe.conditional:
        # On reals only: to classify fakes as well teaches D that G's mistakes are right.
        terms["d_attributes"] = losses.attribute_loss(real_outputs, real.tags)
        loss += terms["d_attributes"]
    return loss, terms | {"d_real": ops.mean(real_outputs["score"]),
                          "d_fake": ops.mean(fake_outputs["score"])}


def generator_loss(networks, real, fake, recipe):
    """G's loss; arguments and results as of discriminator_loss."""
    fake_outputs, pair = discriminate(networks, fake, recipe), losses.ADVERSARIAL[recipe.loss]
    real_score = discriminate(networks, real, recipe)["score"] if pair.relativistic else None
    terms = {"g_adversarial": pair.generator(real_score, fake_outputs["score"])}
    loss = recipe.adversarial_weight * terms["g_adversarial"]
    if recipe.conditional:
        terms["g_attributes"] = losses.attribute_loss(fake_outputs, fake.tags)
        loss += terms["g_attributes"]
    return loss, terms


def penalty(networks, real, fake, recipe, gamma, mix):
    """The penalty on D's gradient by its input, with its own lambda or gamma.

    Args: gamma: of R1 and R2; mix: (batch, 1, 1, 1) in [0, 1], where between real and fake WGAN-GP
      looks.
    """
    total = 0.0
    if recipe.gradient_penalty:
        between = real.images + mix * (fake.images - real.images)
        total += recipe.gradient_penalty * losses.gradient_penalty(
            input_gradient(networks, real._replace(images=between), recipe))
    if recipe.r1_r2:
        for faces in (real, fake):
            total += gamma * losses.zero_centred_penalty(input_gradient(networks, faces, recipe))
    return total


def input_gradient(networks, faces, recipe):
    """The gradient (batch, size, size, 3) of D's score by the images, through all of D."""
    def score(images):
        seen = shown(networks, images, faces.tags, {"shift": faces.shift}, recipe)
        return ops.sum(discriminate(networks, seen, recipe)["score"])

    return gradients.gradient(score, faces.images)
