"""--mode benchmark: is the pipeline ever what training waits for?"""
import time

import numpy as np
import tensorflow as tf

from anime_gan_tf import attributes
from anime_gan_tf.data import pipeline
from anime_gan_tf.step import make_state, make_train_step

SECONDS = 10


def pipeline_against_step(model, recipe, faces):
    """Prints images/s of the input pipeline alone, of the train step alone, and their ratio."""
    per_step = recipe.batch_size * recipe.n_critic
    batches = iter(pipeline.batches(faces, recipe, seed=0))
    batch = next(batches)
    feeding = _rate(lambda: next(batches)) * per_step

    table = attributes.joint_table(faces.tags)
    step = make_train_step(recipe, make_state(recipe, 0),
                           np.full((12, 11), 1 / 132) if table is None else table)
    run = lambda: float(step(*batch, tf.constant(0.0))["g_loss"])
    run()  # compiles
    training = _rate(run) * per_step
    print(f"{model} {recipe.image_size} px, width {recipe.width}, batch {recipe.batch_size} x "
          f"{recipe.n_critic}: pipeline {feeding:,.0f} images/s, step {training:,.0f} images/s, "
          f"ratio {feeding / training:.1f}")


def _rate(work):
    """Calls a second, over SECONDS."""
    count, start = 0, time.monotonic()
    while (spent := time.monotonic() - start) < SECONDS:
        work()
        count += 1
    return count / spent
