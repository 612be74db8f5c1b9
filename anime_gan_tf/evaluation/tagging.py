"""Attributes for faces that have no tags, as far as the classifier is sure."""
import numpy as np

from anime_gan_tf import attributes
from anime_gan_tf.console import say
from anime_gan_tf.data import sources
from anime_gan_tf.errors import UserError
from anime_gan_tf.evaluation import classifier, metrics
from anime_gan_tf.storage import npz, pictures

COLUMNS = 12


def tag(faces, threshold, out, picture):
    """Writes a tags.csv (`id,aqua hair orange eyes` a line) for Faces that have names.

    Args:
      threshold: the least probability at which a colour is written; a face without any gets no
        line.
      out: path of the tag file; an existing one is refused.
      picture: path of a sheet with the surest faces and those just above the threshold, by the
        first axis.
    Raises: UserError: where `out` exists.
    """
    if out.exists():
        raise UserError(f"--out: {out} exists already, and is not overwritten; move it away, or "
                        f"name another file")
    predicted = classifier.load().predict(faces.images)
    tags = np.full((len(faces.images), len(attributes.AXES)), attributes.UNKNOWN)
    for i, axis in enumerate(attributes.AXES):
        if axis in predicted:
            sure = predicted[axis].max(axis=1) >= threshold
            tags[sure, i] = predicted[axis][sure].argmax(axis=1)
    npz.write_atomically(out, lambda file: file.write(sources.tags_csv(faces.names, tags)))
    known = tags != attributes.UNKNOWN
    say(f"{known.any(axis=1).sum():,} of {len(tags):,} faces tagged at a confidence of "
        f"{threshold:g} or more: "
        + ", ".join(f"{axis} {known[:, i].sum():,}" for i, axis in enumerate(attributes.AXES))
        + f", {metrics.ALL} {known.all(axis=1).sum():,}",
        f"tags: {out}")
    first, values = next(iter(attributes.AXES.items()))
    pictures.save_png(picture,
                      _sheet(faces.images, tags[:, 0], predicted[first].max(axis=1), values))


def _sheet(images, tags, confidence, values):
    """A row for each value of an axis: its faces from the surest to the least sure."""
    blank = np.full_like(images[0], 255)
    cells = []
    for value in range(len(values)):
        row = np.flatnonzero(tags == value)
        row = row[np.argsort(-confidence[row], kind="stable")]
        row = (row[np.linspace(0, len(row) - 1, min(COLUMNS, len(row))).astype(int)]
               if len(row) else row)
        cells += [images[i] for i in row] + [blank] * (COLUMNS - len(row))
    return pictures.labelled(pictures.grid(np.stack(cells), COLUMNS), values,
                             ["surest"] + [""] * (COLUMNS - 2) + ["least sure"])
