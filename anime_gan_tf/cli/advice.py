"""A note about pictures that are mostly not faces."""
import shlex

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset

NUM_SAMPLES = 32      # pictures that are checked, evenly spaced
LARGE = 400           # pixels of a side, from which on a picture may show more than a face
MANY_ODD = 0.25       # share of pictures far from square, from which on pictures are checked
ENOUGH_FACES = 0.5    # least share of pictures with a large face


def suggest_crop(loaded, data):
    """Suggests --mode crop if most pictures have no large face in the middle, the only part that a
    model is trained on. Pictures are only checked if they are large, or far from square.

    Args: loaded: dataset.ImageDataset; data: value of --data.
    """
    odd = len(loaded.odd.get(dataset.NOT_SQUARE, ()))
    if loaded.side < LARGE and odd < MANY_ODD * len(loaded.images):
        return
    runtime.load()
    from anime_gan_tf.evaluation import detection

    rows = np.unique(np.linspace(0, len(loaded.images) - 1, NUM_SAMPLES).astype(int))
    with_face = detection.count_filled(loaded.images[rows], detection.load().find)
    if with_face < ENOUGH_FACES * len(rows):
        say(f"note: of {len(rows):,} pictures that were checked, {with_face:,} show one large "
            f"face in the middle; faces are cut out of whole pictures by --mode crop --data "
            f"{shlex.quote(data)} --out FOLDER")
