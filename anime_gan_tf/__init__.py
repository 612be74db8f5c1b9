"""GANs that draw anime faces, in TensorFlow 2 and Keras 3.

    import anime_gan_tf as ag
    images = ag.load().draw(range(25), hair="aqua", eyes="orange", size=256)
"""
__version__ = "0.5.0.dev0"  # first, because modules imported here need it

from anime_gan_tf.errors import UserError
from anime_gan_tf.library import evaluate, Generator, load, train
from anime_gan_tf.storage.pictures import grid

__all__ = ["evaluate", "Generator", "grid", "load", "train", "UserError"]
