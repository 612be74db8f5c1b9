"""Features of keras.applications' InceptionV3, for figures that others may know.

It is trained on ImageNet's photographs and is not the network of 2015 on which published FIDs rest,
so its distances compare with each other only.
"""
import keras
import numpy as np
import tensorflow as tf

from anime_gan_tf.errors import Fault, UserError

SIZE = 299


def load(weights="imagenet"):
    """A function extract(images) -> {"features": (n, 2048), "classes": (n, 1000) probabilities}.

    Args: weights: as of keras.applications.InceptionV3; "imagenet" is downloaded once, 92 MB.
    Raises:
      UserError: where the weights cannot be had.
    """
    try:
        model = keras.applications.InceptionV3(weights=weights)
    except Exception as error:  # keras raises a bare Exception where a download fails
        raise UserError("--features", Fault.UNAVAILABLE,
                        f"inception needs weights that could not be downloaded "
                        f"({error}); --features faces works offline") from None
    both = keras.Model(model.input,
                       {"features": model.get_layer("avg_pool").output, "classes": model.output})
    forward = tf.function(lambda images: both(images, training=False), reduce_retracing=True)

    def extract(images):
        parts = []
        for i in range(0, len(images), 64):
            batch = tf.image.resize(tf.cast(images[i:i + 64], tf.float32), (SIZE, SIZE),
                                    antialias=True)
            parts.append({name: value.numpy()
                          for name, value in forward(batch / 127.5 - 1.0).items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    return extract
