"""Training on several devices by tf.distribute.

Every device takes an equal part of each batch, and all end a step with the same weights, equal to
those of one device up to the order of summation. Two losses are exceptions, because each device
divides by what is in its own part: the softmax attribute loss where labels are unknown, and the
feature loss. Data, noise and schedules are functions of the
seed and the step, so only gradients, BatchNorm's statistics and metrics are communicated.
"""
import contextlib
import json
import os

import tensorflow as tf

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.families import FAMILIES, SPECTRAL_NORM


class WorkerLost(UserError):
    """Another process of a multiworker training has ended: no bad input, so another exit code."""
    exit_code = 3


def make(name, recipe):
    """The tf.distribute.Strategy of that name. To be called before any other use of TensorFlow.

    Args:
      name: mirrored (all GPUs of this machine, or all logical CPUs if it has none), or multiworker
        (a process on each machine, as in the environment variable TF_CONFIG).
      recipe: the Recipe to train; its batch is divided among the devices.
    Raises:
      UserError: TF_CONFIG is missing or invalid, the batch cannot be divided equally, or the
        recipe needs one device.
    """
    if recipe.penalty_every > 1 and (recipe.discriminator_norm == "batch"
                                     or SPECTRAL_NORM in FAMILIES[recipe.networks].traits):
        # Their statistics and singular vectors need collectives, which may not depend on a
        # condition.
        raise UserError("--strategy", Fault.CONFLICT,
                        f"{name} needs a penalty in every step for a discriminator with "
                        f"normalization, and the recipe has one in {recipe.penalty_every}; add "
                        f"--penalty_every 1")
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    else:
        _check_tf_config()
        try:
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.OpError as error:
            raise UserError("--strategy", Fault.UNAVAILABLE,
                            f"the workers of TF_CONFIG do not meet "
                            f"({error.message.splitlines()[0]})") from None
    count = strategy.num_replicas_in_sync
    if recipe.batch_size % count:
        raise UserError("--batch_size", Fault.INVALID,
                        f"{recipe.batch_size} faces cannot be shared by {count} "
                        f"devices; take a multiple of {count}")
    return strategy


def is_chief(strategy):
    """Whether this process writes the files of the run: the only process, or the first worker."""
    resolver = strategy and strategy.cluster_resolver
    return not resolver or (resolver.task_type in (None, "chief")) or (
        "chief" not in resolver.cluster_spec().jobs and resolver.task_id == 0)


@contextlib.contextmanager
def clear_errors(strategy):
    """Converts the errors that TensorFlow raises when another process of a training has ended.

    Raises:
      WorkerLost
    """
    if not (strategy and strategy.cluster_resolver):
        yield
        return
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError,
            tf.errors.CancelledError, tf.errors.DeadlineExceededError,
            tf.errors.FailedPreconditionError) as error:
        raise WorkerLost("--strategy", Fault.STOPPED,
                         f"another worker is gone ({type(error).__name__}); start all "
                         f"of them again, and the run goes on from its last save") from None


def run(strategy, function, batch, *rest):
    """Calls function(*part of the batch, *rest) on every device, with its part of a batch.

    Args: batch: a structure of tensors (batch, ...), to be divided equally; rest: the same for all.
    Returns: {name: average over the devices} of the scalars {name: value} that it returns.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1:
        return function(*batch, *rest)

    def on_one(batch, *rest):
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        part = lambda whole: tf.reshape(whole, (replicas, -1) + tuple(whole.shape[1:]))[index]
        return function(*tf.nest.map_structure(part, batch), *rest)

    metrics = strategy.run(on_one, (batch, *rest))
    return {name: strategy.reduce("MEAN", value, axis=None) for name, value in metrics.items()}


def _check_tf_config():
    example = ('{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", '
               '"index": 0}}')
    try:
        config = json.loads(os.environ["TF_CONFIG"])
        task = config["task"]
        config["cluster"][task["type"]][task["index"]]  # pylint: disable=pointless-statement
    except (KeyError, ValueError, IndexError, TypeError):
        raise UserError("--strategy", Fault.MISSING,
                        f"multiworker needs the environment variable TF_CONFIG, such "
                        f"as {example}, with the index of each process") from None
