"""Loads TensorFlow and Keras, without their start-up messages and with this program's settings."""
import contextlib
import functools
import gc
import importlib
import os
import pathlib
import sys
import threading

from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError

KERAS_HOME = "anime_gan_tf"  # a folder in the user's Keras folder, without the user's settings
PATIENCE = 2.0  # seconds of loading after which a message is printed

owns_process = False  # whether nothing but this program runs in the process


def open_streams():
    """Opens stdout and stderr on the null device if the process has none, as a daemon may."""
    for fd, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_WRONLY)
            if opened != fd:
                os.dup2(opened, fd)
                os.close(opened)
            setattr(sys, name, os.fdopen(fd, "w", errors="backslashreplace"))


@functools.cache  # once per process: a training changes the dtype policy while it builds networks
def load():
    """Imports TensorFlow and Keras. The user's settings of Keras are ignored.

    Raises:
      UserError: Keras is already loaded with another backend.
    """
    # Off by default on CPUs without AVX512-VNNI, where oneDNN's kernels are useful as well.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # Keras reads keras.json there, and stores downloaded weights there.
    home = pathlib.Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))
    if home.name != KERAS_HOME:  # which it is in a child process
        home /= KERAS_HOME
    os.environ |= {"KERAS_HOME": str(home), "KERAS_BACKEND": "tensorflow",
                   "KERAS_NNX_ENABLED": "false", "TF_USE_LEGACY_KERAS": "0"}
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        os.environ.pop(name, None)
    with _no_collections():
        if "tensorflow" not in sys.modules and os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
            os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
            with _silent_stderr():
                importlib.import_module("tensorflow")
        _set_up_keras()
    if owns_process:
        # Keras collects garbage at the beginning of every training. The 300,000 objects of loaded
        # modules never become garbage; frozen, they are not searched.
        gc.freeze()


@contextlib.contextmanager
def _no_collections():
    """No garbage is collected inside: loading modules makes little, and the search takes time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _set_up_keras():
    keras = importlib.import_module("keras")
    backend = keras.config.backend()
    if backend != "tensorflow":
        raise UserError("KERAS_BACKEND", Fault.CONFLICT,
                        f"Keras is loaded already, with {backend}; restart Python and use this "
                        f"program first, or set KERAS_BACKEND=tensorflow before importing keras")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")


@contextlib.contextmanager
def _silent_stderr():
    """Redirects file descriptor 2 to the null device, and prints a message after PATIENCE.

    TensorFlow writes its start-up messages there from C++, before any log level applies. Python
    exceptions are still raised.
    """
    sys.stderr.flush()
    stderr_fd, devnull_fd = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(stderr_fd, "w", errors="replace") as stderr:
        patience = threading.Timer(PATIENCE, say, ["loading TensorFlow ..."], {"file": stderr})
        patience.daemon = True
        try:
            os.dup2(devnull_fd, 2)
            patience.start()
            yield
        finally:
            patience.cancel()
            patience.join()  # else it might write to a closed file
            os.dup2(stderr_fd, 2)
            os.close(devnull_fd)


def is_out_of_memory(error):
    """Whether an exception is about memory, of the machine or of a GPU."""
    tensorflow = sys.modules.get("tensorflow")
    return isinstance(error, MemoryError) or (
        tensorflow is not None and isinstance(error, tensorflow.errors.ResourceExhaustedError))


def program():
    """(argv, environment) to start this program in another process."""
    folder = str(pathlib.Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
    return [sys.executable, "-P", "-m", "anime_gan_tf"], os.environ | {"PYTHONPATH": path}
