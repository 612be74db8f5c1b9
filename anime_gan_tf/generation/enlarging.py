"""The second stage: small faces drawn large."""
import numpy as np

from anime_gan_tf.generation import sampling

BATCH = 8  # faces at once: of 256 px each takes 13 MB a map


def enlarge(generator, images):
    """Enlarges faces.

    Args: generator: keras.Model of networks/enlarger.py; images: uint8 (n, height, width, 3).
    Returns: uint8 (n, scale * height, scale * width, 3).
    """
    return np.concatenate([
        sampling.to_uint8(generator([sampling.from_uint8(images[i:i + BATCH])], training=False))
        for i in range(0, len(images), BATCH)])
