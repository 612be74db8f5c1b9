"""The least memory of a training, estimated before it starts."""
import functools
import math
import os
import pathlib

import keras
import tensorflow as tf

from anime_gan_tf import networks, optimizers
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.training import precision

_GIB = 2 ** 30
# Operations whose output is a view of their input.
_VIEWS = ("Reshape", "Flatten", "InputLayer", "GetItem", "Identity", "Stage")


def check(recipe, labels, requested):
    """Refuses a training on the CPU that needs more memory than the machine has: the system would
    kill it without a message.

    Args: requested: one of job.PRECISIONS.
    Raises:
      UserError: it names the flags that reduce the memory.
    """
    available = _physical_bytes()
    if available is None or tf.config.list_physical_devices("GPU"):  # TensorFlow reports a GPU's
        return
    needed = min_step_bytes(recipe, labels, precision.choose(requested)[0])
    if needed > available:
        raise UserError("--batch_size", Fault.TOO_LARGE, f"a step takes more than "
                        f"{needed / _GIB:.1f} GiB of memory, and there are {available / _GIB:.1f}; "
                        f"a smaller --batch_size, --width or --image_size takes less")


@functools.lru_cache  # for processes that train more than once
def min_step_bytes(recipe, labels, compute="float32"):
    """The least number of bytes of a training step.

    The weights of both networks and the moving average; the gradients and optimizer variables; the
    images of n_critic batches; and the activations that backpropagation needs in the larger of both
    updates: those of the discriminator for reals and fakes, or of both networks for fakes. No
    weights are allocated for the estimate.

    Args: as of state.make_state.
    """
    with networks.unallocated(), precision.networks_in(compute):
        generator, discriminator = networks.build(recipe, labels)
        outputs = [recipe.batch_size * _output_bytes(network, recipe)
                   for network in (generator, discriminator)]
    count = lambda weights: sum(math.prod(weight.shape) for weight in weights)
    variables = 0
    for network, name in zip((generator, discriminator), optimizers.names(recipe)):
        moments = optimizers.OPTIMIZERS[name].moments
        variables += count(network.weights) + (1 + moments) * count(network.trainable_weights)
    variables += count(generator.weights)  # the moving average
    images = recipe.n_critic * recipe.batch_size * recipe.training_size ** 2 * 3
    return 4 * (variables + images) + max(2 * outputs[1], sum(outputs))


def _output_bytes(network, recipe):
    """The bytes of a network's activations for one image."""
    operations = [operation for operation in network.operations
                  if type(operation).__name__ not in _VIEWS]
    outputs = [operation.output for operation in operations]
    if None in network.inputs[0].shape[1:]:  # an enlarger, which takes images of any size
        side = recipe.training_size // recipe.scale
        outputs = keras.Model(network.inputs, outputs).compute_output_spec(
            [keras.KerasTensor((1, side, side, 3))])
    return sum(math.prod(tensor.shape[1:]) * tf.as_dtype(tensor.dtype).size
               for tensor in keras.tree.flatten(outputs))


def _physical_bytes():
    """The memory of the machine or of its container; None where it is unknown."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # as on Windows
        return None
    limit = pathlib.Path("/sys/fs/cgroup/memory.max")
    content = limit.read_text().strip() if limit.is_file() else ""
    return min(total, int(content)) if content.isdigit() else total
