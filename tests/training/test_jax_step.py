import dataclasses
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from conftest import refused, ROOT, run, scramble, tiny, write_mlds

from anime_gan_tf.attributes import even_table
from anime_gan_tf.networks import perceptual
from anime_gan_tf.storage import checkpoints, npz
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.step import make_draw, make_train_step

WORKER = pathlib.Path(__file__).with_name("jax_worker.py")
STEPS = 2
# Compiling is most of the time, and level 0 does least of it.
ENVIRONMENT = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
pytestmark = [pytest.mark.usefixtures("eager"), pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="no JAX: pip install jax")]


def test_steps_are_those_of_tensorflow(tmp_path):
    recipe = tiny("rpgan", perceptual=1.0, image_size=32, penalty_every=1, ema_share=0.5)
    state = make_state(recipe, 0)
    scramble(state.generator)
    rng = np.random.default_rng(0)
    for weight in state.discriminator.trainable_variables:
        # Where a bias and all before it is zero, one takes the left slope of LeakyReLU and the
        # other the right one.
        weight.assign_add(0.02 * rng.standard_normal(weight.shape))
    perceptual.fit(state.discriminator, [rng.uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)])
    state.ema_generator.set_weights(state.generator.get_weights())
    checkpoints.save_state(tmp_path / "before.npz", state)
    draw = make_draw(recipe, state.rng, even_table())
    noises = [draw() for _ in range(STEPS)]
    state.rng.reset_from_seed(0)  # the step draws the same
    shape = (STEPS, recipe.batch_size, recipe.image_size, recipe.image_size, 3)
    given = {name: np.stack([noise[name][0] for noise in noises]) for name in noises[0]} | {
        "images": rng.uniform(-1, 1, shape).astype(np.float32),
        "rate": np.float32(recipe.learning_rate), "gamma": np.float32(recipe.r1_r2)}
    np.savez(tmp_path / "inputs.npz", **given)
    (tmp_path / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    worker = subprocess.run(
        [sys.executable, WORKER, "recipe.json", "before.npz", "inputs.npz", "after.npz"],
        cwd=tmp_path, env=os.environ | ENVIRONMENT | {"KERAS_BACKEND": "jax"}, check=True,
        timeout=300, capture_output=True, text=True)

    step = make_train_step(recipe, state, even_table())
    for images, tags in zip(given["images"], given["tags"]):
        metrics = step(tf.constant(images[None]), tf.constant(tags[None]), tf.constant(0.0))
    before, theirs = np.load(tmp_path / "before.npz"), np.load(tmp_path / "after.npz")
    for name, variable in state.variables().items():
        # The noise was given; the rates are set later.
        if name not in ("rng", "d_optimizer/001", "g_optimizer/001"):
            change = np.asarray(variable) - before[name]
            error = np.linalg.norm(theirs[name] - before[name] - change) / (np.linalg.norm(change)
                                                                            or 1)
            # Adam's moments are gradients. Of one that is nearly zero it makes a step of full
            # length, either way.
            assert error < (1e-4 if "optimizer" in name else 0.05), name
    for name, value in json.loads(worker.stdout.splitlines()[-1]).items():
        assert value == pytest.approx(float(metrics[name]), rel=1e-3), name


TINY = ("--mode", "train", "--backend", "jax", "--model", "rpgan", "--image_size", 16, "--width", 4,
        "--batch_size", 4, "--perceptual", 0, "--penalty_every", 1)


# In one process: a second one would start and compile everything again.
TRAININGS = """
import sys, conftest
for name, epochs in (("parts", 0.5), ("parts", 1.0), ("whole", 1.0)):
    done = conftest.call(".", *sys.argv[1:], "--run", name, "--epochs", epochs)
    assert done.returncode == 0, done.stderr
"""


def test_a_resumed_run_equals_one_that_was_never_stopped(tmp_path):
    write_mlds(tmp_path / "faces")  # 21 of them to train on
    # Every schedule constant: another length of the run would be another run.
    words = map(str, (*TINY, "--data", "faces", "--learning_rate_end", 1, "--r1_r2_end", 1))
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "cache"),
             "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    subprocess.run([sys.executable, "-c", TRAININGS, *words], cwd=tmp_path, check=True, timeout=300,
                   env=os.environ | ENVIRONMENT | cache
                   | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT / "tests")})
    parts, whole = (npz.read_arrays(tmp_path / "checkpoints" / name / "state.npz")
                    for name in ("parts", "whole"))
    assert int(whole["step"]) == 5
    for name in parts:
        assert name == "seconds" or (parts[name] == whole[name]).all(), name
    # TensorFlow goes on from there.
    state = make_state(checkpoints.Recipe(**checkpoints.read_info(
        tmp_path / "checkpoints/whole/generator.npz")["recipe"]), 0)
    checkpoints.load_state(tmp_path / "checkpoints/whole/state.npz", state)
    assert int(state.step) == 5


def test_what_jax_cannot_train_is_refused(tmp_path):
    refused(run(tmp_path, "--mode", "train", "--backend", "jax", "--model", "wgan"), "--backend",
            "n_critic 5")
    refused(run(tmp_path, *TINY, "--eval_every", 1), "--backend", "--eval_every")
    refused(run(tmp_path, *TINY, "--backend", "torch"), "--backend", "tensorflow, jax")
