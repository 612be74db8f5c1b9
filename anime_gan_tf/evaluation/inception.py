"""Features of keras.applications' InceptionV3, for metrics that readers may know.

It is trained on ImageNet's photographs. Published FIDs use another network, of 2015, so these
distances are only comparable with each other.
"""
import keras
import tensorflow as tf

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.networks import forward

SIZE = 299
_BATCH = 64


def load(weights="imagenet"):
    """A function extract(images) -> {"features": (n, 2048), "classes": (n, 1000) probabilities}.

    Args: weights: as in keras.applications.InceptionV3; "imagenet" is downloaded once, 92 MB.
    Raises:
      UserError: the weights cannot be downloaded.
    """
    try:
        model = keras.applications.InceptionV3(weights=weights)
    except Exception as error:  # keras raises a bare Exception where a download fails
        raise UserError("--features", Fault.UNAVAILABLE,
                        f"inception needs weights that could not be downloaded "
                        f"({error}); --features faces works offline") from None
    both = keras.Model(model.input,
                       {"features": model.get_layer("avg_pool").output, "classes": model.output})
    network = tf.function(lambda images: both(images, training=False), reduce_retracing=True)

    def extract(images):
        batch = tf.image.resize(tf.cast(images, tf.float32), (SIZE, SIZE), antialias=True)
        return network(batch / 127.5 - 1.0)

    return lambda images: forward.run(extract, [images], _BATCH)
