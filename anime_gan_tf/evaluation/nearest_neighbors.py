"""The nearest training faces of some faces, which show whether a generator memorizes."""
import logging

import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import metrics, perceptual_features
from anime_gan_tf.storage import pictures

log = logging.getLogger(__name__)

NUM_NEAREST = 6  # nearest faces of each
ROWS = 100       # faces in the picture
# A face is suspiciously near if so many percent of the held-out faces are as near to a training
# face.
PERCENTILE = 1


def nearest_neighbors(images, names, dataset, out, pictured, read_rows):
    """Draws each face with its NUM_NEAREST nearest training faces and logs their distances.

    Distances are those of perceptual features (perceptual_features.py). The distances of held-out
    faces to their nearest training faces are logged for comparison.

    Args:
      images: uint8 (n, size, size, 3); names: of the n images; dataset: ImageDataset of that size,
        which the generator was trained on.
      out: path of the picture; pictured: the images at the size of the picture; read_rows: a
        function from rows of `dataset` to images at that size.
    Raises:
      UserError: there are no held-out faces.
    """
    training, validation, held_out = dataset.split
    if not len(held_out):
        raise UserError("--data", Fault.TOO_FEW,
                        f"{dataset.title} has {len(dataset.images):,} faces, too few for a "
                        f"held-out tenth to compare with; 6 is the least")
    rows = np.concatenate([training, validation])  # older runs were trained on both
    extract, training_features = perceptual_features.load(dataset.images[rows],
                                                            "mode neighbors")
    distances_to_training = lambda images: np.sqrt(metrics.squared_distances(
        extract(images)["features"], training_features["features"]))
    held_out_distances = distances_to_training(dataset.images[held_out]).min(axis=1)
    median, limit = np.median(held_out_distances), np.percentile(held_out_distances, PERCENTILE)
    distances = distances_to_training(images)
    order = np.argsort(distances, axis=1)[:, :NUM_NEAREST]
    nearest = np.take_along_axis(distances, order, axis=1)[:, 0]
    for name, index, distance in zip(names, rows[order[:, 0]], nearest):
        neighbor = dataset.names[index] if dataset.names else index
        log.info(f"{name}: nearest {neighbor} at {distance:.1f}"
                 + (", suspiciously near" if distance < limit else ""))
    log.info(f"median distance: {np.median(nearest):.1f}; of real faces that were held out "
             f"{median:.1f}")
    log.info(f"suspiciously near (within {limit:.1f}): {np.mean(nearest < limit):.0%}; of real "
             f"faces that were held out {PERCENTILE}%")
    cells = np.concatenate([np.concatenate([image[None], read_rows(rows[indices])])
                            for image, indices in zip(pictured[:ROWS], order)])
    pictures.save_png(out, pictures.labeled(
        pictures.grid(cells, NUM_NEAREST + 1), [f"{distance:.1f}" for distance in nearest[:ROWS]],
        ["face", "nearest"] + [""] * (NUM_NEAREST - 1)))
