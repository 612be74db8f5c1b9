"""Decoded faces: every image of a Source as one uint8 array, decoded once."""
import concurrent.futures
import dataclasses
import errno
import hashlib
import os
import pathlib
import shutil
import tempfile
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from anime_gan_tf.data import sources
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import images

MEMORY_BYTES = 4 * 2 ** 30  # a larger cache goes to disk
THREADS = 16        # at most: each holds a file, of up to listing.MAX_FILE_BYTES
CACHE = pathlib.Path("data/.cache")
DRAFT = 4           # times the size wanted that a JPEG is decoded at, at least
SQUARE = 1.25       # a picture of a longer side by more than this loses much of itself
FEW = 100           # faces, of which a generator only learns copies
FLAT = 2            # levels within which all of a picture is one color
# Kinds of odd pictures, and what is said of them before their number. They are used all the same.
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
    """images: uint8 (faces, size, size, 3), in memory or mapped from disk; tags: int32 (faces,
    axes), of Labels `labels`; fingerprint: a hash of the files' contents and tags; notes: lines for
    the user; names: of the faces' files, where they have some; broken: `name (why)` of those left
    out; label_origin: Source.origin; listing: a hash of the files' names, sizes and tags, by which
    runs of version 0.2.0 know them; odd: {kind of ODDITIES: names of the files that are}; side: the
    median of the sides of the central squares in the files, in pixels, 0 where there are none."""
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
    def tagged(self):
        return bool((self.tags >= 0).any())

    def describe(self):
        """'15,746 tagged faces of extra_data.zip'"""
        count = int((self.tags >= 0).any(axis=1).sum())
        kind = ("untagged" if not count else "tagged" if count == len(self.tags)
                else f"({count:,} tagged)")
        return f"{len(self.images):,} {kind} faces of {self.title}"


class Decoded(NamedTuple):
    """One picture. face: uint8 (size, size, 3); side: of its central square in the file, in pixels;
    odd: the kinds of ODDITIES that it is."""
    face: np.ndarray
    side: int
    odd: list


def decode(content, size):
    """The bytes of any image file as a Decoded: upright, RGB on white, in sRGB, the central square,
    resampled.

    Raises:
      ValueError: where it is absurdly large or of no format that is read; and whatever Pillow
      raises for a broken file.
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
            # JPEG can decode at a fraction of its size. What is left to the filter below is enough
            # for a JPEG and a PNG of the same picture to look the same.
            image.draft(image.mode, (DRAFT * size, DRAFT * size))
        ImageOps.exif_transpose(image, in_place=True)
        rgb, usable = images.to_srgb(image)
        if not usable:
            odd.append(BAD_PROFILE)
        side = min(rgb.size)
        left, top = (rgb.width - side) // 2, (rgb.height - side) // 2
        box = (left, top, left + side, top + side)
        if side == size:
            face = np.asarray(rgb.crop(box))
        else:
            face = np.asarray(rgb.resize((size, size), Image.Resampling.LANCZOS, box=box))
    if np.ptp(face, axis=(0, 1)).max() <= FLAT:
        odd.append(FLAT_COLOR)
    return Decoded(face, shorter, odd)


def load(source, size, progress=True, memory_bytes=None, least=0):
    """Decodes a Source. Broken files are left out and named in a note, odd ones counted in others.

    Args:
      size: height and width in pixels.
      memory_bytes: where the array would be larger it is a temporary file, mapped into memory.
      least: pictures of fewer pixels a side are left out, with a note.
    Returns: Faces.
    Raises:
      UserError: where nothing is readable or large enough, or there is no space for the temporary
      file.
    """
    shape = (len(source.names), size, size, 3)
    limit = MEMORY_BYTES if memory_bytes is None else memory_bytes
    array = np.empty(shape, np.uint8) if np.prod(shape) <= limit else _on_disk(shape)
    kept, broken, small, odd, sides = [], [], [], {}, []
    fingerprint = hashlib.blake2b(digest_size=8)
    # Threads: Pillow releases the interpreter lock while it decodes.
    pool = concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, THREADS))
    try:
        results = pool.map(lambda name: _read(source, name, size), source.names)
        for i, result in enumerate(tqdm(results, "reading faces", len(source.names), unit="img",
                                        disable=None if progress else True, leave=False)):
            if isinstance(result, str):
                broken.append(result)
                continue
            decoded, digest = result
            if decoded.side < least:
                small.append(source.names[i])
                continue
            array[len(kept)] = decoded.face
            kept.append(i)
            sides.append(decoded.side)
            fingerprint.update(digest + repr(tuple(map(int, source.tags[i]))).encode())
            for kind in decoded.odd:
                odd.setdefault(kind, []).append(source.names[i])
    finally:
        pool.shutdown(cancel_futures=True)  # or Ctrl-C would wait for all the others
    if not kept and small:
        raise UserError(source.flag, Fault.INVALID,
                        f"none of the pictures of {source.title} that can be read has {least} px a "
                        f"side, which this model learns to draw; give it larger ones, or a smaller "
                        f"--image_size")
    if not kept:
        raise UserError(source.flag, Fault.UNREADABLE,
                        f"none of the {len(source.names):,} images of {source.title} can be read; "
                        f"the first: {broken[0]}")
    notes = list(source.notes)
    if broken:
        notes.append(f"unreadable files, left out: {len(broken):,} ({_first(broken)})")
    if small:
        notes.append(f"pictures of less than {least} px, left out: {len(small):,} "
                     f"({_first(small)})")
    notes += [f"{text.format(size=size)}: {len(odd[kind]):,} of {len(kept):,} ({_first(odd[kind])})"
              for kind, text in ODDITIES.items() if kind in odd]
    if len(kept) < FEW:
        notes.append(f"a generator can do little but copy so few faces: {len(kept):,}")
    tags = np.asarray(source.tags, np.int32)
    tags = tags.reshape(len(source.tags), len(source.labels.axes))[kept]
    return ImageDataset(source.title, array[:len(kept)], tags, source.labels, fingerprint.hexdigest(),
                 notes, [source.names[i] for i in kept], broken, source.origin, source.fingerprint,
                 odd, int(np.median(sides)))


def _first(names, count=5):
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def load_any(path, size, flag):
    """(images uint8 (n, size, size, 3), names) of one image file, or of a folder or .zip of them,
    whose labels are not read.

    Raises:
      UserError: where there is nothing readable.
    """
    found = load(sources.open_any(path, Labels({}), flag), size)
    return found.images, found.names


def try_decode(source, name, size):
    """One face of a Source, uint8 (size, size, 3), or a broken file's name and what is wrong."""
    result = _read(source, name, size)
    return result if isinstance(result, str) else result[0].face


def _read(source, name, size):
    """(Decoded, the hash of its bytes) of one file of a Source, or its name and what is wrong."""
    try:
        content = source.read(name)
        return decode(content, size), hashlib.blake2b(content, digest_size=16).digest()
    except Exception as error:  # pylint: disable=broad-except
        # Pillow's decoders raise nearly anything (struct.error, SyntaxError, zlib.error, ...) for
        # a broken file. Nothing is hidden: load() reports each one.
        return f"{name} ({str(error) or type(error).__name__})"


def _on_disk(shape):
    """An array in a file that vanishes with the process.

    Raises:
      UserError: where there is no space for all of it, or no right to write. Without that space an
      access to the array would end the process later (SIGBUS).
    """
    size = int(np.prod(shape))
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        if size > shutil.disk_usage(CACHE).free:  # or reserving would fill the disk before it fails
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
    """Has the file system set aside `size` bytes for an empty file.

    Raises:
      OSError: where it has not that much.
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
