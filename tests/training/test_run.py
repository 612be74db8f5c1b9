"""A run's folder: whose it is, what is saved in it, what a training goes back to."""
import errno
import os
import pathlib
import resource
import shutil

import numpy as np
import pytest
from conftest import call, refuses

from anime_gan_tf import recipes
from anime_gan_tf.errors import Fault
from anime_gan_tf.storage import checkpoints, locking, npz
from anime_gan_tf.training.curves import Curves

pytestmark = pytest.mark.usefixtures("eager")

TINY = ("--mode", "train", "--model", "dcgan", "--image_size", 16, "--width", 4, "--batch_size", 4)


def train(cwd, data, *words, run="r"):
    return call(cwd, *TINY, "--data", data, "--run", run, *words)


def weights(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name != "seconds"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, mlds):
    """A folder with a run r of 4 steps, each of them saved."""
    cwd = tmp_path_factory.mktemp("whole")
    assert train(cwd, mlds, "--epochs", 0.8, "--save_every", "0.001s").returncode == 0
    return cwd


def test_one_process_at_a_time_trains_a_run(tmp_path, mlds):
    folder = tmp_path / "checkpoints/r"
    folder.mkdir(parents=True)
    (folder / ".writing.state.npz.abc").write_bytes(b"what a killed process left")
    held = locking.lock(folder)
    assert [path.name for path in folder.iterdir()] == [".lock"]
    refuses(train(tmp_path, mlds), "--run", Fault.CONFLICT)
    held.release()
    locking.lock(folder).release()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_holds_a_run(tmp_path, mlds, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    for _ in range(2):  # and may go on with it
        locking.lock(tmp_path / "checkpoints/other").release()
    if number == errno.ENOLCK:
        for epochs in (0.2, 0.4):
            done = train(tmp_path, mlds, "--epochs", epochs)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [".lock", "state.npz", "grids", "grids/step_00000000.png"])
def test_nothing_is_written_through_a_link(tmp_path, mlds, name):
    target = tmp_path / "precious"
    target.write_text("kept")
    link = tmp_path / "checkpoints/r" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    done = train(tmp_path, mlds)
    refuses(done, pathlib.Path("checkpoints/r") / name, Fault.INVALID)
    assert target.read_text() == "kept" and link.is_symlink()


@pytest.mark.parametrize("name", [".lock", *checkpoints.FILES, "grids"])
def test_what_is_in_the_way_of_a_runs_files_is_said_at_the_start(tmp_path, mlds, name):
    path = pathlib.Path("checkpoints/r") / name
    (tmp_path / path).mkdir(parents=True)
    if name == "grids":
        (tmp_path / path).rmdir()
        (tmp_path / path).write_text("kept")
    refuses(train(tmp_path, mlds), path, Fault.EXISTS)
    assert [file.name for file in (tmp_path / path).parent.iterdir()] == [name]


@pytest.mark.parametrize("gone", ["run.json", "state.npz", "run.json state.npz"])
def test_networks_that_a_training_did_not_make_are_not_replaced(tmp_path, mlds, whole, gone):
    folder = tmp_path / "checkpoints/r"
    folder.mkdir(parents=True)
    for path in (whole / "checkpoints/r").glob("*.*"):
        if path.name not in (*gone.split(), "previous.npz"):
            (folder / path.name).write_bytes(path.read_bytes())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    refuses(train(tmp_path, mlds, "--epochs", 1), "--run", Fault.EXISTS)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.graph
@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(path.read_bytes()[:999]),
                                   lambda path: path.unlink()], ids=["truncated", "gone"])
def test_the_save_before_leads_to_the_same_weights(tmp_path, mlds, whole, spoil):
    shutil.copytree(whole / "checkpoints", tmp_path / "checkpoints")
    step = int(np.load(tmp_path / "checkpoints/r/previous.npz")["step"])
    assert 0 < step < 4
    spoil(tmp_path / "checkpoints/r/state.npz")
    done = train(tmp_path, mlds, "--epochs", 0.8)
    assert done.returncode == 0 and f"from step {step}" in done.stdout, done.stderr
    expected, found = (weights(folder / "checkpoints/r/state.npz") for folder in (whole, tmp_path))
    assert all(np.array_equal(expected[name], found[name]) for name in expected)


@pytest.mark.graph
def test_a_run_as_published_remembers_that_and_resumes_bit_for_bit(tmp_path, mlds):
    words = ("--mode", "train", "--model", "resnet_wgan", "--as_published", "--image_size", 16,
             "--width", 4, "--batch_size", 4, "--data", mlds)
    whole, resumed = (["--run", run, "--epochs", 2] for run in ("whole", "resumed"))
    assert call(tmp_path, *words, *whole, "--save_every", "0.001s").returncode == 0
    folder = shutil.copytree(tmp_path / "checkpoints/whole", tmp_path / "checkpoints/resumed")
    (folder / "previous.npz").replace(folder / "state.npz")
    plain = [word for word in words if word != "--as_published"]
    refused = call(tmp_path, *plain, *resumed)
    refuses(refused, "--run", Fault.CONFLICT)
    assert "as_published True" in refused.stderr
    assert npz.read_json(tmp_path / "checkpoints/resumed/run.json")["identity"]["as_published"]
    done = call(tmp_path, *words, *resumed)
    assert done.returncode == 0 and "from step" in done.stdout, done.stderr
    expected, found = (weights(tmp_path / f"checkpoints/{run}/state.npz")
                       for run in ("whole", "resumed"))
    assert int(found["step"]) > 4
    assert all(np.array_equal(expected[name], found[name]) for name in expected)


def test_runs_of_both_kinds_have_names_of_their_own(tmp_path, mlds):
    for words in ((), ("--as_published",)):
        assert call(tmp_path, *TINY, "--data", mlds, "--epochs", 0.2, *words).returncode == 0
    names = {path.parent.name: npz.read_json(path)["identity"]
             for path in (tmp_path / "checkpoints").glob("*/run.json")}
    assert sorted(identity["as_published"] for identity in names.values()) == [False, True]


def test_a_run_of_an_earlier_version_goes_on(tmp_path, mlds):
    """Whose norm was a flag, whose factors and shares had other names, and which knew nothing of
    --as_published."""
    assert train(tmp_path, mlds, "--epochs", 0.4).returncode == 0
    path = tmp_path / "checkpoints/r/run.json"
    content = npz.read_json(path)
    content["identity"]["discriminator_norm"] = True
    for name in ("as_published", "bias", "d_width", "generator_label"):
        del content["identity"][name]
    for old, name in recipes.RENAMED.items():
        content["identity"][old] = content["identity"].pop(name)
    npz.write_json(path, content)
    refuses(train(tmp_path, mlds, "--epochs", 0.8, "--d_learning_rate_factor", 2), "--run",
            Fault.CONFLICT)
    done = train(tmp_path, mlds, "--epochs", 0.8)
    assert done.returncode == 0, done.stderr
    refuses(train(tmp_path, mlds, "--epochs", 1.2, "--discriminator_norm", "none"), "--run",
            Fault.CONFLICT)


@pytest.mark.parametrize("words", [("--optimizer", "sgd", "--learning_rate", 10),
                                   ("--learning_rate", 10)])
def test_weights_that_explode_are_never_saved(tmp_path, mlds, words):
    done = train(tmp_path, mlds, "--epochs", 20, "--save_every", "0.001s", *words)
    assert done.returncode == 3 and done.error.fault == Fault.STOPPED, done.stderr
    assert "--start_from" in done.stderr  # a lower rate would be refused in this run
    networks = [value for name, value in weights(tmp_path / "checkpoints/r/state.npz").items()
                if name.startswith(("generator/", "discriminator/"))]
    assert np.sqrt(np.mean(np.concatenate([x.ravel() for x in networks if x.ndim > 1]) ** 2)) < 5


def test_a_second_divergence_goes_back_further(tmp_path, mlds):
    assert train(tmp_path, mlds, "--epochs", 0.4, "--save_every", "0.001s").returncode == 0
    for name in ("state", "previous"):  # a good state that diverges at its next step
        path = tmp_path / f"checkpoints/r/{name}.npz"
        arrays = weights(path) | {"seconds": np.float64(1)}
        arrays["generator/000"] = np.full_like(arrays["generator/000"], 1e9)
        if name == "state":
            np.savez(path, **arrays)
    done = train(tmp_path, mlds, "--epochs", 0.8)
    assert done.returncode == 0, done.stderr
    state = weights(tmp_path / "checkpoints/r/state.npz")
    assert int(state["rollbacks"]) == 2 and int(state["step"]) == 4
    assert all(np.isfinite(value).all() for value in state.values())


def test_pictures_that_cannot_be_written_do_not_end_a_training(tmp_path, mlds):
    (tmp_path / "checkpoints/r/grids/step_00000000.png").mkdir(parents=True)
    done = train(tmp_path, mlds, "--epochs", 0.4)
    assert done.returncode == 0 and done.stdout.count("warning: checkpoints/r/grids") == 1
    assert (tmp_path / "checkpoints/r/generator.npz").exists()


def test_curves_on_a_full_disk_are_said_once(tmp_path, capsys):
    curves, limits = Curves(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        for step in range(3):
            curves.scalars({"loss/a": 1.0}, step)
            curves.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert capsys.readouterr().err.count("warning: ") == 1


def test_a_file_system_without_modes_is_written(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.chmod", refuse)
    npz.write_atomically(tmp_path / "f", lambda file: file.write(b"x"))
    assert (tmp_path / "f").read_bytes() == b"x"
