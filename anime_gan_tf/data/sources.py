"""Sources of data: folders and .zip files. A Source lists faces and reads their bytes; nothing is
decoded here.
"""
import collections
import csv
import dataclasses
import hashlib
import io
import os
import pathlib
import re
from typing import Callable

from anime_gan_tf.data import labels as label_files
from anime_gan_tf.data import listing as listings
from anime_gan_tf.data import tables
from anime_gan_tf.data.listing import IMAGE_ENDINGS
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import files

# Unsupported formats of data sets, for an error message if one is in data/.
_PACKED = (".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".rar", ".7z", ".parquet", ".tfrecord",
           ".h5", ".npz", ".npy", ".lmdb")


@dataclasses.dataclass
class Source:
    """A listed data set.

    Attributes:
      names: of the faces, in a fixed order; tags: a tuple for each face, of Labels `labels`;
      read(name): the bytes of an encoded image; raises if the file is broken;
      fingerprint: hash of the faces' names, sizes in bytes and tags;
      notes: lines for the user, such as about tags without a face;
      flag: that named it, for errors;
      origin: what the tags were read from, "" if there were none;
      left_out: {kind of file: count}; label_faults: {problem of the labels: count};
      listing: the Listing that it is of, or None.
    """
    title: str
    names: list
    tags: list
    labels: Labels
    read: Callable
    fingerprint: str
    notes: list = dataclasses.field(default_factory=list)
    flag: str = "--data"
    origin: str = ""
    left_out: dict = dataclasses.field(default_factory=dict)
    label_faults: dict = dataclasses.field(default_factory=dict)
    listing: listings.Listing | None = None

    @property
    def tagged(self):
        return any(tag != self.labels.untagged for tag in self.tags)


def open_any(path, labels, flag):
    """A Source of one image file, or of a folder or .zip of them, as in open_path()."""
    path = pathlib.Path(path)
    if path.is_dir() or path.suffix.lower() == ".zip" or not path.exists():
        return open_path(path, labels, flag)
    files.require_regular(path, flag, listings.MAX_FILE_BYTES)
    return Source(path.name, [path.name], [labels.untagged], labels,
                  lambda name: path.read_bytes(), "", flag=flag)


def open_path(path, labels, flag="--data"):
    """A Source for a folder or a .zip.

    In the MLDS layout there is a `tags.csv` (lines `id,aqua hair orange eyes`), and the faces are
    in a folder `images/` next to it. docs/data.md lists the other forms of labels, which labels.py
    reads. Pictures without a label are used, untagged.

    Args: labels: the Labels to be read; flag: named in errors.
    Raises:
      UserError: there is no such path, it is not a zip, has no image, or labels that do not fit.
    """
    path = pathlib.Path(path)
    listing = listings.open_path(path, flag)
    pictures = listing.pictures()
    found = label_files.find(listing, pictures, labels, flag)
    left_out = _left_out(listing, pictures, found)
    notes = found.notes + ([f"left out: {_counted(left_out)}"] if left_out else [])
    if not found.faces:
        instead = f" (it has {_counted(left_out)})" if left_out else ""
        raise UserError(flag, Fault.MISSING,
                        f"no image ({', '.join(IMAGE_ENDINGS)}) in {path}{instead}")
    digest = hashlib.blake2b(digest_size=8)
    for name, tag in zip(found.faces, found.tags):
        digest.update(f"{pathlib.PurePosixPath(name).name} {listing.files[name]} "
                      f"{tag}\n".encode(errors="replace"))
    return Source(title(path), found.faces, found.tags, labels, listing.read, digest.hexdigest(),
                  notes, flag, found.origin, dict(left_out), found.counts, listing)


def title(path):
    """The name of a data set in a folder or a .zip."""
    path = pathlib.Path(path)
    return path.name or str(path.resolve().name)


def _left_out(listing, pictures, found):
    """{kind: count} of files that are neither pictures nor labels, a Counter."""
    rest = listing.files.keys() - set(pictures) - found.used
    return listing.left_out + collections.Counter(map(listings.ending, rest))


def _counted(counter):
    """'3 .svg, 2 without ending'"""
    return ", ".join(f"{count:,} {kind}" for kind, count in counter.most_common())


def tags_csv(names, tags, labels):
    """The bytes of a tags.csv, which open_path() reads.

    A face without tags gets no line. The id of a face is its name without folder and ending if
    these are unique, else its path.

    Args: names: paths of the faces relative to the tags.csv, with forward slashes; tags: of each
      face, of Labels.
    """
    stems = [pathlib.PurePosixPath(name).stem for name in names]
    ids = stems if len(set(stems)) == len(stems) else names
    return csv_bytes((its_id, words) for its_id, words in zip(ids, map(labels.phrase, tags))
                     if words)


def csv_bytes(rows):
    """The bytes of a table, which has no line breaks within cells."""
    lines = io.StringIO()
    # matching.py reads a line break in a name as a space.
    rows = [[re.sub(r"[\r\n]", " ", cell) for cell in row] for row in rows]
    # In a first cell without quotes another delimiter might be found.
    in_doubt = any(set(tables.DELIMITERS).intersection(row[0]) for row in rows)
    csv.writer(lines, lineterminator="\n",
               quoting=csv.QUOTE_ALL if in_doubt else csv.QUOTE_MINIMAL).writerows(rows)
    return lines.getvalue().encode(errors="surrogateescape")


def find_default(labels, folder="data"):
    """The default of --data: the path of the data set in data/, or None for drawn faces.

    Args: labels: Labels, by which folders are recognized as classes of one data set.
    Raises:
      UserError: there are several candidates, or only unsupported formats.
    """
    root = pathlib.Path(folder)
    if not root.is_dir():
        return None
    try:
        entries = sorted(path for path in root.iterdir() if not path.name.startswith(".")
                         and path.name not in listings.CLUTTER | {"README.md"})
    except OSError as error:
        raise UserError("--data", Fault.UNREADABLE,
                        f"{root}/ cannot be read ({error.strerror})") from None
    folders = [path for path in entries if path.is_dir()]
    zips = [path for path in entries if path.suffix.lower() == ".zip" and path not in folders]
    if any(_is_loose(path) for path in entries) or folders and all(
            _is_class(path, labels) for path in folders):
        folders = [root]  # all of data/ is one data set
    found = folders + zips
    if len(found) > 1:
        names = ", ".join(f"{path.name}" for path in (entries if folders == [root] else found)[:9])
        raise UserError("--data", Fault.CONFLICT, f"{root}/ holds {names}; say which, as in --data "
                        f"{found[-1]} (--data drawn for the built-in faces)")
    packed = [path.name for path in entries if path.suffix.lower() in _PACKED]
    if packed and not found:
        raise UserError("--data", Fault.INVALID, f"{root}/ holds {packed[0]}, which is not read; "
                        f"unpack it there (--data drawn for the built-in faces)")
    return found[0] if found else None


def surrounding(path, labels):
    """The folder of a data set around a path, or None. The current folder, the user's home and
    those above them are none, where a user's other pictures may be.

    Args: labels: Labels, by which folders are recognized as classes.
    """
    for folder in pathlib.Path(path).resolve().parents:
        if any(place.is_relative_to(folder) for place in (pathlib.Path.cwd(), pathlib.Path.home())):
            return None
        if any(_is_loose(entry) or _is_class(entry, labels) and entry.is_dir()
               or entry.name == "images" and any(map(_is_loose, _entries(entry)))
               for entry in _entries(folder)):
            return folder
    return None


def _entries(folder):
    """What is in a folder; nothing if it is none, or may not be read by this user."""
    may_read = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
    return list(folder.iterdir()) if may_read else []


def _is_loose(path):
    """Whether a file of data/ itself is a picture or a label file."""
    return path.is_file() and (label_files.is_label_file(path.name)
                               or listings.is_picture(path.name, lambda: listings.head(path)))


def _is_class(path, labels):
    """Whether the name of a folder is that of a class, such as 'aqua_hair', or of an axis."""
    return labels.parse(path.name) != labels.untagged or path.name.lower() in labels.axes
