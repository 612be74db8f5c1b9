"""From latents to images."""
from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.networks import blocks, forward

BATCH = 64


def generate(generator: keras.Model, z: np.ndarray, tags: np.ndarray | None = None,
             progress: bool = False) -> np.ndarray:
    """Images, uint8 (n, size, size, 3).

    Args: z: (n, latent_dim); tags: the generator's second input, where it has one.
    """
    return np.concatenate(list(_generate(generator, z, tags, progress)))


def draw(trained, latents, progress: bool = False) -> np.ndarray:
    """Images, uint8 (n, size, size, 3). trained: loading.Trained; latents: Latents."""
    return np.concatenate(list(stream(trained, latents, progress)))


def stream(trained, latents, progress: bool = False) -> Iterator[np.ndarray]:
    """draw() in parts: uint8 (up to BATCH, size, size, 3).

    progress: whether there is a progress bar.
    """
    return _generate(from_one_hot(trained.generator), latents.z, latents.one_hot, progress)


def _generate(generator, z, tags, progress):
    return forward.stream(lambda *inputs: to_uint8(generator(list(inputs), training=False)),
                          [z] if tags is None else [z, tags], BATCH,
                          "drawing" if progress else None)


def from_one_hot(generator: keras.Model, end=None) -> keras.Model:
    """The generator with one-hot labels as its second input, up to the tensor `end`."""
    return keras.Model(input_tensors(generator), generator.output if end is None else end)


def input_tensors(generator):
    """The tensors in a generator that from_one_hot() takes: z and, where there are some, one-hot
    labels."""
    z, *labels = generator.inputs
    one_hot = blocks.one_hot_of(generator)
    return [z, *labels] if one_hot is None else [z, one_hot]


def from_uint8(images: np.ndarray) -> np.ndarray:
    """0..255 -> float32 in [-1, 1], the range of all networks; the inverse of to_uint8."""
    return images / np.float32(127.5) - 1


def to_uint8(images) -> np.ndarray:
    """[-1, 1] -> 0..255, rounded.

    Raises:
      UserError: not all values are finite.
    """
    images = np.asarray(images)
    if not np.isfinite(images).all():
        raise UserError("the generator", Fault.UNREADABLE,
                        "draws no finite numbers; its weights are broken")
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)
