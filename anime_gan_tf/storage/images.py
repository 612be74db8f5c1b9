"""The only place that opens picture files: formats, limits of memory, conversion to sRGB.

Pillow chooses a decoder by the file's content, not its name. Some decoders start programs
(PostScript) or open nested pictures (icons), so only the listed formats are accepted.
"""
import contextlib
import functools
import io
import threading
import warnings

import numpy as np

# Only the plugins of these formats are loaded.
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
MAX_PIXELS = 50_000_000  # of one picture, and of all that are open at the same time
_STRIP = 2 ** 18         # pixels that are converted at once
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # weights of RGB (ITU-R BT.601)
_SRGB_TOLERANCE = 3      # levels: a profile that changes no color by more is sRGB

# In larger blocks than the 32 MiB up to which the C library keeps freed memory for each thread:
# with eight threads that would be gigabytes.
Image.core.set_block_size(2 ** 26)
# Warnings about metadata are ignored. The one about a huge picture is an error: its limit also
# applies to frames, whose size is not in the header.
warnings.filterwarnings("ignore", module="PIL")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class _Budget:
    """An amount that threads take parts of; take() blocks until enough is left."""

    def __init__(self, amount):
        self._amount, self._remaining, self._changed = amount, amount, threading.Condition()

    @contextlib.contextmanager
    def take(self, part):
        part = min(part, self._amount)
        with self._changed:
            self._changed.wait_for(lambda: self._remaining >= part)
            self._remaining -= part
        try:
            yield
        finally:
            with self._changed:
                self._remaining += part
                self._changed.notify_all()


_PIXELS = _Budget(MAX_PIXELS)


@contextlib.contextmanager
def opened(file):
    """A context with a PIL image, whose header has been read and whose pixels have not.

    The images that are open at the same time, in all threads, have at most MAX_PIXELS together, so
    a context must not open another picture.

    Args: file: a path, or the bytes of a file.
    Raises:
      ValueError: the file is not of FORMATS, or larger than MAX_PIXELS; and whatever Pillow raises
      for a broken file.
    """
    file = io.BytesIO(file) if isinstance(file, bytes) else file
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError(f"not an image of a kind that is read: {', '.join(FORMATS)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"too large: more than {MAX_PIXELS:,} pixels") from None
    with image:
        if image.width * image.height > MAX_PIXELS:  # a caller may have disabled the warning
            raise ValueError(f"too large: more than {MAX_PIXELS:,} pixels")
        with _PIXELS.take(image.width * image.height):
            yield image


def to_srgb(image, background="white"):
    """A PIL image of any mode as RGB, in sRGB.

    16-bit and floating-point pixels are scaled. An embedded color profile (ICC, or PNG's gamma) is
    applied.

    Args: background: the color behind transparent pixels, in a notation of ImageColor; None keeps
      them transparent.
    Returns: (an RGB image, or RGBA if background is None and there are transparent pixels; whether
      its profile could be used, True if there is none).
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
    """(top, part) of horizontal strips of the image, which keep temporary copies small."""
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _scale(image):
    """The divisor that maps the values of a picture of 16 or more bits to at most 255."""
    # Not Pillow's getextrema(), which fails for 16 bits in the other byte order.
    highest = max(_values(strip).max() for _, strip in _strips(image))
    if image.mode == "F" and highest <= 1:
        return 1 / 255
    return 257.0 if highest > 255 else 1.0


def _values(strip):
    """float64 (height, width) of pixels that Pillow would clip to 255."""
    return np.nan_to_num(np.asarray(strip, np.float64), posinf=np.inf, neginf=0)


# ----- colors

def _color_conversion(image):
    """(function that converts a strip of the image to sRGB, or None if no conversion is needed;
    whether the profile is usable)."""
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


@functools.lru_cache(64)  # most files of a data set have the same profile
def _profile_conversion(profile, mode):
    """The conversion from an ICC profile to sRGB, or None if it is sRGB.

    Raises:
      PyCMSError, OSError, ValueError: the profile is broken, or not for pictures of that mode.
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
    """The conversion for the gamma of a PNG, or None if it is that of sRGB, 1 / 2.2."""
    exponent = 1 / (gamma * 2.2)
    if not 0.1 < exponent < 10 or abs(exponent - 1) < 0.05:
        return None
    table = [round(255 * (level / 255) ** exponent) for level in range(256)]
    return lambda strip: strip.convert("RGB").point(table * 3)
