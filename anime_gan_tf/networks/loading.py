"""Loads networks from the files of storage/checkpoints.py."""
from __future__ import annotations

import dataclasses
from typing import NamedTuple

import keras
import numpy as np

from anime_gan_tf import networks, recipes
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.recipes import Recipe
from anime_gan_tf.storage import checkpoints, schema


class Trained(NamedTuple):
    """A trained generator. info: the metadata of its generator.npz (see export_generator)."""
    generator: keras.Model
    recipe: Recipe
    info: dict

    @property
    def labels(self):
        """The Labels of its training data, or (attribute_directions.py) of the classifier."""
        return schema.labels_of(self.info)

    @property
    def label_distribution(self):
        """The joint distribution of the labels of its training data, or (attribute_directions.py)
        of its own faces: array of shape labels.sizes. None without labels."""
        return None if self.info["table"] is None else np.array(self.info["table"])

    @property
    def takes_attributes(self):
        """Whether it takes labels as well as noise."""
        return len(self.generator.inputs) == 2

    def with_noise(self, latent_std):
        """The same generator with another standard deviation of the noise; None for no change."""
        if latent_std is None:
            return self
        return self._replace(recipe=dataclasses.replace(self.recipe, latent_std=latent_std))

    def with_label_distribution(self, distribution):
        """The same generator, whose labels are drawn from another joint distribution."""
        return self._replace(info=self.info | {"table": distribution.tolist()})

    def describe(self):
        """'my_run: rpgan, 480 kimg of faces.zip'"""
        calibrated = schema.has_calibrated_hair(self.info)
        return (f"{self.info['run']}: {self.info['model']}, {self.info['kimg']:,.0f} kimg of "
                f"{self.info['data']}{', hair by its pixels' if calibrated else ''}")


def check_generator(path):
    """Checks a generator.npz without building its network.

    Returns: (info, Recipe, weights).
    Raises:
      UserError: the file is damaged, or its weights do not fit its recipe.
    """
    info, weights = checkpoints.read_info(path), checkpoints.weights(path)
    recipe = recipes.from_saved(info["recipe"])
    # An untrusted recipe may need more memory than there is, so shapes are compared before anything
    # is built. Each block has weights, so with a greater depth than weights they cannot fit.
    try:
        fits = (recipe.depth <= max(len(weights), Recipe.depth)
                and tuple(weight.shape for weight in weights) == networks.shapes(
                    networks.build_generator, recipe, schema.labels_of(info)))
    except (ValueError, TypeError) as error:  # of Keras, for incompatible sizes
        raise UserError(path, Fault.UNREADABLE,
                        f"not a generator of this version ({error!r})") from None
    if not fits:
        raise UserError(path, Fault.UNREADABLE, "its weights do not fit its recipe; "
                        "choose another run with --run, or move this one away")
    return info, recipe, weights


def load_generator(path) -> Trained:
    """Loads a generator.npz. Raises: as in check_generator()."""
    info, recipe, weights = check_generator(path)
    generator = networks.build_generator(recipe, schema.labels_of(info))
    generator.set_weights(weights)
    return Trained(generator, recipe, info)


def load_discriminator(path, recipe, labels) -> keras.Model | None:
    """The discriminator of a generator.npz; None if there is none that fits its recipe and
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
