"""The training faces that are nearest to some faces, to see whether a generator memorizes."""
import logging

import numpy as np

from anime_gan_tf.data import deduplication
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import metrics, perceptual_features
from anime_gan_tf.storage import pictures

log = logging.getLogger(__name__)

SHOWN = 6    # nearest faces of each
ROWS = 100   # faces in the picture
# Percent of the held-out faces whose nearest training face is nearer than "suspiciously near"
SMALLEST = 1


def nearest_neighbors(images, names, faces, out, pictured, real):
    """Draws every face beside its SHOWN nearest training faces and prints how near they are.

    Near is meant in perceptual features (perceptual_features.py); beside it stands how near the
    training faces are to real faces that they do not contain, so that "too near" means something.

    Args:
      images: uint8 (n, size, size, 3); names: n of them; faces: the Faces trained on, of that size.
      out: path of the picture; pictured: the images as it shows them; real: a function from rows of
        `faces` to the same.
    Raises:
      UserError: where none of the faces are held out.
    """
    training, validation, held_out = deduplication.split(faces.images)
    if not len(held_out):
        raise UserError("--data", Fault.TOO_FEW,
                        f"{faces.title} has {len(faces.images):,} faces, too few for a "
                        f"held-out tenth to compare with; 6 is the least")
    rows = np.concatenate([training, validation])  # older runs were trained on both
    extract, training_features = perceptual_features.load(faces.images[rows], "mode neighbors")
    apart = lambda those: np.sqrt(metrics.squared_distances(extract(those)["features"],
                                                            training_features["features"]))
    unseen = apart(faces.images[held_out]).min(axis=1)
    usual, limit = np.median(unseen), np.percentile(unseen, SMALLEST)
    distances = apart(images)
    order = np.argsort(distances, axis=1)[:, :SHOWN]
    near = np.take_along_axis(distances, order, axis=1)
    first = near[:, 0]
    for name, index, distance in zip(names, rows[order[:, 0]], first):
        log.info(f"{name}: nearest {faces.names[index] if faces.names else index} at {distance:.1f}"
                 + (", suspiciously near" if distance < limit else ""))
    log.info(f"median distance: {np.median(first):.1f}; of real faces that were held out "
             f"{usual:.1f}")
    log.info(f"suspiciously near (within {limit:.1f}): {np.mean(first < limit):.0%}; of real faces "
             f"that were held out {SMALLEST}%")
    shown = np.concatenate([np.concatenate([image[None], real(rows[indices])])
                            for image, indices in zip(pictured[:ROWS], order)])
    pictures.save_png(out, pictures.labelled(
        pictures.grid(shown, SHOWN + 1), [f"{distance:.1f}" for distance in first[:ROWS]],
        ["face", "nearest"] + [""] * (SHOWN - 1)))
