"""Faces cut out of whole pictures, into a folder to train on.

The folder holds a record of every picture, with the faces that were found in it and their states.
Recorded pictures are not processed again, so the same command continues after a stop, or with new
pictures. A picture is known by its content, whatever its name. A face that an earlier command took
is never removed, nor is a file that is not the face that was written.
"""
import dataclasses
import hashlib
import itertools
import math
import os
import pathlib
import re
import time

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from anime_gan_tf import __version__
from anime_gan_tf.console import printable
from anime_gan_tf.data import deduplication, listing
from anime_gan_tf.errors import Fault, reason, UserError
from anime_gan_tf.storage import images as image_files
from anime_gan_tf.storage import kinds, names, npz, pictures, schema
from anime_gan_tf.storage.files import LOCK

MARGIN = 0.025      # on each side of a face's box, as a share of it; that of extra_data
MAX_SHIFT = 0.12    # of a square into its picture, as a share of its side
COMPARED_SIZE = 64  # pixels at which faces are compared
SAVE_SHARE = 0.05   # of the time, which saving the record takes: what is not saved dies with a kill
MAX_BYTES = 2 ** 28  # of the record, some 400 a picture
_MAX_NAME = 100     # characters of a picture's name in those of its faces
NO_FACE = "no face found"
AT_EDGE = "cut off by the picture's edge"
SMALL = "too small"
DOUBLE = "a double"
COPY = "a copy of another"  # a picture
NOT_LARGEST = "not the largest"
UNREADABLE = "unreadable"
NEW = "new"                 # taken, and not compared with the other faces yet
TAKEN = "taken"
DELETED = "deleted since"   # a face that was taken, and is not in the folder any more
REPLACED = "replaced since"  # another file has its name


@dataclasses.dataclass(frozen=True)
class Options:
    """size: of the faces, in pixels; margin: as MARGIN; background: a color, None to keep
    transparency; largest: only the largest face of a picture; detector: name of its file, "" for
    the bundled one."""
    size: int
    margin: float = MARGIN
    background: str | None = "white"
    largest: bool = False
    detector: str = ""


def parse_margin(text, flag="--margin"):
    """Reads the margin on each side of a face's box, as a share of the box.

    Raises:
      UserError: it is not a number from 0 to 2.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 2:
        raise UserError(flag, Fault.INVALID, f"{text!r} is not a share of a face's box from 0 to 2")
    return value


class Record:
    """The results for all pictures, stored in the folder of the faces.

    pictures: [{"name": where it was last, "digests": of the bytes that its faces were cut out of,
    of its pixels, and of other files of the same pixels, "why": why it has no face at all, or "",
    "faces": [{"box": [left, top, right, bottom], "score": probability, "state": NEW, TAKEN or a
    reason, "file": of the face}]}]; finder: what finds faces in new pictures; begun_by: what found
    the first ones, None if that is not known; unreadable_before: {name: why} of earlier commands.
    Of the last command: unreadable: the same; copies: names of files with the content of another;
    changed: names of files that had another content with faces before.
    """

    def __init__(self, folder, options, finder):
        """Reads the record of an earlier command.

        Args: finder: a digest of the detector.
        Raises:
          UserError: the folder holds something else, or faces of other options.
        """
        self.folder, self.path = pathlib.Path(folder), pathlib.Path(folder) / listing.RECORD
        self.options = dataclasses.asdict(options)
        self.finder = finder
        self.load()

    def load(self):
        """Reads the stored record, if there is one.

        Raises:
          UserError: as above.
        """
        self.pictures, self.copies, self.changed = [], [], []
        self.unreadable, self.unreadable_before = {}, {}
        self._by_digest, self._files, self._checked = {}, set(), {}
        self._next_save, self.begun_by = time.monotonic(), self.finder
        if self.path.is_file():
            content = npz.read_json(self.path, MAX_BYTES)
            kinds.check(self.path, schema.CROPPED, content)
            for name, value in self.options.items():
                if content["options"].get(name) != value:
                    raise UserError("--out", Fault.CONFLICT, f"{self.folder} holds faces that were "
                                    f"cut {_given(name, content['options'].get(name))}, and not "
                                    f"{_given(name, value)}; name a new folder")
            self.unreadable_before = content.get("unreadable", {})
            for name, entry in content["pictures"].items():
                self._add_stored(name, entry)
            self.begun_by = content.get("finder")  # 0.3.0 stored none, and had another detector
        elif self.folder.is_dir() and not all(
                # What a command leaves that was killed before it wrote a record.
                path.name == LOCK or path.name.startswith(npz.TEMPORARY)
                for path in self.folder.iterdir()):
            raise UserError("--out", Fault.EXISTS, f"{self.folder} has something in it that --mode "
                            f"crop did not put there; name a new folder")

    def _add_stored(self, name, entry):
        """Adds an entry of the file. 0.3.0 knew pictures by their names."""
        digests = entry.get("digests", [entry.get("digest", "")])
        known = self.find(digests[0])
        if known:
            known["faces"] += [face for face in entry["faces"] if self.state(known, face) == TAKEN]
            self._files |= {face["file"] for face in entry["faces"]}
        elif digests[0]:
            self.add({"name": entry.get("name", name), "digests": digests, "why": entry["why"],
                      "faces": entry["faces"]})
        else:
            self.unreadable_before[name] = entry["why"]

    def find(self, digest):
        """The entry of a picture of that content; None if there is none."""
        return self._by_digest.get(digest)

    def add(self, entry):
        """Adds a picture."""
        self.pictures.append(entry)
        self._by_digest |= dict.fromkeys(entry["digests"], entry)
        self._files |= {face["file"] for face in entry["faces"]}

    def add_digest(self, entry, digest):
        """Adds the digest of another file with the pixels of a recorded one."""
        if len(entry["digests"]) < schema.MAX_DIGESTS:
            entry["digests"].append(digest)
        self._by_digest[digest] = entry

    def is_free(self, file, digest, box):
        """Whether a face may get the name of a file, which exists only if it holds that face."""
        path = self.folder / file
        return file not in self._files and (not os.path.lexists(path)
                                            or _is_cut(path, [digest], box))

    def save(self, now=True):
        """Writes the record: now, or only if saving it takes no more than SAVE_SHARE so."""
        start = time.monotonic()
        if now or start >= self._next_save:
            npz.write_json(self.path, {
                "version": __version__, "options": self.options,
                "pictures": {entry["digests"][0]: entry for entry in self.pictures},
                "unreadable": self.unreadable_before | self.unreadable}
                | ({"finder": self.begun_by} if self.begun_by else {}), indent=None)
            end = time.monotonic()
            self._next_save = end + (end - start) / SAVE_SHARE

    def faces(self):
        """[(entry of a picture, one of its faces), ...]."""
        return [(entry, face) for entry in self.pictures for face in entry["faces"]]

    def state(self, entry, face):
        """TAKEN, if the face is in the folder; or the reason why it is not."""
        return self.of_file(entry, face) if face["state"] in (NEW, TAKEN) else face["state"]

    def of_file(self, entry, face):
        """TAKEN, if a face's file is what was written; else REPLACED or DELETED."""
        path = self.folder / face["file"]
        try:
            found = path.lstat()
        except OSError:
            return DELETED
        key = (face["file"], found.st_mtime_ns, found.st_size)
        if key not in self._checked:
            self._checked[key] = _is_cut(path, entry["digests"], face["box"])
        return TAKEN if self._checked[key] else REPLACED

    def taken(self):
        """faces() that are in the folder."""
        return [(entry, face) for entry, face in self.faces() if self.state(entry, face) == TAKEN]


def _given(name, value):
    """How a command says an option: "with --size 64"."""
    if name == "largest":
        return "with --largest" if value else "without --largest"
    if name == "background" and value is None:
        return "with --alpha"
    if name == "detector" and not value:
        return "by the bundled detector"
    return f"with --{name} {value}"


def _is_cut(path, digests, box):
    """Whether a file is the face in a box of a picture of one of these digests."""
    found = pictures.find_metadata(path) or {}
    return found.get("digest") in digests and found.get("box") == box


def digest(content):
    """A hash of bytes, for entries of a Record."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def crop(source, find, record, options):
    """Cuts the faces of a Source's pictures out and writes them as PNGs into the record's folder.

    Args:
      source: sources.Source; nothing of it is changed.
      find: a function of a PIL image in RGB that returns detection.Face objects, largest first.
      record: Record, which is updated.
    Returns: names of the pictures that were processed.
    """
    new, seen = [], set()
    before = {entry["name"]: entry for entry in record.pictures}
    record.folder.mkdir(parents=True, exist_ok=True)
    record.save()  # first, so that the folder is known to be of this program
    try:
        for name in tqdm(source.names, "cutting faces out", unit="img", leave=False, disable=None):
            try:
                content = source.read(name)
                digests = [digest(content)]
                entry = record.find(digests[0])
                if not entry:
                    picture = read(content, options.background)
                    digests.append(digest(f"{picture.mode} {picture.size}".encode()
                                          + picture.tobytes()))
                    entry = record.find(digests[1])
                    if entry:  # the files differ in their metadata
                        record.add_digest(entry, digests[0])
            except UserError:
                raise
            except Exception as error:  # pylint: disable=broad-except
                # For a broken file Pillow raises many kinds of errors; they are recorded.
                record.unreadable[name] = f"{UNREADABLE}: {reason(error)[:200]}"
                if name not in record.unreadable_before and name not in before:
                    new.append(name)
                continue
            if not entry:
                entry = _cut(name, digests, picture, find, record, options)
                record.add(entry)
                new.append(name)
                record.save(now=False)
            elif id(entry) in seen:
                record.copies.append(name)
                continue
            entry["name"] = name
            seen.add(id(entry))
        record.changed = [name for name in new
                          if name in before and before[name]["faces"]
                          and id(before[name]) not in seen]
        _leave_doubles_out(record)
    finally:
        record.save()
    return new


def read(content, background):
    """The picture in a file's bytes: upright, in sRGB; RGBA if `background` is None and it has
    transparent pixels.

    Raises:
      ValueError and others: as in images.opened().
    """
    with image_files.opened(content) as image:
        ImageOps.exif_transpose(image, in_place=True)
        picture, _ = image_files.to_srgb(image, background)
        picture.load()
        return picture.copy()


def square(face, size, margin):
    """The square to cut out.

    Args: face: with x, y, side; size: (width, height) of its picture.
    Returns: ((left, top, side) in whole pixels, inside of the picture; AT_EDGE if the square is
      shifted or reduced too much, or None).
    """
    side = min(round(face.side * (1 + 2 * margin)), *size)
    exact = [face.x - side / 2, face.y - side / 2]
    inside = [min(max(round(start), 0), length - side) for start, length in zip(exact, size)]
    shift = max(abs(a - b) for a, b in zip(exact, inside)) / max(1, side)
    reduction = 1 - side / (face.side * (1 + 2 * margin))
    return (*inside, side), AT_EDGE if max(shift, reduction) > MAX_SHIFT else None


def _cut(name, digests, picture, find, record, options):
    """Writes the faces of a picture. Returns its entry in the record."""
    behind = picture
    if picture.mode == "RGBA":
        behind = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    result = {"name": name, "digests": digests, "why": "", "faces": []}
    number, taken = 0, False
    for face in find(behind.convert("RGB")):
        (left, top, side), why = square(face, picture.size, options.margin)
        if 2 * side < options.size:
            why = SMALL
        elif options.largest and taken:
            why = NOT_LARGEST
        box = [left, top, left + side, top + side]
        entry = {"box": box, "score": round(face.probability, 4), "state": why or NEW, "file": ""}
        result["faces"].append(entry)
        if why:
            continue
        number, taken = number + 1, True
        entry["file"] = _file_name(name, number, digests[0], box, record)
        cut = picture.resize((options.size, options.size), Image.Resampling.LANCZOS, box=box)
        pictures.save_png(record.folder / entry["file"], np.asarray(cut), {
            "source": printable(name), "box": box, "score": entry["score"],
            "digest": digests[0], "version": __version__})
    if not result["faces"]:
        result["why"] = NO_FACE
    return result


def _file_name(name, number, its_digest, box, record):
    """A file name for a face that no other has, with the name of its picture."""
    stem = re.sub(r"[^\w.-]+", "_", printable(listing.without_ending(name), "ascii")).strip("._")
    stem = stem[:_MAX_NAME] or "picture"
    others = names.numbered(pathlib.Path(f"{stem}_{its_digest[:8]}_{number}.png"))
    return next(file for file in itertools.chain([f"{stem}_{number}.png"], map(str, others))
                if record.is_free(file, its_digest, box))


def _leave_doubles_out(record):
    """Removes new faces from the folder that are equal to an earlier one or to a larger new one, or
    to its mirror image."""
    new = [face for _, face in record.faces() if face["state"] == NEW]
    doubles = {id(face) for face in _doubles(record)} if new else set()
    for face in new:
        face["state"] = DOUBLE if id(face) in doubles else TAKEN
    record.save()  # first, so that what is removed is known to be a double
    kept = {face["file"] for _, face in record.faces() if face["state"] == TAKEN}
    for entry, face in record.faces():
        if face["state"] == DOUBLE and face["file"]:
            if face["file"] not in kept and record.of_file(entry, face) == TAKEN:
                (record.folder / face["file"]).unlink(missing_ok=True)
            face["file"] = ""


def _doubles(record):
    """Faces that are equal to another one in the folder, which is an earlier one or larger."""
    found = sorted(record.taken(), key=lambda item: (
        item[1]["state"] == NEW, item[1]["box"][0] - item[1]["box"][2]))
    shape, compared = (COMPARED_SIZE, COMPARED_SIZE), []
    images = np.empty((len(found), *shape, 3), np.uint8)
    for _, face in found:
        path = record.folder / face["file"]
        try:
            with image_files.opened(path) as image:
                images[len(compared)] = np.asarray(image_files.to_srgb(image)[0].resize(
                    shape, Image.Resampling.LANCZOS, reducing_gap=2.0))
        except FileNotFoundError:
            continue  # somebody has deleted it this moment
        except Exception as error:  # pylint: disable=broad-except
            # As above, and somebody may have changed the file since it was written.
            raise UserError(path, Fault.UNREADABLE, f"{reason(error)[:200]}; delete it, and it "
                            f"will not be cut out again") from None
        compared.append(face)
    return [compared[twin] for pairs in deduplication.find(images[:len(compared)])
            for _, twin in pairs]
