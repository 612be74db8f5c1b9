"""Decoded data sets: every image of a Source as one uint8 array, decoded once."""
from __future__ import annotations

import concurrent.futures
import dataclasses
import errno
import functools
import hashlib
import os
import pathlib
import shutil
import tempfile
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from anime_gan_tf.data import deduplication, sources
from anime_gan_tf.errors import Fault, reason, UserError
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import images

MEMORY_BYTES = 4 * 2 ** 30  # a larger cache goes to disk
MAX_THREADS = 16    # each holds a file, of up to listing.MAX_FILE_BYTES
CACHE = pathlib.Path("data/.cache")
DRAFT = 4           # a JPEG is decoded at no less than so many times the requested size
SQUARE = 1.25       # aspect ratio from which on much of a picture is outside the central square
FEW = 100           # faces, of which a generator can only learn copies
FLAT = 2            # range of levels of a picture that is of one color
# Kinds of unusual pictures, and the texts of their notes. They are used nevertheless.
NOT_SQUARE = "not square"
TINY = "tiny"
FLAT_COLOR = "one color"
BAD_PROFILE = "bad color profile"
ANIMATED = "several frames"
ODDITIES = {
    NOT_SQUARE: "pictures far from square, of which only the middle is used",
    TINY: "pictures of less than half of {size} px, which are enlarged",
    FLAT_COLOR: "pictures of one color only",
    BAD_PROFILE: "pictures with a color profile that cannot be used, taken as sRGB",
    ANIMATED: "pictures of several frames, of which the first is used"}


@dataclasses.dataclass
class ImageDataset:
    """Images of one size with tags.

    Attributes:
      title: name of the data, for people; images: uint8 (n, size, size, 3), in memory or mapped
        from disk; tags: (n, axes), of Labels `labels`.
      fingerprint: hash of the files' contents and tags; notes: lines for the user; names: of the
        files, [] if there are none; broken: `name (why)` of files that were left out.
      label_origin: Source.origin; listing: hash of the files' names, sizes and tags, which runs of
        version 0.2.0 store; odd: {kind of ODDITIES: [name of a file, ...]}; side: median side of
        the central squares in the files, in pixels, 0 if there are none.
    """
    title: str
    images: np.ndarray
    tags: np.ndarray
    labels: Labels
    fingerprint: str
    notes: list
    names: list = dataclasses.field(default_factory=list)
    broken: list = dataclasses.field(default_factory=list)
    label_origin: str = ""
    listing: str = ""
    odd: dict = dataclasses.field(default_factory=dict)
    side: int = 0

    @property
    def tagged(self) -> bool:
        """Whether any face has a tag."""
        return bool((self.tags >= 0).any())

    @functools.cached_property
    def split(self) -> deduplication.Split:
        """The rows to train on, to choose the best generator with, and to measure it with."""
        return deduplication.split(self.images)

    def describe(self) -> str:
        """'15,746 tagged faces of extra_data.zip'"""
        count = int((self.tags >= 0).any(axis=1).sum())
        kind = ("untagged" if not count else "tagged" if count == len(self.tags)
                else f"({count:,} tagged)")
        return f"{len(self.images):,} {kind} faces of {self.title}"


class Decoded(NamedTuple):
    """One picture. image: uint8 (size, size, 3); side: of its central square in the file, in
    pixels; odd: its kinds of ODDITIES."""
    image: np.ndarray
    side: int
    odd: list


def decode(content: bytes, size: int) -> Decoded:
    """Decodes an image file: upright, RGB on white, in sRGB, the central square, resampled.

    Raises:
      ValueError: it is too large, or of an unsupported format; and whatever Pillow raises for a
      broken file.
    """
    with images.opened(content) as image:
        odd = []
        if getattr(image, "is_animated", False):
            odd.append(ANIMATED)
        shorter, longer = sorted(image.size)
        if longer > SQUARE * shorter:
            odd.append(NOT_SQUARE)
        if 2 * shorter < size:
            odd.append(TINY)
        if image.mode in ("RGB", "L"):
            # A JPEG can be decoded at a fraction of its size, but still large enough for a JPEG and
            # a PNG of the same picture to look the same after the filter below.
            image.draft(image.mode, (DRAFT * size, DRAFT * size))
        ImageOps.exif_transpose(image, in_place=True)
        rgb, usable = images.to_srgb(image)
        if not usable:
            odd.append(BAD_PROFILE)
        side = min(rgb.size)
        left, top = (rgb.width - side) // 2, (rgb.height - side) // 2
        box = (left, top, left + side, top + side)
        if side == size:
            resized = np.asarray(rgb.crop(box))
        else:
            resized = np.asarray(rgb.resize((size, size), Image.Resampling.LANCZOS, box=box))
    if np.ptp(resized, axis=(0, 1)).max() <= FLAT:
        odd.append(FLAT_COLOR)
    return Decoded(resized, shorter, odd)


def load(source, size: int, progress: bool = True, memory_bytes: int | None = None,
         min_side: int = 0) -> ImageDataset:
    """Decodes a Source. Broken files are left out and named in a note, unusual ones are counted in
    others.

    Args:
      size: height and width in pixels.
      memory_bytes: a larger array is a temporary file, mapped into memory.
      min_side: pictures with a shorter side are left out, with a note.
    Raises:
      UserError: no picture is readable or large enough, or there is no space for the temporary
      file.
    """
    shape = (len(source.names), size, size, 3)
    limit = MEMORY_BYTES if memory_bytes is None else memory_bytes
    array = np.empty(shape, np.uint8) if np.prod(shape) <= limit else _on_disk(shape)
    kept, broken, small, odd, sides = [], [], [], {}, []
    fingerprint = hashlib.blake2b(digest_size=8)
    # Threads are enough: Pillow releases the interpreter lock while it decodes.
    pool = concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_THREADS))
    try:
        results = pool.map(lambda name: _read(source, name, size), source.names)
        for i, result in enumerate(tqdm(results, "reading faces", len(source.names), unit="img",
                                        disable=None if progress else True, leave=False)):
            if isinstance(result, str):
                broken.append(result)
                continue
            decoded, digest = result
            if decoded.side < min_side:
                small.append(source.names[i])
                continue
            array[len(kept)] = decoded.image
            kept.append(i)
            sides.append(decoded.side)
            tags = tuple(float(tag) if tag % 1 else int(tag) for tag in source.tags[i])
            fingerprint.update(digest + repr(tags).encode())
            for kind in decoded.odd:
                odd.setdefault(kind, []).append(source.names[i])
    finally:
        pool.shutdown(cancel_futures=True)  # else Ctrl-C would wait for all others
    if not kept and small:
        raise UserError(source.flag, Fault.INVALID,
                        f"no readable picture of {source.title} has {min_side} px a side, which "
                        f"this model learns to draw; give it larger ones, or a smaller "
                        f"--image_size")
    if not kept:
        raise UserError(source.flag, Fault.UNREADABLE,
                        f"none of the {len(source.names):,} images of {source.title} can be read; "
                        f"the first: {broken[0]}")
    notes = list(source.notes)
    if broken:
        notes.append(f"unreadable files, left out: {len(broken):,} ({_first(broken)})")
    if small:
        notes.append(f"pictures of less than {min_side} px, left out: {len(small):,} "
                     f"({_first(small)})")
    notes += [f"{text.format(size=size)}: {len(odd[kind]):,} of {len(kept):,} ({_first(odd[kind])})"
              for kind, text in ODDITIES.items() if kind in odd]
    if len(kept) < FEW:
        notes.append(f"a generator can do little but copy so few faces: {len(kept):,}")
    tags = np.asarray(source.tags, source.labels.dtype)
    tags = tags.reshape(len(source.tags), len(source.labels.axes))[kept]
    return ImageDataset(source.title, array[:len(kept)], tags, source.labels,
                        fingerprint.hexdigest(), notes, [source.names[i] for i in kept], broken,
                        source.origin, source.fingerprint, odd, int(np.median(sides)))


def _first(names, count=5):
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def load_any(path, size, flag):
    """(images uint8 (n, size, size, 3), names) of one image file, or of a folder or .zip of them,
    without labels.

    Raises:
      UserError: nothing is readable.
    """
    found = load(sources.open_any(path, Labels({}), flag), size)
    return found.images, found.names


def try_decode(source, name, size):
    """One image of a Source, uint8 (size, size, 3), or a text about a broken file."""
    result = _read(source, name, size)
    return result if isinstance(result, str) else result[0].image


def _read(source, name, size):
    """(Decoded, hash of the bytes) of one file of a Source, or a text about a broken file."""
    try:
        content = source.read(name)
        return decode(content, size), hashlib.blake2b(content, digest_size=16).digest()
    except Exception as error:  # pylint: disable=broad-except
        # For a broken file Pillow raises many kinds of errors (struct.error, SyntaxError,
        # zlib.error, ...). load() reports each one.
        return f"{name} ({reason(error)})"


def _on_disk(shape):
    """An array in a file that is deleted with the process.

    Raises:
      UserError: there is not enough space, in which case a later access would end the process
      (SIGBUS), or no permission.
    """
    size = int(np.prod(shape))
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        # Checked first, because reserving would fill the disk before it fails.
        if size > shutil.disk_usage(CACHE).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file = tempfile.TemporaryFile(dir=CACHE)
        _reserve(file, size)
    except OSError as error:
        raise UserError(CACHE, Fault.UNWRITABLE,
                        f"{size / 2 ** 20:,.0f} MiB are needed there for {shape[0]:,} faces of "
                        f"{shape[1]} px ({error.strerror or error}); make space, or take fewer "
                        f"faces or a smaller --image_size") from None
    return np.memmap(file, np.uint8, "r+", shape=shape)


def _reserve(file, size):
    """Reserves `size` bytes for an empty file.

    Raises:
      OSError: there is not enough space.
    """
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, size)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
    block = bytes(2 ** 20)
    for start in range(0, size, len(block)):
        file.write(block[:size - start])
    file.flush()
    os.fsync(file.fileno())
