"""Where faces come from: folders, zips, TFDS data sets and the built-in drawn faces.

A Source only lists faces and hands out their bytes; nothing is decoded here, and nothing of a zip
is ever written to disk.
"""
import csv
import dataclasses
import hashlib
import io
import pathlib
import zipfile
from typing import Callable

from anime_gan_tf import attributes
from anime_gan_tf.errors import UserError

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
MAX_FILE_BYTES = 64 * 2 ** 20  # no sane face is larger; a zip bomb is


@dataclasses.dataclass
class Source:
    """A listed data set.

    names: one a face, in a fixed order; tags: a tuple for each face;
    read(name): the bytes of an encoded image; raises where the file is broken;
    fingerprint: a hash that changes when a face or a tag does;
    notes: lines for the user, such as tags without a face;
    flag: the one that named it, for errors.
    """
    title: str
    names: list
    tags: list
    read: Callable
    fingerprint: str
    notes: list = dataclasses.field(default_factory=list)
    flag: str = "--data"

    @property
    def tagged(self):
        return any(tag != attributes.UNTAGGED for tag in self.tags)


def open_path(path, flag="--data"):
    """A Source for a folder or a .zip, in the MLDS layout or plain. `flag` is named in errors.

    MLDS layout: `tags.csv` (lines `id,aqua hair orange eyes`) at the top or in one subfolder, with
    the faces in `images/` beside it, or beside it. An id is a file's name without folder and
    ending, or its path from the tags.csv on (tags_csv() says when). A labels.csv (`hair,eyes` a
    line, in file order), as --mode infer --separate writes it, does as well. Otherwise every image
    counts, untagged.

    Raises:
      UserError: no such path, not a zip, or no image in it.
    """
    path = pathlib.Path(path).expanduser()
    if not path.exists():
        raise UserError(f"{flag}: there is no {path}")
    files, read = _list_folder(path) if path.is_dir() else _list_zip(path, flag)
    table, base = _find_tags(files, flag)
    faces = [name for name in files if name.lower().endswith(IMAGE_ENDINGS)]
    notes, tags = [], {}
    if table:
        inside = [name for name in faces if name.startswith(f"{base}images/")]
        faces = inside or [name for name in faces if name.startswith(base)]
        tags, notes = _readable(lambda: _read_tags(read(table), table), table, flag)
    if not faces:
        raise UserError(f"{flag}: no image ({', '.join(IMAGE_ENDINGS)}) in {path}")
    faces.sort(key=_natural)
    ids = [(name[len(base):], pathlib.PurePosixPath(name).stem.strip()) for name in faces]
    orphans = len(set(tags).difference(*ids))
    if orphans:
        notes.append(f"{orphans:,} lines of {table} name no image that is there")
    tags = [tags.get(path, tags.get(stem, attributes.UNTAGGED)) for path, stem in ids]
    if not table and "labels.csv" in files:
        content = _readable(lambda: read("labels.csv"), "labels.csv", flag)
        tags = _read_labels(content, len(faces), flag)
    digest = hashlib.blake2b(digest_size=8)
    for name, tag in zip(faces, tags):
        digest.update(f"{pathlib.PurePosixPath(name).name} {files[name]} "
                      f"{tag}\n".encode(errors="replace"))
    return Source(path.name or str(path.resolve().name), faces, tags, read, digest.hexdigest(),
                  notes, flag)


def _list_folder(root):
    """({posix path below root: size}, read) of the files of a folder; hidden ones are left out."""
    files = {}
    for path in root.rglob("*"):  # rglob does not follow symbolic links to folders, so no loops
        relative = path.relative_to(root)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            files[relative.as_posix()] = path.stat().st_size

    def read(name):
        _check_size(files[name])
        return (root / name).read_bytes()

    return files, read


def _list_zip(path, flag):
    """The same for a zip, whose members are read in place."""
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # pylint: disable=broad-except
        # A damaged one raises NotImplementedError, UnicodeDecodeError and others beside BadZipFile.
        raise UserError(f"{flag}: {path} is neither a folder nor a readable .zip "
                        f"({error})") from None
    members = {info.filename: info for info in archive.infolist() if not info.is_dir()
               and not any(part.startswith((".", "__MACOSX")) for part in info.filename.split("/"))}

    def read(name):
        _check_size(members[name].file_size)
        return archive.read(members[name])

    return {name: info.file_size for name, info in members.items()}, read


def _check_size(size):
    if size > MAX_FILE_BYTES:
        raise ValueError(f"too large: {size / 2 ** 20:,.0f} MiB")
    if size == 0:
        raise ValueError("empty file")


def _find_tags(files, flag):
    """(path of tags.csv, the folder it is in with a slash behind it), or (None, '')."""
    found = sorted((name for name in files
                    if name.rsplit("/", 1)[-1] == "tags.csv" and name.count("/") <= 1),
                   key=lambda name: name.count("/"))
    if not found:
        return None, ""
    top = [name for name in found if name.count("/") == found[0].count("/")]
    if len(top) > 1:
        raise UserError(f"{flag}: more than one tags.csv ({', '.join(top)}); name the "
                        f"folder of one")
    return top[0], top[0][:-len("tags.csv")]


def _readable(read, name, flag):
    """What read() gives; a UserError where it cannot be read."""
    try:
        return read()
    except Exception as error:  # pylint: disable=broad-except
        # A damaged zip member, an encrypted one, a line of ten megabytes: each raises something
        # else.
        raise UserError(f"{flag}: {name} cannot be read ({error})") from None


def _read_tags(content, name):
    """({id: tags}, notes) of a tag file."""
    tags, unread = {}, 0
    for row in csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"))):
        if not row:
            continue
        tag = attributes.parse(" ".join(row[1:]))
        if tag == attributes.UNTAGGED:
            unread += 1
        else:
            tags[row[0].strip()] = tag
    notes = [f"{unread:,} lines of {name} name no {' or '.join(attributes.AXES)}"] if unread else []
    return tags, notes


def tags_csv(names, tags):
    """The bytes of a tags.csv beside some faces, which open_path() reads.

    Args: names: paths of the faces from there on, with forward slashes; tags: tags of each. A face
      without tags gets no line. Its id is its name without folder and ending, where no two are the
      same, else its path.
    """
    stems = [pathlib.PurePosixPath(name).stem for name in names]
    ids = stems if len(set(stems)) == len(stems) else names
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(
        (its_id, words) for its_id, words in zip(ids, map(attributes.phrase, tags)) if words)
    return lines.getvalue().encode(errors="surrogateescape")


def _read_labels(content, count, flag):
    """[tags] of a labels.csv."""
    lines = content.decode("utf-8-sig", errors="replace").split()
    if len(lines) != count:
        raise UserError(f"{flag}: labels.csv has {len(lines):,} lines for {count:,} images")
    return [tuple(colours.index(colour) if colour in colours else attributes.UNKNOWN
                  for colour, colours in zip(line.split(","), attributes.AXES.values()))
            for line in lines]


def _natural(name):
    """A sorting key that puts 2.jpg before 10.jpg."""
    stem = pathlib.PurePosixPath(name).stem
    return (0, int(stem), name) if stem.isascii() and stem.isdigit() else (1, 0, name)


def find_default(folder="data"):
    """The path to use where --data is not given: what lies in data/, or None for drawn faces.

    Raises:
      UserError: where there is more than one candidate.
    """
    root = pathlib.Path(folder)
    found = sorted(path for path in root.glob("*") if not path.name.startswith(".")
                   and (path.is_dir() or path.suffix.lower() == ".zip")) if root.is_dir() else []
    if len(found) > 1:
        raise UserError(f"--data: {root}/ holds {', '.join(path.name for path in found)}; say "
                        f"which, as in --data {found[0]} (--data drawn for the built-in faces)")
    return found[0] if found else None
