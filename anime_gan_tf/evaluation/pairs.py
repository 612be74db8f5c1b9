"""Compares enlarged faces with the large ones that they were reduced from."""
import functools

import keras
import numpy as np

from anime_gan_tf import recipes
from anime_gan_tf.evaluation import metrics
from anime_gan_tf.networks import efficientnet, forward

# Blocks of EfficientNet-Lite0, of strides 2, 4, 8 and 16: another network than that of an
# enlarger's feature loss (networks/enlarger.py).
TAPS = (0, 2, 4, 10)
_BATCH = 16


def compare(enlarged, true):
    """Metrics of pairs of faces.

    Args: enlarged, true: uint8 (n, size, size, 3), n above 1.
    Returns: {"psnr": mean in dB;
      "paired": distances(), averaged: how close a face is to its own true one;
      "kernel": kernel distance (metrics.py) of the features' means over each face: whether the set
        looks like the true ones, which blurred faces do not, however close they are;
      "sharpness": mean absolute Laplacian, relative to the true faces'; 1 is as sharp;
      recipes.ENLARGING_ERROR: paired + kernel}.
    """
    error, sharpness, true_sharpness, paired, enlarged_means, true_means = forward.run(
        _compare, [enlarged, true], _BATCH)
    # Scaled to a mean square of 1, so that all taps have the same weight.
    scales = [np.sqrt(np.mean(means ** 2)) + 1e-9 for means in true_means]
    kernel, _ = metrics.kernel_distance(*(
        np.concatenate([means / scale for means, scale in zip(taps, scales)], axis=1)
        for taps in (true_means, enlarged_means)))
    paired = float(np.mean(paired))
    return {"psnr": float(np.mean(10 * np.log10(255 ** 2 / np.maximum(error, 1e-10)))),
            "paired": paired, "kernel": kernel,
            "sharpness": float(sharpness.mean() / max(true_sharpness.mean(), 1e-9)),
            recipes.ENLARGING_ERROR: paired + max(kernel, 0.0)}


def reduced(images, scale):
    """Faces reduced by averaging blocks. images: uint8 (n, size, size, 3)."""
    n, size = images.shape[:2]
    blocks = images.reshape(n, size // scale, scale, size // scale, scale, 3)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)


def _compare(enlarged, true):
    """For each pair: (mean square error of the pixels, mean absolute Laplacian of enlarged, the
    same of true, perceptual distance, [means (n, channels) at each tap] of enlarged, the same of
    true)."""
    error = ((enlarged.astype(np.float32) - true) ** 2).mean(axis=(1, 2, 3))
    laplacians = [_laplacian(images).mean(axis=(1, 2), dtype=np.float64)
                  for images in (enlarged, true)]
    a, b = ([np.asarray(maps) for maps in network()(images / np.float32(127.5) - 1)]
            for images in (enlarged, true))
    means = [[x.mean(axis=(1, 2)) for x in maps] for maps in (a, b)]
    return error, *laplacians, distances(a, b), *means


def distances(maps, true):
    """Perceptual distances of pairs, (n,): the mean over the taps of |difference| / mean |feature|.

    Args: maps: [(n, height, width, channels), ...] of network(); true: the same of the others.
    """
    return np.mean([np.abs(x - y).mean(axis=(1, 2, 3)) / np.abs(y).mean(axis=(1, 2, 3))
                    for x, y in zip(maps, true)], axis=0)


@functools.cache
def network(flag="eval_every"):
    """Images (n, height, width, 3) in [-1, 1] -> feature maps at TAPS.

    Args: flag: that needs them, for errors.
    Raises:
      UserError: the package with its weights is missing.
    """
    image = keras.Input((None, None, 3), name="image")
    return keras.Model(image, efficientnet.features(image, "lite0", TAPS, flag))


def _laplacian(images):
    """The absolute difference of each gray pixel from the mean of its four neighbors."""
    gray = images.astype(np.float32).mean(axis=-1)
    inner = gray[:, 1:-1, 1:-1]
    around = (gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]) / 4
    return np.abs(inner - around)
