"""One measurement of a train step, in a process of its own: its speed and what it holds in memory."""
import concurrent.futures
import math
import multiprocessing
import pathlib
import re
import time
from typing import NamedTuple

MIB = 2 ** 20


class Measured(NamedTuple):
    """rate: images/s; peak: MiB that the process held at most beyond `bare`; bare: MiB with the framework
    loaded and nothing built; held: MiB that a step must hold (see must_hold), 0 for PyTorch."""
    rate: float
    peak: float
    bare: float
    held: float


def ours(recipe, seconds, compute="float32"):
    """Measures this program's step on one batch of noise for images, in a number format of precision.py."""
    return _alone(_ours, recipe, seconds, compute)


def pytorch(recipe, seconds, compute="float32"):
    """Measures its twin in PyTorch, under PyTorch's autocast where the format is bfloat16."""
    return _alone(_pytorch, recipe, seconds, compute)


def _alone(work, *arguments):
    # A fresh process: the two frameworks' threads stay apart, and the peak is this measurement's own.
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _ours(recipe, seconds, compute):
    from anime_gan_tf import tensorflow_quietly
    tensorflow_quietly.load()
    import tensorflow as tf

    from anime_gan_tf import attributes
    from anime_gan_tf.step import make_state, make_train_step
    bare = _peak()
    tf.config.experimental.enable_op_determinism()  # as in a training
    state = make_state(recipe, 0, compute=compute)
    step = make_train_step(recipe, state, attributes.even_table())
    shape = (recipe.n_critic, recipe.batch_size, recipe.image_size, recipe.image_size, 3)
    images, tags = tf.random.uniform(shape, -1, 1), tf.zeros(shape[:2] + (2,), tf.int32)
    rate = calls_a_second(lambda: float(step(images, tags, tf.constant(0.0))["g_loss"]), seconds)
    return Measured(rate * recipe.n_critic * recipe.batch_size, _peak() - bare, bare, must_hold(recipe, state) / MIB)


def _pytorch(recipe, seconds, compute):
    import os

    import torch

    from anime_gan_tf.benchmark import torch_twin
    bare = _peak()
    torch.set_num_threads(len(os.sched_getaffinity(0)))  # of the cores that TensorFlow uses as well
    step = torch_twin.make_step(recipe)
    with torch.autocast("cpu", torch.bfloat16, enabled=compute == "bfloat16"):
        rate = calls_a_second(step, seconds)
    return Measured(rate * recipe.n_critic * recipe.batch_size, _peak() - bare, bare, 0.0)


def _peak():
    """MiB that this process ever held at once (Linux). resource.getrusage would count its parent's too."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


def calls_a_second(work, seconds):
    """How often work() runs in a second, over `seconds` of it and twice at least, after a first that compiles."""
    work()
    count, start = 0, time.monotonic()
    while (spent := time.monotonic() - start) < seconds or count < 2:
        work()
        count += 1
    return count / spent


def must_hold(recipe, state):
    """Bytes that a step cannot do without, of float32 numbers.

    The weights of both networks and the average, a gradient and the optimiser's numbers for each; the images of
    n_critic batches; and what the larger of the two updates keeps for its way back: the outputs of the
    discriminator's layers for reals and fakes, or of both networks' layers for fakes.
    """
    count = lambda variables: sum(math.prod(variable.shape) for variable in variables)
    weights = sum(count(network.weights) for network in (state.generator, state.discriminator, state.average))
    gradients = sum(count(network.trainable_weights) for network in (state.generator, state.discriminator))
    moments = sum(count(optimizer.variables) for optimizer in (state.g_optimizer, state.d_optimizer))
    outputs = {name: recipe.batch_size * _outputs(network)
               for name, network in (("G", state.generator), ("D", state.discriminator))}
    images = recipe.n_critic * recipe.batch_size * recipe.image_size ** 2 * 3
    return 4 * (weights + gradients + moments + images + max(2 * outputs["D"], outputs["G"] + outputs["D"]))


def _outputs(network):
    """Numbers that the layers of a network put out for one face; views (reshaping, joining) do not count."""
    views = ("Reshape", "Flatten", "InputLayer", "Concatenate", "GetItem", "Identity")
    return sum(math.prod(operation.output.shape[1:]) for operation in network.operations
               if type(operation).__name__ not in views)
