"""Tags for untagged faces, where the classifier is confident."""
import logging

import numpy as np

from anime_gan_tf.data import order, sources
from anime_gan_tf.evaluation import classifier
from anime_gan_tf.labels import joint, UNKNOWN
from anime_gan_tf.storage import npz, pictures

log = logging.getLogger(__name__)

COLUMNS = 12
# Standard deviation of a channel, in levels of 255, below which a picture is nearly one color. The
# least of 21,746 real faces is 3.3.
FLAT = 3.0


def tag(dataset, threshold, out, picture):
    """Writes a tags.csv, lines of `id,aqua hair orange eyes`, for an ImageDataset with names.

    Args:
      threshold: the least probability at which a color is written. A face without any color, or of
        nearly one color altogether, gets no line.
      out: path of the tag file.
      picture: path of a sheet with the most confident faces and those just above the threshold, for
        each value of the first axis.
    """
    predictor = classifier.bundled()
    predicted, labels = predictor.predict(dataset.images), predictor.labels
    tags = np.full((len(dataset.images), len(labels.axes)), UNKNOWN)
    for i, axis in enumerate(labels.axes):
        confident = predicted[axis].max(axis=1) >= threshold
        tags[confident, i] = predicted[axis][confident].argmax(axis=1)
    flat = dataset.images.std(axis=(1, 2)).mean(axis=1) < FLAT
    tags[flat] = UNKNOWN
    npz.write_atomically(out, lambda file: file.write(sources.tags_csv(dataset.names, tags,
                                                                        labels)))
    known = tags != UNKNOWN
    log.info(f"{known.any(axis=1).sum():,} of {len(tags):,} faces tagged at a confidence of "
             f"{threshold:g} or more: "
             + ", ".join(f"{axis} {known[:, i].sum():,}" for i, axis in enumerate(labels.axes))
             + f", {joint(labels.axes)} {known.all(axis=1).sum():,}")
    log.info(f"tags: {out}")
    _warn(dataset, flat, known, threshold)
    first, values = next(iter(labels.axes.items()))
    pictures.save_png(picture,
                      _sheet(dataset.images, tags[:, 0], predicted[first].max(axis=1), values))


def _warn(dataset, flat, known, threshold):
    """Warns about faces that got no tags, and about tags that the data have already."""
    unsure = int((~known.any(axis=1) & ~flat).sum())
    lines = [*dataset.notes,
             dataset.tagged and f"{dataset.label_origin} has tags already; a tags.csv in the "
                                f"folder of the faces takes their place",
             flat.any() and f"pictures of nearly one color, which get no tags: {flat.sum():,}",
             unsure and f"faces that get no tags, because no color has a confidence of "
                        f"{threshold:g}: {unsure:,}"]
    for line in filter(None, lines):
        log.warning(f"warning: {line}")


def _sheet(images, tags, confidence, values):
    """A row for each value of an axis: its faces in the order of confidence."""
    blank = np.full_like(images[0], 255)
    cells = []
    for value in range(len(values)):
        row = np.flatnonzero(tags == value)
        row = row[np.argsort(-confidence[row], kind="stable")]
        row = order.spread(row, COLUMNS) if len(row) else row
        cells += [images[i] for i in row] + [blank] * (COLUMNS - len(row))
    return pictures.labeled(pictures.grid(np.stack(cells), COLUMNS), values,
                             ["surest"] + [""] * (COLUMNS - 2) + ["least sure"])
