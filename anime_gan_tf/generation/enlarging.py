"""The second stage: enlarges faces, and resizes them to a requested size."""
import functools
import numbers

import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import sampling
from anime_gan_tf.networks import forward, loading
from anime_gan_tf.storage import checkpoints, pictures

BATCH = 8  # faces in a forward pass: each takes 13 MB for a map of 256 px


def enlarge(generator, images: np.ndarray) -> np.ndarray:
    """Enlarges faces: the average of what a face and its mirror image become, a part of the
    geometric self-ensemble of Lim et al. 2017 (EDSR, section 3.4). The stipple that the network
    draws along lines is another one in each, and all but vanishes.

    Args: generator: keras.Model of networks/enlarger.py; images: uint8 (n, height, width, 3).
    Returns: uint8 (n, scale * height, scale * width, 3).
    """
    def enlarged(small):
        small = sampling.from_uint8(small)
        large = generator([small], training=False)
        mirrored = generator([small[:, :, ::-1]], training=False)
        return sampling.to_uint8((large + mirrored[:, :, ::-1]) / 2)

    return forward.run(enlarged, [images], BATCH)


def to_size(images: np.ndarray, size: int | None = None) -> np.ndarray:
    """Resizes faces: to larger sizes by the bundled enlarger, to smaller ones by a Lanczos filter.

    Args: images: uint8 (n, height, height, 3); size: in pixels, at most the enlarger's scale times
      the height; None for no change.
    Returns: uint8 (n, size, size, 3).
    Raises:
      UserError: the size is larger than that.
    """
    height = images.shape[1]
    if size is None or size == height:
        return images
    if isinstance(size, bool) or not isinstance(size, numbers.Integral) or size < 1:
        raise UserError("--size", Fault.INVALID, f"{size!r} is no number of pixels")
    if size > height:
        trained = bundled()
        if size > trained.recipe.scale * height:
            raise UserError("--size", Fault.TOO_LARGE, f"faces of {height} px are enlarged to at "
                            f"most {trained.recipe.scale * height} px")
        images = enlarge(trained.generator, images)
    return pictures.resampled(images, size)


def draw(trained, latents, size=None, progress=False):
    """Draws latents in parts, so that memory does not grow with the number of faces.

    Args: trained: loading.Trained; size: as in to_size(); progress: whether to show a bar.
    Returns: an iterator over uint8 (up to sampling.BATCH, size, size, 3).
    """
    return (to_size(part, size) for part in sampling.stream(trained, latents, progress))


@functools.cache
def bundled():
    """The enlarger of the package, a loading.Trained."""
    return loading.load_generator(checkpoints.ENLARGER)
