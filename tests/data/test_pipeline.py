import numpy as np
import pytest
import tensorflow as tf
from conftest import random_faces, tiny

from anime_gan_tf.data import order, pipeline
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.labels import DEFAULT, UNKNOWN


def take(faces, recipe, count, seed=0, start=0):
    return [(images.numpy(), tags.numpy())
            for _, (images, tags, _) in zip(range(count),
                                            pipeline.batches(faces, recipe, seed, start))]


def same(a, b):
    return np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])


AUGMENTED = tiny("acgan", n_critic=2, rotation=15.0)
PLAIN = tiny("acgan", n_critic=2, flip=False, rotation=0.0)


def test_order_and_augmentation_follow_from_seed_and_step():
    faces = random_faces(20)
    once, again, other = (take(faces, AUGMENTED, 6, seed) for seed in (1, 1, 2))
    assert all(map(same, once, again))
    assert not any(map(same, once, other))
    assert all(map(same, once[4:], take(faces, AUGMENTED, 2, seed=1, start=4)))  # a resumed run


def test_every_face_comes_once_a_pass_with_its_tags_in_a_new_order():
    faces = random_faces(24)  # 8 a step: 3 steps a pass
    batches = take(faces, PLAIN, 6)
    images = np.concatenate([b[0].reshape(-1, 16, 16, 3) for b in batches])
    tags = np.concatenate([b[1].reshape(-1, 2) for b in batches])
    pixels = np.rint((images + 1) * 127.5).astype(np.uint8)
    found = [next(i for i, face in enumerate(faces.images) if np.array_equal(face, p))
             for p in pixels]
    assert sorted(found[:24]) == sorted(found[24:]) == list(range(24))
    assert found[:24] != found[24:]
    assert np.array_equal(tags, faces.tags[found])


def test_balance_shows_rare_labels_more_often():
    """17 blue, 4 aqua and a face of eyes alone: at 1 each a third of a pass, by the square root of
    their numbers 4.1 : 2 : 1; no face more than once more than another of its labels. The labels of
    fakes have the same distribution."""
    faces = random_faces(22)
    faces.tags[:] = [(3, 1)] * 17 + [(0, 6)] * 4 + [(UNKNOWN, 6)]
    for balance, shares in ((1.0, np.full(3, 1 / 3)), (0.5, np.sqrt([17, 4, 1]) / (3 + 17 ** 0.5))):
        weights = DEFAULT.balancing_weights(faces.tags, balance)
        passes = order.by_step(np.arange(22), 22, 0, weights)
        for epoch in range(5):
            counts = np.bincount(passes(epoch), minlength=22)
            expected = 22 * np.repeat(shares / (17, 4, 1), (17, 4, 1))
            assert (np.abs(counts - expected) < 1).all() and counts.sum() == 22
        assert not np.array_equal(passes(0), passes(1))
        table = DEFAULT.joint_distribution(faces.tags, weights)
        hair = shares[:2] / shares[:2].sum()  # of known hair, whose shares the last face has
        assert [table[3, 1], table[0, 6], table[3, 6]] == pytest.approx(
            [shares[0], shares[1] + shares[2] * hair[1], shares[2] * hair[0]])
    recipe = tiny("acgan", n_critic=1, batch_size=11, balance=1.0)
    tags = np.concatenate([tags[0] for _, tags in take(faces, recipe, 60)])
    assert (tags[:, 0] == 3).mean() == pytest.approx(1 / 3, abs=0.05)


def test_shapes_and_range():
    images, tags = take(random_faces(5), AUGMENTED, 1)[0]  # fewer faces than a batch
    assert images.shape == (2, 4, 16, 16, 3) and images.dtype == np.float32
    assert tags.shape == (2, 4, 2) and tags.dtype == np.int32
    assert images.min() >= -1 and images.max() <= 1


def test_flip_mirrors_about_half():
    images = np.random.default_rng(0).uniform(-1, 1, (400, 8, 8, 3)).astype(np.float32)
    flipped = pipeline.augment(tf.constant(images), {"flip": True},
                               tf.constant([0, 0], tf.int64)).numpy()
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, images)]
    assert all(m or np.array_equal(a, b) for m, a, b in zip(mirrored, flipped, images))
    assert 150 < sum(mirrored) < 250


def test_rotation_leaves_no_black_corners():
    white = tf.ones((50, 32, 32, 3))
    rotated = pipeline.augment(white, {"rotation": 15.0}, tf.constant([0, 1], tf.int64)).numpy()
    assert np.allclose(rotated, 1.0, atol=1e-5)


def test_rotation_turns_about_the_middle_within_the_limit():
    images = np.full((300, 65, 65, 3), -1, np.float32)
    images[:, 31:34, 52:55] = 1  # a dot 21 pixels to the right of the middle
    rotated = pipeline.augment(tf.constant(images), {"rotation": 15.0},
                               tf.constant([3, 4], tf.int64)).numpy()
    weight = rotated[..., 0] + 1
    y, x = (np.sum(weight * axis, axis=(1, 2)) / weight.sum(axis=(1, 2)) - 32
            for axis in np.mgrid[:65, :65])
    angle, radius = np.degrees(np.arctan2(y, x)), np.hypot(x, y)
    assert np.abs(radius - 21).max() < 0.3
    assert np.abs(angle).max() < 15.2 and angle.max() > 13 and angle.min() < -13
    assert abs(angle.mean()) < 1.5


def test_faces_on_disk_feed_the_same_batches(tmp_path):
    faces = random_faces(20)
    mapped = np.memmap(tmp_path / "x", np.uint8, "w+", shape=faces.images.shape)
    mapped[:] = faces.images
    on_disk = ImageDataset("disk", mapped, faces.tags, DEFAULT, "", [])
    assert all(map(same, take(faces, AUGMENTED, 3), take(on_disk, AUGMENTED, 3)))
