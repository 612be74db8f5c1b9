"""Style mixing for generators that have no style inputs."""
import keras
import numpy as np

from anime_gan_tf.generation import attribute_directions, enlarging, latents, sampling
from anime_gan_tf.networks import blocks
from anime_gan_tf.storage import pictures


def stage(generator, image_size):
    """The layer whose feature map mix() changes: among those that the whole image passes through,
    the largest of at most a quarter of the image's size."""
    # From small to large.
    stages = [layer for layer in generator.layers if isinstance(layer, blocks.Stage)]
    return [layer for layer in stages if layer.output.shape[1] <= image_size // 4
            or layer is stages[0]][-1]


def mixed(trained, batch):
    """Every face in the colors and the light of every other.

    At stage() each channel of one face gets the mean and the standard deviation that it has for
    another (adaptive instance normalization, Huang and Belongie 2017, equation 8), which keeps the
    spatial layout.

    Args: trained: loading.Trained; batch: Latents (n).
    Returns: uint8 (n, n, size, size, 3), rows by shape and columns by color.
    """
    trained, batch = attribute_directions.without_attribute_control(trained, batch)
    generator = trained.generator
    middle = stage(generator, trained.recipe.image_size).output
    inputs = [batch.z] + ([] if batch.one_hot is None else [batch.one_hot])
    maps = np.asarray(sampling.from_one_hot(generator, middle)(inputs, training=False))
    mean, deviation = (of(maps, axis=(1, 2), keepdims=True) for of in (np.mean, np.std))
    shapes = (maps - mean) / (deviation + 1e-6)
    # Where labels enter later layers as well, they are those of the face with the colors.
    upper = keras.Model([middle, *sampling.input_tensors(generator)], generator.output)
    return np.stack([sampling.to_uint8(upper([shape * deviation + mean, *inputs], training=False))
                     for shape in shapes])


def mix(trained, batch, out, size=None):
    """Draws mixed() as a sheet, with the faces of the shapes on the left, and those of the colors
    at the top.

    Args: trained, batch: as in mixed(); out: path of a .png; size: of the faces, as in
      enlarging.to_size().
    """
    large = lambda images: enlarging.to_size(images, size)
    drawn = attribute_directions.without_attribute_control(trained, batch)
    given = large(sampling.draw(*drawn))
    rows = [np.concatenate([np.full_like(given[:1], 255), given])]
    rows += [np.concatenate([face[None], large(row)])
             for face, row in zip(given, mixed(trained, batch))]
    names = ["colors of", "shape of"] + [""] * (len(batch) - 1)
    sheet = pictures.grid(np.concatenate(rows), len(batch) + 1)
    pictures.save_png(out, pictures.labeled(sheet, names, [""] * (len(batch) + 1)),
                      latents.metadata(*drawn))
