"""Style mixing for generators that know no styles."""
import keras
import numpy as np

from anime_gan_tf.generation import attribute_directions, enlarging, latents, sampling
from anime_gan_tf.networks import blocks
from anime_gan_tf.storage import pictures


def stage(generator, image_size):
    """The layer whose map mix() changes: the largest map of at most a quarter of the image's size,
    among those that all of the image flows through."""
    # From small to large.
    stages = [layer for layer in generator.layers if layer.name.startswith(blocks.STAGE)]
    return [layer for layer in stages if layer.output.shape[1] <= image_size // 4
            or layer is stages[0]][-1]


def mixed(trained, faces):
    """Every face in the colors and the light of every other.

    Inside, at stage(), each channel of one face gets the mean and the deviation that it has for
    another (adaptive instance normalization, Huang and Belongie 2017, equation 8). What is where
    stays.

    Args: trained: loading.Trained; faces: Latents (n).
    Returns: uint8 (n, n, size, size, 3), rows by shape and columns by color.
    """
    trained, faces = attribute_directions.without_attribute_control(trained, faces)
    generator = trained.generator
    middle = stage(generator, trained.recipe.image_size).output
    inputs = [faces.z] + ([] if faces.code is None else [faces.code])
    maps = np.asarray(sampling.from_code(generator, middle)(inputs, training=False))
    mean, deviation = (of(maps, axis=(1, 2), keepdims=True) for of in (np.mean, np.std))
    shapes = (maps - mean) / (deviation + 1e-6)
    # Where the code enters further up as well, it is that of the colors.
    upper = keras.Model([middle, *sampling.code_inputs(generator)], generator.output)
    return np.stack([sampling.to_uint8(upper([shape * deviation + mean, *inputs], training=False))
                     for shape in shapes])


def mix(trained, faces, out, size=None):
    """Draws mixed() as a sheet: the faces down the left, with their shapes, and along the top, with
    their colors.

    Args: out: path of a .png; size: of the faces, as of enlarging.to_size().
    """
    large = lambda images: enlarging.to_size(images, size)
    drawn = attribute_directions.without_attribute_control(trained, faces)
    given = large(sampling.draw(*drawn))
    rows = [np.concatenate([np.full_like(given[:1], 255), given])]
    rows += [np.concatenate([face[None], large(row)])
             for face, row in zip(given, mixed(trained, faces))]
    names = ["colors of", "shape of"] + [""] * (len(faces) - 1)
    sheet = pictures.grid(np.concatenate(rows), len(faces) + 1)
    pictures.save_png(out, pictures.labelled(sheet, names, [""] * (len(faces) + 1)),
                      latents.metadata(*drawn))
