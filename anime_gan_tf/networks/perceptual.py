"""A perceptual discriminator: heads on frozen ImageNet features, whose logits are added to those of
another discriminator.

After projected GANs (Sauer et al. 2021), which have no other discriminator; here the generator then
collapsed to one face.
"""
import keras
import numpy as np
from keras import layers, ops

from anime_gan_tf.networks import blocks, efficientnet, forward

VARIANT = "lite1"
TAPS = (3, 6, 14)  # blocks; strides 4, 8 and 16, channels 24, 40 and 112
CHANNELS = 96
FEATURES = 128
_BATCH = 64  # images in a forward pass


def add_perceptual_heads(discriminator, recipe):
    """Adds `recipe.perceptual` times the logits of the heads to those of a discriminator.

    Args: discriminator: keras.Model from images (and tags) to a dict with "score".
    Returns: a keras.Model with the same inputs and outputs. Initially the logits are those of the
      discriminator: the last layers of the heads are zero-initialized.
    """
    image = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
    one_hot = blocks.one_hot_of(discriminator)
    logits = [discriminator.output["score"]]
    for i, x in enumerate(efficientnet.features(image, VARIANT, TAPS, "perceptual")):
        standardized = Standardized(name=f"{blocks.ADDED}_scaled_{i}")(x)
        logits += [recipe.perceptual * each for each in _head(standardized, one_hot, i)]
    return keras.Model(discriminator.input, discriminator.output | {"score": layers.Add()(logits)},
                       name="discriminator")


def split(discriminator):
    """Splits a discriminator into (extractor, trainable): trainable(extractor(images)) is equal to
    the discriminator, and the extractor is frozen.

    The extractor maps images to [images, standardized features, ...]; the trainable part maps these
    (or [these, tags], if the discriminator takes tags) to the discriminator's dict.
    """
    image = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
    features = [image] + [layer.output for layer in discriminator.layers
                          if isinstance(layer, Standardized)]
    trainable = keras.Model([features, discriminator.inputs[1]] if len(discriminator.inputs) > 1
                            else features, discriminator.output)
    return keras.Model(image, features), trainable


def _head(x, one_hot, i):
    """Logits [(batch, 1), ...] of a feature map: one of the map and, with labels, one of the
    projection (Miyato and Koyama 2018)."""
    name = lambda part: f"{blocks.ADDED}_{i}_{part}"

    def conv(x, size, stride, part):
        x = layers.Conv2D(CHANNELS, size, stride, "same", kernel_initializer="he_normal",
                          name=name(part))(x)
        return layers.LeakyReLU(0.2, name=name(f"{part}_act"))(x)

    x = conv(x, 1, 1, "in")
    while x.shape[1] > 4:
        x = conv(x, 4, 2, f"down_{x.shape[1]}")
    x = layers.Flatten()(conv(x, 3, 1, "conv"))
    x = layers.LeakyReLU(0.2)(
        layers.Dense(FEATURES, kernel_initializer="he_normal", name=name("dense"))(x))
    logits = [layers.Dense(1, use_bias=False, kernel_initializer="zeros", name=name("score"))(x)]
    if one_hot is not None:
        embedding = layers.Dense(FEATURES, use_bias=False, kernel_initializer="zeros",
                                 name=name("embedding"))(one_hot)
        logits.append(layers.Dot(1)([x, embedding]))
    return logits


class Standardized(layers.Layer):
    """(x - mean) / deviation of each channel; fit() sets both once."""

    def build(self, input_shape):
        weight = lambda name, value: self.add_weight(
            name=name, shape=input_shape[-1:], initializer=value, trainable=False)
        self.mean, self.deviation = weight("mean", "zeros"), weight("deviation", "ones")

    def call(self, inputs):
        return (inputs - self.mean) / self.deviation

    def compute_output_shape(self, input_shape):  # without it Keras would trace `call`
        return input_shape


def fit(discriminator, images):
    """Sets the mean and standard deviation of the features to those of real images.

    Args: discriminator: of add_perceptual_heads(); images: float32 (n, size, size, 3) in [-1, 1].
    """
    scaled = [layer for layer in discriminator.layers if isinstance(layer, Standardized)]
    image = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
    extractor = keras.Model(image, [layer.input for layer in scaled])
    features = forward.run(
        lambda part: [ops.cast(x, "float32") for x in extractor(part, training=False)],
        [images], _BATCH)
    for layer, values in zip(scaled, features):
        values = values.astype(np.float64)
        layer.mean.assign(values.mean(axis=(0, 1, 2)))
        layer.deviation.assign(values.std(axis=(0, 1, 2)) + 1e-6)
