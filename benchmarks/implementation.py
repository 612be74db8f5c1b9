"""Measures this program's train step in the process that imports this module."""
import tensorflow as tf

from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.training import memory
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.train_step import make_train_step
from benchmarks.measure import calls_a_second, Measured, MIB, peak

BARE = peak()  # with TensorFlow loaded and nothing built


def measure(recipe, seconds, compute):
    """measure.Measured of the step, on one batch of noise for images."""
    tf.config.experimental.enable_op_determinism()  # as in a training
    state = make_state(recipe, 0, DEFAULT, compute=compute)
    step = make_train_step(recipe, state, DEFAULT.uniform_distribution())
    shape = (recipe.n_critic, recipe.batch_size, recipe.image_size, recipe.image_size, 3)
    images = tf.random.uniform(shape, -1, 1)
    tags = tf.zeros(shape[:2] + (len(DEFAULT.axes),), tf.int32)
    run = lambda: float(step(images, tags, {}, tf.constant(0.0))["g_loss"])
    rate = calls_a_second(run, seconds)
    return Measured(rate * recipe.n_critic * recipe.batch_size, peak() - BARE, BARE,
                    memory.min_step_bytes(recipe, DEFAULT, compute) / MIB)
