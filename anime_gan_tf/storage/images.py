"""The one place that opens picture files: what is read, how much memory it may take, sRGB.

Pillow chooses a decoder by the file's content, whatever its name. Some decoders start programs
(PostScript) or open pictures within the picture (icons), so those that are used are listed.
"""
import contextlib
import functools
import io
import threading
import warnings

import numpy as np

# Opening needs no other plugin, so no other is loaded.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

_PLUGINS = (JpegImagePlugin.JpegImageFile, PngImagePlugin.PngImageFile,
            WebPImagePlugin.WebPImageFile, BmpImagePlugin.BmpImageFile,
            GifImagePlugin.GifImageFile, TiffImagePlugin.TiffImageFile,
            AvifImagePlugin.AvifImageFile, PpmImagePlugin.PpmImageFile)
FORMATS = tuple(plugin.format for plugin in _PLUGINS)
MAX_PIXELS = 50_000_000  # of one picture, and of all that are open at one time
_STRIP = 2 ** 18         # pixels that are converted at a time
_SRGB_TOLERANCE = 3      # levels: a profile that changes no color by more is sRGB

# Pixels in blocks larger than the 32 MiB up to which the C library keeps freed memory for the
# thread that had it: with eight threads that were gigabytes.
Image.core.set_block_size(2 ** 26)
# Warnings of odd metadata are of no use here; that of a huge picture is an error, and its limit is
# for the pictures within files of which the size is known only later (frames).
warnings.filterwarnings("ignore", module="PIL")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class _Budget:
    """Lets threads take parts of one amount; whoever finds too little left waits."""

    def __init__(self, amount):
        self._amount, self._free, self._changed = amount, amount, threading.Condition()

    @contextlib.contextmanager
    def take(self, part):
        part = min(part, self._amount)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= part)
            self._free -= part
        try:
            yield
        finally:
            with self._changed:
                self._free += part
                self._changed.notify_all()


_PIXELS = _Budget(MAX_PIXELS)


@contextlib.contextmanager
def opened(file):
    """A PIL image, header read and pixels not yet, for a `with` block.

    Args: file: a path, or the bytes of a file.
    All blocks that are open at one time, in all threads, have MAX_PIXELS together, so a block must
    not open another picture.
    Raises:
      ValueError: not of FORMATS, or larger than MAX_PIXELS; and whatever Pillow raises for a broken
      file.
    """
    file = io.BytesIO(file) if isinstance(file, bytes) else file
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError(f"not an image of a kind that is read: {', '.join(FORMATS)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"too large: more than {MAX_PIXELS:,} pixels") from None
    with image:
        if image.width * image.height > MAX_PIXELS:  # where the warning is no error
            raise ValueError(f"too large: more than {MAX_PIXELS:,} pixels")
        with _PIXELS.take(image.width * image.height):
            yield image


def to_srgb(image, background="white"):
    """A PIL image of any mode as RGB, in sRGB.

    16-bit and floating-point pixels are scaled. An embedded profile (ICC, or PNG's gamma) is
    followed.

    Args: background: the color behind transparent pixels, as ImageColor knows it; None keeps them
      transparent.
    Returns: (RGB image, or RGBA where it is to stay transparent and has such pixels; whether its
      profile could be used, True where there is none).
    """
    to_rgb, usable = _color_conversion(image)
    deep = image.mode.startswith("I;16") or image.mode in ("I", "F")
    transparent = (image.mode in ("RGBA", "LA", "PA", "La", "RGBa")
                   or "transparency" in image.info and not deep)
    if image.mode == "RGB" and to_rgb is None and not transparent:
        return image, usable
    if deep:
        scale = _scale(image)
    result = Image.new("RGBA" if transparent and background is None else "RGB", image.size)
    for top, strip in _strips(image):
        if deep:
            strip = Image.fromarray(np.clip(_values(strip) / scale, 0, 255).astype(np.uint8))
        alpha = None
        if transparent:
            strip = strip.convert("RGBA")
            alpha = strip.getchannel("A")
        rgb = to_rgb(strip) if to_rgb else strip.convert("RGB")
        if alpha is not None:
            rgb.putalpha(alpha)
            if background is not None:
                behind = Image.new("RGBA", rgb.size, background)
                rgb = Image.alpha_composite(behind, rgb).convert("RGB")
        result.paste(rgb, (0, top))
    return result, usable


def _strips(image):
    """Pairs of the top row of a part of the image, and that part: copies on the way are small."""
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _scale(image):
    """What the values of a picture of 16 or more bits are divided by to be at most 255."""
    # Not Pillow's getextrema(), which fails for 16 bits in the order of other processors.
    highest = max(_values(strip).max() for _, strip in _strips(image))
    if image.mode == "F" and highest <= 1:
        return 1 / 255
    return 257.0 if highest > 255 else 1.0


def _values(strip):
    """float64 (height, width) of pixels that Pillow would clip to 255."""
    return np.nan_to_num(np.asarray(strip, np.float64), posinf=np.inf, neginf=0)


# ----- colors

def _color_conversion(image):
    """(function of a strip of the image that returns it as sRGB, or None where nothing is to be
    done; whether the profile is usable)."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            return _profile_conversion(profile, image.mode), True
        except (ImageCms.PyCMSError, OSError, ValueError):
            return None, False
    gamma = image.info.get("gamma")
    if gamma and image.format == "PNG" and "srgb" not in image.info:
        return _gamma_conversion(gamma), True
    return None, True


@functools.lru_cache(64)  # most files of a set have one and the same
def _profile_conversion(profile, mode):
    """The conversion from an ICC profile to sRGB, or None where it is sRGB.

    Raises:
      PyCMSError, OSError, ValueError: broken, or not for pictures of that mode.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    base = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
    gray = mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")
    if (base is None or (base == "CMYK") != (mode == "CMYK") or base == "L" and not gray):
        raise ValueError(f"a profile for {space} in a picture that is {mode}")
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), base, "RGB")
    if base == "RGB" and _changes_nothing(transform):
        return None
    return lambda strip: ImageCms.applyTransform(strip.convert(base), transform)


def _changes_nothing(transform):
    cube = np.stack(np.meshgrid(*[np.linspace(0, 255, 9).astype(np.uint8)] * 3), -1)
    image = Image.fromarray(cube.reshape(27, 27, 3))
    changed = np.asarray(ImageCms.applyTransform(image, transform), int)
    return np.abs(changed - np.asarray(image)).max() <= _SRGB_TOLERANCE


def _gamma_conversion(gamma):
    """The conversion that PNG's gAMA chunk asks for, or None where that is sRGB's 1 / 2.2."""
    exponent = 1 / (gamma * 2.2)
    if not 0.1 < exponent < 10 or abs(exponent - 1) < 0.05:
        return None
    table = [round(255 * (level / 255) ** exponent) for level in range(256)]
    return lambda strip: strip.convert("RGB").point(table * 3)
