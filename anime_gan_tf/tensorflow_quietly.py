"""Imports TensorFlow as this program wants it: with oneDNN's kernels, without its start-up notes."""
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
        import tensorflow  # noqa: F401
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        os.close(nowhere)
