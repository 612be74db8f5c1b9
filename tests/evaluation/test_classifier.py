import numpy as np
import pytest
from conftest import random_faces, refusal

from anime_gan_tf.data import synthetic
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation import classifier
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage import npz


def drawn_faces(count):
    images, tags = zip(*(synthetic.face(i, 64) for i in range(count)))
    return ImageDataset("drawn", np.stack(images), np.array(tags, np.int32), DEFAULT, "", [])


def test_the_bundled_one_is_small_and_as_good_as_it_says():
    assert classifier.PRETRAINED.stat().st_size <= 2_000_000
    held_out = classifier.bundled().info["held_out"]
    assert held_out["hair"] >= 0.95 and held_out["eyes"] >= 0.92 and held_out["both"] >= 0.89
    assert held_out["faces"] >= 1000


def test_the_bundled_one_recognises_drawn_hair_it_never_saw():
    faces = drawn_faces(150)
    seen = classifier.bundled().predict(faces.images)
    assert seen["features"].shape == (150, 256)
    assert (np.allclose(seen["hair"].sum(axis=1), 1, atol=1e-5)
            and np.allclose(seen["eyes"].sum(axis=1), 1, atol=1e-5))
    # Twelve colors, drawn in another style than that of the faces it learned from: chance is 1/12.
    assert (seen["hair"].argmax(axis=1) == faces.tags[:, 0]).mean() > 0.4


def test_other_sizes_are_resampled():
    faces = drawn_faces(20).images
    predictor = classifier.bundled()
    large = faces.repeat(2, axis=1).repeat(2, axis=2)
    a, b = predictor.predict(faces)["features"], predictor.predict(large)["features"]
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9


@pytest.mark.usefixtures("eager")  # of a few steps tracing is most
def test_training_writes_what_load_reads(tmp_path):
    faces = drawn_faces(60)
    accuracy = classifier.train(faces, tmp_path / "c.npz", epochs=1, seed=0)
    loaded = classifier.load(tmp_path / "c.npz")
    assert (accuracy["faces"] == 6 and loaded.info["held_out"] == accuracy
            and loaded.info["faces"] == 51)
    again = classifier.train(faces, tmp_path / "d.npz", epochs=1, seed=0)
    assert again == accuracy
    a, b = (classifier.load(tmp_path / name).model.get_weights() for name in ("c.npz", "d.npz"))
    assert all(np.array_equal(x, y) for x, y in zip(a, b))


def test_untagged_faces_and_foreign_files_are_refused(tmp_path):
    faces = random_faces(30, size=64)
    faces.tags[:] = -1
    with refusal("--data", Fault.TOO_FEW):
        classifier.train(faces, tmp_path / "c.npz", 1, 0)
    np.savez(tmp_path / "x.npz", a=np.zeros(3))
    for name, fault in (("x.npz", Fault.UNREADABLE), ("none.npz", Fault.MISSING)):
        with refusal(tmp_path / name, fault):
            classifier.load(tmp_path / name)


@pytest.mark.parametrize("arrays", [
    {"info": npz.packed({"axes": ["hair", "hair"]})}, {"info": npz.packed({"axes": "hair"})},
    {"info": npz.packed({"axes": []})}, {"info": npz.packed({"axes": ["nose"]})},
    {"centre": np.zeros(3)}, {"scale": np.zeros(256)}, {"scale": np.full(256, np.nan)},
    {"weight_000": np.full((3, 3, 3, 24), np.inf)}, {"weight_000": np.zeros(5)},
    {"weight_000": np.zeros((3, 3, 3, 24), int)}])
def test_a_classifier_of_impossible_values_is_refused(tmp_path, arrays):
    npz.write_arrays(tmp_path / "c.npz", npz.read_arrays(classifier.PRETRAINED) | arrays)
    with refusal(tmp_path / "c.npz", Fault.UNREADABLE):
        classifier.load(tmp_path / "c.npz")
