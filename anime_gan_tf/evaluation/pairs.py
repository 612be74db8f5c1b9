"""How close enlarged faces are to the large ones that they were reduced from."""
import functools

import keras
import numpy as np

from anime_gan_tf.generation import sampling
from anime_gan_tf.networks import efficientnet

TAPS = (0, 2, 4)  # blocks of EfficientNet-Lite0, of strides 2, 4 and 8
_CHUNK = 16


def compare(enlarged, true):
    """Figures of pairs of faces.

    Args: uint8 (n, size, size, 3) both.
    Returns: {"psnr": mean in dB; "paired": perceptual distance, the mean over TAPS of |difference|
      / mean |feature|, 0 is equal; "sharpness": mean absolute Laplacian as a share of the true
      faces', 1 is as sharp}.
    """
    error = ((enlarged.astype(np.float32) - true) ** 2).mean(axis=(1, 2, 3))
    distances = [_distance(enlarged[i:i + _CHUNK], true[i:i + _CHUNK])
                 for i in range(0, len(true), _CHUNK)]
    return {"psnr": float(np.mean(10 * np.log10(255 ** 2 / np.maximum(error, 1e-10)))),
            "paired": float(np.mean(np.concatenate(distances))),
            "sharpness": _laplacian(enlarged) / max(_laplacian(true), 1e-9)}


def reduced(images, scale):
    """Faces reduced by averaging blocks. images: uint8 (n, size, size, 3)."""
    n, size = images.shape[:2]
    blocks = images.reshape(n, size // scale, scale, size // scale, scale, 3)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)


def _distance(enlarged, true):
    """Paired perceptual distances (n,)."""
    total = 0.0
    for a, b in zip(*(_features()(sampling.from_uint8(x), training=False)
                      for x in (enlarged, true))):
        a, b = np.asarray(a), np.asarray(b)
        total += np.abs(a - b).mean(axis=(1, 2, 3)) / np.abs(b).mean(axis=(1, 2, 3))
    return total / len(TAPS)


@functools.cache
def _features():
    image = keras.Input((None, None, 3), name="image")
    return keras.Model(image, efficientnet.features(image, "lite0", TAPS, "features"))


def _laplacian(images):
    """The mean absolute difference of a pixel from its four neighbors, of the gray image."""
    gray = images.astype(np.float32).mean(axis=-1)
    inner = gray[:, 1:-1, 1:-1]
    around = (gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]) / 4
    return float(np.abs(inner - around).mean())
