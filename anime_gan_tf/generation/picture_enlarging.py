"""Enlarges picture files of small faces, whatever drew them."""
import os
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter, ImageOps
from tqdm import tqdm

from anime_gan_tf.data import listing
from anime_gan_tf.errors import Fault, reason, UserError
from anime_gan_tf.storage import images, names, pictures

MAX_PIXELS = 2 ** 20  # of a picture: the widest map of so many takes 2 GB
# Transparent pixels get the colors of opaque ones up to so many pixels away.
SPREAD = 3


class Enlarged(NamedTuple):
    """written: the number of files; left_out: `name (why)` of each that was not enlarged."""
    written: int
    left_out: list


def target_files(source, folder):
    """The paths of the enlarged pictures of a Source, in order: NAME.png each, with a number
    appended to a name that occurs twice."""
    found, taken = [], set()
    for name in source.names:
        safe, = listing.file_names([name], "utf-8")
        path = next(path for path in names.numbered(folder / f"{pathlib.PurePath(safe).stem}.png")
                    if path.name.casefold() not in taken)
        taken.add(path.name.casefold())
        found.append(path)
    return found


def others(files, command):
    """Those of some paths where a file exists that this command did not write."""
    return [file for file in files
            if os.path.lexists(file) and not pictures.is_face_of(file, command)]


def enlarge_source(enlarge, run, source, files, command):
    """Enlarges every picture of a Source and writes it as PNG, with its alpha channel.

    A picture that this program drew keeps its metadata.

    Args: enlarge: a function of uint8 (height, width, 3); run: the enlarger's name; source: Source;
      files: of target_files(); command: names.digest() of the command.
    Returns: Enlarged.
    Raises:
      UserError: no picture can be enlarged.
    """
    left_out = []
    bar = tqdm(zip(source.names, files), "enlarging", len(files), unit="img", leave=False,
               disable=None)
    for name, file in bar:
        try:
            rgb, alpha, made = _read(source.read(name))
        except Exception as error:  # pylint: disable=broad-except
            # Pillow's decoders raise nearly anything for a broken file; it is named.
            left_out.append(f"{name} ({reason(error)})")
            continue
        large = enlarge(rgb)
        if alpha is not None:
            size = large.shape[1], large.shape[0]
            alpha = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.LANCZOS))
            large = np.dstack([large, alpha])
        made = made or {"enlarged_by": run}
        pictures.save_png(file, large, made | {pictures.COMMAND: command})
    if len(left_out) == len(files):
        raise UserError(source.flag, Fault.UNREADABLE,
                        f"nothing could be enlarged; the first: {left_out[0]}")
    return Enlarged(len(files) - len(left_out), left_out)


def _read(content):
    """(uint8 (height, width, 3) in sRGB, its alpha (height, width) or None, its metadata or None).

    Raises:
      ValueError: too large; and whatever Pillow raises for a broken file.
    """
    with images.opened(content) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} x {image.height} px, of which at most "
                             f"{MAX_PIXELS:,} in all are enlarged")
        made = pictures.metadata_of(image)
        image = ImageOps.exif_transpose(image)
        alpha = None
        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
            alpha = np.asarray(image.getchannel("A"))
            image = _extended(image)
        rgb, _ = images.to_srgb(image)
        return np.asarray(rgb), alpha, made


def _extended(image):
    """An RGBA image as RGB. Transparent pixels get the colors of opaque ones nearby, and white
    further away: their own color, often black, would bleed into the edge when it is enlarged."""
    rgb, alpha = np.split(np.asarray(image, np.float32), [3], axis=-1)
    blur = lambda array: np.asarray(Image.fromarray(np.rint(array).astype(np.uint8)).filter(
        ImageFilter.BoxBlur(SPREAD)), np.float32)
    weight = blur(alpha[..., 0])[..., None]
    near = np.where(weight > 0, 255 * blur(rgb * alpha / 255) / np.maximum(weight, 1), 255)
    filled = np.where(alpha > 0, rgb, np.minimum(near, 255))
    result = Image.fromarray(np.rint(filled).astype(np.uint8))
    result.info = {name: value for name, value in image.info.items() if name != "transparency"}
    return result
