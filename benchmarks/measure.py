"""One measurement of a train step, in a process of its own: its speed and its memory."""
import concurrent.futures
import importlib
import multiprocessing
import pathlib
import re
import time
from typing import NamedTuple

from anime_gan_tf import runtime

MIB = 2 ** 20


class Measured(NamedTuple):
    """rate: images/s; peak: MiB that the process held at most beyond `bare`; bare: MiB with the
    framework loaded and nothing built; held: MiB that a step must hold (see min_step_bytes), 0 for
    PyTorch."""
    rate: float
    peak: float
    bare: float
    held: float


def implementation(recipe, seconds, compute="float32"):
    """Measures this program's step on a batch of noise, in a number format of precision.py."""
    return _alone("benchmarks.implementation", recipe, seconds, compute)


def pytorch(recipe, seconds, compute="float32"):
    """Measures its twin in PyTorch, under PyTorch's autocast where the format is bfloat16."""
    return _alone("benchmarks.torch_twin", recipe, seconds, compute, tensorflow=False)


def _alone(module, *arguments, tensorflow=True):
    # A fresh process: the two frameworks' threads stay apart, and the peak is this measurement's
    # own.
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, tensorflow, *arguments).result()


def _call(module, tensorflow, *arguments):
    if tensorflow:
        runtime.load()
    return importlib.import_module(module).measure(*arguments)


def peak():
    """Peak MiB of this process (Linux). resource.getrusage would count its parent's too."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


def calls_a_second(work, seconds):
    """Calls of work() a second, over `seconds` and at least one, after a first that compiles."""
    work()
    count, start = 0, time.monotonic()
    while (spent := time.monotonic() - start) < seconds or not count:
        work()
        count += 1
    return count / spent
