"""--mode sliders and --slide, as a user has them."""
import re
import shutil

import numpy as np
import pytest
from conftest import call, refuses, write_run
from PIL import Image

import anime_gan_tf as ag
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import slider_search, slider_steps
from anime_gan_tf.storage import checkpoints, pictures


def find(cwd, *words):
    """--mode sliders, of small steps, as a network that has learned nothing changes little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slider_search, "LONGEST", 1024)
        patch.setattr(slider_steps, "STEP", 0.05)
        done = call(cwd, "--mode", "sliders", *words)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    """A folder with a run r, whose sliders are found, and a run u that was trained without tags."""
    cwd = tmp_path_factory.mktemp("sliders")
    shutil.copytree(home / "checkpoints", cwd / "checkpoints")
    write_run(cwd, "dcgan", "u")
    find(cwd, "--run", "r", "--out", "sliders.png")
    return cwd


def draw(cwd, *words):
    done = call(cwd, *words, "--out", "x.png")
    assert done.returncode == 0, done.stderr
    return np.asarray(Image.open(cwd / "x.png"))


INFER = ("--mode", "infer", "--run", "r", "--num", 3)


def test_the_mode_says_where_its_files_are_and_does_not_search_twice(folder, monkeypatch):
    monkeypatch.setattr(slider_search, "find", None)
    done = call(folder, "--mode", "sliders", "--run", "r", "--out", "sliders.png")
    assert done.returncode == 0, done.stderr
    lines = dict(re.findall(r"^(\w+): +(.*)$", done.stdout, re.M))
    assert (folder / lines["file"]).is_file() and (folder / lines["sliders"]).is_file()
    assert "1 -" in lines["steps"]
    drawn = call(folder, *re.search(r"main.py (.*)", lines["more"])[1].split(), "--num", 1)
    assert drawn.returncode == 0, drawn.stderr


def test_a_slide_is_drawn_and_its_picture_draws_it_again(folder):
    plain = draw(folder, *INFER)
    moved = draw(folder, *INFER, "--slide", "1=1,2=-0.5")
    assert np.abs(moved.astype(int) - plain).max() > 3
    assert np.array_equal(draw(folder, *INFER, "--slide", "1=0"), plain)
    shutil.copy(folder / "x.png", folder / "y.png")
    draw(folder, *INFER, "--slide", "1=1,2=-0.5")
    shutil.copy(folder / "x.png", folder / "moved.png")
    again = draw(folder, "--mode", "infer", "--latent", "moved.png")
    assert np.array_equal(again, moved)
    # And back again, from there.
    back = draw(folder, "--mode", "infer", "--latent", "moved.png", "--slide", "1=-1,2=0.5")
    assert pictures.read_metadata(folder / "x.png", "x")["num"] == 3
    assert np.abs(back.astype(int) - plain).mean() < np.abs(moved.astype(int) - plain).mean()


def test_the_library_moves_faces_as_the_command_line_does(folder, monkeypatch):
    monkeypatch.chdir(folder)
    generator = ag.load("r")
    low, high = generator.sliders["1"]
    assert low <= 0 <= high and low < high
    images = generator.draw(range(3), slide={"1": 1})
    assert np.array_equal(draw(folder, *INFER, "--slide", "1=1"), ag.grid(images))
    frames = list(generator.fade(2, frames=3, slide={"1": (0, 1)}))
    assert np.abs(frames[3].astype(int) - generator.draw(2, slide={"1": 1})[0]).max() <= 1
    for slide, fault in (({"no": 1}, Fault.UNKNOWN), ({"1": 99}, Fault.INVALID),
                         ({"1": "far"}, Fault.INVALID), ({"1": (0, 1)}, Fault.INVALID)):
        with pytest.raises(ag.UserError) as refused:
            generator.draw(1, slide=slide)
        assert (refused.value.subject, refused.value.fault) == ("slide", fault)


def test_fades_walks_and_mixes_are_moved(folder):
    done = call(folder, "--mode", "fade", "--run", "r", "--slide", "1=0:1,2=0.5", "--frames", 4,
                "--out", "f.gif")
    assert done.returncode == 0, done.stderr
    assert Image.open(folder / "f.gif").n_frames == 8
    # The first and the last column of the sheet are the ends of the way.
    sheet = np.asarray(Image.open(folder / "f.png"))
    ends = [draw(folder, "--mode", "infer", "--run", "r", "--num", 1, "--slide", f"1={end},2=0.5")
            for end in (0, 1)]
    assert np.array_equal(sheet[-18:-2, -18:-2], ends[1][2:18, 2:18])
    assert not np.array_equal(*ends)
    for words in (("walk", "w.gif"), ("mix", "m.png")):
        done = call(folder, "--mode", words[0], "--run", "r", "--num", 2, "--slide", "1=1",
                    "--out", words[1])
        assert done.returncode == 0, done.stderr
    corner = np.asarray(Image.open(folder / "w.png"))[2:18, 2:18]
    face = draw(folder, "--mode", "infer", "--run", "r", "--num", 1, "--slide", "1=1")[2:18, 2:18]
    assert np.abs(corner.astype(int) - face).max() <= 1


@pytest.mark.parametrize("slide, fault", [
    ("nose=1", Fault.UNKNOWN), ("1=99", Fault.INVALID), ("1", Fault.INVALID),
    ("1=0:1", Fault.INVALID), ("1=1,1=1", Fault.CONFLICT)])
def test_what_there_is_not_is_refused(folder, slide, fault):
    refuses(call(folder, *INFER, "--slide", slide), "--slide", fault)


def test_a_generator_that_has_no_tags_has_sliders(folder):
    refuses(call(folder, "--mode", "infer", "--run", "u", "--slide", "1=1"),
            folder.joinpath("checkpoints/u/sliders.npz").relative_to(folder), Fault.MISSING)
    find(folder, "--run", "u")
    words = ("--mode", "infer", "--run", "u", "--num", 2)
    plain, moved = draw(folder, *words), draw(folder, *words, "--slide", "1=1")
    assert np.abs(moved.astype(int) - plain).max() > 3
    assert np.array_equal(draw(folder, "--mode", "infer", "--latent", "x.png"), moved)


def test_sliders_of_earlier_weights_are_refused_and_found_anew(folder, tmp_path):
    shutil.copytree(folder / "checkpoints/u", tmp_path / "checkpoints/u")
    file = tmp_path / "checkpoints/u/sliders.npz"
    shutil.copy(folder / "checkpoints/r/best_sliders.npz", file)
    refuses(call(tmp_path, "--mode", "infer", "--run", "u", "--slide", "1=1"),
            file.relative_to(tmp_path), Fault.CONFLICT)
    find(tmp_path, "--run", "u")
    assert call(tmp_path, "--mode", "infer", "--run", "u", "--slide", "1=0.5").returncode == 0


@pytest.mark.parametrize("content", [b"", b"mine"])
def test_a_file_that_is_not_of_sliders_stays(folder, tmp_path, content):
    shutil.copytree(folder / "checkpoints/u", tmp_path / "checkpoints/u")
    file = tmp_path / "checkpoints/u/sliders.npz"
    file.write_bytes(content)
    refuses(call(tmp_path, "--mode", "sliders", "--run", "u"), file.relative_to(tmp_path),
            Fault.UNREADABLE)
    assert file.read_bytes() == content


def test_the_bundled_generator_has_named_ones(tmp_path):
    names = ag.load("pretrained_rpgan").sliders
    assert {"turn", "hair_length", "fringe", "light", "eye_size"} <= set(names)
    done = call(tmp_path, "--mode", "infer", "--run", "pretrained_rpgan", "--num", 1, "--size", 64,
                "--slide", "turn=2,light=-1")
    assert done.returncode == 0, done.stderr


def test_the_default_has_sliders_where_they_are_requested(tmp_path):
    recipe, generator = write_run(tmp_path)
    path = tmp_path / "checkpoints/r/generator.npz"
    info = checkpoints.read_info(path) | {"kimg": 500.0}  # enough to be the default
    checkpoints.export_generator(path, recipe, generator.get_weights(), info)
    for words, used in (((), "r"), (("--slide", "turn=1"), "pretrained_rpgan")):
        done = call(tmp_path, "--mode", "infer", "--num", 1, "--size", 64, *words)
        assert f"checkpoint used: {used}:" in done.stdout, done.stderr
