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
from conftest import scramble, tiny

from anime_gan_tf.attributes import even_table
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.step import make_draw, make_train_step

JAX = os.environ.get("JAX_PYTHON", sys.executable)
WORKER = pathlib.Path(__file__).with_name("jax_worker.py")
STEPS = 2
pytestmark = [pytest.mark.usefixtures("eager"), pytest.mark.skipif(
    JAX == sys.executable and importlib.util.find_spec("jax") is None, reason="no JAX: pip install jax")]


@pytest.mark.parametrize("perceptual,penalty_every", [(0.0, 2), (1.0, 1)])
def test_steps_are_those_of_tensorflow(perceptual, penalty_every, tmp_path):
    recipe = tiny("rpgan", penalty_every=penalty_every, ema_share=0.5, perceptual=perceptual,
                  image_size=32 if perceptual else 16)
    state = make_state(recipe, 0)
    state.rng.reset_from_seed(0)
    scramble(state.generator)
    if not perceptual:  # the frozen part has no weights to scramble, but for a mean and a deviation
        scramble(state.discriminator)
    state.ema_generator.set_weights(state.generator.get_weights())
    checkpoints.save_state(tmp_path / "before.npz", state)
    draw = make_draw(recipe, state.rng, even_table())
    noises = [draw() for _ in range(STEPS)]
    state.rng.reset_from_seed(0)  # the step draws the same
    shape = (STEPS, recipe.batch_size, recipe.image_size, recipe.image_size, 3)
    given = {name: np.stack([noise[name][0] for noise in noises]) for name in noises[0]} | {
        "images": np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32),
        "rate": np.float32(recipe.learning_rate), "gamma": np.float32(recipe.r1_r2)}
    np.savez(tmp_path / "inputs.npz", **given)
    (tmp_path / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    worker = subprocess.run(
        [JAX, WORKER, "recipe.json", "before.npz", "inputs.npz", "after.npz"],
        cwd=tmp_path, env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}, check=True, timeout=300,
        capture_output=True, text=True)

    step = make_train_step(recipe, state, even_table())
    for images, tags in zip(given["images"], given["tags"]):
        metrics = step(tf.constant(images[None]), tf.constant(tags[None]), tf.constant(0.0))
    before, theirs = np.load(tmp_path / "before.npz"), np.load(tmp_path / "after.npz")
    for name, variable in state.variables().items():
        if name not in ("rng", "d_optimizer/001", "g_optimizer/001"):  # the noise was given; the rates are set later
            change = np.asarray(variable) - before[name]
            # By their norms: Adam makes a step of full length from a gradient that is nearly zero.
            assert np.linalg.norm(theirs[name] - before[name] - change) <= 1e-3 * np.linalg.norm(change), name
    for name, value in json.loads(worker.stdout.splitlines()[-1]).items():
        assert value == pytest.approx(float(metrics[name]), rel=1e-3), name
