"""Attributes for faces that have no tags, as far as the classifier is sure."""
import logging

import numpy as np

from anime_gan_tf.data import order, sources
from anime_gan_tf.evaluation import classifier, metrics
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import npz, pictures

log = logging.getLogger(__name__)

COLUMNS = 12
# Mean deviation of a channel, in levels of 255, below which there is nothing to see. The flattest
# of 21,746 real faces has 3.3.
FLAT = 3.0


def tag(faces, threshold, out, picture):
    """Writes a tags.csv (`id,aqua hair orange eyes` a line) for Faces that have names.

    Args:
      threshold: the least probability at which a color is written; a face without any gets no
        line. A picture of nearly one color gets none either.
      out: path of the tag file.
      picture: path of a sheet with the surest faces and those just above the threshold, by the
        first axis.
    """
    predictor = classifier.load()
    predicted, labels = predictor.predict(faces.images), predictor.labels
    tags = np.full((len(faces.images), len(labels.axes)), UNKNOWN)
    for i, axis in enumerate(labels.axes):
        sure = predicted[axis].max(axis=1) >= threshold
        tags[sure, i] = predicted[axis][sure].argmax(axis=1)
    flat = faces.images.std(axis=(1, 2)).mean(axis=1) < FLAT
    tags[flat] = UNKNOWN
    npz.write_atomically(out, lambda file: file.write(sources.tags_csv(faces.names, tags, labels)))
    known = tags != UNKNOWN
    log.info(f"{known.any(axis=1).sum():,} of {len(tags):,} faces tagged at a confidence of "
             f"{threshold:g} or more: "
             + ", ".join(f"{axis} {known[:, i].sum():,}" for i, axis in enumerate(labels.axes))
             + f", {metrics.joint(labels.axes)} {known.all(axis=1).sum():,}")
    log.info(f"tags: {out}")
    _warn(faces, flat, known, threshold)
    first, values = next(iter(labels.axes.items()))
    pictures.save_png(picture,
                      _sheet(faces.images, tags[:, 0], predicted[first].max(axis=1), values))


def _warn(faces, flat, known, threshold):
    """Says what was not judged, and what cannot be."""
    unsure = int((~known.any(axis=1) & ~flat).sum())
    lines = [*faces.notes,
             faces.tagged and f"{faces.label_origin} has tags already; a tags.csv beside the faces "
                              f"takes their place",
             flat.any() and f"pictures of nearly one color, which get no tags: {flat.sum():,}",
             unsure and f"faces that get no tags, because no color has a confidence of "
                        f"{threshold:g}: {unsure:,}"]
    for line in filter(None, lines):
        log.warning(f"warning: {line}")


def _sheet(images, tags, confidence, values):
    """A row for each value of an axis: its faces from the surest to the least sure."""
    blank = np.full_like(images[0], 255)
    cells = []
    for value in range(len(values)):
        row = np.flatnonzero(tags == value)
        row = row[np.argsort(-confidence[row], kind="stable")]
        row = order.spread(row, COLUMNS) if len(row) else row
        cells += [images[i] for i in row] + [blank] * (COLUMNS - len(row))
    return pictures.labelled(pictures.grid(np.stack(cells), COLUMNS), values,
                             ["surest"] + [""] * (COLUMNS - 2) + ["least sure"])
