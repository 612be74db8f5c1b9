"""How close enlarged faces are to the large ones that they were reduced from."""
import functools

import keras
import numpy as np

from anime_gan_tf import recipes
from anime_gan_tf.evaluation import metrics
from anime_gan_tf.networks import efficientnet

# Blocks of EfficientNet-Lite0, of strides 2, 4, 8 and 16: not the network of an enlarger's feature
# loss (networks/enlarger.py).
TAPS = (0, 2, 4, 10)
_CHUNK = 16


def compare(enlarged, true):
    """Figures of pairs of faces.

    Args: uint8 (n, size, size, 3) both, n above 1.
    Returns: {"psnr": mean in dB;
      "paired": perceptual distance, the mean over TAPS of |difference| / mean |feature|, 0 is
        equal;
      "kernel": kernel distance (metrics.py) of the features' means over each face: whether the set
        looks like the true one, which a blurred face does not however close it is;
      "sharpness": mean absolute Laplacian as a share of the true faces', 1 is as sharp;
      recipes.ENLARGING_ERROR: paired + kernel: close to its own face, and as real as all of them}.
    """
    error = np.concatenate([
        ((enlarged[i:i + _CHUNK].astype(np.float32) - true[i:i + _CHUNK]) ** 2).mean(axis=(1, 2, 3))
        for i in range(0, len(true), _CHUNK)])
    paired, enlarged_means, true_means = _features(enlarged, true)
    # Of mean square 1 each, so that all taps count the same.
    scales = [np.sqrt(np.mean(means ** 2)) + 1e-9 for means in true_means]
    kernel, _ = metrics.kernel_distance(*(
        np.concatenate([means / scale for means, scale in zip(taps, scales)], axis=1)
        for taps in (true_means, enlarged_means)))
    paired = float(np.mean(paired))
    return {"psnr": float(np.mean(10 * np.log10(255 ** 2 / np.maximum(error, 1e-10)))),
            "paired": paired, "kernel": kernel,
            "sharpness": _sharpness(enlarged) / max(_sharpness(true), 1e-9),
            recipes.ENLARGING_ERROR: paired + max(kernel, 0.0)}


def reduced(images, scale):
    """Faces reduced by averaging blocks. images: uint8 (n, size, size, 3)."""
    n, size = images.shape[:2]
    blocks = images.reshape(n, size // scale, scale, size // scale, scale, 3)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)


def _features(enlarged, true):
    """(paired distances (n,), [means (n, channels) of each tap] of enlarged, the same of true)."""
    parts = []
    for i in range(0, len(true), _CHUNK):
        a, b = ([np.asarray(maps) for maps in network()(x[i:i + _CHUNK] / np.float32(127.5) - 1)]
                for x in (enlarged, true))
        means = [[x.mean(axis=(1, 2)) for x in maps] for maps in (a, b)]
        parts.append((distances(a, b), *means))
    paired, enlarged_means, true_means = zip(*parts)
    join = lambda chunks: [np.concatenate(tap) for tap in zip(*chunks)]
    return np.concatenate(paired), join(enlarged_means), join(true_means)


def distances(maps, true):
    """Perceptual distances of pairs, (n,): the mean over the taps of |difference| / mean |feature|.

    Args: maps: [(n, height, width, channels), ...] of network(); true: the same of the others.
    """
    return np.mean([np.abs(x - y).mean(axis=(1, 2, 3)) / np.abs(y).mean(axis=(1, 2, 3))
                    for x, y in zip(maps, true)], axis=0)


@functools.cache
def network():
    """Images (n, height, width, 3) in [-1, 1] -> feature maps at TAPS.

    Raises:
      UserError: where the package with its weights is missing.
    """
    image = keras.Input((None, None, 3), name="image")
    return keras.Model(image, efficientnet.features(image, "lite0", TAPS, "eval_every"))


def _sharpness(images):
    """The mean absolute Laplacian of all."""
    sums = [_laplacian(images[i:i + _CHUNK]).mean(axis=(1, 2)).sum()
            for i in range(0, len(images), _CHUNK)]
    return float(sum(sums) / len(images))


def _laplacian(images):
    """The absolute difference of a pixel from its four neighbors, of the gray image."""
    gray = images.astype(np.float32).mean(axis=-1)
    inner = gray[:, 1:-1, 1:-1]
    around = (gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]) / 4
    return np.abs(inner - around)
