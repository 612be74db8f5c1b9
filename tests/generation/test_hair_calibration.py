"""The calibration of hair: of a generator that paints, and by --mode export."""
import keras
import numpy as np
import pytest
from conftest import call, refuses, tiny, write_run
from keras import layers, ops

from anime_gan_tf import runtime
from anime_gan_tf.data import hair_color
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import hair_calibration
from anime_gan_tf.labels import DEFAULT, Labels
from anime_gan_tf.networks import blocks, loading
from anime_gan_tf.storage import checkpoints

SKIN = np.float32((250, 222, 204)) / 127.5 - 1


def painter():
    """A Trained generator of 32 px that paints hair by the first three numbers of the embedding and
    a little noise, and eyes by the next three."""
    recipe = tiny("rpgan", image_size=32, latent_dim=4, embedding_dim=6)
    inputs, code = blocks.latent_inputs(recipe, DEFAULT)
    where = np.zeros((2, 32, 32, 1), np.float32)
    where[0, :26] = 1                    # hair
    where[0, 13:, 8:24] = 0
    where[1, 15:18, 10:14] = 1           # one eye
    color = lambda first: ops.tanh(8 * code[:, None, None, first:first + 3]
                                   + 0.05 * code[:, None, None, :3])
    hair, eye = where
    image = color(4) * hair + color(7) * eye + SKIN * (1 - hair - eye)
    generator = keras.Model(inputs, layers.Activation("linear")(image))
    return loading.Trained(generator, recipe, {
        "run": "painter", "axes": DEFAULT.to_json(), "table": np.ones(DEFAULT.sizes).tolist()})


def test_the_difference_of_colors_is_that_of_the_rule():
    rgb = np.random.default_rng(0).integers(0, 256, (50, 3), dtype=np.uint8)
    assert hair_calibration.cielab(rgb / np.float32(255)).numpy() == pytest.approx(
        hair_color.cielab(rgb), abs=0.1)


@pytest.fixture
def short(monkeypatch):
    for name, value in (("STEPS", 100), ("BATCH", 24), ("MEASURED", 120)):
        monkeypatch.setattr(hair_calibration, name, value)


@pytest.mark.graph
def test_hair_gets_the_color_of_its_name_and_nothing_else_moves(short):
    trained = painter()
    kernel = blocks.embedding_of(trained.generator)
    kernel.assign(np.random.default_rng(0).normal(0, 0.03, kernel.shape))
    old = kernel.numpy()
    before, after = hair_calibration.calibrate(trained, 0)
    assert before < 0.1 and after > 0.7
    hair, eyes = DEFAULT.sizes
    assert (kernel.numpy()[hair:] == old[hair:]).all()
    assert np.abs(kernel.numpy() - old)[:hair].max(axis=1).min() > 0
    assert np.abs(kernel.numpy() - old)[:hair, 3:].mean() < 0.05  # the color of the eyes


@pytest.mark.parametrize("recipe, labels", [
    (tiny("rpgan"), Labels({"mood": ("glad", "sad")})), (tiny("dcgan"), DEFAULT),
    (tiny("rpgan", embedding_dim=0), DEFAULT)])
def test_what_has_no_hair_to_name_is_refused_at_once(tmp_path, monkeypatch, recipe, labels):
    monkeypatch.setattr(runtime, "load", lambda: pytest.fail("TensorFlow is loaded first"))
    checkpoints.export_generator(tmp_path / "checkpoints/painter/generator.npz", recipe, [], {
        "run": "painter", "model": "rpgan", "kimg": 1.0, "data": "drawn", "faces": 1,
        "axes": labels.to_json(),
        "table": np.ones(labels.sizes).tolist() if recipe.conditional else None})
    refuses(call(tmp_path, "--mode", "export", "--run", "painter", "--hair_by_pixels"), "painter",
            Fault.CONFLICT)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]


def test_an_export_has_another_embedding_and_says_so(tmp_path, short, monkeypatch):
    """Beside a scale, whose tags are floats."""
    for name, value in (("STEPS", 2), ("BATCH", 4), ("MEASURED", 12)):
        monkeypatch.setattr(hair_calibration, name, value)
    labels = Labels({"smile": ("0", "0.5", "1"), "hair": ("dyed", "pink", "green")})
    recipe, generator = write_run(tmp_path, labels=labels)
    path = tmp_path / "checkpoints/r/generator.npz"
    checkpoints.export_generator(path, recipe, generator.get_weights(), checkpoints.read_info(
        path) | {"figures": {"frechet": 30.0}})
    export = lambda *words: call(tmp_path, "--mode", "export", "--run", "r", "--out", *words)
    assert export("plain.npz").returncode == export("named.npz", "--hair_by_pixels").returncode == 0
    plain, named = (checkpoints.weights(tmp_path / f"{name}.npz") for name in ("plain", "named"))
    moved, = [(a != b).any(axis=1) for a, b in zip(plain, named) if (a != b).any()]
    assert moved.tolist() == [False] * 4 + [True] * 2
    plain, named = (checkpoints.read_info(tmp_path / f"{name}.npz") for name in ("plain", "named"))
    assert named["hair_by_pixels"] is True
    # Metrics are those of the faces that were drawn before.
    assert plain["figures"] == {"frechet": 30.0} and "figures" not in named
    draw = lambda *words: call(tmp_path, "--mode", "infer", *words)
    assert draw("--run", "named.npz", "--num", 1, "--out", "face.png").returncode == 0
    for run, is_noted in (((), True), (("--run", "named.npz"), False)):
        done = draw("--latent", "face.png", *run)
        assert done.returncode == 0 and ("note: face.png" in done.stdout) == is_noted
    assert export("named.npz", "--hair_by_pixels").returncode == 0  # the same file again
    assert "replaced" in export("named.npz").stdout  # which is another command's
    refuses(export("named.onnx", "--hair_by_pixels", "--format", "onnx"), "--hair_by_pixels",
            Fault.CONFLICT)
