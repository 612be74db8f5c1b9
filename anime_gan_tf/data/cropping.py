"""Faces cut out of whole pictures, into a folder to train on.

The folder holds a record of every picture, with the faces that were found in it and their states.
Recorded pictures are not processed again, so the same command continues after a stop, or with new
pictures. A picture is known by its content, whatever its name. A face that an earlier command took
is never removed, nor is a file that is not the face that was written.
"""
import dataclasses
import functools
import itertools
import math
import os
import pathlib
import re

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from anime_gan_tf import __version__
from anime_gan_tf.console import printable
from anime_gan_tf.data import crop_record, deduplication, listing
from anime_gan_tf.data.crop_record import (
    AT_EDGE,
    digest,
    DOUBLE,
    NEW,
    NO_FACE,
    NOT_LARGEST,
    SMALL,
    TAKEN,
    UNREADABLE,
)
from anime_gan_tf.errors import Fault, reason, UserError
from anime_gan_tf.storage import images as image_files
from anime_gan_tf.storage import names, pictures

MAX_SHIFT = 0.12    # of a square into its picture, as a share of its side
COMPARED_SIZE = 64  # pixels at which faces are compared
_MAX_NAME = 100     # characters of a picture's name in those of its faces


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


@dataclasses.dataclass
class Result:
    """Names of the pictures of one command: new: those that were processed; copies: with the
    content of another; changed: with another content, with faces, before; unreadable: {name:
    why}."""
    new: list = dataclasses.field(default_factory=list)
    copies: list = dataclasses.field(default_factory=list)
    changed: list = dataclasses.field(default_factory=list)
    unreadable: dict = dataclasses.field(default_factory=dict)


def crop(source, find, record, options):
    """Cuts the faces of a Source's pictures out and writes them as PNGs into the record's folder.

    Args:
      source: sources.Source; nothing of it is changed.
      find: a function of a PIL image in RGB that returns detection.Face objects, largest first.
      record: Record, which is updated.
    Returns: a Result.
    """
    result, seen = Result(), set()
    before = {entry["name"]: entry for entry in record.pictures}
    record.folder.mkdir(parents=True, exist_ok=True)
    record.save()  # first, so that the folder is known to be of this program
    try:
        for name in tqdm(source.names, "cutting faces out", unit="img", leave=False, disable=None):
            try:
                picture = _Picture(source.read(name), options.background)
                entry = _recorded(picture, record)
            except UserError:
                raise
            except Exception as error:  # pylint: disable=broad-except
                # For a broken file Pillow raises many kinds of errors; they are recorded.
                if name not in record.unreadable and name not in before:
                    result.new.append(name)
                why = f"{UNREADABLE}: {reason(error)[:200]}"
                record.unreadable[name] = result.unreadable[name] = why
                continue
            if not entry:
                entry = _cut(name, picture, find, record, options)
                record.add(entry)
                result.new.append(name)
                record.save(now=False)
            elif id(entry) in seen:
                result.copies.append(name)
                continue
            entry["name"] = name
            seen.add(id(entry))
        result.changed = [name for name in result.new
                          if name in before and before[name]["faces"]
                          and id(before[name]) not in seen]
        _leave_doubles_out(record)
    finally:
        record.save()
    return result


class _Picture:
    """A file's content, which is decoded only if need be, and once. background: as of read()."""

    def __init__(self, content, background):
        self.content, self.background = content, background

    @functools.cached_property
    def pixels(self):
        """PIL image of read()."""
        return read(self.content, self.background)

    @functools.cached_property
    def digest(self):
        """That of the file."""
        return digest(self.content)

    @functools.cached_property
    def digest_of_pixels(self):
        """The same for files that differ in their metadata only."""
        return digest(f"{self.pixels.mode} {self.pixels.size}".encode() + self.pixels.tobytes())


def _recorded(picture, record):
    """The entry of a _Picture in a Record, which gets the file's digest; None for a new one."""
    entry = record.find(picture.digest)
    if not entry:
        entry = record.find(picture.digest_of_pixels)
        if entry:
            record.add_digest(entry, picture.digest)
    return entry


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


def _cut(name, picture, find, record, options):
    """Writes the faces of a _Picture. Returns its entry in the record."""
    pixels = behind = picture.pixels
    if pixels.mode == "RGBA":
        behind = Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels)
    result = {"name": name, "digests": [picture.digest, picture.digest_of_pixels], "why": "",
              "faces": []}
    number, taken = 0, False
    for face in find(behind.convert("RGB")):
        (left, top, side), why = square(face, pixels.size, options.margin)
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
        entry["file"] = _file_name(name, number, picture.digest, box, record)
        cut = pixels.resize((options.size, options.size), Image.Resampling.LANCZOS, box=box)
        pictures.save_png(record.folder / entry["file"], np.asarray(cut), {
            "source": printable(name), "box": box, "score": entry["score"],
            "digest": picture.digest, "version": __version__})
    if not result["faces"]:
        result["why"] = NO_FACE
    return result


def _file_name(name, number, its_digest, box, record):
    """A file name for a face that no other has, with the name of its picture."""
    stem = re.sub(r"[^\w.-]+", "_", printable(listing.without_ending(name), "ascii")).strip("._")
    stem = stem[:_MAX_NAME] or "picture"
    others = names.numbered(pathlib.Path(f"{stem}_{its_digest[:8]}_{number}.png"))
    return next(file for file in itertools.chain([f"{stem}_{number}.png"], map(str, others))
                if _is_free(file, its_digest, box, record))


def _is_free(file, its_digest, box, record):
    """Whether a face may get the name of a file, which exists only if it holds that face."""
    path = record.folder / file
    return file not in record.files and (not os.path.lexists(path)
                                         or crop_record.is_cut(path, [its_digest], box))


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
