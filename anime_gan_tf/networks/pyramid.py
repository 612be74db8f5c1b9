"""A generator with layers at every size, designed for the most images per second on a CPU.

Each size has an upsampling convolution and residual blocks, whose hidden channels are scaled by a
mapping of noise and labels, so that these enter at every size (as the excitations of FastGAN, Liu
et al. 2021, and the styles of Karras et al. 2019). Its discriminator is that of dcgan.py. Widths
that are multiples of 16 are fastest: with others oneDNN's BatchNorm takes ten times as long.
"""
import keras
from keras import layers

from anime_gan_tf.families import stages
from anime_gan_tf.networks import blocks, dcgan

WIDEST = 8    # times the recipe's width
STYLE = 4     # times the recipe's width: length of the mapping of noise and labels
SMALLEST = 4  # pixels, at least, of the smallest map

discriminator = dcgan.discriminator


def generator(recipe, labels):
    """z (batch, latent_dim) [, tags (batch, axes)] -> images (batch, size, size, 3) in [-1, 1]."""
    side, channels = stages(recipe.image_size, 2 * SMALLEST - 1, recipe.width, widest=WIDEST)
    inputs, latent = blocks.latent_inputs(recipe, labels)
    style = latent
    for _ in range(2):
        style = layers.LeakyReLU(0.2)(
            layers.Dense(STYLE * recipe.width, kernel_initializer="he_normal")(style))
    x = layers.Dense(side * side * channels[0], use_bias=False,
                     kernel_initializer="he_normal")(latent)
    x = layers.Reshape((side, side, channels[0]))(x)
    x = blocks.stage(layers.ReLU()(blocks.batch_norm(x)))
    for width in channels[1:]:
        x = blocks.UpConv2D(width, kernel_initializer="he_normal")(x)
        x = layers.ReLU()(blocks.batch_norm(x))
        for _ in range(recipe.depth):
            x = layers.Add()([x, _branch(x, width, style)])
        x = blocks.stage(x)
    image = layers.Conv2D(3, 3, padding="same",
                          kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))(x)
    return keras.Model(inputs, layers.Activation("tanh")(image), name="generator")


def _branch(x, width, style):
    """A residual branch of two convolutions, the last one zero-initialized; the style scales the
    channels between them."""
    hidden = max(width // 2, 16)
    y = layers.Conv2D(hidden, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    y = layers.ReLU()(blocks.batch_norm(y))
    scale = layers.Dense(hidden, kernel_initializer="zeros", bias_initializer="ones")(style)
    y = layers.Multiply()([y, layers.Reshape((1, 1, hidden))(scale)])
    return layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="zeros")(y)
