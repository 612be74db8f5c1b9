"""The second stage, trained like any other recipe."""
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import call, random_faces, refuses, tiny, write_mlds

from anime_gan_tf import losses, networks, recipes
from anime_gan_tf.data import pipeline
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation import pairs
from anime_gan_tf.generation import enlarging
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.train_step import make_train_step

SMALL = ("--mode", "train", "--model", "enlarger", "--image_size", 32, "--width", 4, "--depth", 1,
         "--batch_size", 4, "--feature_loss", 0, "--warmup_share", 0,
         "--final_learning_rate_share", 1)
TINY = (*SMALL, "--crop_size", 32, "--run", "e")


def stripes(count=64, size=16):
    """Faces of no kind: hard-edged stripes at random places, which a blur cannot enlarge."""
    rng = np.random.default_rng(0)
    images = np.zeros((count, size, size, 3), np.uint8)
    for image in images:
        image[:, rng.integers(size):] = rng.integers(0, 256, 3)
        image[rng.integers(size):] //= 2
    tags = np.full((count, 2), -1, np.int32)
    return ImageDataset("stripes", images, tags, DEFAULT, "stripes", [])


@pytest.mark.parametrize("scale", [2, 4])
def test_it_enlarges_any_size(scale):
    generator = networks.build_generator(tiny("enlarger", scale=scale), DEFAULT)
    small = np.random.default_rng(0).integers(0, 256, (9, 6, 10, 3), np.uint8)
    large = enlarging.enlarge(generator, small)
    assert large.shape == (9, 6 * scale, 10 * scale, 3)
    # It begins as hardly more than a bilinear enlargement.
    bilinear = tf.image.resize(small, (6 * scale, 10 * scale), "bilinear")
    assert np.abs(large - bilinear.numpy()).mean() < 25


def test_it_learns_to_enlarge():
    recipe = tiny("enlarger", width=12, batch_size=8, adversarial_weight=0.0, learning_rate=5e-3,
                  final_learning_rate_share=1.0, scale=2)
    step, errors, bilinear = make_train_step(recipe, make_state(recipe, 0, DEFAULT)), [], []
    for _, (large, labels, given) in zip(range(120), pipeline.batches(stripes(), recipe, 0)):
        metrics = step(large, labels, given, tf.constant(0.5))
        errors.append(float(metrics["g_reconstruction"]))
        enlarged = tf.image.resize(given["small"][0], large.shape[2:4], "bilinear")
        bilinear.append(float(tf.reduce_mean(tf.abs(enlarged - large[0]))))
    assert np.mean(errors[-20:]) < 0.95 * np.mean(bilinear[-20:])


@pytest.mark.usefixtures("eager")
def test_the_adversarial_loss_begins_after_the_warmup():
    recipe = tiny("enlarger", warmup_share=0.25)
    batch = next(iter(pipeline.batches(random_faces(8), recipe, 0)))
    metrics = lambda progress: {name: float(value) for name, value in make_train_step(
        recipe, make_state(recipe, 0, DEFAULT))(*batch, tf.constant(progress)).items()}
    before, after = metrics(0.2), metrics(0.3)
    assert before["g_loss"] == pytest.approx(before["g_reconstruction"])
    assert after["g_loss"] == pytest.approx(after["g_reconstruction"]
                                            + recipe.adversarial_weight * after["g_adversarial"])


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("compute", ["float32", "bfloat16"])
def test_the_feature_loss_has_its_part_in_the_generators(compute):
    recipe = tiny("enlarger", warmup_share=0.0, feature_loss=0.2)
    batch = next(iter(pipeline.batches(random_faces(8), recipe, 0)))
    state = make_state(recipe, 0, DEFAULT, compute=compute)
    metrics = {name: float(value) for name, value in make_train_step(recipe, state)(
        *batch, tf.constant(0.5)).items()}
    assert metrics["g_features"] > 0
    assert metrics["g_loss"] == pytest.approx(
        metrics["g_reconstruction"] + 0.2 * metrics["g_features"]
        + recipe.adversarial_weight * metrics["g_adversarial"], rel=1e-4)


def test_losses_of_pairs():
    a, b = np.random.default_rng(0).normal(size=(2, 2, 4, 4, 3)).astype(np.float32)
    assert float(losses.reconstruction(a, b)) == pytest.approx(np.abs(a - b).mean(), rel=1e-5)
    expected = [np.abs(a - b).mean() / np.abs(a).mean(), np.abs(b - a).mean() / np.abs(b).mean()]
    assert float(losses.feature_loss([a, b], [b, a])) == pytest.approx(np.mean(expected), rel=1e-4)


def test_figures_of_pairs():
    true = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    same = pairs.compare(true, true)
    assert same["paired"] == 0 and same["sharpness"] == 1 and same["psnr"] > 100
    blurred = pairs.reduced(true, 4).repeat(4, axis=1).repeat(4, axis=2)
    worse = pairs.compare(blurred, true)
    error = np.mean((blurred.astype(float) - true) ** 2, axis=(1, 2, 3))
    assert worse["psnr"] == pytest.approx(np.mean(10 * np.log10(255 ** 2 / error)), rel=1e-4)
    assert worse["paired"] > 0.1 and worse["sharpness"] < 0.5


def test_a_run_resumes_bit_for_bit_and_is_no_face_generator(tmp_path, home):
    data = ("--data", home / "faces")
    whole = call(tmp_path, *TINY, *data, "--epochs", 0.2, "--eval_every", 0.016, "--save_every",
                 "0.001s")
    assert whole.returncode == 0, whole.stderr
    path = tmp_path / "checkpoints/e"
    figures = checkpoints.read_info(path / "best.npz")["figures"]
    assert figures.keys() == {"psnr", "paired", "kernel", "sharpness", recipes.ENLARGING_ERROR}
    shutil.copytree(path, tmp_path / "checkpoints/whole")
    (path / "previous.npz").replace(path / "state.npz")
    resumed = call(tmp_path, *TINY, *data, "--epochs", 0.2)
    assert resumed.returncode == 0 and "from step" in resumed.stdout, resumed.stderr
    with np.load(path / "state.npz") as a, np.load(tmp_path / "checkpoints/whole/state.npz") as b:
        assert all(np.array_equal(a[name], b[name]) for name in a.files if name != "seconds")
    done = call(tmp_path, "--mode", "infer", "--num", 1)
    assert done.returncode == 0 and "pretrained_rpgan" in done.stdout
    exported = call(tmp_path, "--mode", "export", "--run", "e", "--out", "x.npz")
    assert exported.returncode == 0 and "infer" not in exported.stdout
    face = ("--mode", "train", "--model", "rpgan", "--image_size", 16, "--width", 4, *data)
    refuses(call(tmp_path, *face, "--start_from", "e"), "--start_from", Fault.CONFLICT)
    refuses(call(tmp_path, *TINY, *data, "--eval_every", "nan"), "--eval_every", Fault.INVALID)
    for words in (("infer",), ("walk",), ("page",), ("export", "--format", "keras"),
                  ("project", *data), ("evaluate", *data)):
        refuses(call(tmp_path, "--mode", *words, "--run", "e"), "--run", Fault.CONFLICT)


@pytest.mark.usefixtures("eager")
def test_an_evaluation_good_enough_ends_a_run(tmp_path, home):
    done = call(tmp_path, *TINY, "--data", home / "faces", "--epochs", 2, "--eval_every", 0.016,
                "--until", 1e6)
    assert done.returncode == 0, done.stderr
    info = checkpoints.read_info(tmp_path / "checkpoints/e/best.npz")
    assert info["step"] == 4  # of 4 pictures each: the first evaluation
    again = call(tmp_path, *TINY, "--data", home / "faces", "--epochs", 2, "--until", 1e6)
    assert again.returncode == 0 and "infer" not in again.stdout
    # Crops of another size are a run of its own, with the same networks.
    other = call(tmp_path, *SMALL, "--data", home / "faces", "--epochs", 0.02, "--crop_size", 16,
                 "--run", "other", "--start_from", "e")
    assert other.returncode == 0, other.stderr


@pytest.mark.parametrize("words, flag", [
    (("--crop_size", 36), "--crop_size"), (("--crop_size", 64), "--crop_size"),
    (("--crop_size", 32, "--scale", 3), "--scale"),
    (("--crop_size", 32, "--latent_dim", 4), "--latent_dim")])
def test_sizes_that_do_not_go_together(tmp_path, mlds, words, flag):
    done = call(tmp_path, *SMALL, "--data", mlds, *words)
    assert done.returncode == 2 and done.error.subject == flag
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.usefixtures("eager")
def test_pictures_too_small_to_learn_from_are_left_out(tmp_path, mlds):
    words = [64 if word == 32 else word for word in TINY]
    refuses(call(tmp_path, *words, "--data", mlds), "--data", Fault.INVALID)
    mixed = shutil.copytree(mlds, tmp_path / "mixed")
    write_mlds(tmp_path / "large", 8, 64)
    for path in (tmp_path / "large/images").iterdir():
        path.rename(mixed / "images" / f"large_{path.name}")
    done = call(tmp_path, *words, "--data", mixed, "--epochs", 0.1)
    assert done.returncode == 0 and "left out: 24 (" in done.stdout, done.stderr


def test_until_is_about_its_own_error(tmp_path, mlds):
    refuses(call(tmp_path, *TINY, "--data", mlds, "--until", "faces"), "--until", Fault.INVALID)


def test_the_recipe_takes_a_page_to_run():
    """At most 4 G multiply-adds from 64 to 256 px, in each of two passes."""
    recipe = recipes.RECIPES["enlarger"]
    image = keras.Input((64, 64, 3))
    generator = networks.build_generator(recipe, DEFAULT)
    convolutions = [layer for layer in generator.layers if hasattr(layer, "kernel")]
    outputs = keras.Model(generator.input, [layer.output for layer in convolutions])([image])
    assert generator([image]).shape == (None, 256, 256, 3)
    assert sum(x.shape[1] * x.shape[2] * layer.kernel.shape.num_elements()
               for layer, x in zip(convolutions, outputs)) <= 4e9
