"""Features of an ImageNet EfficientNet-Lite0, for distances between sets of faces.

It is another network than that of --perceptual (networks/perceptual.py), so that no generator is
measured with the features that it was trained against.
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from anime_gan_tf.networks import efficientnet, forward

SIZE = 128  # to which faces are enlarged
# The last block of stride 16, of 112 channels, and the last feature map, of 1,280.
TAPS = (10, efficientnet.HEAD)
NAME = "perceptual (EfficientNet-Lite0, ImageNet)"
_BATCH = 100
_MANY = 5000  # faces, from which on there is a progress bar: those of a data set take a minute


def load(real, flag):
    """The feature extractor, with features scaled by some real faces, and their features.

    Args: real: uint8 (n, size, size, 3), of any size; flag: that needs the features, for errors.
    Returns: (extract, a function of such images that returns {"features": (n, 1392)}, averages over
      the image; extract(real)).
    Raises:
      UserError: the package with the network's weights is missing.
    """
    image = keras.Input((SIZE, SIZE, 3), name="image")
    maps = efficientnet.features(image, "lite0", TAPS, flag)
    model = keras.Model(image, [layers.GlobalAveragePooling2D()(x) for x in maps])
    network = tf.function(lambda images: model(images, training=False), reduce_retracing=True)

    def resized_averages(images):
        batch = tf.image.resize(tf.cast(images, tf.float32), (SIZE, SIZE), "bicubic",
                                antialias=True)
        return np.concatenate(network(batch / 127.5 - 1.0), axis=1)

    def averages(images):
        return forward.run(resized_averages, [images], _BATCH,
                           "extracting features" if len(images) > _MANY else None)

    features = averages(real)
    scale = _scale(features)
    return lambda images: {"features": averages(images) / scale}, {"features": features / scale}


def _scale(features):
    """Divisors of the features, so that those of each tap have a total variance of 100.

    So both taps have the same weight. There is one divisor for each tap, not for each feature,
    because many of the 1,280 features of photographs are hardly ever active on drawn faces, and
    would be mostly noise if enlarged.

    Args: features: (n, 1392), of real faces.
    Returns: (1392,).
    """
    variances = features.var(axis=0)
    first = features.shape[1] - 1280
    return np.concatenate([np.full(part.size, np.sqrt(part.sum() / 100))
                           for part in (variances[:first], variances[first:])])
