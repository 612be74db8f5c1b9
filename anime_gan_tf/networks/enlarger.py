"""The second stage: a network that enlarges a small face, and its discriminator.

SRResNet (Ledig et al. 2017) without BatchNorm, as in EDSR (Lim et al. 2017): most layers work at
the small size, and pixel shuffles enlarge. The network learns the difference from a bilinear
enlargement.
"""
import math

import keras
from keras import layers

from anime_gan_tf.networks import blocks, efficientnet

# The feature maps of EfficientNet-Lite1 that the feature loss compares, of strides 2, 2, 4 and 8.
# Deeper features describe what is in a picture, early ones how it is drawn.
TAPS = (efficientnet.STEM, 0, 3, 6)


def generator(recipe, _):
    """small (batch, height, width, 3) in [-1, 1], of any height and width -> images (batch,
    scale * height, scale * width, 3), to be clipped to [-1, 1]."""
    small = keras.Input((None, None, 3), name="small")
    first = x = _conv(recipe.width)(small)
    for _ in range(recipe.depth):
        y = layers.ReLU()(_conv(recipe.width)(x))
        x = layers.Add()([x, _conv(recipe.width, _small_weights())(y)])
    x = layers.Add()([_conv(recipe.width)(x), first])
    for factor in range(int(math.log2(recipe.scale))):
        # Half of the channels in the second enlargement, which is the most expensive layer.
        channels = recipe.width >> factor
        x = _conv(4 * channels, blocks.ICNR(2))(x)
        x = layers.LeakyReLU(0.2)(keras.ops.depth_to_space(x, 2))
    detail = _conv(3, _small_weights())(x)
    # In float32, whatever the other layers compute in, so that the small image is not rounded.
    enlarged = layers.UpSampling2D(recipe.scale, interpolation="bilinear", dtype="float32")(small)
    return keras.Model([small], layers.Add(dtype="float32")([enlarged, detail]), name="generator")


def discriminator(recipe, _):
    """Crops (batch, crop_size, crop_size, 3) -> {"score": logits (batch, side, side, 1)} of patches
    (Isola et al. 2017)."""
    image = keras.Input((recipe.crop_size, recipe.crop_size, 3), name="image")
    x = image
    for factor, size, stride in ((1, 4, 2), (2, 3, 1), (2, 4, 2), (4, 4, 2), (4, 3, 1)):
        x = blocks.SpectralConv2D(factor * recipe.width * 2 // 3, size, stride, "same")(x)
        x = layers.LeakyReLU(0.2)(x)
    # Without a bias, which has no effect on a relativistic pair.
    logits = blocks.SpectralConv2D(1, 3, 1, "same", use_bias=False)(x)
    return keras.Model(image, {"score": logits}, name="discriminator")


def comparison():
    """The feature extractor of the feature loss: images (batch, height, width, 3) in [-1, 1] ->
    [feature map, ...] of a frozen network."""
    image = keras.Input((None, None, 3), name="image")
    maps = efficientnet.features(image, "lite1", TAPS, "feature_loss")
    return keras.Model(image, [layers.Identity(dtype="float32")(x) for x in maps])


def _small_weights():
    """An initializer with which a network is initially close to a bilinear enlargement, and a block
    close to the identity. A new one in each call: it draws its seed when it is created."""
    return keras.initializers.VarianceScaling(0.02)


def _conv(filters, kernel_initializer="he_normal"):
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer=kernel_initializer)
