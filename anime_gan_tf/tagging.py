"""--mode tag: hair and eye colours for faces that have none, as far as the classifier is sure."""
import numpy as np

from anime_gan_tf import attributes, checkpoints, classifier, pictures
from anime_gan_tf.data import sources
from anime_gan_tf.errors import UserError

COLUMNS = 12


def tag(faces, threshold, out, picture):
    """Writes a tags.csv (`id,aqua hair orange eyes` a line) for Faces that have names.

    Args:
      threshold: the least probability at which a colour is written; a face with neither gets no line.
      out: path of the tag file; an existing one is refused.
      picture: path of a sheet with the surest faces and those just above the threshold, by hair colour.
    Raises: UserError: where `out` exists.
    """
    if out.exists():
        raise UserError(f"--out: {out} exists already, and is not overwritten; move it away, or name another file")
    seen = classifier.load().look(faces.images)
    tags = np.stack([np.where(seen[axis].max(axis=1) >= threshold, seen[axis].argmax(axis=1), attributes.UNKNOWN)
                     for axis in attributes.AXES], axis=1)
    checkpoints.write_atomically(out, lambda file: file.write(sources.tags_csv(faces.names, tags)))
    known = tags != attributes.UNKNOWN
    print(f"{known.any(axis=1).sum():,} of {len(tags):,} faces tagged at a confidence of {threshold:g} or more: hair "
          f"{known[:, 0].sum():,}, eyes {known[:, 1].sum():,}, both {known.all(axis=1).sum():,}\ntags: {out}")
    pictures.save_png(picture, _sheet(faces.images, tags[:, 0], seen["hair"].max(axis=1)))


def _sheet(images, hair, confidence):
    """A row a hair colour: its faces from the surest to the least sure."""
    blank = np.full_like(images[0], 255)
    cells = []
    for colour in range(len(attributes.HAIR)):
        row = np.flatnonzero(hair == colour)
        row = row[np.argsort(-confidence[row], kind="stable")]
        row = row[np.linspace(0, len(row) - 1, min(COLUMNS, len(row))).astype(int)] if len(row) else row
        cells += [images[i] for i in row] + [blank] * (COLUMNS - len(row))
    return pictures.labelled(pictures.grid(np.stack(cells), COLUMNS), attributes.HAIR,
                             ["surest"] + [""] * (COLUMNS - 2) + ["least sure"])
