"""How much memory a training takes at least, known before it begins."""
import math
import os
import pathlib

import keras
import tensorflow as tf

from anime_gan_tf import networks
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.training import precision

_GIB = 2 ** 30
# Numbers that an optimizer keeps for each weight.
_MOMENTS = {"adam": 2, "rmsprop": 1, "torch_rmsprop": 1, "sgd": 0}
# Operations whose output is their input, seen another way.
_VIEWS = ("Reshape", "Flatten", "InputLayer", "GetItem", "Identity")


def check(recipe, labels, compute):
    """Refuses a training on the CPU that would need more memory than the machine has: it would not
    fail, but be killed.

    Raises:
      UserError: naming the fields that decide.
    """
    there = _physical_bytes()
    if there is None or tf.config.list_physical_devices("GPU"):  # a GPU says so itself
        return
    needed = min_step_bytes(recipe, labels, compute)
    if needed > there:
        raise UserError("--batch_size", Fault.TOO_LARGE, f"a step takes more than "
                        f"{needed / _GIB:.1f} GiB of memory, and there are {there / _GIB:.1f}; a "
                        f"smaller --batch_size, --width or --image_size takes less")


def min_step_bytes(recipe, labels, compute="float32"):
    """Bytes that a training step cannot do without.

    The weights of both networks and the average, a gradient and the optimizer's numbers for each;
    the images of n_critic batches; and what the larger of the two updates keeps for its way back:
    the outputs of the discriminator's layers for reals and fakes, or of both networks' layers for
    fakes. Nothing is built for it.

    Args: as of state.make_state.
    """
    try:
        with keras.StatelessScope(initialize_variables=False), precision.of_networks(compute):
            generator, discriminator = networks.build(recipe, labels)
            outputs = [recipe.batch_size * _output_bytes(network, recipe)
                       for network in (generator, discriminator)]
    finally:
        keras.backend.clear_session()  # or Keras would make the weights later
    count = lambda variables: sum(math.prod(variable.shape) for variable in variables)
    optimizers = (recipe.optimizer,
                  recipe.optimizer if recipe.d_optimizer == "same" else recipe.d_optimizer)
    kept = sum(count(network.weights) + (1 + _MOMENTS[name]) * count(network.trainable_weights)
               for network, name in zip((generator, discriminator), optimizers))
    kept += count(generator.weights)  # the average
    images = recipe.n_critic * recipe.batch_size * recipe.training_size ** 2 * 3
    return 4 * (kept + images) + max(2 * outputs[1], sum(outputs))


def _output_bytes(network, recipe):
    """Bytes that a network's layers put out for one image."""
    operations = [operation for operation in network.operations
                  if type(operation).__name__ not in _VIEWS]
    outputs = [operation.output for operation in operations]
    if None in network.inputs[0].shape[1:]:  # an enlarger's, for pictures of any size
        side = recipe.training_size // recipe.scale
        outputs = keras.Model(network.inputs, outputs).compute_output_spec(
            [keras.KerasTensor((1, side, side, 3))])
    return sum(math.prod(tensor.shape[1:]) * tf.as_dtype(tensor.dtype).size
               for tensor in keras.tree.flatten(outputs))


def _physical_bytes():
    """The memory that this process may use, of the machine or of its container; None where the
    system does not say."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # as on Windows
        return None
    limit = pathlib.Path("/sys/fs/cgroup/memory.max")
    content = limit.read_text().strip() if limit.is_file() else ""
    return min(found, int(content)) if content.isdigit() else found
