"""Pictures and curves of a run, as they are and as a stranger may have left them."""
import os
import struct

import numpy as np
import pytest
import tensorflow as tf
from conftest import refusal
from PIL import Image

from anime_gan_tf.errors import Fault
from anime_gan_tf.training import curves, history


@pytest.fixture
def folder(tmp_path):
    """A run's folder with three pictures and curves."""
    (tmp_path / "r/grids").mkdir(parents=True)
    for step in (0, 20, 40):
        save(tmp_path / f"r/grids/step_{step:08d}.png", step)
    written = curves.Curves(tmp_path / "r")
    for step in (20, 40, 20):
        written.scalars({"loss/d_loss": 1.0, "loss/d_real": step, "speed/images_per_second": 5.0},
                        step)
    written.flush()
    return tmp_path / "r"


def save(path, gray, size=(34, 34)):
    Image.new("RGB", size, (gray, gray, gray)).save(path)


def add_curves(folder, values, step=1):
    with tf.summary.create_file_writer(str(folder)).as_default(step=step):
        for tag, value in values.items():
            tf.summary.scalar(tag, value)
        tf.summary.flush()


def test_pictures_and_curves_are_read_in_order(folder):
    steps, frames = history.read_pictures(folder)
    assert steps == (0, 20, 40) and [frame[0, 0, 0] for frame in frames] == [0, 20, 40]
    assert history.read_curves(folder)["loss/d_real"] == ([20, 40], [20.0, 40.0])
    sheet = history.process(folder, folder / "out.gif")
    with Image.open(folder / "out.gif") as animation, Image.open(sheet):
        assert animation.n_frames >= 3 and animation.size == (34, 34)


def test_pictures_that_do_not_go_with_the_last_one_are_left_out_with_a_note(folder, printed):
    grids = folder / "grids"
    save(grids / "step_00000010.png", 1, (20, 50))
    (grids / "step_00000011.png").write_bytes(b"%!PS-Adobe no PNG")
    (grids / "step_00000012.png").symlink_to("/dev/zero")
    os.mkfifo(grids / "step_00000013.png")
    save(grids / "step_x.png", 1)
    assert history.read_pictures(folder)[0] == (0, 20, 40)
    assert printed.readouterr().err.startswith("note: left out: 4 of 7 ")


def test_more_pictures_than_memory_is_meant_for_are_thinned_out(folder, monkeypatch, printed):
    monkeypatch.setattr(history, "MAX_BYTES", 34 * 34 * 3 * 2)
    assert history.read_pictures(folder)[0] == (0, 40)
    assert "one in 2 of 3" in printed.readouterr().err


@pytest.mark.parametrize("content, fault", [(None, Fault.MISSING), (b"no", Fault.UNREADABLE)])
def test_a_run_without_pictures_is_refused(tmp_path, content, fault):
    (tmp_path / "grids").mkdir()
    if content:
        (tmp_path / "grids/step_00000001.png").write_bytes(content)
    with refusal("--run", fault):
        history.process(tmp_path, tmp_path / "out.gif")


def test_strange_curves_are_drawn_or_left_out(folder, printed, monkeypatch):
    monkeypatch.setattr(history, "MAX_PLOTS", 8)
    add_curves(folder, {"bare": 1.0, "/": 2.0, "a/b/c": float("nan"), "$x^$/_y": float("inf"),
                        "big/x": 3e38, "long" * 200: 1.0})
    add_curves(folder, {f"group{i}/x": 1.0 for i in range(5)}, step=-5)
    assert history.process(folder, folder / "out.gif").exists()
    assert "note: left out: 4 of 14 " in printed.readouterr().err


def test_events_that_say_that_they_are_huge_are_refused(folder):
    """A scalar whose shape would be a terabyte."""
    proto = tf.make_tensor_proto(np.float32(1))
    for _ in range(4):
        proto.tensor_shape.dim.add().size = 2 ** 10
    event = tf.compat.v1.Event(step=1)
    value = event.summary.value.add(tag="loss/x", tensor=proto)
    value.metadata.plugin_data.plugin_name = "scalars"
    writer = tf.io.TFRecordWriter(str(folder / "events.out.tfevents.9999999999.x"))
    writer.write(tf.compat.v1.Event(file_version="brain.Event:2").SerializeToString())
    writer.write(event.SerializeToString())
    writer.close()
    with refusal(folder, Fault.UNREADABLE):
        history.read_curves(folder)


@pytest.mark.parametrize("make", [
    lambda path: path.symlink_to("/dev/zero"), lambda path: os.mkfifo(path),
    lambda path: path.mkdir()])
def test_events_that_are_no_files_are_refused(folder, make):
    make(folder / "events.out.tfevents.2.x")
    with refusal(folder / "events.out.tfevents.2.x", Fault.INVALID):
        history.read_curves(folder)


def test_damaged_events_are_read_as_far_as_they_go(folder):
    path, = folder.glob("*tfevents*")
    content = path.read_bytes()
    path.write_bytes(content[:-10])
    assert history.read_curves(folder)["loss/d_real"][0]
    path.write_bytes(struct.pack("<Q", 2 ** 60) + content[8:])
    history.read_curves(folder)
