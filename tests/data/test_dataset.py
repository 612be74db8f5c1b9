"""Every kind of image, and of broken file."""
import io
import os

import numpy as np
import pytest
from conftest import refusal, write_mlds
from PIL import Image

from anime_gan_tf.data import dataset, listing, sources, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


RED = Image.new("RGB", (20, 20), (200, 30, 40))


@pytest.mark.parametrize("content, colour", [
    (encoded(RED), (200, 30, 40)),
    (encoded(RED.convert("CMYK"), "JPEG", quality=95), (200, 30, 40)),
    (encoded(Image.new("L", (20, 20), 77)), (77, 77, 77)),
    (encoded(Image.new("1", (20, 20), 1)), (255, 255, 255)),
    (encoded(RED.quantize(4)), (200, 30, 40)),
    (encoded(Image.new("RGBA", (20, 20), (200, 30, 40, 0))), (255, 255, 255)),  # transparent: white
    (encoded(Image.new("LA", (20, 20), (0, 128))), (127, 127, 127)),
    (encoded(Image.fromarray(np.full((20, 20), 257 * 90, np.uint16))), (90, 90, 90)),
], ids=["rgb", "cmyk", "grey", "bilevel", "palette", "transparent", "grey-alpha",
        "16-bit"])
def test_color_modes(content, colour):
    image = dataset.decode(content, 16).image
    assert image.shape == (16, 16, 3) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - colour).max() <= 3


def test_the_middle_is_kept_and_nothing_is_stretched():
    wide = Image.new("RGB", (90, 30), "blue")
    wide.paste("red", (30, 0, 60, 30))
    for image in (wide, wide.rotate(90, expand=True)):
        assert (dataset.decode(encoded(image), 30).image == (255, 0, 0)).all()


def test_exif_orientation_is_followed():
    half = Image.new("L", (32, 32), 0)
    half.paste(255, (0, 0, 32, 16))  # light above
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    image = dataset.decode(encoded(half, "JPEG", quality=95, exif=exif), 16).image
    assert image[:7].max() < 10 and image[9:].min() > 245


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (16, 16), c) for c in ("red", "blue")]
    content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert (dataset.decode(content, 16).image == (255, 0, 0)).all()


def test_downscaling_averages():
    checker = Image.fromarray((np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8))
    assert np.abs(dataset.decode(encoded(checker), 16).image.astype(int) - 127).max() < 12


@pytest.fixture
def broken(tmp_path):
    write_mlds(tmp_path / "x", count=4)
    images = tmp_path / "x" / "images"
    (images / "100.jpg").write_bytes(b"")
    (images / "101.jpg").write_bytes((images / "0.jpg").read_bytes()[:300])
    (images / "102.jpg").write_text("<html>not found</html>")
    Image.new("1", (9000, 9000)).save(images / "103.png")
    png = encoded(
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)))
    (images / "104.png").write_bytes(png[:len(png) // 2])
    (images / "105.jpg").mkdir()
    return tmp_path / "x"


def test_broken_files_are_counted_named_and_skipped(broken):
    loaded = dataset.load(sources.open_path(broken, DEFAULT), 16, progress=False)
    assert len(loaded.images) == len(loaded.tags) == 4
    named = [line.split(" (")[0] for line in loaded.broken]
    assert named == [f"images/{name}" for name in ("100.jpg", "101.jpg", "102.jpg", "103.png",
                                                   "104.png")]


def test_files_too_large_to_be_a_face_are_not_read(tmp_path, monkeypatch):
    write_mlds(tmp_path / "x", count=3)
    monkeypatch.setattr(listing, "MAX_FILE_BYTES", 100)
    with refusal("--data", Fault.UNREADABLE):
        dataset.load(sources.open_path(tmp_path / "x", DEFAULT), 16, progress=False)


def test_odd_pictures_are_counted_by_kind(tmp_path):
    write_mlds(tmp_path / "x", count=3)
    images = tmp_path / "x/images"
    Image.new("RGB", (5, 5), "red").save(images / "10.png")
    Image.fromarray(np.random.default_rng(0).integers(
        0, 255, (20, 60, 3), dtype=np.uint8)).save(images / "11.png", icc_profile=b"none")
    loaded = dataset.load(sources.open_path(tmp_path / "x", DEFAULT), 16, progress=False)
    assert loaded.odd == {dataset.NOT_SQUARE: ["images/11.png"], dataset.TINY: ["images/10.png"],
                          dataset.FLAT_COLOR: ["images/10.png"],
                          dataset.BAD_PROFILE: ["images/11.png"]}
    assert len(loaded.images) == 5
    # One note a kind, and one of so few faces.
    assert len(loaded.notes) == 5


def test_jpeg_and_png_of_one_picture_are_reduced_alike():
    face = Image.fromarray(synthetic.face(0, 256)[0])
    jpeg = encoded(face, "JPEG", quality=93, subsampling=0)
    png = encoded(Image.open(io.BytesIO(jpeg)))
    same = [dataset.decode(content, 32).image.astype(int) for content in (jpeg, png)]
    assert np.sqrt(np.square(same[0] - same[1]).mean()) < 1  # levels; 4 with the decoder's own


def test_the_fingerprint_follows_content_and_tags(tmp_path):
    write_mlds(tmp_path / "x", count=3)
    path = tmp_path / "x/images/2.bmp"
    (tmp_path / "x/images/2.jpg").unlink()
    face = synthetic.face(2, 20)[0].copy()

    def load():
        Image.fromarray(face).save(path)
        return dataset.load(sources.open_path(tmp_path / "x", DEFAULT), 16, progress=False)

    first = load()
    assert load().fingerprint == first.fingerprint
    face[0, 0, 0] ^= 1
    second = load()
    assert second.fingerprint != first.fingerprint and second.listing == first.listing


def test_a_cache_beyond_the_bound_goes_to_disk(tmp_path, monkeypatch):
    write_mlds(tmp_path / "x", count=3)
    monkeypatch.chdir(tmp_path)
    source = sources.open_path(tmp_path / "x", DEFAULT)
    on_disk = dataset.load(source, 16, progress=False, memory_bytes=100).images
    assert isinstance(on_disk, np.memmap)
    assert np.array_equal(on_disk, dataset.load(source, 16, progress=False).images)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_one_image_is_a_regular_file(tmp_path, make):
    make(tmp_path / "x.png")
    with refusal("--images", Fault.INVALID):
        dataset.load_any(tmp_path / "x.png", 16, "--images")


def test_a_cache_without_space_is_refused_before_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    many = sources.Source("x", ["x.png"] * 2 ** 22, [], DEFAULT, None, "")
    with refusal(dataset.CACHE, Fault.UNWRITABLE):
        dataset.load(many, 256, progress=False)  # 768 GiB
