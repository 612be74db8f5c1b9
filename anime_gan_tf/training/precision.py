"""The number format of a training: float32, or bfloat16 if the processor has units for it.

With bfloat16 the weights, the optimizers and the outputs of both networks stay float32 (Keras's
mixed_bfloat16). On a CPU with such units a step takes two thirds of the time, on one without them
nine times the time.
"""
import contextlib
import pathlib
import re

import keras
import tensorflow as tf

_UNITS = re.compile(r"\b(avx512_bf16|amx_bf16)\b")


def choose(requested, before=None):
    """The format to train in.

    Args: requested: one of job.PRECISIONS; before: the format of the run so far, or None.
    Returns: ("float32" or "bfloat16", a note if that is another than before, or None).
    """
    fast = has_units()
    if requested == "auto":
        chosen = "bfloat16" if fast and before != "float32" else "float32"
        reason = "this processor has no units for bfloat16"
    else:
        chosen, reason = requested, "--precision says so"
    return (chosen, f"trained in {before} so far, goes on in {chosen}: {reason}"
            if before not in (None, chosen) else None)


def has_units():
    """Whether the first GPU, or the CPU if there is none, has units for bfloat16."""
    if gpus := tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_device_details(
            gpus[0]).get("compute_capability", (0, 0)) >= (8, 0)
    try:
        return bool(_UNITS.search(pathlib.Path("/proc/cpuinfo").read_text()))
    except OSError:  # not Linux
        return False


@contextlib.contextmanager
def networks_in(precision):
    """Networks that are built within this context compute in that precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
