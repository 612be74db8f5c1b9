"""Exports for other programs: a generator of Keras's own layers, and ONNX."""
import keras
import numpy as np
import pytest
from conftest import call, GENERATORS, refusal, refuses, scramble, tiny, write_run

from anime_gan_tf import networks
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import sampling
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import operations, standard


def inputs(recipe, count=8):
    rng = np.random.default_rng(0)
    z = rng.standard_normal((count, recipe.latent_dim)).astype(np.float32)
    code = rng.random((count, sum(DEFAULT.sizes))).astype(np.float32)
    return [z, code] if recipe.conditional else [z]


def generator(recipe):
    return scramble(networks.build_generator(recipe, DEFAULT))


@pytest.mark.parametrize("model", GENERATORS)
def test_every_generator_is_the_same_in_keras_own_layers(model):
    recipe = tiny(model)
    original = generator(recipe)
    exported = standard.standard(original)
    assert all(type(layer).__module__.startswith("keras.") for layer in exported.layers)
    given = inputs(recipe)
    expected = np.asarray(sampling.from_one_hot(original)(given, training=False))
    assert expected.std() > 0.01
    np.testing.assert_allclose(exported(given), expected, atol=1e-5)


def test_a_dcgan_with_a_stride_of_three_is_the_same():
    recipe = tiny("dcgan", image_size=48)
    original = generator(recipe)
    np.testing.assert_allclose(standard.standard(original)(inputs(recipe)),
                               original(inputs(recipe)), atol=1e-5)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_enlargements_are_the_same_in_keras_own_layers(interpolation):
    z = keras.Input((12,), name="z")
    x = keras.layers.Reshape((2, 2, 3))(keras.layers.Dense(12)(z))
    original = keras.Model(z, keras.layers.UpSampling2D(4, interpolation=interpolation)(x))
    given = np.random.default_rng(0).standard_normal((3, 12)).astype(np.float32)
    np.testing.assert_allclose(standard.standard(original)([given]), original(given), atol=1e-6)


@pytest.fixture
def exported_run(tmp_path):
    """A folder with a run `r` of rpgan, and its recipe and generator."""
    return tmp_path, *write_run(tmp_path)


def test_a_keras_file_loads_in_safe_mode(exported_run):
    folder, recipe, model = exported_run
    done = call(folder, "--mode", "export", "--run", "r", "--format", "keras")
    assert done.returncode == 0 and "r.keras" in done.stdout, done.stderr
    loaded = keras.saving.load_model(folder / "r.keras", safe_mode=True)
    assert [tensor.name for tensor in loaded.inputs] == ["z", "code"]
    np.testing.assert_allclose(loaded(inputs(recipe)),
                               sampling.from_one_hot(model)(inputs(recipe)), atol=1e-5)


def test_an_onnx_file_runs_in_onnxruntime(exported_run):
    for name in ("tf2onnx", "onnx"):
        pytest.importorskip(name, reason=f"no {name}")
    runtime = pytest.importorskip("onnxruntime", reason="no onnxruntime")
    folder, recipe, model = exported_run
    done = call(folder, "--mode", "export", "--run", "r", "--format", "onnx")
    assert done.returncode == 0, done.stderr
    session = runtime.InferenceSession(folder / "r.onnx")
    images, = session.run(None, dict(zip(["z", "code"], inputs(recipe))))
    np.testing.assert_allclose(images, sampling.from_one_hot(model)(inputs(recipe)), atol=1e-5)


def test_a_missing_package_and_a_wrong_flag_are_named(exported_run, monkeypatch):
    folder, _, _ = exported_run
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = call(folder, "--mode", "export", "--run", "r", "--format", "onnx")
    refuses(done, "--format", Fault.UNAVAILABLE)
    assert "tf2onnx onnx" in done.stderr
    done = call(folder, "--mode", "export", "--run", "r", "--format", "keras", "--latent_std", 1.1)
    refuses(done, "--latent_std", Fault.CONFLICT)


def test_an_unknown_layer_is_named():
    z = keras.Input((4,), name="z")
    x = keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4)(z))
    with refusal("layer noisy", Fault.INVALID):
        operations.listed(keras.Model(z, keras.layers.GaussianNoise(1.0, name="noisy")(x)))
    with refusal("activation selu", Fault.INVALID):
        operations.listed(keras.Model(z, keras.layers.Dense(3, activation="selu")(z)))
    with refusal("layer wide", Fault.INVALID):
        wide = keras.layers.UpSampling2D(2, interpolation="bicubic", name="wide")
        operations.listed(keras.Model(z, wide(x)))
    with refusal("layer even", Fault.INVALID):
        operations.listed(keras.Model(z, keras.layers.Conv2D(3, 2, name="even")(x)))
