"""Anime-WGAN's try at 256 px: pixel shuffle in the generator, strides of four in the discriminator.

Trainable parameters at 256 px, latent 100, width 16 and discriminator width 32: generator
6,128,274, discriminator 1,089,025. The original has 1,072 and 640 more, without effect: biases
before BatchNorm, and 12 of 16 positions of its last kernel, whose input is zero padding only.
"""
import functools

import keras
from keras import layers

from anime_gan_tf.families import shuffle_stages, stages
from anime_gan_tf.networks import blocks


def generator(recipe, labels):
    """z (batch, latent_dim) -> images (batch, size, size, 3) in [-1, 1]."""
    side, channels = shuffle_stages(recipe)
    inputs, x = blocks.latent_inputs(recipe, labels)
    units = side * side * channels[0]
    x = layers.Dense(units, use_bias=False, kernel_initializer=blocks.torch_uniform(units))(x)
    x = layers.Reshape((side, side, channels[0]))(x)
    x = blocks.stage(layers.ReLU()(blocks.batch_norm(x)))
    for _ in channels[1:]:
        x = blocks.stage(_shuffle(x, 2))
    # 16 x 3 channels, which the last pixel shuffle moves into blocks of 4x4 pixels.
    wide = 3 * 4 ** 2
    x = layers.Conv2DTranspose(wide, 4, 2, "same", use_bias=False,
                               kernel_initializer=blocks.torch_uniform(4 * 4 * wide))(x)
    x = blocks.stage(layers.ReLU()(blocks.batch_norm(x)))
    image = layers.Activation("tanh")(_shuffle(x, 4))
    return keras.Model(inputs, image, name="generator")


def _shuffle(x, factor):
    """Pixel shuffle of x, plus a branch of it: upsampling by four and two convolutions of stride
    two."""
    x = keras.ops.depth_to_space(x, factor)
    channels = x.shape[-1]
    y = layers.ReLU()(blocks.batch_norm(_conv(2 * channels, 4, 2, layers.UpSampling2D(4)(x))))
    return layers.Add()([x, blocks.batch_norm(_conv(channels, 4, 2, y))])


def discriminator(recipe, _):
    """images (batch, size, size, 3) -> {"score": logits (batch, 1)}."""
    norm = functools.partial(blocks.norm, kind=recipe.discriminator_norm)
    _, channels = stages(recipe.image_size // 2, 3, recipe.d_width or recipe.width, factor=4)
    image = keras.Input((recipe.image_size, recipe.image_size, 3), name="image")
    x = layers.LeakyReLU(0.2)(norm(_conv(channels[0], 4, 2, image)))
    for width in channels[1:]:
        x = _conv(width, 4, 4, layers.ZeroPadding2D(1)(x), padding="valid")
        x = layers.LeakyReLU(0.2)(norm(x))
        y = layers.LeakyReLU(0.2)(norm(_conv(width, 3, 1, x)))
        x = layers.LeakyReLU(0.2)(layers.Add()([x, _conv(width, 3, 1, y)]))
    # The same as a convolution that covers the whole map.
    fan_in = 4 * 4 * channels[-1]
    logit = layers.Dense(1, kernel_initializer=blocks.torch_uniform(fan_in),
                         bias_initializer=blocks.torch_uniform(fan_in))(layers.Flatten()(x))
    return keras.Model(image, {"score": logit}, name="discriminator")


def _conv(channels, size, stride, x, padding="same"):
    return layers.Conv2D(
        channels, size, stride, padding, use_bias=False,
        kernel_initializer=blocks.torch_uniform(size * size * x.shape[-1]))(x)
