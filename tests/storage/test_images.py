"""The one place that opens pictures: formats, bounds, colors."""
import concurrent.futures
import io
import struct
import threading

import numpy as np
import pytest
from PIL import Image, ImageCms

from anime_gan_tf.storage import images

RED = Image.new("RGB", (20, 20), (200, 30, 40))


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def converted(content):
    """(color of the middle, whether the profile was usable)"""
    with images.opened(content) as image:
        rgb, usable = images.to_srgb(image)
        return np.asarray(rgb)[10, 10].astype(int), usable


@pytest.mark.parametrize("kind", images.FORMATS)
def test_listed_formats_are_read(kind):
    assert np.abs(converted(encoded(RED, kind))[0] - (200, 30, 40)).max() <= 2


@pytest.mark.parametrize("content", [
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n{} loop\n",
    encoded(RED, "ICO"), encoded(RED.resize((64, 64)), "ICNS"), b"GIF", b""],
    ids=["postscript", "ico", "icns", "stub", "empty"])
def test_other_formats_are_not(content):
    with pytest.raises(ValueError), images.opened(content):
        pass


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_more_pixels_than_the_bound_are_refused_before_decoding(kind, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 399)
    with pytest.raises(ValueError), images.opened(encoded(RED, kind)):
        pass


def test_all_threads_share_one_budget(monkeypatch):
    monkeypatch.setattr(images, "_PIXELS", images._Budget(2 * 400))
    lock, open_now, most = threading.Lock(), 0, 0
    content = encoded(RED)

    def work(_):
        nonlocal open_now, most
        with images.opened(content):
            with lock:
                open_now += 1
                most = max(most, open_now)
            with lock:
                open_now -= 1

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
    assert most <= 2


@pytest.mark.parametrize("image, color", [
    (Image.fromarray(np.full((20, 20), 257 * 90, np.uint16)), (90, 90, 90)),
    (Image.frombytes("I;16B", (20, 20), bytes([90, 90]) * 400), (90, 90, 90)),
    (Image.fromarray(np.full((20, 20), 0.5, np.float32)), (127, 127, 127)),
    (Image.fromarray(np.full((20, 20), np.nan, np.float32)), (0, 0, 0)),
    (Image.new("RGBA", (20, 20), (200, 30, 40, 0)), (255, 255, 255)),
    (RED.convert("CMYK"), (200, 30, 40))],
    ids=["16-bit", "big-endian", "float", "nan", "alpha", "cmyk"])
def test_strips_join_to_the_whole(image, color, monkeypatch):
    monkeypatch.setattr(images, "_STRIP", 60)
    with images.opened(encoded(image, "TIFF")) as opened:
        rgb = np.asarray(images.to_srgb(opened)[0]).astype(int)
    assert rgb.shape == (20, 20, 3) and np.abs(rgb - color).max() <= 2


def profile(primaries=None):
    """An sRGB profile; with other primaries (their XYZ, three rows) in its place."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries or ()):
        start = struct.unpack(">I", content[content.index(name) + 4:][:4])[0]
        content[start + 8:start + 20] = struct.pack(">3i", *(round(65536 * x) for x in xyz))
    return bytes(content)


DISPLAY_P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189),
              (0.15710, 0.06657, 0.78407)]


@pytest.mark.parametrize("kind, options", [("PNG", {}), ("JPEG", {"quality": 97}), ("WEBP", {}),
                                           ("TIFF", {})])
def test_colors_of_a_wider_profile_are_kept(kind, options):
    """sRGB's (240, 60, 60) is (222, 76, 68) in Display P3."""
    image = Image.new("RGB", (20, 20), (222, 76, 68))
    color, usable = converted(encoded(image, kind, icc_profile=profile(DISPLAY_P3), **options))
    assert usable and np.abs(color - (240, 60, 60)).max() <= 5


def test_alpha_and_palettes_are_converted_as_well():
    for image in (Image.new("RGBA", (20, 20), (222, 76, 68, 255)),
                  Image.new("RGB", (20, 20), (222, 76, 68)).quantize(4)):
        color, usable = converted(encoded(image, icc_profile=profile(DISPLAY_P3)))
        assert usable and np.abs(color - (240, 60, 60)).max() <= 5


def test_srgb_profiles_change_nothing():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8))
    with images.opened(encoded(noise, icc_profile=profile())) as image:
        assert np.array_equal(images.to_srgb(image)[0], noise)


def test_profiles_that_do_not_fit_are_reported():
    for image, content in ((RED, b"nonsense" * 40), (RED.convert("CMYK"), profile())):
        color, usable = converted(encoded(image, "JPEG", quality=97, icc_profile=content))
        assert not usable and np.abs(color - (200, 30, 40)).max() <= 4
