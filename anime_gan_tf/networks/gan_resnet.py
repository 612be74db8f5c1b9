"""The networks of gan_resnet: residual blocks without bias and norm, of constant width.

A block adds to x: a 1x1 convolution to twice the channels, LeakyReLU, a 3x3 one back, LeakyReLU.
Trainable parameters at 64 px, width 64 and depth 1: generator 519,235 (six blocks, five nearest
upsamplings from 2x2), discriminator 412,097 (five blocks, average pooling of 3x3 pixels with a
stride of two between them, one BatchNorm in front of the logit).
"""
import keras
from keras import layers

from anime_gan_tf.families import stages
from anime_gan_tf.networks import blocks

EXPANSION = 2


def generator(recipe, labels):
    """z (batch, latent_dim) -> images (batch, size, size, 3) in [-1, 1]."""
    side, channels = stages(recipe.image_size, 3, recipe.width, growth=1)
    inputs, z = blocks.latent_inputs(recipe, labels)
    x = _dense(side * side * recipe.width, z)
    x = layers.Reshape((side, side, recipe.width))(x)
    for i in range(len(channels)):
        x = layers.UpSampling2D(2)(x) if i else x
        for _ in range(recipe.depth):
            x = _block(x)
        x = blocks.stage(x)
    x = layers.ReLU()(blocks.batch_norm(x, gamma=blocks.dcgan_gamma()))
    return keras.Model(inputs, _conv(3, 3, x, use_bias=True, activation="tanh"), name="generator")


def discriminator(recipe, _):
    """images (batch, size, size, 3) -> {"score": logits (batch, 1)}."""
    image = keras.Input((recipe.image_size, recipe.image_size, 3), name="image")
    x = _conv(recipe.width, 3, image, use_bias=True)
    while True:
        for _ in range(recipe.depth):
            x = _block(x)
        if x.shape[1] < 5:
            break
        x = layers.AveragePooling2D(3, 2)(x)
    x = layers.ReLU()(blocks.norm(x, recipe.discriminator_norm, blocks.dcgan_gamma()))
    logit = _dense(1, layers.Flatten()(x))
    return keras.Model(image, {"score": logit}, name="discriminator")


def _block(x):
    y = layers.LeakyReLU(0.2)(_conv(EXPANSION * x.shape[-1], 1, x))
    y = layers.LeakyReLU(0.2)(_conv(x.shape[-1], 3, y))
    return layers.Add()([x, y])


def _conv(channels, size, x, use_bias=False, activation=None):
    return layers.Conv2D(channels, size, padding="same", use_bias=use_bias, activation=activation,
                         kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
                         bias_initializer=blocks.torch_uniform(size * size * x.shape[-1]))(x)


def _dense(units, x):
    inputs = x.shape[-1]
    return layers.Dense(units, kernel_initializer=blocks.torch_uniform(inputs),
                        bias_initializer=blocks.torch_uniform(inputs))(x)
