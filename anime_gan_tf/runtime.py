"""How TensorFlow is loaded: late, quietly, and with oneDNN's kernels."""
import importlib
import os
import sys


def load():
    """Imports TensorFlow without its start-up notes, unless the user set their level.

    The notes are written from C++ before any log level applies, straight to file descriptor 2, so
    that is pointed elsewhere meanwhile. Python's exceptions come through.
    """
    # TensorFlow leaves oneDNN's kernels off on CPUs without AVX512-VNNI, where they are as useful.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") != "3" or "tensorflow" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    screen, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        importlib.import_module("tensorflow")
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        os.close(nowhere)


class late:  # pylint: disable=invalid-name
    """A module of this package that is imported when it is first used, TensorFlow before it.

    So --help and every refusal answer at once: `loop = late("training.loop")` at the top of a
    command costs nothing.
    """

    def __init__(self, name, tensorflow=True):
        self._name, self._tensorflow = f"anime_gan_tf.{name}", tensorflow

    def __getattr__(self, attribute):
        if self._tensorflow:
            load()
        return getattr(importlib.import_module(self._name), attribute)
