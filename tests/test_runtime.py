"""How TensorFlow is loaded, and what it says when memory ends."""
import shlex
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from conftest import call, command, refuses, write_run

from anime_gan_tf import recipes, runtime
from anime_gan_tf.cli import flags
from anime_gan_tf.errors import Fault
from anime_gan_tf.storage import checkpoints


def test_an_end_of_memory_is_known_whoever_says_it():
    with pytest.raises(Exception) as caught:
        np.empty(2 ** 50)
    assert runtime.is_out_of_memory(caught.value)
    # TensorFlow tries for ten seconds before it raises this.
    assert runtime.is_out_of_memory(tf.errors.ResourceExhaustedError(None, None, "OOM"))
    assert not runtime.is_out_of_memory(ValueError("memory"))


def test_an_end_of_memory_names_the_flags_that_decide_it(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "resolve", lambda *_: np.empty(2 ** 50))
    done = call(tmp_path, "--mode", "train", "--data", "drawn")
    refuses(done, "--batch_size", Fault.TOO_LARGE)
    assert "--width" in done.stderr


def test_a_newest_run_whose_weights_do_not_fit_is_left_out(tmp_path):
    write_run(tmp_path)  # a run r
    path = tmp_path / "checkpoints/r/generator.npz"
    info = checkpoints.read_info(path)
    weights = [np.zeros(weight.shape) for weight in checkpoints.weights(path)]
    recipe = recipes.from_saved(info["recipe"] | {"width": 8})
    checkpoints.export_generator(tmp_path / "checkpoints/newer/generator.npz", recipe, weights,
                                 info | {"run": "newer", "kimg": 500.0})
    done = call(tmp_path, "--mode", "infer", "--num", 1)
    assert done.returncode == 0 and "note: left out: " in done.stderr, done.stderr
    assert "checkpoint used: newer" not in done.stdout
    refuses(call(tmp_path, "--mode", "infer", "--num", 1, "--run", "newer"),
            "checkpoints/newer/generator.npz", Fault.UNREADABLE)


def test_a_closed_terminal_does_not_change_the_exit_code(tmp_path, monkeypatch):
    class Closed:
        encoding = "utf-8"

        def write(self, text):
            raise OSError(5, "Input/output error")

        def fileno(self):
            return self.file.fileno()

    with open(tmp_path / "terminal", "w") as Closed.file:
        monkeypatch.setattr("sys.stderr", Closed())
        monkeypatch.setattr("sys.stdout", Closed())
        with pytest.raises(SystemExit) as stop:
            flags.end("stopped", 129)
    assert stop.value.code == 129


@pytest.mark.parametrize("redirected", ["> /dev/full", ">&-", "2>&-"])
def test_output_that_cannot_be_written_has_no_traceback(tmp_path, redirected):
    words = " ".join(map(shlex.quote, command("--mode", "models")))
    done = subprocess.run(["bash", "-c", f"{words} {redirected}"], cwd=tmp_path,
                          capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert done.returncode == (2 if "full" in redirected else 0), done.stderr
