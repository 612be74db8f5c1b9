"""What may be written over: only what says that this program made it."""
import shutil

import numpy as np
import pytest
from conftest import call, refusal, refuses, write_run
from PIL import Image

from anime_gan_tf.cli import classifier, export
from anime_gan_tf.cli.flags import FLAGS, parse_flags
from anime_gan_tf.errors import Fault
from anime_gan_tf.storage import names, npz, pictures

pytestmark = pytest.mark.usefixtures("eager")

FACE = np.zeros((16, 16, 3), np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The generator of a tiny run."""
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    return folder / "checkpoints/r/generator.npz"


def write(out):
    """Writes what `out` says, as a command does."""
    pictures.save_png(out.path, FACE, {"seed": 0})
    for file in out.companions:
        file.write_text(f"by {out.command}")
    out.sign()


# ----- endings

@pytest.mark.parametrize("mode, name, other", [
    ("infer", "mine.PNG", "mine.png"), ("walk", "mine.GIF", "mine.gif"),
    ("page", "mine.HTML", "mine.html"), ("page", "mine.HtMl", "mine.png")])
def test_the_file_that_was_written_is_signed_whatever_the_case_of_its_ending(
        run, tmp_path, mode, name, other):
    Image.new("RGB", (3, 3)).save(tmp_path / "face.png")
    shutil.copy(tmp_path / "face.png", tmp_path / other)
    content = (tmp_path / other).read_bytes()
    words = {"infer": ("--num", 1), "walk": ("--num", 2, "--frames", 2), "page": ()}[mode]
    for _ in range(2):  # it is recognized and replaced
        done = call(tmp_path, "--mode", mode, "--run", run, *words, "--out", name)
        assert done.returncode == 0, done.stderr
        assert "note:" not in done.stdout
    assert (tmp_path / other).read_bytes() == content


@pytest.mark.parametrize("mode, name", [("infer", ".png"), ("walk", ".gif"), ("page", ".html"),
                                        ("export", ".npz"), ("infer", "folder/.PNG")])
def test_an_ending_is_no_name(run, tmp_path, mode, name):
    refuses(call(tmp_path, "--mode", mode, "--run", run, "--out", name), "--out", Fault.INVALID)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.png", "x.html", "x.HTML"])
def test_only_pictures_and_pages_are_signed(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"GIF89a, of somebody else")
    with refusal(path, Fault.INVALID):
        pictures.sign(path, "a")
    with refusal(tmp_path / f"no {name}", Fault.MISSING):
        pictures.sign(tmp_path / f"no {name}", "a")
    assert path.read_bytes() == b"GIF89a, of somebody else"


# ----- companions

def test_companions_are_replaced_only_if_the_picture_says_that_they_were_written_with_it(tmp_path):
    path, endings = tmp_path / "x.png", names.with_endings(".json", "_more.png")
    write(names.given(path, "a"))
    user = path.with_suffix(".json")
    user.write_text("mine")
    with refusal("--out", Fault.EXISTS):
        names.given(path, "a", endings)
    assert names.default(path, "a", endings).path == tmp_path / "x_2.png"
    user.unlink()
    write(names.given(path, "a", endings))
    assert names.default(path, "a", endings).path == path
    assert names.default(path, "b", endings).path == tmp_path / "x_2.png"
    names.given(path, "b", endings)
    user.write_text("by a, and edited")
    with refusal("--out", Fault.EXISTS) as caught:
        names.given(path, "a", endings)
    assert str(user) in str(caught.value)


@pytest.mark.parametrize("text", ['{"command": 1, "files": {}}', '{"command": "a"}', "[]", "{",
                                  '{"command": "a", "files": []}', "[" * 100_000])
def test_a_signature_of_a_stranger(tmp_path, monkeypatch, text):
    path = tmp_path / "x.png"
    Image.new("RGB", (3, 3)).save(path)
    monkeypatch.setattr(pictures.json, "dumps", lambda _: text)
    pictures.sign(path, "a")
    assert pictures.signature(path) == (None, {})


def test_animations_of_the_user_stay(run, tmp_path):
    walk = ("--mode", "walk", "--run", run, "--num", 2, "--frames", 2)
    infer = ("--mode", "infer", "--run", run, "--num", 1)
    assert call(tmp_path, *infer, "--out", "face.png").returncode == 0
    (tmp_path / "face.gif").write_bytes(b"GIF89a, mine")
    refuses(call(tmp_path, *walk, "--out", "face.gif"), "--out", Fault.EXISTS)
    assert (tmp_path / "face.gif").read_bytes() == b"GIF89a, mine"
    assert call(tmp_path, *walk).returncode == 0
    animation, = (tmp_path / "pictures").glob("*.gif")
    animation.write_bytes(b"GIF89a, mine")
    assert call(tmp_path, *walk).returncode == 0
    assert animation.read_bytes() == b"GIF89a, mine"
    assert len(list((tmp_path / "pictures").glob("*.gif"))) == 2


def test_reports_of_the_user_stay(mlds, tmp_path):
    words = ("--mode", "inspect", "--data", mlds, "--out", "x.png")
    assert call(tmp_path, *words).returncode == 0
    assert call(tmp_path, *words).returncode == 0
    for companion in ("x.json", "x_balance.png"):
        own = (tmp_path / companion).read_bytes()
        (tmp_path / companion).write_bytes(b"mine")
        refuses(call(tmp_path, *words), "--out", Fault.EXISTS)
        assert (tmp_path / companion).read_bytes() == b"mine"
        (tmp_path / companion).write_bytes(own)


# ----- networks

def parsed(*words):
    """Parses the flags of a command; nothing is written."""
    parse_flags(["main.py", *map(str, words)])
    return {"classifier": classifier, "export": export}[FLAGS.mode].parse(FLAGS)


@pytest.mark.parametrize("mode", ["classifier", "export"])
def test_files_of_a_run_are_never_the_target(run, tmp_path, monkeypatch, mode):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run.parents[1], "checkpoints")
    words = ("--mode", mode, *(("--run", run) if mode == "export" else ()), "--out")
    with refusal("--out", Fault.EXISTS):  # trained, and no export
        parsed(*words, "checkpoints/r/generator.npz")
    (tmp_path / "checkpoints/r/run.json").write_text("{}")
    (tmp_path / "link").symlink_to("checkpoints/r")
    for name in ("checkpoints/r/generator.npz", "checkpoints/r/new.npz", "link/best.NPZ"):
        with refusal("--out", Fault.CONFLICT):
            parsed(*words, name)
    assert (tmp_path / "checkpoints/r/generator.npz").read_bytes() == run.read_bytes()


def test_an_export_replaces_exports_only(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        done = call(tmp_path, "--mode", "export", "--run", run, "--out", "new/generator.npz")
        assert done.returncode == 0, done.stderr
    words = ("--mode", "export", "--run", "new/generator.npz")
    with refusal("--out", Fault.CONFLICT):
        parsed(*words, "--out", "new/generator.npz")
    (tmp_path / "new/discriminator.npz").write_bytes(b"mine")
    with refusal("--out", Fault.EXISTS):
        parsed("--mode", "export", "--run", run, "--out", "new/generator.npz")
    npz.write_arrays("x.npz", {"z": np.zeros(3)})
    pictures.save_png(tmp_path / "x.png", FACE, {"seed": 0})
    (tmp_path / "x.keras").write_bytes(b"mine")
    (tmp_path / "l.npz").symlink_to("nowhere.npz")
    for name in ("x.npz", "l.npz"):
        with refusal("--out", Fault.EXISTS):
            parsed(*words, "--out", name)
    with refusal("--out", Fault.EXISTS):
        parsed(*words, "--format", "keras", "--out", "x.keras")
    with refusal("--out", Fault.EXISTS):
        parsed("--mode", "classifier", "--out", "new/generator.npz")


def test_an_export_by_default_leaves_what_it_reads(run, tmp_path, monkeypatch):
    (tmp_path / "r").mkdir()
    monkeypatch.chdir(tmp_path / "r")
    call(tmp_path, "--mode", "export", "--run", run, "--out", "r/r.npz")
    assert parsed("--mode", "export", "--run", "r.npz").out.name == "r_2.npz"


def test_a_classifier_replaces_classifiers_only(mlds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scale = np.ones(256, np.float32)
    for name, info in (("own.npz", {"axes": ["hair"]}), ("other.npz", {"axes": 3})):
        npz.write_arrays(name, {"centre": scale, "scale": scale, "info": npz.packed(info)})
    words = ("--mode", "classifier", "--data", mlds, "--out")
    assert parsed(*words, "own.npz").out.name == "own.npz"
    with refusal("--out", Fault.EXISTS):
        parsed(*words, "other.npz")
