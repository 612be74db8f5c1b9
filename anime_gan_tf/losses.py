"""Adversarial pairs, attribute losses, reconstruction losses, penalties: pure functions of tensors.

Logits are (batch, 1), or (batch, side, side, 1) of patches, higher meaning more real; every loss is
a scalar to minimize. Flags read the names of the losses here, so Keras is only imported when a loss
is computed.
"""
import importlib
from collections.abc import Callable
from typing import NamedTuple


class _Ops:
    """keras.ops, imported when it is first used."""

    def __getattr__(self, name):
        return getattr(importlib.import_module("keras.ops"), name)


ops = _Ops()


class Adversarial(NamedTuple):
    """The losses of both networks. Both take the logits of reals and of fakes, so that relativistic
    pairs are no special case."""
    discriminator: Callable  # (real_logits, fake_logits, real_label) -> scalar
    generator: Callable      # (real_logits, fake_logits, label=1.0) -> scalar
    relativistic: bool = False  # whether the generator's loss needs the logits of reals


def cross_entropy(logits, label):
    """Mean binary cross-entropy of sigmoid(logits) against one label in [0, 1]."""
    return ops.mean(ops.softplus(logits) - label * logits)


ADVERSARIAL = {
    # Non-saturating GAN, Goodfellow et al. 2014, section 3; a real label below 1 is the one-sided
    # smoothing of Salimans et al. 2016.
    "bce": Adversarial(
        lambda real, fake, real_label: cross_entropy(real, real_label) + cross_entropy(fake, 0.0),
        lambda real, fake, label=1.0: cross_entropy(fake, label)),

    # Arjovsky et al. 2017, equation 3. There is no sigmoid in front of a Wasserstein loss.
    "wasserstein": Adversarial(
        lambda real, fake, real_label: ops.mean(fake) - ops.mean(real),
        lambda real, fake, label=1.0: -ops.mean(fake)),

    # That of gan_resnet, as published. After its sigmoid no output exceeds the margin, so its hinge
    # loss is the same up to a constant.
    "sigmoid_wasserstein": Adversarial(
        lambda real, fake, real_label: ops.mean(ops.sigmoid(fake)) - ops.mean(ops.sigmoid(real)),
        lambda real, fake, label=1.0: -ops.mean(ops.sigmoid(fake))),

    # Lim and Ye 2017 ("Geometric GAN"), as used by Miyato et al. 2018, equations 16 and 17.
    "hinge": Adversarial(
        lambda real, fake, real_label: (ops.mean(ops.relu(1.0 - real))
                                        + ops.mean(ops.relu(1.0 + fake))),
        lambda real, fake, label=1.0: -ops.mean(fake)),

    # Relativistic pairing, Jolicoeur-Martineau 2018, as in R3GAN (Huang et al. 2024, equation 2).
    "relativistic": Adversarial(
        lambda real, fake, real_label: ops.mean(ops.softplus(fake - real)),
        lambda real, fake, label=1.0: ops.mean(ops.softplus(real - fake)),
        relativistic=True),
}


def one_hot(tags, size, dtype="float32"):
    """One-hot labels (batch, size) of the tags (batch,) of one axis, as Labels.encode() makes
    them."""
    distance = ops.abs(ops.cast(tags, "float32")[:, None] - ops.arange(size, dtype="float32"))
    return ops.cast(ops.relu(1.0 - distance), dtype)


def attribute_loss(logits, labels, axes):
    """The sum over the axes of softmax cross-entropy, averaged over the faces with a label there.

    Odena et al. 2017, equation 3, with one softmax per axis, because a face has one hair color.

    Args:
      logits: {axis: (batch, number of its values)}; labels: tags (batch, axes), where UNKNOWN (-1)
        entries do not count; axes: their names, in the order of the labels' columns.
    """
    total = 0.0
    for i, axis in enumerate(axes):
        # The one-hot row of an unknown label is all zeros, so that face adds nothing to the sum.
        target = one_hot(labels[:, i], logits[axis].shape[-1], logits[axis].dtype)
        total -= (ops.sum(target * ops.log_softmax(logits[axis], axis=-1))
                  / ops.maximum(ops.sum(target), 1.0))
    return total


def sigmoid_attribute_loss(logits, labels, axes):
    """The sum over all values of all axes of binary cross-entropy, averaged over the faces, as in
    ACGAN.py of Animation Avatar Generation. UNKNOWN means that a face has none of the values.

    Args: as in attribute_loss().
    """
    total = 0.0
    for i, axis in enumerate(axes):
        target = one_hot(labels[:, i], logits[axis].shape[-1], logits[axis].dtype)
        each = ops.softplus(logits[axis]) - target * logits[axis]
        total += ops.mean(ops.sum(each, axis=-1))
    return total


ATTRIBUTE = {"softmax": attribute_loss, "sigmoid": sigmoid_attribute_loss}


def reconstruction(real, fake):
    """Mean absolute difference of the pixels of pairs of images, in [-1, 1]."""
    return ops.mean(ops.abs(real - fake))


def feature_loss(real_maps, fake_maps):
    """The mean over feature maps of their mean absolute difference, relative to the mean absolute
    feature of the real images: a perceptual loss (Johnson et al. 2016, equation 2) with the same
    weight for each map.

    Args: lists of (batch, height, width, channels).
    """
    shares = [ops.mean(ops.abs(real - fake)) / (ops.mean(ops.abs(real)) + 1e-6)
              for real, fake in zip(real_maps, fake_maps)]
    return sum(shares) / len(shares)


def gradient_penalty(gradients):
    """Mean of (|gradient| - 1)^2 over images: Gulrajani et al. 2017, equation 3, without lambda.

    Args: gradients: (batch, height, width, 3), of the critic's logits by its input.
    """
    # The derivative of the square root is infinite at 0: without epsilon a zero gradient gives NaN.
    norms = ops.sqrt(ops.sum(ops.square(gradients), axis=(1, 2, 3)) + 1e-12)
    return ops.mean(ops.square(norms - 1.0))


def zero_centered_penalty(gradients):
    """Mean of |gradient|^2 / 2 over images: R1 on reals, R2 on fakes, without gamma.

    Mescheder et al. 2018, equation 9; on both sides as in R3GAN (Huang et al. 2024, equation 4).

    Args: as in gradient_penalty().
    """
    return ops.mean(ops.sum(ops.square(gradients), axis=(1, 2, 3))) / 2


def clip_weights(weights, limit):
    """Assigns every weight its value clipped to [-limit, limit] (Arjovsky et al. 2017)."""
    for weight in weights:
        weight.assign(ops.clip(weight, -limit, limit))
