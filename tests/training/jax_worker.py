"""Advances the JAX step on given weights and noise, for test_jax_step.py. Keras has one backend in
a process.

Usage: KERAS_BACKEND=jax python jax_worker.py RECIPE.json STATE.npz INPUTS.npz NEW_STATE.npz
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from anime_gan_tf.attributes import even_table
from anime_gan_tf.recipes import Recipe
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.training.jax_step import JaxStep
from anime_gan_tf.training.state import make_state


def main(recipe, before, given, after):
    recipe, given = Recipe(**json.loads(pathlib.Path(recipe).read_text())), dict(np.load(given))
    state = make_state(recipe, 0)
    checkpoints.load_state(before, state)
    step = JaxStep(recipe, state, 0, even_table())
    step.read()
    update = jax.jit(step.update, static_argnums=6)
    for i, images in enumerate(given["images"]):
        noise = {name: given[name][i] for name in ("z", "shift", "mix", "tags")}
        step.values, metrics = update(step.values, images, noise["tags"], noise, given["rate"],
                                      given["gamma"], (i + 1) % recipe.penalty_every == 0)
    step.write_back()
    checkpoints.save_state(after, state)
    print(json.dumps({name: float(value) for name, value in metrics.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
