"""What is found in folders and zips, and what is left out and counted."""
import io
import os
import pathlib
import socket
import stat
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import pytest
from conftest import refusal, ROOT
from PIL import Image

from anime_gan_tf.data import dataset, sources
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT


def picture(kind="PNG", seed=0):
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def write(folder, files):
    """Writes {path: bytes or text} below a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def zipped(path, files, flags=0, **fields):
    """A .zip of {path: bytes}, whose members have those general purpose flags and ZipInfo fields.
    A name as bytes is stored as it is."""
    raw = {}
    with zipfile.ZipFile(path, "w") as archive:
        for i, (name, content) in enumerate(files.items()):
            if isinstance(name, bytes):  # ZipFile writes only ASCII or UTF-8: put them in later
                raw[b"\1%03d" % i + b"x" * (len(name) - 4)] = name
                name = (b"\1%03d" % i + b"x" * (len(name) - 4)).decode()
            info = zipfile.ZipInfo(name)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.writestr(info, content)
    content = path.read_bytes()
    for before, after in raw.items():
        content = content.replace(before, after)
    path.write_bytes(content)
    return path


ENDINGS = {"jpg": "JPEG", "jpeg": "JPEG", "JPE": "JPEG", "jfif": "JPEG", "png": "PNG",
           "webp": "WEBP", "bmp": "BMP", "gif": "GIF", "tif": "TIFF", "TIFF": "TIFF", "ppm": "PPM"}


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_of_every_ending_and_of_none_are_read(tmp_path, packed):
    files = {f"{i}.{ending}": picture(kind) for i, (ending, kind) in enumerate(ENDINGS.items())}
    for i, kind in enumerate(("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")):
        files[f"none{i}"] = picture(kind)
    files |= {"vol.2": picture(), "a.jpg?size=large": picture(), "b.jpg_large": picture("JPEG")}
    rest = {"a.svg": "<svg/>", "b.svg": "<svg/>", "c.psd": "8BPS", "LICENSE": "free", "empty": b""}
    path = (zipped(tmp_path / "x.zip", files | rest) if packed
            else write(tmp_path / "x", files | rest))
    source = sources.open_path(path, DEFAULT)
    assert sorted(source.names) == sorted(files)
    assert source.left_out == {".svg": 2, ".psd": 1, "without ending": 2}
    assert len(dataset.load(source, 16, progress=False).images) == len(files)


def test_what_is_no_regular_file_is_counted_and_not_opened(tmp_path):
    folder = write(tmp_path / "x", {"1.png": picture(), "sub/2.png": picture(), ".3.png": picture(),
                                    ".git/4.png": b"", "__MACOSX/5.png": b"", "._1.png": b""})
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "circle").symlink_to(folder)
    (folder / "link.png").symlink_to("1.png")
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    (folder / "tags.csv").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(folder / "socket.png"))
    source = sources.open_path(folder, DEFAULT)
    assert sorted(source.names) == ["1.png", "link.png", "sub/2.png"]
    assert source.left_out == {"hidden": 1, "link to a device": 1, "broken link": 2,
                               "link to a folder": 1, "named pipe": 2, "socket": 1,
                               "link to a named pipe": 1}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_members_of_a_zip_that_are_links_or_devices_are_counted(tmp_path, kind):
    path = zipped(tmp_path / "x.zip", {"link.png": b"/etc/passwd"},
                  external_attr=(kind | 0o644) << 16)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("./faces/1.png", picture())
        archive.writestr("../2.png", picture())
    source = sources.open_path(path, DEFAULT)
    assert source.names == ["faces/1.png"] and sum(source.left_out.values()) == 2


@pytest.mark.parametrize("make, fault", [
    (lambda path: None, Fault.MISSING),
    (lambda path: path.mkdir(), Fault.MISSING),
    (lambda path: path.write_text("hello"), Fault.UNREADABLE),
    (os.mkfifo, Fault.INVALID),
    (lambda path: path.symlink_to("/dev/zero"), Fault.INVALID),
    (lambda path: write(path, {"a.svg": "<svg/>"}), Fault.MISSING),
])
@pytest.mark.parametrize("flag", ["--data", "--images"])
def test_paths_that_hold_no_faces(tmp_path, flag, make, fault):
    make(tmp_path / "x")
    with refusal(flag, fault):
        sources.open_path(tmp_path / "x", DEFAULT, flag)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_an_unreadable_folder_is_counted():
    """As another user, because root reads everything."""
    with tempfile.TemporaryDirectory() as top:  # a folder that other users may enter
        folder = write(pathlib.Path(top) / "x", {"1.png": picture(), "locked/2.png": picture()})
        pathlib.Path(top).chmod(0o755)
        (folder / "locked").chmod(0)
        code = ("import os, sys; from anime_gan_tf.data import sources; "
                "from anime_gan_tf.labels import DEFAULT; os.setuid(65534); "
                f"print(dict(sources.open_path({str(folder)!r}, DEFAULT).left_out))")
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True,
                              text=True)
        (folder / "locked").chmod(0o755)
    assert done.stdout.strip() == "{'unreadable folder': 1}", done.stderr


def test_symbolic_link_loops_and_deep_folders_end(tmp_path):
    deep = tmp_path / "x" / "/".join(["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "1.png").write_bytes(picture())
    (deep / "loop").symlink_to(tmp_path / "x")
    assert len(sources.open_path(tmp_path / "x", DEFAULT).names) == 1
