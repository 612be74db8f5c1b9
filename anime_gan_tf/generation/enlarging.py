"""The second stage: small faces drawn large, and faces at the size that is wanted."""
import functools
import numbers

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import sampling
from anime_gan_tf.networks import forward, loading
from anime_gan_tf.storage import checkpoints, pictures

BATCH = 8  # faces at once: of 256 px each takes 13 MB a map


def enlarge(generator, images):
    """Enlarges faces.

    Args: generator: keras.Model of networks/enlarger.py; images: uint8 (n, height, width, 3).
    Returns: uint8 (n, scale * height, scale * width, 3).
    """
    return forward.run(
        lambda small: sampling.to_uint8(generator([sampling.from_uint8(small)], training=False)),
        [images], BATCH)


def to_size(images, size=None):
    """Faces at a size: larger ones by the bundled enlarger, smaller ones by a Lanczos filter.

    Args: images: uint8 (n, own, own, 3); size: in pixels, at most `scale` times as large; None for
      what they have.
    Returns: uint8 (n, size, size, 3).
    Raises:
      UserError: where the size is larger than that.
    """
    own = images.shape[1]
    if size is None or size == own:
        return images
    if isinstance(size, bool) or not isinstance(size, numbers.Integral) or size < 1:
        raise UserError("--size", Fault.INVALID, f"{size!r} is no number of pixels")
    if size > own:
        trained = bundled()
        if size > trained.recipe.scale * own:
            raise UserError("--size", Fault.TOO_LARGE, f"faces of {own} px are enlarged to at most "
                            f"{trained.recipe.scale * own} px")
        images = enlarge(trained.generator, images)
    return pictures.resampled(images, size)


def draw(trained, latents, size=None, progress=False):
    """Draws latents in parts, for any number of faces in bounded memory.

    Args: trained: loading.Trained; size: as of to_size(); progress: whether a bar shows it.
    Returns: an iterator over uint8 (up to sampling.BATCH, size, size, 3).
    """
    return (to_size(part, size) for part in sampling.stream(trained, latents, progress))


@functools.cache
def bundled():
    """The enlarger that lies in the package, a loading.Trained."""
    return loading.load_generator(checkpoints.ENLARGER)
