"""Pairs of large and small crops, which an enlarger trains on."""
import numpy as np
import pytest
import tensorflow as tf
from conftest import tiny

from anime_gan_tf.data import degradation, pipeline
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.labels import DEFAULT


def pairs(images, seed, scale=4, crop_size=32, graph=False):
    make = tf.function(degradation.pairs) if graph else degradation.pairs
    return [np.asarray(array) for array in make(
        tf.constant(images / np.float32(127.5) - 1), scale, crop_size,
        tf.constant([0, seed], tf.int64))]


def smooth(count=24, size=64):
    """Pictures whose left is red and whose right is blue."""
    x = np.linspace(0, 255, size, dtype=np.uint8)
    image = np.stack([np.tile(x[::-1], (size, 1)), np.full((size, size), 90, np.uint8),
                      np.tile(x, (size, 1))], axis=-1)
    return np.tile(image, (count, 1, 1, 1))


@pytest.mark.parametrize("scale", [2, 4])
def test_they_follow_from_the_seed_and_are_levels_of_files(scale):
    images = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), np.uint8)
    large, small = pairs(images, 1, scale)
    assert large.shape == (6, 32, 32, 3) and small.shape == (6, 32 // scale, 32 // scale, 3)
    for array in (large, small):
        levels = (array + 1) * 127.5
        assert np.abs(levels - np.rint(levels)).max() < 1e-3 and np.abs(array).max() <= 1
    again, other = pairs(images, 1, scale), pairs(images, 2, scale)
    assert np.array_equal(large, again[0]) and np.array_equal(small, again[1])
    assert not np.array_equal(large, other[0]) and not np.array_equal(small, other[1])


def test_a_small_crop_is_its_large_one_reduced():
    large, small = pairs(smooth(), 0)
    expected = large.reshape(24, 8, 4, 8, 4, 3).mean(axis=(2, 4))
    # Noise, JPEG and filters stay; another place or another direction would differ by far more.
    assert np.abs(small - expected).mean() < 0.06
    assert np.abs(small - expected[:, :, ::-1]).mean() > 0.2


def test_about_a_quarter_are_only_averaged():
    images = np.random.default_rng(0).integers(0, 256, (200, 16, 16, 3), np.uint8)
    large, small = pairs(np.kron(images, np.ones((1, 4, 4, 1), np.uint8)), 0, graph=True)
    expected = (large.reshape(200, 8, 4, 8, 4, 3).mean(axis=(2, 4)) + 1) * 127.5
    same = np.abs((small + 1) * 127.5 - expected).max(axis=(1, 2, 3)) < 0.51  # rounded
    # And of the others those that have no flaw and the same filter.
    assert 0.17 < same.mean() < 0.36


def test_about_half_are_mirrored_and_none_without_flip():
    faces = ImageDataset("smooth", smooth(), np.full((24, 2), -1, np.int32), DEFAULT, "smooth", [])

    def mirrored(flip):
        recipe = tiny("enlarger", image_size=64, crop_size=32, batch_size=24, flip=flip)
        crops = next(iter(pipeline.batches(faces, recipe, 3)))[0][0].numpy()
        return np.mean([crop[:, -1, 0].mean() > crop[:, 0, 0].mean() for crop in crops])

    assert mirrored(False) == 0 and 0.2 < mirrored(True) < 0.8


def test_a_crop_is_never_larger_than_its_picture():
    large, _ = pairs(np.full((3, 32, 32, 3), 200, np.uint8), 0)
    assert np.allclose(large, 200 / 127.5 - 1)
