"""Differentiable augmentation of real and generated images in front of the discriminator.

None changes colors, because the labels are colors. An augmentation is one row of AUGMENTATIONS.
"""
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from keras import ops


class Augmentation(NamedTuple):
    """field: of a Recipe, 0 is off; sample: a function of a Recipe, a tf.random.Generator and a
    shape (..., batch) that returns random parameters (..., batch, n); apply: a function of images
    (batch, size, size, 3) and parameters (batch, n) that returns the same shape."""
    field: str
    sample: Callable
    apply: Callable


def sample(recipe, rng, shape):
    """{name: parameters} of the augmentations of a Recipe. shape: (..., batch)."""
    return {name: row.sample(recipe, rng, shape) for name, row in AUGMENTATIONS.items()
            if getattr(recipe, row.field)}


def parameters(inputs):
    """The parameters among the inputs of a step: {name: parameters}."""
    return {name: inputs[name] for name in AUGMENTATIONS if name in inputs}


def apply(images, sampled):
    """Augments images (batch, size, size, 3). sampled: {name: parameters (batch, n)}."""
    for name, values in sampled.items():
        images = AUGMENTATIONS[name].apply(images, values)
    return images


# ----- the augmentations

def _sample_shift(recipe, rng, shape):
    """Whole pixels down and to the right, int32 (*shape, 2)."""
    limit = round(recipe.translation * recipe.training_size)
    return rng.uniform((*shape, 2), -limit, limit + 1, tf.int32)


def translate(images, shift):
    """Shifts each image by its own whole number of pixels; pixels from outside are 0 (gray).

    The translation of DiffAugment (Zhao et al. 2020), as a product with two shift matrices, which
    is faster than gathering and can be differentiated any number of times.

    Args:
      images: (batch, height, width, 3).
      shift: int32 (batch, 2): pixels down, pixels to the right.
    Returns: (batch, height, width, 3).
    """
    batch, height, width, channels = images.shape
    down = _shift_matrix(shift[:, 0], height, images.dtype)
    left = _shift_matrix(-channels * shift[:, 1], width * channels, images.dtype)
    rows = ops.matmul(down, ops.reshape(images, (batch, height, width * channels)))
    return ops.reshape(ops.matmul(rows, left), images.shape)


def _shift_matrix(shift, size, dtype):
    """(batch, size, size): row i is one-hot at i - shift, or zero where that is outside."""
    return ops.one_hot(ops.arange(size, dtype="int32")[None] - shift[:, None], size, dtype=dtype)


AUGMENTATIONS = {"shift": Augmentation("translation", _sample_shift, translate)}
