"""Differentiable augmentation of real and generated images in front of the discriminator.

Colors never change: they are the labels.
"""
from keras import ops


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
