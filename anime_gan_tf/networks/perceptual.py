"""A perceptual discriminator, heads on frozen ImageNet features, that adds to another's score.

After projected GANs (Sauer et al. 2021), whose discriminator has the frozen features alone; here
that drew one face for every noise.
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
_SCALED = f"{blocks.ADDED}_scaled"


def beside(discriminator, recipe):
    """The discriminator with `recipe.perceptual` times the heads' scores added to its score.

    Args: discriminator: keras.Model from images (and tags) to a dict with "score".
    Returns: a keras.Model of the same inputs and outputs. It begins as the discriminator alone:
      what adds to the score is zero-initialized.
    """
    image = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
    code = discriminator.get_layer("code").output if recipe.projection else None
    scores = [discriminator.output["score"]]
    for i, x in enumerate(efficientnet.features(image, VARIANT, TAPS, "perceptual")):
        scores += [recipe.perceptual * score
                   for score in _head(Standardized(name=f"{_SCALED}_{i}")(x), code, i)]
    return keras.Model(discriminator.input, discriminator.output | {"score": layers.Add()(scores)},
                       name="discriminator")


def split(discriminator):
    """(frozen, learning): learning(frozen(images)) is the discriminator; frozen never learns.

    frozen maps images to [images, standardized features, ...]; learning maps these, and tags where
    the discriminator takes them ([..., tags]), to its dict.
    """
    image = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
    seen = [image] + [layer.output for layer in discriminator.layers
                      if layer.name.startswith(_SCALED)]
    learning = keras.Model([seen, discriminator.inputs[1]] if len(discriminator.inputs) > 1
                           else seen, discriminator.output)
    return keras.Model(image, seen), learning


def _head(x, code, i):
    """Scores (batch, 1) of a feature map: its own and, with a code, that of its fit to it."""
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
    scores = [layers.Dense(1, use_bias=False, kernel_initializer="zeros", name=name("score"))(x)]
    if code is not None:
        embedding = layers.Dense(FEATURES, use_bias=False, kernel_initializer="zeros",
                                 name=name("embedding"))(code)
        scores.append(layers.Dot(1)([x, embedding]))
    return scores


class Standardized(layers.Layer):
    """(x - mean) / deviation of each channel; fit() sets the two once."""

    def build(self, input_shape):
        weight = lambda name, value: self.add_weight(
            name=name, shape=input_shape[-1:], initializer=value, trainable=False)
        self.mean, self.deviation = weight("mean", "zeros"), weight("deviation", "ones")

    def call(self, inputs):
        return (inputs - self.mean) / self.deviation


def fit(discriminator, images):
    """Standardizes the features by what real images have.

    Args: discriminator: of add_perceptual_heads(); images: float32 (n, size, size, 3) in [-1, 1].
    """
    scaled = [layer for layer in discriminator.layers if layer.name.startswith(_SCALED)]
    image = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
    extractor = keras.Model(image, [layer.input for layer in scaled])
    features = forward.run(
        lambda part: [ops.cast(x, "float32") for x in extractor(part, training=False)],
        [images], _BATCH)
    for layer, values in zip(scaled, features):
        values = values.astype(np.float64)
        layer.mean.assign(values.mean(axis=(0, 1, 2)))
        layer.deviation.assign(values.std(axis=(0, 1, 2)) + 1e-6)
