"""Networks: plain functions of a Recipe that return functional Keras models.

A generator maps z (batch, latent_dim), and tags (batch, axes) of labels.dtype if it is conditional,
to images (batch, size, size, 3) in [-1, 1]. A discriminator maps such images, and tags if the
recipe has projection, to a dict of logits: "score" (batch, 1), real or fake, and in conditional
recipes {axis: (batch, number of its values)}. The generator of an enlarger maps small images to
large ones, and the "score" of its discriminator has one logit per patch.
"""
import contextlib
import functools
import importlib

import keras
from keras import layers, tree

from anime_gan_tf.families import FAMILIES
from anime_gan_tf.networks import perceptual


def build(recipe, labels):
    """Returns (generator, discriminator) of a Recipe and Labels, freshly initialized."""
    return build_generator(recipe, labels), build_discriminator(recipe, labels)


def build_generator(recipe, labels):
    """Returns only the generator. labels: Labels, which only conditional recipes use."""
    generator = _built("generator", recipe, labels)
    return _float32(generator, generator.inputs)


def build_discriminator(recipe, labels):
    """Returns only the discriminator, with perceptual heads if the recipe has them."""
    discriminator = _built("discriminator", recipe, labels)
    if recipe.perceptual:
        discriminator = perceptual.add_perceptual_heads(discriminator, recipe)
    return _float32(discriminator, discriminator.input)


def _built(function, recipe, labels):
    family = FAMILIES[recipe.networks]
    module = importlib.import_module(f"anime_gan_tf.networks.{family.module}")
    return getattr(module, function)(recipe, labels, **family.options)


@functools.lru_cache  # a process may load many checkpoints of one recipe
def shapes(build, recipe, labels):
    """(shape, ...) of the weights of build(recipe, labels), without allocating them."""
    with unallocated():
        return tuple(tuple(weight.shape) for weight in build(recipe, labels).weights)


@contextlib.contextmanager
def unallocated():
    """Networks that are built within have shapes, but no weights."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        # Else Keras would allocate them after the next such scope.
        keras.backend.clear_session(free_memory=False)


def _float32(model, inputs):
    """The model with float32 outputs, in whatever format it computes: losses need this precision.

    Args: inputs: of the model, in the structure in which it is called.
    """
    if keras.config.dtype_policy().compute_dtype == "float32":
        return model
    outputs = tree.map_structure(layers.Identity(dtype="float32"), model.output)
    return keras.Model(inputs, outputs, name=model.name)
