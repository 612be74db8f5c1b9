"""Faces cut out of whole pictures, into a folder to train on.

The folder holds a record of every picture, with the faces that were found in it and their states.
Recorded pictures are not processed again, so the same command continues after a stop, or with new
pictures.
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
from anime_gan_tf.errors import Fault, reason, UserError
from anime_gan_tf.storage import images as image_files
from anime_gan_tf.storage import kinds, npz, pictures, schema

MARGIN = 0.025      # on each side of a face's box, as a share of it; that of extra_data
MAX_SHIFT = 0.12    # of a square into its picture, as a share of its side
COMPARED_SIZE = 64  # pixels at which faces are compared
SAVE_EVERY = 15.0   # seconds between two saves of the record
MAX_BYTES = 2 ** 28  # of the record, some 300 a picture
_MAX_NAME = 100     # characters of a picture's name in those of its faces
NO_FACE = "no face found"
AT_EDGE = "cut off by the picture's edge"
SMALL = "too small"
DOUBLE = "a double"
NOT_LARGEST = "not the largest"
UNREADABLE = "unreadable"
TAKEN = "taken"
DELETED = "deleted since"   # a face that was taken, and is not in the folder any more


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

    pictures: {name: {"digest": of its bytes, "why": why it has no face at all, or "", "faces":
    [{"box": [left, top, right, bottom], "score": probability, "state": TAKEN or a reason, "file":
    of the face}]}}; finder: what finds faces in new pictures; begun_by: what found the first ones,
    None if that is not known.
    """

    def __init__(self, folder, options, finder):
        """Reads the record of an earlier command.

        Args: finder: a digest of the detector.
        Raises:
          UserError: the folder holds something else, or faces of other options.
        """
        self.folder, self.path = pathlib.Path(folder), pathlib.Path(folder) / listing.RECORD
        self.options = dataclasses.asdict(options)
        self.pictures, self._saved = {}, time.monotonic()
        self.finder = self.begun_by = finder
        if self.path.is_file():
            content = npz.read_json(self.path, MAX_BYTES)
            kinds.check(self.path, schema.CROPPED, content)
            for name, value in self.options.items():
                if content["options"].get(name) != value:
                    raise UserError("--out", Fault.CONFLICT, f"{folder} holds faces that were cut "
                                    f"with another --{_FLAGS[name]}; name a new folder")
            self.pictures = content["pictures"]
            self.begun_by = content.get("finder")  # 0.3.0 stored none, and had another detector
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise UserError("--out", Fault.EXISTS, f"{folder} has something in it that --mode crop "
                            f"did not put there; name a new folder")

    def save(self, now=True):
        """Writes the record: now, or only if the last save is SAVE_EVERY seconds ago."""
        if now or time.monotonic() - self._saved > SAVE_EVERY:
            npz.write_json(self.path, {
                "version": __version__, "options": self.options, "pictures": self.pictures}
                | ({"finder": self.begun_by} if self.begun_by else {}), indent=None)
            self._saved = time.monotonic()

    def faces(self):
        """[(name of a picture, one of its faces, a dict), ...]."""
        return [(name, face) for name, found in self.pictures.items() for face in found["faces"]]

    def state(self, face):
        """TAKEN, if the face is in the folder; or the reason why it is not."""
        if face["state"] == TAKEN and not (self.folder / face["file"]).is_file():
            return DELETED
        return face["state"]

    def taken(self):
        """faces() that are in the folder."""
        return [(name, face) for name, face in self.faces() if self.state(face) == TAKEN]


_FLAGS = {"size": "size", "margin": "margin", "background": "background or --alpha",
          "largest": "largest", "detector": "detector"}


def crop(source, find, record, options):
    """Cuts the faces of a Source's pictures out and writes them as PNGs into the record's folder.

    Args:
      source: sources.Source; nothing of it is changed.
      find: a function of a PIL image in RGB that returns detection.Face objects, largest first.
      record: Record, which is updated.
    Returns: names of the pictures that were processed.
    """
    new = []
    record.folder.mkdir(parents=True, exist_ok=True)
    record.save()  # first, so that the folder is known to be of this program
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
                # For a broken file Pillow raises many kinds of errors; they are recorded.
                why = f"{UNREADABLE}: {reason(error)[:200]}"
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
    """Removes the faces of a picture that has changed since, if they still exist."""
    for face in record.pictures.get(name, {}).get("faces", ()):
        path = record.folder / face["file"]
        if face["file"] and path.exists() and _source(path) == printable(name):
            path.unlink()


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


def _cut(name, digest, picture, find, record, options):
    """Writes the faces of a picture. Returns its entry in the record."""
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
        entry = {"box": box, "score": round(face.probability, 4), "state": why or TAKEN, "file": ""}
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
    """A unique file name for a face, with the name of its picture."""
    stem = re.sub(r"[^\w.-]+", "_", printable(listing.without_ending(name), "ascii")).strip("._")
    stem = stem[:_MAX_NAME] or "picture"
    for candidate in (f"{stem}_{number}.png", f"{stem}_{digest[:8]}_{number}.png"):
        path = folder / candidate
        if not path.exists() or _source(path) == printable(name):
            return candidate
    return f"{stem}_{hashlib.blake2b(name.encode(errors='replace')).hexdigest()[:16]}_{number}.png"


def _source(path):
    """The picture that a face was cut out of; None if the file does not say."""
    if not pictures.has_metadata(path):
        return None
    return pictures.read_metadata(path, path).get("source")


def _leave_doubles_out(record):
    """Removes faces from the folder that are equal to a larger one, or to its mirror image."""
    found = sorted(record.taken(), key=lambda item: item[1]["box"][0] - item[1]["box"][2])
    if len(found) < 2:
        return
    faces = np.empty((len(found), COMPARED_SIZE, COMPARED_SIZE, 3), np.uint8)
    for row, (_, face) in zip(faces, found):
        path = record.folder / face["file"]
        try:
            with image_files.opened(path) as image:
                row[:] = np.asarray(image_files.to_srgb(image)[0].resize(
                    (COMPARED_SIZE, COMPARED_SIZE), Image.Resampling.LANCZOS, reducing_gap=2.0))
        except Exception as error:  # pylint: disable=broad-except
            # As above, and somebody may have changed the file since it was written.
            raise UserError(path, Fault.UNREADABLE, f"{reason(error)[:200]}; delete it, and it "
                            f"will not be cut out again") from None
    for pairs in deduplication.find(faces):
        for _, twin in pairs:
            _, face = found[twin]
            (record.folder / face["file"]).unlink()
            face["state"] = DOUBLE
