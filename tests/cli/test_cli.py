"""The command line as a user runs it: a subprocess, in a folder of its own."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from concurrent import futures

import numpy as np
import pytest
from conftest import (
    call,
    command,
    eagerly,
    refusal,
    refuses,
    ROOT,
    run,
    user_environment,
    write_mlds,
    write_run,
)
from PIL import Image
from tensorboard import default, program

from anime_gan_tf.cli import flags
from anime_gan_tf.data import synthetic
from anime_gan_tf.errors import choose, Fault
from anime_gan_tf.generation import attribute_directions, drawing, sampling
from anime_gan_tf.storage import catalog, checkpoints, locking, names, npz, pictures
from anime_gan_tf.training import run as run_module

# Five steps a pass: of the 24 faces of `mlds` 20 are to train on.
TINY = ("--image_size", 16, "--width", 4, "--batch_size", 4)
ACGAN = ("--mode", "train", "--model", "acgan", "--depth", 1, *TINY)
# Traced in a third of the time.
TAGGED = ("--mode", "train", "--model", "acgan_dcgan", *TINY)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, mlds):
    """A folder with a finished acgan run of 6 steps, each of them saved, and what its training
    printed."""
    cwd = tmp_path_factory.mktemp("trained")
    with eagerly():
        done = call(cwd, *ACGAN, "--data", mlds, "--run", "full", "--epochs", 1.2, "--save_every",
                    "0.001s")
    assert done.returncode == 0, done.stderr
    return cwd, done


# ----- training

def test_training_says_what_it_does_and_where_the_picture_is(trained):
    cwd, done = trained
    first = done.stdout.splitlines()[0]
    for part in ("acgan 16 px", "24 tagged faces of mlds", "CPU", "float"):
        assert part in first
    assert re.search(r"^\d+ s to go at [\d,]+ images/s", done.stdout, re.M)
    picture = cwd / re.search(r"^faces: (.*)$", done.stdout, re.M)[1]
    assert Image.open(picture).size == (8 * 18 + 2, 8 * 18 + 2)
    assert (cwd / "checkpoints/full/grids/step_00000000.png").exists()


def test_a_resumed_run_is_bit_identical(trained, mlds, tmp_path):
    """From the last save but one, in a new process, whatever the settings of the user's Keras; with
    spectral norm, BatchNorm, Adam and rotation. Nor do the settings change a picture. Steps run
    eagerly here, as graphs they are resumed in tests/training/test_run.py."""
    cwd, _ = trained
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras/keras.json").write_text(json.dumps(
        {"floatx": "float16", "epsilon": 0.1, "backend": "jax", "nnx_enabled": True,
         "image_data_format": "channels_first"}))
    hostile = {"HOME": str(tmp_path), "KERAS_BACKEND": "torch", "KERAS_MAX_STEPS_PER_EPOCH": "x",
               "TF_USE_LEGACY_KERAS": "1"}
    part = shutil.copytree(cwd / "checkpoints/full", cwd / "checkpoints/part")
    (part / "previous.npz").replace(part / "state.npz")
    step = int(np.load(part / "state.npz")["step"])
    assert 0 < step < 6
    draw = ("--mode", "infer", "--num", 1, "--size", 64, "--run", "pretrained_rpgan", "--out")
    resume = (*ACGAN, "--data", str(mlds), "--run", "part", "--epochs", 1.2)
    code = textwrap.dedent(f"""
        from anime_gan_tf import runtime
        from anime_gan_tf.cli import app, flags
        runtime.owns_process = True
        runtime.load()
        import tensorflow as tf
        tf.config.run_functions_eagerly(True)
        for words in ({resume}, {(*draw, "x.png")}):
            app.main(flags.parse_flags(["main.py", *map(str, words)]))
        """)
    rest = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True,
                          env=user_environment() | hostile | {"PYTHONPATH": str(ROOT)}, text=True)
    assert rest.returncode == 0 and f"from step {step}" in rest.stdout, rest.stderr
    a, b = (np.load(cwd / "checkpoints" / name / "state.npz") for name in ("full", "part"))
    assert int(a["step"]) == int(b["step"]) == 6
    assert set(a.files) == set(b.files) and len(a.files) > 100
    for name in a.files:
        if name != "seconds":
            assert np.array_equal(a[name], b[name]), name
    done = call(cwd, *draw, "y.png")
    assert done.returncode == 0, done.stderr
    assert np.abs(np.subtract(*(np.asarray(Image.open(cwd / name), int)
                                for name in ("x.png", "y.png")))).max() <= 1


def test_a_finished_run_says_so(trained, mlds):
    cwd, _ = trained
    again = call(cwd, *ACGAN, "--data", mlds, "--run", "full", "--epochs", 1.2)
    assert again.returncode == 0 and "full is finished: 6 steps" in again.stdout


@pytest.mark.parametrize("change, named", [
    (("--learning_rate", 0.001), ("learning_rate", "0.0004", "0.001")),
    (("--seed", 5), ("seed", "0", "5"))])
def test_another_recipe_under_the_same_name_is_refused(trained, mlds, change, named):
    cwd, _ = trained
    done = call(cwd, *ACGAN, "--data", mlds, "--run", "full", *change)
    refuses(done, "--run", Fault.CONFLICT)
    assert all(word in done.stderr for word in named)


def test_other_data_under_the_same_name_is_refused(trained, tmp_path):
    cwd, _ = trained
    write_mlds(tmp_path / "other", count=10)
    refuses(call(cwd, *ACGAN, "--data", tmp_path / "other", "--run", "full"), "--run",
            Fault.CONFLICT)


def wait_for_training(cwd):
    """Until the training of a run r in `cwd` is in its loop."""
    deadline = time.monotonic() + 200
    while not list(cwd.glob("checkpoints/r/grids/*.png")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)


ENDLESS = ("--mode", "train", *TINY, "--run", "r", "--epochs", 1e6, "--data")


@pytest.mark.usefixtures("eager")
def test_an_interrupt_saves_and_says_how_to_go_on(tmp_path, mlds):
    # A process takes over which signals are ignored, as they are under nohup.
    previous = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        process = subprocess.Popen(command(*ENDLESS, mlds), cwd=tmp_path, text=True,
                                   env=user_environment(), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, previous)
    try:
        wait_for_training(tmp_path)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    stopped(tmp_path, mlds, process.returncode, err, signal.SIGINT)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_save_as_well(tmp_path, mlds, number):
    """Sent to this process, in which the training runs."""
    ignored = lambda *_: None
    before = signal.signal(number, ignored)
    try:
        with futures.ThreadPoolExecutor() as pool:
            sent = pool.submit(lambda: [wait_for_training(tmp_path), os.kill(os.getpid(), number)])
            done = call(tmp_path, *ENDLESS, mlds)
            sent.result()
        assert signal.getsignal(number) == ignored  # as it was
    finally:
        signal.signal(number, before)
    stopped(tmp_path, mlds, done.returncode, done.stderr, number)


def stopped(cwd, data, code, error, number):
    """Asserts that a training was stopped by a signal, and that it goes on."""
    assert code == 128 + number, error
    # It is no error.
    assert "Traceback" not in error and "error:" not in error
    step = int(np.load(cwd / "checkpoints/r/state.npz")["step"])
    assert step > 0
    epochs = (step + 2) / 5  # 20 faces, in fours
    more = call(cwd, *[epochs if word == 1e6 else word for word in ENDLESS], data)
    assert more.returncode == 0 and f"from step {step:,}" in more.stdout


@pytest.mark.usefixtures("eager")
def test_budget_ends_the_run(tmp_path, mlds):
    start = time.monotonic()
    done = call(tmp_path, "--mode", "train", *TINY, "--data", mlds, "--budget", "1s")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - start < 60
    assert float(np.load(tmp_path / "checkpoints/dcgan_mlds/state.npz")["seconds"]) >= 1


@pytest.mark.usefixtures("eager")
def test_divergence_stops_with_step_term_and_checkpoint(tmp_path, mlds):
    done = call(tmp_path, "--mode", "train", "--model", "wgan_gp", "--width", 8, "--batch_size", 4,
                "--data", mlds, "--learning_rate", 10, "--gradient_penalty", 1e6, "--epochs", 100)
    refuses(done, "", Fault.STOPPED, exit_code=3)
    assert re.search(r"^note: .* at step \d+; back to step 0 ", done.stdout, re.M), done.stdout
    last = done.stderr.strip().splitlines()[-1]
    # The bar's images, as it was left.
    shown = float(re.findall(r"\| ([\d.]+)[k/]", done.stderr)[-1])
    # Five batches of four a step.
    assert shown == 20 * (int(re.search(r"at step (\d+)", last)[1]) - 1)
    assert "checkpoints/wgan_gp_mlds/state.npz" in last and "--learning_rate" in last
    state = np.load(tmp_path / "checkpoints/wgan_gp_mlds/state.npz")
    assert int(state["rollbacks"]) == 1 and all(np.isfinite(state[name]).all()
                                                for name in state.files)


def test_a_run_is_claimed_before_anything_is_built(tmp_path, mlds, monkeypatch):
    held = locking.lock(tmp_path / "checkpoints/r")
    monkeypatch.setattr(run_module, "make_state", None)
    refuses(call(tmp_path, *ACGAN, "--data", mlds, "--run", "r"), "--run", Fault.CONFLICT)
    held.release()


def test_a_refused_start_leaves_no_run_behind(trained, mlds, tmp_path):
    cwd, _ = trained
    wide = [8 if word == 4 else word for word in ACGAN]
    done = call(tmp_path, *wide, "--data", mlds, "--run", "r", "--start_from",
                cwd / "checkpoints/full/generator.npz")
    refuses(done, "--start_from", Fault.CONFLICT)
    assert "--width 4" in done.stderr
    assert not (tmp_path / "checkpoints").exists()


def test_a_damaged_run_json_is_refused(trained, mlds, tmp_path):
    cwd, _ = trained
    shutil.copytree(cwd / "checkpoints/full", tmp_path / "checkpoints/full")
    path = tmp_path / "checkpoints/full/run.json"
    path.write_text(re.sub(r'"precision": "\w+"', '"precision": 32', path.read_text()))
    refuses(call(tmp_path, *ACGAN, "--data", mlds, "--run", "full", "--epochs", 3),
            "checkpoints/full/run.json", Fault.UNREADABLE)


# ----- drawing

def test_faces_of_other_commands_and_of_others_stay(trained, tmp_path):
    cwd, _ = trained
    words = ("--mode", "infer", "--run", cwd / "checkpoints/full/generator.npz", "--separate")

    def folder(*more):
        done = call(tmp_path, *words, *more)
        assert done.returncode == 0, done.stderr
        return tmp_path / re.search("files: (.*)/", done.stdout)[1]

    three, two = folder("--num", 3), folder("--num", 2)
    assert [len(list(each.glob("*.png"))) for each in (three, two)] == [3, 2]
    assert folder("--num", 3) == three  # the same command writes the same files
    own = folder("--num", 2, "--out", "ffhq.png")
    assert folder("--num", 2, "--out", "ffhq.png") == own == tmp_path / "ffhq"
    assert folder("--num", 3, "--out", "ffhq.png") == tmp_path / "ffhq_2"
    assert len(list(own.glob("*.png"))) == 2
    (own / "labels.csv").write_text("mine,all mine\n")  # its user has changed it
    assert folder("--num", 2, "--out", "ffhq.png") == tmp_path / "ffhq_3"
    assert (own / "labels.csv").read_text() == "mine,all mine\n"
    (two / "00001.png").rename(two / "favourite.png")
    assert folder("--num", 2) not in (two, three) and (two / "favourite.png").exists()


def test_every_command_has_a_picture_of_its_own(trained, tmp_path):
    cwd, _ = trained
    shutil.copytree(cwd / "checkpoints/full", tmp_path / "checkpoints/full")

    def picture(*words):
        done = call(tmp_path, "--mode", "infer", *words)
        assert done.returncode == 0, done.stderr
        path = tmp_path / re.search("faces: (.*)", done.stdout)[1]
        return path, path.read_bytes()

    face = picture("--run", "full", "--num", 1)
    four, vary = ("--num", 4), ("--vary", face[0])
    asked = [("--run", "full", *words) for words in (
        (), four, (*four, "--latent_std", 0.7), (*four, "--latent_std", 0.70000001),
        ("--hair", "red"), ("--seed", 2), vary, (*vary, "--keep", "hair"), (*vary, "--seed", 1),
        ("--latent", face[0]), ("--matrix",))]
    drawn = [picture(*words) for words in asked]
    paths = [path for path, _ in [face, *drawn]]
    assert len(set(paths)) == len(paths), paths
    assert all(path.read_bytes() == content for path, content in drawn)
    for i in (0, 3, 6, 8):  # the same command replaces its own
        assert picture(*asked[i]) == drawn[i]
    Image.new("RGB", (3, 3)).save(paths[1])  # somebody else's now
    assert picture(*asked[0])[0] not in paths and Image.open(paths[1]).size == (3, 3)


def test_a_file_that_is_named_is_replaced_if_this_program_made_it(trained, tmp_path):
    cwd, _ = trained
    words = ("--mode", "infer", "--run", cwd / "checkpoints/full/generator.npz", "--num", 1)
    Image.new("RGB", (3, 3)).save(tmp_path / "x.png")
    (tmp_path / "w.gif").write_bytes(b"GIF89a")
    (tmp_path / "d.png").mkdir()
    for name in ("x.png", "d.png"):
        refuses(call(tmp_path, *words, "--out", name), "--out", Fault.EXISTS)
    refuses(call(tmp_path, "--mode", "walk", *words[2:4], "--out", "w.gif"), "--out", Fault.EXISTS)
    refuses(call(tmp_path, *words, "--out", "x.png/y.png"), "--out", Fault.UNWRITABLE)
    refuses(call(tmp_path, *words, "--out", f"{'x' * 300}.png"), "--out", Fault.UNWRITABLE)
    assert Image.open(tmp_path / "x.png").size == (3, 3)
    assert call(tmp_path, *words, "--out", "y.png").returncode == 0
    assert "note: y.png" not in call(tmp_path, *words, "--out", "y.png").stdout
    assert "note: y.png" in call(tmp_path, *words, "--seed", 2, "--out", "y.png").stdout


def test_a_run_of_a_stranger_names_no_path(trained, tmp_path):
    cwd, _ = trained
    path = cwd / "checkpoints/full/generator.npz"
    info, arrays = checkpoints.read_info(path), npz.read_arrays(path)
    (tmp_path / "here").mkdir()
    for run_name in ("../../x", "/abs/index", ".hidden", "a\x1b[2J", "x" * 500, "con"):
        arrays["info"] = npz.packed(info | {"run": run_name})
        npz.write_arrays(tmp_path / "g.npz", arrays)
        call(tmp_path / "here", "--mode", "infer", "--run", "../g.npz", "--num", 1)
    assert {path.name for path in tmp_path.iterdir()} == {"here", "g.npz"}
    assert {path.name for path in (tmp_path / "here").iterdir()} <= {"pictures"}


@pytest.mark.parametrize("parts, name", [
    (("r", "seed0"), "r_seed0"), (("../../x",), "x"), (("/abs/index",), "abs_index"),
    ((".hidden", ""), "hidden"), (("", "/"), "data"), (("con",), "con_"),
    (("NUL.tar",), "NUL.tar_"), (("a\x1b[2J\n",), "a_2J"), (("lone\udcff",), "lone"),
    (("あ", 3), "あ_3")])
def test_default_names(parts, name):
    assert names.default_name(*parts) == name
    assert len(names.default_name(*parts, "あ" * 500).encode()) <= names.MAX_BYTES


def test_infer_draws_what_was_requested_and_its_metadata_makes_it_again(trained):
    cwd, _ = trained
    words = ("--mode", "infer", "--run", "full", "--hair", "aqua", "--eyes", "orange", "--separate")
    done = call(cwd, *words, "--num", 5, "--seed", 40, "--out", "a/faces.png")
    assert done.returncode == 0 and done.stdout.strip().endswith("faces: a/faces.png"), done.stderr
    assert (cwd / "a/faces/labels.csv").read_text() == "aqua,orange\n" * 5
    face = cwd / "a/faces/00003.png"
    made = pictures.read_metadata(face, "--vary")
    assert (made | {"seed": 43, "hair": "aqua", "eyes": "orange", "model": "acgan", "run": "full"}
            == made)
    assert made["version"]
    again = call(cwd, *words, "--num", 1, "--seed", made["seed"], "--out", "b.png")
    assert again.returncode == 0
    assert np.abs(np.asarray(Image.open(face), int)
                  - np.asarray(Image.open(cwd / "b/00000.png"))).max() <= 1


def test_infer_any_follows_the_data(trained, mlds):
    cwd, _ = trained
    assert call(cwd, "--mode", "infer", "--num", 40, "--separate", "--run", "full", "--out",
                "any.png").returncode == 0
    known = {tuple(line.split(",")[1].split()[::2])
             for line in (mlds / "tags.csv").read_text().splitlines()}
    drawn = {tuple(line.split(",")) for line in (cwd / "any/labels.csv").read_text().splitlines()}
    assert drawn <= known and len(drawn) > 5


def draw(cwd, *words):
    """Calls infer; the path of its picture."""
    done = call(cwd, "--mode", "infer", *words)
    assert done.returncode == 0, done.stderr
    return cwd / re.search("faces: (.*)", done.stdout)[1]


def test_more_faces_than_a_picture_shows_are_not_drawn(trained, monkeypatch):
    cwd, _ = trained
    sizes, to_uint8 = [], sampling.to_uint8
    monkeypatch.setattr(drawing, "MAX_GRID", 70)
    monkeypatch.setattr(sampling, "to_uint8",
                        lambda images: sizes.append(len(images)) or to_uint8(images))
    many, few = draw(cwd, "--run", "full", "--num", 300), draw(cwd, "--run", "full", "--num", 70)
    assert sizes[:2] == [64, 64] and sum(sizes[2:]) == 70
    assert np.abs(np.subtract(*(np.asarray(Image.open(path), int)
                                for path in (many, few)))).max() <= 1


@pytest.mark.parametrize("kimg, figures, newest", [
    (1.0, {}, False), (50.0, {}, True),
    (50.0, {"figures": {"frechet": 700.0}}, False), (5.0, {"figures": {"frechet": 300.0}}, True)])
def test_a_run_is_the_default_once_it_draws_faces(tmp_path, monkeypatch, capsys, kimg, figures,
                                                  newest):
    recipe, generator = write_run(tmp_path)
    path = tmp_path / "checkpoints/r/generator.npz"
    info = {"run": "r", "model": "rpgan", "kimg": kimg, "data": "drawn", "faces": 1, "table":
            checkpoints.read_info(path)["table"]} | figures
    checkpoints.export_generator(path, recipe, generator.get_weights(), info)
    monkeypatch.chdir(tmp_path)
    own = checkpoints.ROOT / "r/generator.npz"
    assert (catalog.find_generator() == own) == newest
    # Whatever is not the newest is named, with the way to the newest.
    assert ("--run r" in capsys.readouterr().err) == (not newest)
    assert catalog.find_generator(model="rpgan") == catalog.find_generator("r") == own
    assert catalog.find_generator(young=True) == own
    assert not capsys.readouterr().err


def test_paths_begin_in_the_users_folder_and_end_in_capitals(tmp_path, mlds, monkeypatch):
    home, cwd = tmp_path / "home", tmp_path / "cwd"
    write_run(home)
    cwd.mkdir()
    (home / "checkpoints/r/generator.npz").rename(home / "R.NPZ")
    shutil.copytree(mlds, home / "faces")
    monkeypatch.setenv("HOME", str(home))
    for words in (("infer", "--num", 2, "--run", "~/R.NPZ", "--out", "~/a.png"),
                  ("infer", "--latent", "~/a.png", "--run=~/R.NPZ", "--out=~/b.png"),
                  ("infer", "--vary", "~/a.png", "--num", 2, "--run=~/R.NPZ", "--out=~/c.png"),
                  ("inspect", "--data", "~/faces", "--clean", "~/clean", "--out", "~/d.png")):
        done = call(cwd, "--mode", *words)
        assert done.returncode == 0, done.stderr
    assert not list(cwd.iterdir()) and (home / "clean/images").is_dir()
    flags.parse_flags(["main.py", "--mode", "project", "~/x.png"])
    assert flags.FLAGS.images == str(home / "x.png")
    flags.parse_flags(["main.py", "--mode", "evaluate", "--images=~/x", "--features", "~/C.NPZ"])
    assert flags.FLAGS.features == str(home / "C.NPZ")
    flags.parse_flags(["main.py", "--mode", "train", "--start_from", "~/R.NPZ"])
    assert flags.FLAGS.start_from == str(home / "R.NPZ")


def test_keras_that_is_loaded_with_another_backend_is_named(tmp_path):
    code = textwrap.dedent("""
        import sys, types
        keras = sys.modules["keras"] = types.ModuleType("keras")
        keras.config = types.SimpleNamespace(backend=lambda: "torch")
        sys.modules["tensorflow"] = types.ModuleType("tensorflow")
        from anime_gan_tf.cli import app, flags
        app.main(flags.parse_flags(["main.py", "--mode", "infer"]))
        """)
    refuses(subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                           env=user_environment() | {"PYTHONPATH": str(ROOT)}, text=True),
            "KERAS_BACKEND", Fault.CONFLICT)


@pytest.mark.parametrize("environment", [
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_names_that_a_terminal_cannot_show_are_escaped(tmp_path, environment):
    folder = os.fsencode(tmp_path) + "/あ\x1b[2J".encode() + b"\xff"
    os.mkdir(folder)
    for i in range(3):
        Image.fromarray(synthetic.face(i, 32)[0]).save(folder + b"/%d.png" % i, "PNG")
    done = subprocess.run([*command("--mode", "inspect", "--data"), folder], cwd=tmp_path,
                          env=user_environment() | environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout + done.stderr and b"Traceback" not in done.stderr
    done = subprocess.run([*command("--mode", "inspect", "--data"), folder + b"gone"],
                          cwd=tmp_path, env=user_environment() | environment, capture_output=True)
    assert done.returncode == 2 and done.stderr.startswith(b"error: --data: ")
    assert len(done.stderr.splitlines()) == 1 and b"\x1b" not in done.stderr


@pytest.mark.usefixtures("eager")
def test_matrix_and_the_warning_about_colors_without_training_faces(trained, tmp_path, mlds):
    cwd, _ = trained
    assert call(cwd, "--mode", "infer", "--run", "full", "--matrix", "--out",
                "m.png").returncode == 0
    assert Image.open(cwd / "m.png").size[0] > 11 * 16
    red = tmp_path / "red"
    shutil.copytree(mlds, red)
    (red / "tags.csv").write_text("".join(f"{i},red hair blue eyes\n" for i in range(24)))
    assert call(tmp_path, *TAGGED, "--data", red, "--epochs", 0.1).returncode == 0
    asked = call(tmp_path, "--mode", "infer", "--eyes", "gray", "--model", "acgan_dcgan")
    assert asked.returncode == 0
    assert re.search(r"^warning: acgan_dcgan_red .*\bgray\b", asked.stderr, re.M), asked.stderr


@pytest.mark.usefixtures("eager")
def test_untagged_models_draw_and_are_steered_on_request(trained, mlds, monkeypatch):
    monkeypatch.setattr(attribute_directions, "NUM_FACES", 256)
    cwd, _ = trained
    assert call(cwd, "--mode", "train", *TINY, "--data", mlds / "images", "--run", "plain",
                "--epochs", 0.2).returncode == 0
    assert "checkpoint used: plain" in call(cwd, "--mode", "infer", "--model", "dcgan").stdout
    red = call(cwd, "--mode", "infer", "--run", "plain", "--hair", "red", "--num", 3, "--separate",
               "--out", "red.png")
    assert red.returncode == 0 and "note: plain " in red.stdout, red.stderr
    assert (cwd / "red/labels.csv").read_text() == "red,any\n" * 3
    again = call(cwd, "--mode", "infer", "--latent", "red.png", "--out", "again.png")
    assert again.returncode == 0, again.stderr
    assert np.abs(np.subtract(*(np.asarray(Image.open(cwd / f"{name}.png"), int)
                                for name in ("red", "again")))).max() <= 1
    faded = call(cwd, "--mode", "fade", "--run", "plain", "--hair", "red:blue", "--frames", 2)
    assert faded.returncode == 0, faded.stderr
    refuses(call(cwd, *ACGAN, "--data", mlds / "images", "--run", "untagged"), "--data",
            Fault.MISSING)


# ----- data sets

@pytest.mark.usefixtures("eager")
def test_the_default_data_are_drawn_faces(tmp_path, monkeypatch):
    # 6,000 take a minute to draw.
    monkeypatch.setattr(synthetic.load, "__defaults__", (80, 0, True))
    done = call(tmp_path, "--mode", "train", *TINY, "--epochs", 0.1)
    assert done.returncode == 0, done.stderr
    assert ("80 tagged faces of drawn" in done.stdout
            and (tmp_path / "checkpoints/dcgan_drawn").is_dir())


def test_tfds(tmp_path, mlds, monkeypatch):
    """--data on this project's data set, and on one of somebody else with images and no tags; and
    the way that mlds_faces.py's docstring shows."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    from anime_gan_tf.data import mlds_faces  # noqa: F401, which makes it known

    for manual in ("tfds/downloads/manual", "manual"):
        shutil.copytree(mlds, tmp_path / manual / "extra_data")
    (tmp_path / "tfds/downloads/manual/extra_data/images/3.jpg").write_bytes(b"")
    # What TFDS_DATA_DIR says when it is imported.
    monkeypatch.setattr("tensorflow_datasets.core.constants.DATA_DIR", str(tmp_path / "tfds"))

    def train(*words):
        with eagerly():
            done = call(tmp_path, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "23 tagged faces of tfds:mlds_faces" in train(*TAGGED, "--epochs", 0.1, "--run", "t",
                                                         "--data", "tfds:mlds_faces")
    config = tfds.download.DownloadConfig(manual_dir=tmp_path / "manual")
    faces = tfds.load("mlds_faces", split="train", data_dir=tmp_path / "other",
                      download_and_prepare_kwargs={"download_config": config})
    assert len(faces) == 24 and next(iter(faces))["image"].shape == (20, 20, 3)
    gray = {"image": tfds.features.Image(shape=(30, 20, 1))}
    images = tf.data.Dataset.from_tensors({"image": tf.ones((30, 20, 1), tf.uint8)}).repeat(9)
    tfds.dataset_builders.store_as_tfds_dataset(
        name="somebody", version="1.0.0", data_dir=tmp_path / "tfds",
        features=tfds.features.FeaturesDict(gray), split_datasets={"test": images})
    assert "9 untagged faces of tfds:somebody" in train("--mode", "train", *TINY, "--epochs", 1,
                                                        "--data", "tfds:somebody")
    refuses(call(tmp_path, *TAGGED, "--data", "tfds:mlds_face"), "--data tfds:mlds_face",
            Fault.UNKNOWN)


def test_tensorboard_shows_the_pictures_and_the_curves(trained):
    cwd, _ = trained
    board = program.TensorBoard(default.get_plugins())  # in this process, which has loaded them
    board.configure(["tensorboard"], logdir=str(cwd / "checkpoints"), port=0, load_fast="false",
                    reload_interval=0, reload_task="blocking")
    address = board.launch()
    fetch = lambda path: json.load(urllib.request.urlopen(f"{address}data/plugin/{path}",
                                                          timeout=30))
    assert set(fetch("images/tags")["full"]) == {"faces/real", "faces/generated"}
    assert set(fetch("scalars/tags")["full"]) >= {
        "loss/d_adversarial", "loss/d_attributes", "loss/g_adversarial", "loss/g_attributes",
        "loss/d_loss", "loss/g_loss", "grad_norm/d", "grad_norm/g", "speed/images_per_second"}


# ----- what needs no TensorFlow

@pytest.mark.parametrize("words, subject, fault", [
    (("--mode", "trian"), "--mode", Fault.UNKNOWN),
    (("--mode", "train", "--bogus", 1), "--bogus", Fault.UNKNOWN),
    (("--mode", "train", "extra"), "extra", Fault.INVALID),
    (("--seed", 1), "--mode", Fault.MISSING),
    (("--mode", "train", "--hair", "red"), "--hair", Fault.CONFLICT),
    (("--mode", "infer", "--width", 8), "--width", Fault.CONFLICT),
    (("--mode", "train", "--model", "acgn"), "--model", Fault.UNKNOWN),
    (("--mode", "train", "--batch_size", "many"), "--batch_size", Fault.INVALID),
    (("--mode", "train", "--flip", "false"), "--flip", Fault.INVALID),
    (("--mode", "train", "--run", "true", "--flip", "true"), "--flip", Fault.INVALID),
    (("true",), "true", Fault.INVALID),
    (("--mode", "train", "--noflip=3"), "--noflip", Fault.INVALID),
    (("--mode", "train", "--seed", -1), "--seed", Fault.INVALID),
    (("--mode", "train", "--run"), "--run", Fault.MISSING),
    (("--mode", "train", "--run", "../x", "--data", "drawn"), "--run", Fault.INVALID),
    (("--mode", "train", "--image_size", 100), "--image_size", Fault.UNKNOWN),
    (("--mode", "train", "--loss", "hing"), "--loss", Fault.UNKNOWN),
    (("--mode", "train", "--model", "acgan", "--embedding_only"), "--embedding_only",
     Fault.CONFLICT),
    (("--mode", "train", "--model", "rpgan", "--embedding_only"), "--embedding_only",
     Fault.MISSING),
    (("--mode", "train", "--budget", "soon"), "--budget", Fault.INVALID),
    (("--mode", "train", "--budget", "1h", "--epochs", 3), "--budget", Fault.CONFLICT),
    (("--mode", "infer", "--run", "x"), "--run", Fault.UNKNOWN),
    (("--mode", "infer", "--run", "help"), "--run", Fault.UNKNOWN),
    (("--mode", "infer", "--matrix", "--hair", "red"), "--matrix", Fault.CONFLICT),
    (("--mode", "infer", "--matrix", "--separate"), "--matrix", Fault.CONFLICT),
    (("--mode", "train", "--jit", "--strategy", "mirrored"), "--jit", Fault.CONFLICT),
    (("--mode", "train", "--precision", "half"), "--precision", Fault.UNKNOWN),
    (("--mode", "infer", "--model", "acgn"), "--model", Fault.UNKNOWN),
    (("--mode", "infer", "--hair", "aqua", "--hair", "red"), "--hair", Fault.CONFLICT),
    (("--mode", "infer", "--separate", "--noseparate"), "--separate", Fault.CONFLICT),
    (("--mode", "train", "--n_critic", 2, "--g_every", 3), "--n_critic", Fault.CONFLICT),
    (("--mode", "infer", "--hair", "ornge"), "--hair", Fault.UNKNOWN),
    (("--mode", "infer", "--hair", "aqua:pink"), "--hair", Fault.INVALID),
    (("--mode", "infer", "--num", 0), "--num", Fault.INVALID),
    (("--mode", "infer", "--out", "x.jpg"), "--out", Fault.INVALID),
])
def test_bad_flags_get_one_line(tmp_path, words, subject, fault):
    refuses(call(tmp_path, *words), subject, fault)


def test_a_refusal_needs_no_tensorflow_and_has_no_traceback(tmp_path):
    refuses(run(tmp_path, "--mode", "train", "--batch_size", 0), "--batch_size", None)


@pytest.mark.parametrize("given, counts", [("ornge", [2, 1, 1, 1]), ("512", [1, 1, 1, 1])])
def test_all_choices_are_named_and_the_nearest_where_there_is_one_again(given, counts):
    choices = ["orange", "pink", "128", "192"]
    with refusal("--x", Fault.UNKNOWN) as caught:
        choose("--x", given, choices)
    assert [str(caught.value).count(choice) for choice in choices] == counts


@pytest.mark.parametrize("given, listed", [("face_71", "face_7"), ("?", "face_0")])
def test_of_many_choices_a_few_are_named(given, listed):
    with refusal("--x", Fault.UNKNOWN) as caught:
        choose("--x", given, [f"face_{i}" for i in range(70)])
    assert f"{listed}," in str(caught.value) and str(caught.value).count("face_") < 8


def test_a_call_does_not_keep_the_flags_of_the_one_before(tmp_path):
    for words, shown in (((), {"hair": "any", "seed": 0}),
                         (("--hair", "red", "--seed", 3), {"hair": "red", "seed": 3}),
                         ((), {"hair": "any", "seed": 0})):
        done = call(tmp_path, "--mode", "infer", "--num", 1, "--size", 64, *words)
        assert done.returncode == 0, done.stderr
        picture = tmp_path / re.search("faces: (.*)", done.stdout)[1]
        assert pictures.read_metadata(picture, "").items() >= shown.items()


def test_no_words_at_all_get_a_few_examples(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0 and len(done.stdout.splitlines()) < 15
    for words in re.findall(r"main.py (--mode \w+)", done.stdout):
        assert words.split()[1] in flags.MODES
    assert "--help" in done.stdout and "--learning_rate" not in done.stdout


def test_help_lists_every_flag_of_a_recipe_without_tensorflow(tmp_path):
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    for name in ("--mode", "--hair", "--budget", "--learning_rate", "--rotation"):
        assert name in done.stdout
    code = "import sys; from anime_gan_tf import cli; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_help_of_one_mode_and_a_reader_that_has_enough(tmp_path):
    done = run(tmp_path, "--mode", "walk", "--help")
    assert done.returncode == 0 and "--frames" in done.stdout and "--budget" not in done.stdout
    # What a flag takes in one mode only is said there only.
    assert "aqua:blonde" in done.stdout and "aqua:blonde" not in "".join(flags.help_text("infer"))
    assert not [line for mode in flags.MODES for line in flags.help_text(mode) if "\n" in line]
    for words in ("--help", "--mode models"):
        done = subprocess.run(f"{sys.executable} {ROOT / 'main.py'} {words} | head -1", shell=True,
                              cwd=tmp_path, capture_output=True, text=True)
        assert len(done.stdout.splitlines()) == 1 and not done.stderr, done.stderr
