import os
import socket

import pytest
from conftest import refusal

from anime_gan_tf.errors import Fault
from anime_gan_tf.storage import files


def test_a_regular_file_or_a_link_to_one_passes(tmp_path):
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").symlink_to("a")
    for name in ("a", "b"):
        assert files.require_regular(tmp_path / name, "--data", max_bytes=3).st_size == 3
    assert files.require_regular(tmp_path, "--data", or_folder=True)


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))


@pytest.mark.parametrize("make, fault", [
    (lambda path: None, Fault.MISSING),
    (lambda path: path.mkdir(), Fault.INVALID),
    (lambda path: path.symlink_to("/dev/zero"), Fault.INVALID),
    (lambda path: path.symlink_to("x"), Fault.UNREADABLE),  # a link to itself
    (lambda path: path.write_bytes(bytes(4)), Fault.TOO_LARGE),
    (make_pipe, Fault.INVALID),
    (make_socket, Fault.INVALID),
])
def test_anything_else_is_refused_before_it_is_opened(tmp_path, monkeypatch, make, fault):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "x")
    with refusal("--data", fault):
        files.require_regular("x", "--data", max_bytes=3)


@pytest.mark.parametrize("path, fault", [
    ("a\0b", Fault.UNREADABLE), ("/dev/zero", Fault.INVALID), ("x" * 5000, Fault.UNREADABLE)])
def test_names_that_no_file_can_have_and_devices(path, fault):
    with refusal("--data", fault):
        files.require_regular(path, "--data", or_folder=True)
