"""Faces at other sizes than a generator's own."""
import io

import numpy as np
import pytest
from conftest import call, refuses
from PIL import Image

from anime_gan_tf.cli import generators
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import enlarging, projection
from anime_gan_tf.storage import animation, pictures

pytestmark = pytest.mark.usefixtures("eager")


def test_a_size_is_reached_by_the_enlarger_or_by_a_filter():
    rng = np.random.default_rng(0)
    images = np.repeat(np.repeat(rng.integers(0, 256, (3, 4, 4, 3), np.uint8), 4, 1), 4, 2)
    assert enlarging.to_size(images, None) is images and enlarging.to_size(images, 16) is images
    large = enlarging.enlarge(enlarging.bundled().generator, images)
    assert np.array_equal(enlarging.to_size(images, 64), large)
    assert np.array_equal(enlarging.to_size(images, 40), pictures.resampled(large, 40))
    assert np.array_equal(enlarging.to_size(images, 8), pictures.resampled(images, 8))


def test_one_face_is_enlarged_as_among_others():
    images = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), np.uint8)
    one = enlarging.to_size(images[8:], 64)
    assert np.abs(one - enlarging.to_size(images, 64)[8:].astype(int)).max() <= 1


def test_a_mirrored_face_is_the_same_mirrored():
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
    large, mirrored = enlarging.to_size(images, 64), enlarging.to_size(images[:, :, ::-1], 64)
    assert np.abs(large - mirrored[:, :, ::-1].astype(int)).max() <= 1


@pytest.mark.parametrize("words, columns, rows", [
    (("infer", "--num", 4), 2, 2), (("infer", "--matrix"), 11, 12),
    (("walk", "--num", 2, "--frames", 2), 2, 1), (("mix", "--num", 2), 3, 3),
    (("fade", "--hair", "aqua:pink", "--frames", 2), 7, 1),
    (("neighbors", "--num", 2, "--data"), 7, 2),
    (("project", "--num", 1, "--steps", 1, "--data"), 2, 3)])
def test_every_mode_that_shows_faces_takes_a_size(home, mlds, monkeypatch, words, columns, rows):
    monkeypatch.setattr(projection, "POOL", 8)
    data = (mlds,) if words[-1] == "--data" else ()
    done = call(home, "--mode", *words, *data, "--run", "r", "--size", 40)
    assert done.returncode == 0, done.stderr
    path = home / done.stdout.split("faces: ")[1].splitlines()[0]
    assert "size40" in path.name
    for length, count in zip(Image.open(path).size, (columns, rows)):
        most = 0 if words[:2] in (("walk", "--num"), ("infer", "--num")) else 55
        assert 0 <= length - (42 * count + 2) <= most  # words beside the faces


def test_many_faces_of_a_file_keep_their_size(tmp_path, monkeypatch):
    monkeypatch.setattr(generators, "MAX_LARGE", 25)
    for words, name, rows, size in (
            (("--num", 26), "x", 5, 64), (("--latent", "x.png"), "y", 5, 64),
            (("--latent", "x.png", "--num", 1), "z", 1, 256)):
        out = tmp_path / f"{name}.png"
        done = call(tmp_path, "--mode", "infer", "--run", "pretrained_rpgan", *words, "--out", out)
        assert done.returncode == 0, done.stderr
        assert Image.open(out).height == rows * (size + 2) + 2


def test_separate_files_have_the_size_and_make_the_face_again(home):
    done = call(home, "--mode", "infer", "--run", "r", "--num", 2, "--separate", "--size", 32,
                "--out", "s.png")
    assert done.returncode == 0 and Image.open(home / "s/00001.png").size == (32, 32)
    again = call(home, "--mode", "infer", "--latent", "s/00001.png", "--size", 32, "--out", "t.png")
    assert again.returncode == 0, again.stderr
    inner = np.asarray(Image.open(home / "t.png"), int)[2:34, 2:34]
    assert np.abs(inner - np.asarray(Image.open(home / "s/00001.png"), int)).max() <= 1


def test_evaluate_measures_at_a_size(home):
    done = call(home, "--mode", "evaluate", "--run", "r", "--num", 20, "--data", "faces",
                "--features", "faces", "--size", 32)
    assert done.returncode == 0 and "enlarged to 32 px" in done.stdout, done.stderr


@pytest.mark.parametrize("words, subject, fault", [
    (("infer", "--run", "r", "--size", 65), "--size", Fault.TOO_LARGE),
    (("infer", "--run", "r", "--size", 7), "--size", Fault.INVALID),
    (("enlarge",), "--images", Fault.MISSING),
    (("enlarge", "--images", "nothing"), "--images", Fault.MISSING),
    (("enlarge", "--images", "faces", "--run", "r"), "--run", Fault.CONFLICT),
    (("enlarge", "--images", "faces", "--out", "faces/large"), "--out", Fault.CONFLICT),
    (("enlarge", "--images", "faces", "--out", "large.png"), "--out", Fault.INVALID),
    (("enlarge", "--images", "faces/tags.csv"), "--images", Fault.UNREADABLE)])
def test_sizes_and_pictures_that_are_of_no_use_are_refused(home, words, subject, fault):
    refuses(call(home, "--mode", *words), subject, fault)


# ----- --mode enlarge

@pytest.fixture
def small(tmp_path):
    """Pictures of several shapes and kinds in `small`; returns tmp_path."""
    folder = tmp_path / "small"
    (folder / "sub").mkdir(parents=True)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (12, 20, 3), np.uint8)).save(folder / "wide.bmp")
    Image.new("L", (8, 8), 90).save(folder / "sub/gray.png")
    round_face = np.zeros((16, 16, 4), np.uint8)
    round_face[4:12, 4:12] = (255, 128, 0, 255)
    Image.fromarray(round_face).save(folder / "round.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return tmp_path


def test_pictures_are_enlarged_with_their_names_and_their_alpha(small):
    done = call(small, "--mode", "enlarge", "--images", "small", "--out", "large")
    assert done.returncode == 0, done.stderr
    assert "broken.png" in done.stdout and "faces: 3 in large/" in done.stdout
    images = {path.name: Image.open(path) for path in (small / "large").iterdir()}
    assert {name: (image.mode, image.size) for name, image in images.items()} == {
        "wide.png": ("RGB", (80, 48)), "gray.png": ("RGB", (32, 32)),
        "round.png": ("RGBA", (64, 64))}
    alpha = np.asarray(images["round.png"])[..., 3]
    assert alpha[32, 32] == 255 and alpha[4, 4] == 0
    # The black of what is transparent stays out of the edge.
    edge = np.asarray(images["round.png"], int)[17:47, 17, 0]
    assert edge.min() > 150
    assert np.abs(np.asarray(images["gray.png"], int) - 90).mean() < 12


def test_pictures_of_one_name_and_turned_ones(tmp_path):
    (tmp_path / "small").mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.png", "a.bmp", "b.png"):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / "small" / name)
    turned = Image.new("RGB", (8, 12), "red")
    exif = turned.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    turned.save(tmp_path / "small/turned.jpg", exif=exif)
    done = call(tmp_path, "--mode", "enlarge", "--images", "small", "--out", "large")
    assert done.returncode == 0, done.stderr
    sizes = {path.name: Image.open(path).size for path in (tmp_path / "large").iterdir()}
    assert sizes == {"a.png": (32, 32), "a_2.png": (32, 32), "b.png": (32, 32),
                     "turned.png": (48, 32)}


def test_enlarging_the_same_again_replaces_it_and_other_pictures_do_not(small):
    words = ("--mode", "enlarge", "--images")
    assert call(small, *words, "small/wide.bmp", "--out", "large").returncode == 0
    assert call(small, *words, "small/wide.bmp", "--out", "large").returncode == 0
    (small / "other").mkdir()
    Image.new("RGB", (8, 8)).save(small / "other/wide.png")
    refuses(call(small, *words, "other", "--out", "large"), "--out", Fault.EXISTS)
    for folder in ("small/wide.bmp", "other/wide.png"):
        done = call(small, *words, folder)
        assert done.returncode == 0, done.stderr
    assert len(list((small / "pictures").glob("enlarged_wide*/wide.png"))) == 2
    refuses(call(small, *words, "large/wide.png", "--out", "large"), "--out", Fault.EXISTS)


def test_enlarging_keeps_what_is_not_its_own(small):
    (small / "large").mkdir()
    (small / "large/wide.png").write_bytes(b"mine")
    refuses(call(small, "--mode", "enlarge", "--images", "small", "--out", "large"), "--out",
            Fault.EXISTS)
    assert (small / "large/wide.png").read_bytes() == b"mine"
    assert len(list((small / "large").iterdir())) == 1


def test_one_picture_is_enlarged_and_says_again_how_it_was_made(home):
    call(home, "--mode", "infer", "--run", "r", "--num", 1, "--separate", "--seed", 5, "--out",
         "e.png")
    done = call(home, "--mode", "enlarge", "--images", "e/00000.png", "--out", "enlarged")
    assert done.returncode == 0, done.stderr
    assert Image.open(home / "enlarged/00000.png").size == (64, 64)
    again = call(home, "--mode", "infer", "--latent", "enlarged/00000.png", "--out", "f.png")
    assert again.returncode == 0, again.stderr
    assert np.array_equal(np.asarray(Image.open(home / "f.png"))[2:18, 2:18],
                          np.asarray(Image.open(home / "e/00000.png")))


def test_a_gif_takes_its_frames_from_an_iterator(tmp_path):
    written = tmp_path / "x.gif"
    animation.save(written, (np.full((64, 64, 3), level, np.uint8) for level in range(0, 250, 50)))
    gif = Image.open(io.BytesIO(written.read_bytes()))
    assert gif.n_frames == 5 and gif.info["loop"] == 0 and gif.info["duration"] == 40
    levels = []
    for i in range(5):
        gif.seek(i)
        levels.append(int(np.asarray(gif.convert("RGB")).mean()))
    assert levels == [0, 50, 100, 150, 200]


def test_an_mp4_has_its_frames_and_an_even_size(tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    written = tmp_path / "x.mp4"
    animation.save(written, (np.full((65, 64, 3), level, np.uint8) for level in range(0, 250, 50)))
    film = imageio_ffmpeg.read_frames(str(written))
    assert next(film)["size"] == (64, 64)
    levels = [np.frombuffer(frame, np.uint8).mean() for frame in film]
    np.testing.assert_allclose(levels, [0, 50, 100, 150, 200], atol=3)
