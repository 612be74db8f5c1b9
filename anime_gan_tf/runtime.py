"""How TensorFlow and Keras are loaded: late, quietly, and with this program's settings."""
import contextlib
import functools
import importlib
import os
import pathlib
import sys
import threading

from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError

KERAS_HOME = "anime_gan_tf"  # in the user's folder of Keras, where that would keep its settings
PATIENCE = 2.0  # seconds of loading after which a line says so


def open_streams():
    """Gives a process that was started without stdout or stderr, as a daemon may be, empty ones."""
    for fd, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_WRONLY)
            if opened != fd:
                os.dup2(opened, fd)
                os.close(opened)
            setattr(sys, name, os.fdopen(fd, "w", errors="backslashreplace"))


@functools.cache  # once a process: a training changes the dtype policy while it builds networks
def load():
    """Imports TensorFlow and Keras. What the user set for Keras does not count.

    Raises:
      UserError: where Keras is loaded already with another backend.
    """
    # TensorFlow leaves oneDNN's kernels off on CPUs without AVX512-VNNI, where they are as useful.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # Both read keras.json there, and may fail on it; downloaded weights are kept there, too.
    home = pathlib.Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))
    if home.name != KERAS_HOME:  # as in a process that this one started
        home /= KERAS_HOME
    os.environ |= {"KERAS_HOME": str(home), "KERAS_BACKEND": "tensorflow",
                   "KERAS_NNX_ENABLED": "false", "TF_USE_LEGACY_KERAS": "0"}
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        os.environ.pop(name, None)
    if "tensorflow" not in sys.modules and os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        with _silent_stderr():
            importlib.import_module("tensorflow")
    _set_up_keras()


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
    """Sends file descriptor 2 elsewhere, and says after PATIENCE what is going on.

    TensorFlow's start-up notes are written there from C++ before any log level applies. Python's
    exceptions come through.
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
            patience.join()  # or it would write to a file that is closed
            os.dup2(stderr_fd, 2)
            os.close(devnull_fd)


def is_out_of_memory(error):
    """Whether an exception says that there is not enough memory, of the machine's or a GPU's."""
    tensorflow = sys.modules.get("tensorflow")
    return isinstance(error, MemoryError) or (
        tensorflow is not None and isinstance(error, tensorflow.errors.ResourceExhaustedError))


def program():
    """(argv, environment) that start this program once more, wherever it lies."""
    folder = str(pathlib.Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
    return [sys.executable, "-P", "-m", "anime_gan_tf"], os.environ | {"PYTHONPATH": path}
