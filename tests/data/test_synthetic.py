import numpy as np
import pytest
from PIL import Image

from anime_gan_tf.data import pen, synthetic
from anime_gan_tf.labels import DEFAULT

HAIR, EYES = DEFAULT.axes["hair"], DEFAULT.axes["eyes"]


def test_a_face_follows_from_seed_and_index():
    a, tags = synthetic.face(7, 32, seed=1)
    b, again = synthetic.face(7, 32, seed=1)
    assert np.array_equal(a, b) and tags == again
    assert not np.array_equal(a, synthetic.face(7, 32, seed=2)[0])
    assert not np.array_equal(a, synthetic.face(8, 32, seed=1)[0])


@pytest.mark.parametrize("size", [16, 96, 256])
def test_every_size_shows_the_same_face(size):
    image, tags = synthetic.face(3, size)
    assert image.shape == (size, size, 3) and image.dtype == np.uint8
    other, same = synthetic.face(3, 64)
    assert tags == same
    small = [np.asarray(Image.fromarray(x).resize((8, 8), Image.Resampling.BOX), int)
             for x in (image, other)]
    assert np.abs(small[0] - small[1]).mean() < 8


def test_the_labeled_colors_are_in_the_picture():
    """Of every face, one pixel in twenty at least is near the named color of its hair."""
    for i in range(60):
        image, (hair, _) = synthetic.face(i, 64)
        distance = np.abs(image.astype(int) - pen.HAIR_RGB[HAIR[hair]]).max(axis=2)
        assert np.mean(distance < 45) > 0.05, (i, HAIR[hair])


def test_colors_of_one_axis_differ_more_than_they_vary():
    rng = np.random.default_rng(0)
    for table in (pen.HAIR_RGB, pen.EYES_RGB):
        means = np.array(list(table.values()), float)
        for i, rgb in enumerate(table.values()):
            for _ in range(20):
                nearest = np.argmin(((means - pen.vary(rng, rgb)) ** 2).sum(axis=1))
                assert nearest == i


def test_loading_is_cached_and_survives_a_broken_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "CACHE", tmp_path)
    first = synthetic.load(16, DEFAULT, count=150, progress=False)
    assert first.images.shape == (150, 16, 16, 3) and first.tagged
    assert len(set(first.tags[:, 0])) == len(HAIR) and len(set(first.tags[:, 1])) == len(EYES)
    cache = next(tmp_path.iterdir())
    cache.write_bytes(cache.read_bytes()[:1000])
    again = synthetic.load(16, DEFAULT, count=150, progress=False)
    assert np.array_equal(first.images, again.images) and np.array_equal(first.tags, again.tags)
    assert np.array_equal(first.images[42], synthetic.face(42, 16)[0])


def test_a_cache_that_cannot_be_written_is_said_and_done_without(tmp_path, monkeypatch, printed):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(synthetic, "CACHE", tmp_path / "file")  # not a folder
    assert len(synthetic.load(16, DEFAULT, count=20, progress=False).images) == 20
    assert printed.readouterr().out.startswith("note: ")
