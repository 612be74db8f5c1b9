"""Faces cut out of whole pictures, into a folder to train on.

The folder holds a record of every picture: what was found in it, and what became of that. What is
in the record is not done again, so the same command goes on where it stopped, or takes what is new.
"""
import dataclasses
import hashlib
import math
import pathlib
import re
import time

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from anime_gan_tf import __version__
from anime_gan_tf.console import printable
from anime_gan_tf.data import deduplication, listing
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import images as image_files
from anime_gan_tf.storage import npz, pictures, schema

MARGIN = 0.025      # on each side of a face's box, as a share of it; that of extra_data
MOVED = 0.12        # of its side, at most, that a square is moved to be inside of its picture
COMPARED = 64       # pixels at which faces are compared
SAVE_EVERY = 15.0   # seconds between two saves of the record
MAX_BYTES = 2 ** 28  # of the record, some 300 a picture
_LONGEST_NAME = 100  # bytes of a picture's name in that of its faces
NO_FACE = "no face found"
AT_EDGE = "cut off by the picture's edge"
SMALL = "too small"
DOUBLE = "a double"
NOT_LARGEST = "not the largest"
UNREADABLE = "unreadable"
TAKEN = "taken"


@dataclasses.dataclass(frozen=True)
class Options:
    """size: of the faces, in pixels; margin: as MARGIN; background: a color, None to keep what is
    transparent; largest: only the largest face of a picture; detector: name of its file, "" of the
    bundled one."""
    size: int
    margin: float = MARGIN
    background: str | None = "white"
    largest: bool = False
    detector: str = ""


def parse_margin(text, flag="--margin"):
    """The number in a text: what is left free on each side of a face's box, as a share of it.

    Raises:
      UserError
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 2:
        raise UserError(flag, Fault.INVALID, f"{text!r} is not a share of a face's box from 0 to 2")
    return value


class Record:
    """What became of every picture; in the folder of the faces.

    pictures: {name: {"digest": of its bytes, "why": why it has no face at all, or "", "faces":
    [{"box": [left, top, right, bottom], "score": probability, "state": TAKEN or why not, "file": of
    the face}]}}.
    """

    def __init__(self, folder, options):
        """Reads the record of an earlier command.

        Raises:
          UserError: where the folder holds something else, or faces of other options.
        """
        self.folder, self.path = pathlib.Path(folder), pathlib.Path(folder) / listing.RECORD
        self.options = dataclasses.asdict(options)
        self.pictures, self._saved = {}, time.monotonic()
        if self.path.is_file():
            content = npz.read_json(self.path, MAX_BYTES)
            schema.check(self.path, schema.CROPPED, content)
            for name, value in self.options.items():
                if content["options"].get(name) != value:
                    raise UserError("--out", Fault.CONFLICT, f"{folder} holds faces that were cut "
                                    f"with another --{_FLAGS[name]}; name a new folder")
            self.pictures = content["pictures"]
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise UserError("--out", Fault.EXISTS, f"{folder} has something in it that --mode crop "
                            f"did not put there; name a new folder")

    def save(self, now=True):
        """Writes the record: now, or where the last time is long ago."""
        if now or time.monotonic() - self._saved > SAVE_EVERY:
            npz.write_json(self.path, {"version": __version__, "options": self.options,
                                       "pictures": self.pictures}, indent=None)
            self._saved = time.monotonic()

    def faces(self):
        """Pairs of a picture's name and one of its faces, a dict."""
        return [(name, face) for name, found in self.pictures.items() for face in found["faces"]]

    def taken(self):
        """faces() that are in the folder; others may have been moved or deleted since."""
        return [(name, face) for name, face in self.faces()
                if face["state"] == TAKEN and (self.folder / face["file"]).is_file()]


_FLAGS = {"size": "size", "margin": "margin", "background": "background or --alpha",
          "largest": "largest", "detector": "detector"}


def crop(source, find, record, options):
    """Cuts the faces of a Source's pictures out and writes them as PNGs into the record's folder.

    Args:
      source: sources.Source; nothing of it is changed.
      find: a function of a PIL image in RGB that returns faces, largest first, with x, y (of the
        center), side and score.
      record: Record, which is brought up to date.
    Returns: names of the pictures that this call looked at.
    """
    new = []
    record.folder.mkdir(parents=True, exist_ok=True)
    record.save()  # so that the folder is known for what it is from its first face on
    try:
        for name in tqdm(source.names, "cutting faces out", unit="img", leave=False, disable=None):
            try:
                content = source.read(name)
                digest = hashlib.blake2b(content, digest_size=16).hexdigest()
                if record.pictures.get(name, {}).get("digest") == digest:
                    continue
                _forget(record, name)
                picture = read(content, options.background)
            except UserError:
                raise
            except Exception as error:  # pylint: disable=broad-except
                # Pillow's decoders raise nearly anything for a broken file; it is reported.
                why = f"{UNREADABLE}: {str(error)[:200] or type(error).__name__}"
                record.pictures[name] = {"digest": "", "why": why, "faces": []}
                new.append(name)
                continue
            record.pictures[name] = _cut(name, digest, picture, find, record, options)
            new.append(name)
            record.save(now=False)
        _leave_doubles_out(record)
    finally:
        record.save()
    return new


def _forget(record, name):
    """Removes what was cut out of a picture that has changed since, where it is still there."""
    for face in record.pictures.get(name, {}).get("faces", ()):
        path = record.folder / face["file"]
        if face["file"] and path.exists() and _source(path) == printable(name):
            path.unlink()


def read(content, background):
    """The picture in a file's bytes: upright, in sRGB; RGBA where `background` is None and it is
    transparent somewhere.

    Raises:
      ValueError and others: as of images.opened().
    """
    with image_files.opened(content) as image:
        ImageOps.exif_transpose(image, in_place=True)
        picture, _ = image_files.to_srgb(image, background)
        picture.load()
        return picture.copy()


def square(face, size, margin):
    """The square to cut out, and why it is none.

    Args: face: with x, y, side; size: (width, height) of its picture.
    Returns: ((left, top, side) in whole pixels, inside of the picture; AT_EDGE or None).
    """
    side = min(round(face.side * (1 + 2 * margin)), *size)
    wanted = [face.x - side / 2, face.y - side / 2]
    found = [min(max(round(start), 0), length - side) for start, length in zip(wanted, size)]
    moved = max(abs(a - b) for a, b in zip(wanted, found)) / max(1, side)
    lost = 1 - side / (face.side * (1 + 2 * margin))
    return (*found, side), AT_EDGE if max(moved, lost) > MOVED else None


def _cut(name, digest, picture, find, record, options):
    """What the record says of a picture, whose faces are written."""
    behind = picture
    if picture.mode == "RGBA":
        behind = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    result = {"digest": digest, "why": "", "faces": []}
    number, taken = 0, False
    for face in find(behind.convert("RGB")):
        (left, top, side), why = square(face, picture.size, options.margin)
        if 2 * side < options.size:
            why = SMALL
        elif options.largest and taken:
            why = NOT_LARGEST
        box = [left, top, left + side, top + side]
        entry = {"box": box, "score": round(face.score, 4), "state": why or TAKEN, "file": ""}
        result["faces"].append(entry)
        if why:
            continue
        number, taken = number + 1, True
        entry["file"] = _file_name(name, number, digest, record.folder)
        cut = picture.resize((options.size, options.size), Image.Resampling.LANCZOS, box=box)
        pictures.save_png(record.folder / entry["file"], np.asarray(cut), {
            "source": printable(name), "box": box, "score": entry["score"], "digest": digest,
            "version": __version__})
    if not result["faces"]:
        result["why"] = NO_FACE
    return result


def _file_name(name, number, digest, folder):
    """The name of a picture's face, which says where it is from and is nobody else's."""
    stem = re.sub(r"[^\w.-]+", "_", printable(listing.without_ending(name), "ascii")).strip("._")
    stem = stem[:_LONGEST_NAME] or "picture"
    for candidate in (f"{stem}_{number}.png", f"{stem}_{digest[:8]}_{number}.png"):
        path = folder / candidate
        if not path.exists() or _source(path) == printable(name):
            return candidate
    return f"{stem}_{hashlib.blake2b(name.encode(errors='replace')).hexdigest()[:16]}_{number}.png"


def _source(path):
    """The picture that a face was cut out of; None where the file does not say."""
    if not pictures.has_metadata(path):
        return None
    return pictures.read_metadata(path, path).get("source")


def _leave_doubles_out(record):
    """Removes faces that equal a larger one, or its mirror image, from the folder."""
    found = sorted(record.taken(), key=lambda item: item[1]["box"][0] - item[1]["box"][2])
    if len(found) < 2:
        return
    faces = np.empty((len(found), COMPARED, COMPARED, 3), np.uint8)
    for row, (_, face) in zip(faces, found):
        with image_files.opened(record.folder / face["file"]) as image:
            row[:] = np.asarray(image_files.to_srgb(image)[0].resize(
                (COMPARED, COMPARED), Image.Resampling.LANCZOS, reducing_gap=2.0))
    for pairs in deduplication.find(faces):
        for _, twin in pairs:
            _, face = found[twin]
            (record.folder / face["file"]).unlink()
            face["state"] = DOUBLE
