"""Measures speed and memory of a train step in a separate process."""
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
    """rate: images/s; peak: MiB of the process beyond `bare`; bare: MiB with the framework loaded
    and nothing built; min_step: MiB of min_step_bytes(), 0 for PyTorch."""
    rate: float
    peak: float
    bare: float
    min_step: float


def implementation(recipe, seconds, compute="float32"):
    """Measures this program's step on a batch of noise, in a number format of precision.py."""
    return _alone("benchmarks.implementation", recipe, seconds, compute)


def baseline(recipe, seconds, compute="float32"):
    """Measures the PyTorch baseline, with autocast if the format is bfloat16."""
    return _alone("benchmarks.torch_baseline", recipe, seconds, compute, tensorflow=False)


def _alone(module, *arguments, tensorflow=True):
    # In a new process, without the threads of the other framework, and with a peak of its own.
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, tensorflow, *arguments).result()


def _call(module, tensorflow, *arguments):
    if tensorflow:
        runtime.load()
    return importlib.import_module(module).measure(*arguments)


def peak():
    """Peak MiB of this process (Linux). resource.getrusage would include its parent's."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


def calls_a_second(work, seconds):
    """Calls of work() per second, in `seconds` and at least one, after one that compiles."""
    work()
    count, start = 0, time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds or not count:
        work()
        count += 1
    return count / elapsed
