import io

import numpy as np
import pytest
from PIL import Image

from anime_gan_tf.data import deduplication, synthetic


@pytest.fixture(scope="module")
def faces():
    return np.stack([synthetic.face(i, 64)[0] for i in range(40)])


def recompressed(image, quality=90):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def test_different_faces_are_no_twins(faces):
    same, mirrored = deduplication.find(faces)
    assert len(same) == len(mirrored) == 0
    assert np.array_equal(deduplication.groups(faces), np.arange(40))


def test_copies_and_reflections_are_found_after_another_jpeg(faces):
    images = np.concatenate([faces,
                             [recompressed(faces[3]), recompressed(faces[5][:, ::-1]), faces[5]]])
    same, mirrored = deduplication.find(images)
    assert same.tolist() == [[3, 40], [5, 42]]
    assert mirrored.tolist() == [[5, 41]]
    assert deduplication.groups(images)[40:].tolist() == [3, 5, 5]


@pytest.mark.parametrize("count", [0, 1])
def test_few_faces_have_no_twins(faces, count):
    assert [pairs.shape for pairs in deduplication.find(faces[:count])] == [(0, 2), (0, 2)]
    assert deduplication.groups(faces[:count]).tolist() == [*range(count)]


def test_a_symmetric_face_is_not_its_own_twin():
    symmetric = np.full((1, 16, 16, 3), 200, np.uint8)
    assert [len(pairs) for pairs in deduplication.find(symmetric)] == [0, 0]


def test_drawn_lines_are_found_after_a_jpeg_of_quality_75(faces):
    images = np.concatenate([faces, [recompressed(face, 75) for face in faces]])
    assert (deduplication.groups(images) == np.tile(np.arange(40), 2)).mean() > 0.97


@pytest.mark.parametrize("contrast, base", [(0.01, 20), (0.02, 120), (0.06, 3), (0.06, 235),
                                            (0.1, 120)])
def test_pictures_of_little_contrast_are_distinguished(faces, contrast, base):
    images = (faces[:20] * contrast + base).astype(np.uint8)
    assert np.array_equal(deduplication.groups(images), np.arange(20))
    # And still found: copies, reflections, another brightness.
    twins = np.concatenate([images, images[:, :, ::-1], images + 1])[np.arange(60) % 20 < 10]
    assert np.array_equal(deduplication.groups(twins), np.tile(np.arange(10), 3))


def test_twins_equal_the_picture_that_stands_for_them():
    """Of a chain, in which each is like the next, the ends are no twins."""
    chain = np.stack([np.full((16, 16, 3), level, np.uint8) for level in range(100, 120)])
    group = deduplication.groups(chain)
    assert np.array_equal(group[group], group)
    assert np.abs(np.arange(20) - group).max() <= deduplication.TOLERANCE


def test_split_never_parts_twins_and_follows_its_seed(faces):
    images = np.concatenate([faces, faces[:, :, ::-1]])
    parts = deduplication.split(images, seed=1)
    assert sorted(np.concatenate(parts)) == list(range(80))
    # A tenth and a twentieth, in pairs.
    assert (len(parts.held_out), len(parts.validation)) == (8, 4)
    originals = [{i % 40 for i in part} for part in parts]
    assert sum(map(len, originals)) == 40
    assert np.array_equal(parts.held_out, deduplication.split(images, seed=1).held_out)
    assert not np.array_equal(parts.held_out, deduplication.split(images, seed=2).held_out)


def test_more_faces_than_one_chunk(monkeypatch, faces):
    monkeypatch.setattr(deduplication, "_CHUNK", 7)
    images = np.concatenate([faces, faces[::-1]])
    assert len(deduplication.find(images)[0]) == 40
