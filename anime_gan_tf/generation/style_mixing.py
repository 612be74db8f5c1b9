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


def mix(trained, faces, out, size=None):
    """A sheet on which every face has the colours and the light of every other.

    Inside, at stage(), each channel of one face gets the mean and the deviation that it has for
    another (adaptive instance normalisation, Huang and Belongie 2017, equation 8). What is where
    stays.

    Args: faces: Latents, down the left with their shapes and along the top with their colours; out:
      path of a .png; size: of the faces, as of enlarging.to_size().
    """
    trained, faces = attribute_directions.without_attribute_control(trained, faces)
    generator = trained.generator
    middle = stage(generator, trained.recipe.image_size).output
    inputs = [faces.z] + ([] if faces.code is None else [faces.code])
    maps = np.asarray(sampling.from_code(generator, middle)(inputs, training=False))
    mean, deviation = (of(maps, axis=(1, 2), keepdims=True) for of in (np.mean, np.std))
    shapes = (maps - mean) / (deviation + 1e-6)
    # Where the code enters further up as well, it is that of the colours.
    upper = keras.Model([middle, *sampling.code_inputs(generator)], generator.output)
    given = sampling.draw(trained, faces)
    rows = [given]
    for face, shape in zip(given, shapes):
        mixed = upper([shape * deviation + mean, *inputs], training=False)
        rows.append(np.concatenate([face[None], sampling.to_uint8(mixed)]))
    images = enlarging.to_size(np.concatenate(rows), size)
    blank = np.full((1, *images.shape[1:]), 255, np.uint8)
    names = ["colours of", "shape of"] + [""] * (len(faces) - 1)
    sheet = pictures.grid(np.concatenate([blank, images]), len(faces) + 1)
    pictures.save_png(out, pictures.labelled(sheet, names, [""] * (len(faces) + 1)),
                      latents.metadata(trained, faces))
