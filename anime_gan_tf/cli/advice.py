"""What is said of pictures that are mostly not faces."""
import shlex

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset

LOOKED_AT = 32      # pictures, evenly spread
LARGE = 400         # pixels of a side, from which on a picture may be more than a face
UNUSUAL = 0.25      # share of pictures far from square that is
MOSTLY = 0.5        # share of pictures with a large face from which on they are faces


def name_crop(faces, data):
    """Says where most of some pictures have no face that fills their middle, which is all that a
    model sees of them, and names the command that helps. Only pictures that are large, or far from
    square, are looked at.

    Args: faces: dataset.ImageDataset; data: what --data named.
    """
    odd = len(faces.odd.get(dataset.NOT_SQUARE, ()))
    if faces.side < LARGE and odd < UNUSUAL * len(faces.images):
        return
    runtime.load()
    from anime_gan_tf.evaluation import detection

    rows = np.unique(np.linspace(0, len(faces.images) - 1, LOOKED_AT).astype(int))
    with_face = detection.count_filled(faces.images[rows], detection.load().find)
    if with_face < MOSTLY * len(rows):
        say(f"note: of {len(rows):,} pictures that were looked at, {with_face:,} show one large "
            f"face in the middle; faces are cut out of whole pictures by --mode crop --data "
            f"{shlex.quote(data)} --out FOLDER")
