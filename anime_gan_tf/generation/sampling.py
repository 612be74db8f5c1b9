"""From latents to images."""
import keras
import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.networks import forward

BATCH = 64


def generate(generator, z, tags=None, progress=False):
    """Faces as uint8 (count, size, size, 3).

    Args: z: (count, latent_dim); tags: the generator's second input, where it has one.
    """
    return np.concatenate(list(_generate(generator, z, tags, progress)))


def draw(trained, latents, progress=False):
    """Faces as uint8 (n, size, size, 3). trained: loading.Trained; latents: Latents."""
    return np.concatenate(list(stream(trained, latents, progress)))


def stream(trained, latents, progress=False):
    """draw() in parts: an iterator over uint8 (up to BATCH, size, size, 3).

    progress: whether a bar shows how far it is.
    """
    return _generate(from_code(trained.generator), latents.z, latents.code, progress)


def _generate(generator, z, tags, progress):
    return forward.stream(lambda *inputs: to_uint8(generator(list(inputs), training=False)),
                          [z] if tags is None else [z, tags], BATCH,
                          "drawing" if progress else None)


def from_code(generator, end=None):
    """The generator with the attribute code as its second input, up to the tensor `end`."""
    return keras.Model(code_inputs(generator), generator.output if end is None else end)


def code_inputs(generator):
    """The tensors in a generator that from_code() feeds: z and, where it has one, the code."""
    z = next(tensor for tensor in generator.inputs if tensor.name == "z")
    return [z] if len(generator.inputs) == 1 else [z, generator.get_layer("code").output]


def from_uint8(images):
    """0..255 -> float32 in [-1, 1], what discriminators take; the inverse of to_uint8."""
    return images / np.float32(127.5) - 1


def to_uint8(images):
    """[-1, 1] -> 0..255, rounded.

    Raises:
      UserError: where the images hold no finite numbers.
    """
    images = np.asarray(images)
    if not np.isfinite(images).all():
        raise UserError("the generator", Fault.UNREADABLE,
                        "draws no finite numbers; its weights are broken")
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)
