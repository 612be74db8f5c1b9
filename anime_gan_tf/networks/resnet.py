"""Residual networks with norms and activations before the convolutions (He et al. 2016b): a 1x1
expansion and a 3x3 convolution, average pooling, nearest-neighbor upsampling.

As in Gulrajani et al. 2017, appendix C, the critic may have no norm. `growth` is the factor of the
number of channels from one size to the next smaller one: 1 is constant width.
"""
import keras
from keras import layers

from anime_gan_tf.families import stages
from anime_gan_tf.networks import blocks

EXPANSION = 2
WIDEST = 8  # times the recipe's width


def _stages(recipe, growth):
    return stages(recipe.image_size, 7, recipe.width, growth, WIDEST)


def generator(recipe, labels, growth=1):
    """z (batch, latent_dim) [, tags (batch, axes)] -> images (batch, size, size, 3) in [-1, 1]."""
    side, channels = _stages(recipe, growth)
    inputs, x = blocks.latent_inputs(recipe, labels)
    x = layers.Reshape((side, side, channels[0]))(layers.Dense(side * side * channels[0])(x))
    for i, width in enumerate(channels):
        x = layers.UpSampling2D(2)(x) if i else x
        for _ in range(recipe.depth):
            x = _block(x, width, "batch")
        x = blocks.stage(x)
    x = layers.ReLU()(blocks.batch_norm(x))
    return keras.Model(inputs, layers.Conv2D(3, 3, padding="same", activation="tanh")(x),
                       name="generator")


def discriminator(recipe, _, growth=1):
    """images (batch, size, size, 3) -> {"score": logits (batch, 1)}."""
    _, channels = _stages(recipe, growth)
    image = keras.Input((recipe.image_size, recipe.image_size, 3), name="image")
    x = layers.Conv2D(channels[-1], 3, padding="same")(image)
    for i, width in enumerate(reversed(channels)):
        x = layers.AveragePooling2D(2)(x) if i else x
        for _ in range(recipe.depth):
            x = _block(x, width, recipe.discriminator_norm)
    logit = layers.Dense(1, use_bias=False)(layers.Flatten()(layers.ReLU()(x)))
    return keras.Model(image, {"score": logit}, name="discriminator")


def _block(x, channels, norm):
    """x + two convolutions of it; with a 1x1 convolution of x if the number of channels changes."""
    y = x
    for width, size in ((EXPANSION * channels, 1), (channels, 3)):
        y = layers.ReLU()(blocks.norm(y, norm))
        y = layers.Conv2D(width, size, padding="same", kernel_initializer="he_normal")(y)
    if x.shape[-1] != channels:
        x = layers.Conv2D(channels, 1, use_bias=False)(x)
    return layers.Add()([x, y])
