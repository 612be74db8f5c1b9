"""Measures this program's train step in the process that imports this module."""
import math

import tensorflow as tf

from anime_gan_tf.labels import DEFAULT
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
                    min_step_bytes(recipe, state) / MIB)


def min_step_bytes(recipe, state):
    """The least number of bytes of a step in float32.

    The weights of both networks and the moving average; the gradients and optimizer variables; the
    images of n_critic batches; and the activations that backpropagation needs in the larger of both
    updates: those of the discriminator for reals and fakes, or of both networks for fakes.
    """
    count = lambda variables: sum(math.prod(variable.shape) for variable in variables)
    weights = sum(count(network.weights)
                  for network in (state.generator, state.discriminator, state.ema_generator))
    gradients = sum(count(network.trainable_weights)
                    for network in (state.generator, state.discriminator))
    moments = sum(count(optimizer.variables)
                  for optimizer in (state.g_optimizer, state.d_optimizer))
    outputs = {name: recipe.batch_size * _outputs(network)
               for name, network in (("G", state.generator), ("D", state.discriminator))}
    images = recipe.n_critic * recipe.batch_size * recipe.image_size ** 2 * 3
    return 4 * (weights + gradients + moments + images
                + max(2 * outputs["D"], outputs["G"] + outputs["D"]))


def _outputs(network):
    """The number of activations of a network for one image, without views of others."""
    views = ("Reshape", "Flatten", "InputLayer", "Concatenate", "GetItem", "Identity")
    return sum(math.prod(operation.output.shape[1:]) for operation in network.operations
               if type(operation).__name__ not in views)
