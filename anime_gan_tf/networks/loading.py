"""From files of storage/checkpoints.py to networks."""
import dataclasses
from typing import NamedTuple

import keras
import numpy as np

from anime_gan_tf import networks, recipes
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.recipes import Recipe
from anime_gan_tf.storage import checkpoints, schema


class Trained(NamedTuple):
    """A generator that can draw. info: what generator.npz says of itself (see export_generator)."""
    generator: keras.Model
    recipe: Recipe
    info: dict

    @property
    def labels(self):
        """The Labels of what it was trained on, or (attribute_directions.py) of the classifier."""
        return schema.labels_of(self.info)

    @property
    def table(self):
        """The joint tag table of what it was trained on, or of its own faces
        (attribute_directions.py), of shape labels.sizes; None without tags."""
        return None if self.info["table"] is None else np.array(self.info["table"])

    @property
    def takes_attributes(self):
        """Whether it takes attributes beside the noise."""
        return len(self.generator.inputs) == 2

    def with_noise(self, latent_std):
        """The same, drawn with noise of this standard deviation; None is the recipe's."""
        if latent_std is None:
            return self
        return self._replace(recipe=dataclasses.replace(self.recipe, latent_std=latent_std))

    def describe(self):
        """'my_run: rpgan, 480 kimg of faces.zip'"""
        return (f"{self.info['run']}: {self.info['model']}, {self.info['kimg']:,.0f} kimg of "
                f"{self.info['data']}")


def check_generator(path):
    """(info, Recipe, weights) of a file whose weights fit its recipe. Builds nothing.

    Raises:
      UserError: where the file is truncated or was written by something else.
    """
    info, weights = checkpoints.read_info(path), checkpoints.weights(path)
    recipe = recipes.from_saved(info["recipe"])
    # Before anything of that size is built: an untrusted recipe may ask for more memory than there
    # is. A block has weights: describing more of them than there are would only take time.
    try:
        fits = (recipe.depth <= max(len(weights), Recipe.depth)
                and [weight.shape for weight in weights] == networks.shapes(
                    networks.build_generator, recipe, schema.labels_of(info)))
    except (ValueError, TypeError) as error:  # Keras, for sizes that do not go together
        raise UserError(path, Fault.UNREADABLE,
                        f"not a generator of this version ({error!r})") from None
    if not fits:
        raise UserError(path, Fault.UNREADABLE, "its weights do not fit its recipe; "
                        "choose another run with --run, or move this one away")
    return info, recipe, weights


def load_generator(path):
    """Returns the Trained generator in `path`. Raises: as check_generator()."""
    info, recipe, weights = check_generator(path)
    generator = networks.build_generator(recipe, schema.labels_of(info))
    generator.set_weights(weights)
    return Trained(generator, recipe, info)


def load_discriminator(path, recipe, labels):
    """The discriminator beside a generator.npz, a keras.Model; None where none fits its recipe and
    labels."""
    model = networks.build_discriminator(recipe, labels)
    return model if fill(model.weights, checkpoints.discriminator_arrays(path).values()) else None


def fill(weights, arrays):
    """Assigns arrays to a list of weights, if they fit; returns whether they do."""
    arrays = list(arrays)
    fits = [tuple(array.shape) for array in arrays] == [tuple(weight.shape) for weight in weights]
    if fits:
        for weight, array in zip(weights, arrays):
            weight.assign(np.asarray(array, np.float32))
    return fits
