"""The data set of --data, and the labels of --axes. Needs TensorFlow only for a TFDS data set."""
import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import DEFAULT, Labels
from anime_gan_tf.storage import npz, pictures, schema


def data_labels(flags):
    """The Labels of --axes, or DEFAULT.

    Raises:
      UserError: the file has another form, or words that cannot be read in text.
    """
    if flags.axes is None:
        return DEFAULT
    return schema.labels_from(npz.read_json(flags.axes), "--axes")


def data(flags):
    """The value of --data, else the path of the data set in data/, else "drawn".

    Raises:
      UserError: the value is empty.
    """
    if flags.data is not None and not flags.data.strip():
        raise UserError("--data", Fault.INVALID, "is empty; name a folder or .zip of faces")
    return str(flags.data or sources.find_default(data_labels(flags)) or "drawn")


def title(flags):
    """The title of the data set of --data, which is not read."""
    where = data(flags)
    return where if where == "drawn" or where.startswith("tfds:") else sources.title(where)


def source(flags, labels):
    """The Source of --data: a folder, a .zip or tfds:NAME. labels: the Labels to be read."""
    where = data(flags)
    if where == "drawn":
        raise UserError("--data", Fault.MISSING, f"name a folder or .zip of faces; the built-in "
                        f"ones need no --mode {flags.mode}")
    if where.startswith("tfds:"):
        runtime.load()
        from anime_gan_tf.data import tfds_source

        return tfds_source.open_name(where[len("tfds:"):], labels)
    return sources.open_path(where, labels)


def load_dataset(flags, size, labels):
    """The ImageDataset of --data, decoded at `size`. labels: the Labels to be read."""
    return decode(find(flags, labels), size, labels)


def find(flags, labels):
    """The Source of --data, None for drawn faces."""
    return None if data(flags) == "drawn" else source(flags, labels)


def decode(found, size, labels, min_side=0):
    """The ImageDataset of find(), which may take minutes. min_side: as in dataset.load()."""
    return (dataset.load(found, size, min_side=min_side) if found
            else synthetic.load(size, labels))


def read_rows(flags, loaded, rows, size):
    """Some images of the data set of --data, decoded at another size.

    Args: loaded: ImageDataset of --data; rows: ints; size: None for that of `loaded`.
    Returns: uint8 (rows, size, size, 3).
    """
    if size is None or size == loaded.images.shape[1]:
        return loaded.images[rows]
    if data(flags) == "drawn":
        return pictures.resampled(loaded.images[rows], size)
    origin = source(flags, Labels({}))
    return np.stack([dataset.try_decode(origin, loaded.names[row], size) for row in rows])
