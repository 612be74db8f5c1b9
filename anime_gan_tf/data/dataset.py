"""Decoded faces: every image of a Source as one uint8 array, decoded once."""
import concurrent.futures
import dataclasses
import io
import os
import pathlib
import tempfile
import warnings

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from anime_gan_tf import attributes
from anime_gan_tf.data import listing, sources
from anime_gan_tf.errors import UserError
from anime_gan_tf.storage import files

MAX_PIXELS = 50_000_000
MEMORY_BYTES = 4 * 2 ** 30  # a larger cache goes to disk
# Pillow's warnings of odd metadata; load() names what cannot be read.
warnings.filterwarnings("ignore", module="PIL")
Image.MAX_IMAGE_PIXELS = None  # decode() has its own bound, and refuses where Pillow only warns


@dataclasses.dataclass
class Faces:
    """images: uint8 (faces, size, size, 3), in memory or mapped from disk; tags: int32 (faces,
    axes); names: of the faces' files, where they have some; broken: `name (why)` of those left
    out; label_origin: Source.origin."""
    title: str
    images: np.ndarray
    tags: np.ndarray
    fingerprint: str
    notes: list
    names: list = dataclasses.field(default_factory=list)
    broken: list = dataclasses.field(default_factory=list)
    label_origin: str = ""

    @property
    def tagged(self):
        return bool((self.tags >= 0).any())

    def describe(self):
        """'15,746 tagged faces of extra_data.zip'"""
        count = int((self.tags >= 0).any(axis=1).sum())
        kind = ("untagged" if not count else "tagged" if count == len(self.tags)
                else f"({count:,} tagged)")
        return f"{len(self.images):,} {kind} faces of {self.title}"


def decode(content, size):
    """Any image as uint8 (size, size, 3): upright, RGB on white, the central square, resampled.

    Args: content: the bytes of an image file, or a uint8 array (height, width[, 1 or 3 or 4]).
    Raises:
      ValueError: where it is absurdly large; and whatever Pillow raises for a broken file.
    """
    image = (Image.open(io.BytesIO(content)) if isinstance(content, bytes)
             else Image.fromarray(np.squeeze(content)))
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"too large: {image.width:,} x {image.height:,} pixels")
    if image.mode in ("RGB", "L") and min(image.size) >= 2 * size:
        image.draft("RGB", (size, size))  # lets JPEG decode at a fraction of its size
    image = _to_rgb(ImageOps.exif_transpose(image))
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    if side == size:
        return np.asarray(image.crop(box))
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box=box))


def _to_rgb(image):
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        # Pillow clips these to 255 on conversion; 16-bit grey has to be scaled.
        values = np.asarray(image, np.float64)
        scale = 257.0 if values.max(initial=0) > 255 else 1.0
        image = Image.fromarray(np.clip(values / scale, 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def load(source, size, progress=True, memory_bytes=None):
    """Decodes a Source. Broken files are skipped and named in one note.

    Args:
      size: height and width in pixels.
      memory_bytes: where the array would be larger it is a temporary file, mapped into memory.
    Returns: Faces.
    Raises:
      UserError: where nothing is readable.
    """
    shape = (len(source.names), size, size, 3)
    limit = MEMORY_BYTES if memory_bytes is None else memory_bytes
    images = np.empty(shape, np.uint8) if np.prod(shape) <= limit else _on_disk(shape)
    kept, broken = [], []
    # Threads: Pillow releases the interpreter lock while it decodes.
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        results = pool.map(lambda name: try_decode(source, name, size), source.names)
        for i, result in enumerate(tqdm(results, "reading faces", len(source.names), unit="img",
                                        disable=None if progress else True, leave=False)):
            if isinstance(result, str):
                broken.append(result)
            else:
                images[len(kept)] = result
                kept.append(i)
    finally:
        pool.shutdown(cancel_futures=True)  # or Ctrl-C would wait for all the others
    if not kept:
        raise UserError(f"{source.flag}: none of the {len(source.names):,} images of "
                        f"{source.title} can be read; the first: {broken[0]}")
    notes = list(source.notes)
    if broken:
        shown = ", ".join(broken[:10]) + (", ..." if len(broken) > 10 else "")
        notes.append(f"skipped {len(broken):,} unreadable files: {shown}")
    tags = np.asarray(source.tags, np.int32).reshape(-1, len(attributes.AXES))[kept]
    return Faces(source.title, images[:len(kept)], tags, source.fingerprint, notes,
                 [source.names[i] for i in kept], broken, source.origin)


def load_any(path, size, flag):
    """(images uint8 (n, size, size, 3), names) of one image file, or of a folder or .zip of them.

    Raises:
      UserError: where there is nothing readable.
    """
    path = pathlib.Path(path).expanduser()
    if path.is_dir() or path.suffix.lower() == ".zip" or not path.exists():
        found = load(sources.open_path(path, flag), size)
        return found.images, found.names
    files.require_regular(path, flag, listing.MAX_FILE_BYTES)
    single = sources.Source(path.name, [path.name], [attributes.UNTAGGED],
                            lambda name: path.read_bytes(), "")
    face = try_decode(single, path.name, size)
    if isinstance(face, str):
        raise UserError(f"{flag}: {face}")
    return face[None], [path.name]


def try_decode(source, name, size):
    """One face of a Source as decode() gives it, or a broken file's name and what is wrong."""
    try:
        return decode(source.read(name), size)
    except Exception as error:  # pylint: disable=broad-except
        # Pillow's decoders raise nearly anything (struct.error, SyntaxError, zlib.error, ...) for
        # a broken file. Nothing is hidden: load() reports each one.
        text = str(error) or type(error).__name__
        return f"{name} ({'not an image' if 'cannot identify image' in text else text})"


def _on_disk(shape):
    """A file-backed array that vanishes with the process."""
    folder = pathlib.Path("data/.cache")
    folder.mkdir(parents=True, exist_ok=True)
    handle = tempfile.TemporaryFile(dir=folder)
    return np.memmap(handle, np.uint8, "w+", shape=shape)
