"""From seeds and wishes to faces."""
import numpy as np
from tqdm import tqdm

from anime_gan_tf import attributes

BATCH = 64


def latents(recipe, seeds):
    """z (seeds, latent_dim) float32. A seed's row does not depend on the others."""
    rows = [np.random.default_rng(seed).standard_normal(recipe.latent_dim) for seed in seeds]
    return (recipe.latent_std * np.stack(rows)).astype(np.float32)


def wishes(table, seeds, wanted=(attributes.UNKNOWN, attributes.UNKNOWN)):
    """Tags (seeds, 2) int32: what `wanted` fixes, the rest drawn from the joint table by seed."""
    # A stream of its own ([seed, 1]), so that a wish does not change the noise of its face.
    return np.array([attributes.draw(np.random.default_rng([seed, 1]), table, wanted)
                     for seed in seeds], np.int32)


def draw(generator, z, tags=None, progress=False):
    """Faces as uint8 (count, size, size, 3).

    Args: z: (count, latent_dim); tags: int32 (count, 2) for a conditional generator.
    """
    parts = []
    for i, part in tqdm(list(batches(z)), "drawing", leave=False, disable=None if progress else True):
        inputs = [part] + ([] if tags is None else [tags[i:i + BATCH]])
        parts.append(to_uint8(generator(inputs, training=False)))
    return np.concatenate(parts)


def batches(array):
    """(start, rows from there) for BATCH rows at a time."""
    return ((i, array[i:i + BATCH]) for i in range(0, len(array), BATCH))


def from_uint8(images):
    """0..255 -> float32 in [-1, 1], what discriminators take; the inverse of to_uint8."""
    return images / np.float32(127.5) - 1


def to_uint8(images):
    """[-1, 1] -> 0..255, rounded."""
    return np.clip(np.rint((np.asarray(images) + 1.0) * 127.5), 0, 255).astype(np.uint8)
