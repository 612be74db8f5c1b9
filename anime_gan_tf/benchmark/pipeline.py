"""Is the pipeline ever what training waits for?"""
import tensorflow as tf

from anime_gan_tf.benchmark.measure import calls_a_second
from anime_gan_tf.data import pipeline
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.train_step import make_train_step

SECONDS = 10


def pipeline_against_step(model, recipe, faces, compute="float32"):
    """Prints images/s of the input pipeline alone, of the train step alone, and their ratio."""
    per_step = recipe.batch_size * recipe.n_critic
    batches = iter(pipeline.batches(faces, recipe, seed=0))
    feeding = calls_a_second(lambda: next(batches), SECONDS) * per_step

    table = faces.labels.joint_table(faces.tags)
    step = make_train_step(recipe, make_state(recipe, 0, faces.labels, compute=compute),
                           faces.labels.even_table() if table is None else table)
    batch = next(batches)
    run = lambda: float(step(*batch, tf.constant(0.0))["g_loss"])
    training = calls_a_second(run, SECONDS) * per_step
    print(f"{model} {recipe.image_size} px, width {recipe.width}, batch {recipe.batch_size} x "
          f"{recipe.n_critic}, {compute}: pipeline {feeding:,.0f} images/s, step {training:,.0f} "
          f"images/s, ratio {feeding / training:.1f}")
