"""What is done to real and generated faces alike in front of the discriminator, differentiably.

Color is never touched: colors are the labels.
"""
from keras import ops


def translate(images, shift):
    """Moves every image by its own whole number of pixels; what comes in from outside is 0 (gray).

    The translation of DiffAugment (Zhao et al. 2020), as a product with two shift matrices: that
    is faster than gathering, and differentiable as often as one likes.

    Args:
      images: (batch, height, width, 3).
      shift: int32 (batch, 2): pixels down, pixels to the right.
    Returns: the same shape.
    """
    batch, height, width, channels = images.shape
    down = _shift_matrix(shift[:, 0], height, images.dtype)
    left = _shift_matrix(-channels * shift[:, 1], width * channels, images.dtype)
    rows = ops.matmul(down, ops.reshape(images, (batch, height, width * channels)))
    return ops.reshape(ops.matmul(rows, left), images.shape)


def _shift_matrix(shift, size, dtype):
    """(batch, size, size): row i is one-hot at i - shift, or zero where that is outside."""
    return ops.one_hot(ops.arange(size, dtype="int32")[None] - shift[:, None], size, dtype=dtype)
