"""Files from strangers: each is read as what it is, named as unreadable, or refused in one line;
nothing runs, nothing is
written elsewhere, no memory is filled."""
import io
import json
import os
import pickle
import struct
import zipfile
import zlib

import numpy as np
import pytest
from conftest import call, refuses, write_run
from PIL import Image, PngImagePlugin

from anime_gan_tf.data import synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.storage import npz


def png(seed=0):
    file = io.BytesIO()
    Image.fromarray(synthetic.face(seed, 24)[0]).save(file, "PNG")
    return file.getvalue()


def chunk(kind, content):
    return (struct.pack(">I", len(content)) + kind + content
            + struct.pack(">I", zlib.crc32(kind + content)))


def png_of_size(width, height):
    """A PNG that says it is that large, with hardly any pixels in it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000)))
            + chunk(b"IEND", b""))


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def inspect(tmp_path, data, *words):
    """What --mode inspect finds, with the names of the unreadable images alone."""
    done = call(tmp_path, "--mode", "inspect", "--data", data, *words)
    assert done.returncode == 0, done.stderr
    stem = data.removesuffix(".zip")
    found = json.loads((tmp_path / f"pictures/inspect_{stem}.json").read_text())
    return found | {"unreadable": [line.split(" (")[0] for line in found["unreadable"]]}


def test_paths_in_a_zip_lead_nowhere(tmp_path):
    home = tmp_path / "a/b"
    home.mkdir(parents=True)
    names = ("../../evil.png", "/tmp/anime_gan_tf_evil.png", "..\\..\\evil.png",
             "images/../../../evil2.png", "fine.png")
    zipped(home / "slip.zip", {name: png(i) for i, name in enumerate(names)})
    inspect(home, "slip.zip", "--clean", "clean")
    inspect(home, "slip.zip", "--clean", "clean.zip")
    found = {path.relative_to(tmp_path).parts[:3] for path in tmp_path.rglob("*") if path.is_file()}
    assert found <= {("a", "b", name) for name in ("slip.zip", "clean", "clean.zip", "pictures")}
    assert all("/" not in path.name and path.parent == home / "clean/images"
               for path in (home / "clean").rglob("*.png"))
    assert not os.path.exists("/tmp/anime_gan_tf_evil.png")
    with zipfile.ZipFile(home / "clean.zip") as archive:
        assert not [name for name in archive.namelist() if name.startswith("/")
                    or ".." in name.split("/")]


def test_bombs_are_named_and_not_unpacked(tmp_path):
    zipped(tmp_path / "bomb.zip",
           {"1.png": png(), "2.png": bytes(2 ** 27), "3.png": png_of_size(60_000, 60_000)})
    assert inspect(tmp_path, "bomb.zip")["unreadable"] == ["2.png", "3.png"]


def test_a_zip_that_lies_about_a_size(tmp_path):
    zipped(tmp_path / "lie.zip", {"1.png": png(), "2.png": bytes(2 ** 24)})
    content = (tmp_path / "lie.zip").read_bytes()
    (tmp_path / "lie.zip").write_bytes(content.replace(struct.pack("<I", 2 ** 24),
                                                       struct.pack("<I", 1000)))
    assert inspect(tmp_path, "lie.zip")["unreadable"] == ["2.png"]


def test_pictures_of_impossible_sizes_are_named(tmp_path):
    bad = {f"{width} by {height}.png": png_of_size(width, height)
           for width, height in ((0, 0), (0, 7), (2 ** 31 - 1, 1), (100_000, 100_000))}
    zipped(tmp_path / "faces.zip", {"good.png": png()} | bad)
    assert sorted(inspect(tmp_path, "faces.zip")["unreadable"]) == sorted(bad)


def test_a_picture_of_100000_by_2_pixels_is_read(tmp_path):
    (tmp_path / "faces").mkdir()
    Image.new("RGB", (100_000, 2), "red").save(tmp_path / "faces/wide.png")
    assert inspect(tmp_path, "faces")["unreadable"] == []


def test_ten_million_lines_of_tags_are_refused_at_once(tmp_path):
    zipped(tmp_path / "many.zip", {"1.png": png(), "tags.csv": b"1,aqua hair\n" * 10_000_000})
    done = call(tmp_path, "--mode", "inspect", "--data", "many.zip")
    refuses(done, "--data", Fault.UNREADABLE)
    assert "tags.csv" in done.stderr and "114 MiB" in done.stderr


def test_links_in_circles_pipes_and_devices(tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    (folder / "1.png").write_bytes(png())
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "circle").symlink_to(folder)
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "pipe.png")
    assert inspect(tmp_path, "faces")["images"] == 1


class Shell:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_checkpoints_run_nothing_and_fill_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("pickled.npz", info=np.array([Shell()], dtype=object))
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Shell()))
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    header = header.ljust(117) + b"\n"
    zipped("huge.npz",
           {"info.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header,
            "weight_000.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header})
    np.savez_compressed("bomb.npz", info=np.zeros(2 ** 27, np.uint8))
    for name in ("pickled.npz", "plain.npz", "huge.npz", "bomb.npz"):
        refuses(call(tmp_path, "--mode", "infer", "--run", name), name, Fault.UNREADABLE)
        refuses(call(tmp_path, "--mode", "infer", "--latent", name), name, Fault.UNREADABLE)
    assert not (tmp_path / "ran").exists()


def test_a_picture_whose_text_is_a_bomb(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("anime_gan_tf", "x" * 2 ** 26, zip=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "text.png", pnginfo=info)
    for flag in ("--latent", "--vary"):
        refuses(call(tmp_path, "--mode", "infer", flag, "text.png"), flag, Fault.INVALID)
    zipped(tmp_path / "faces.zip",
           {"good.png": png(), "bad.png": (tmp_path / "text.png").read_bytes()})
    inspect(tmp_path, "faces.zip")


def test_a_run_json_of_a_stranger(tmp_path, mlds):
    (tmp_path / "checkpoints/x").mkdir(parents=True)
    path = "checkpoints/x/run.json"
    words = ("--mode", "train", "--data", mlds, "--run", "x", "--image_size", 16, "--width", 4,
             "--batch_size", 4, "--epochs", 0.1)
    assert call(tmp_path, *words).returncode == 0
    true = json.loads((tmp_path / path).read_text())
    identity = true["identity"]
    changed = [true | {"before_kimg": value} for value in (10 ** 400, float("nan"), 1e9, -1)]
    changed += [true | {"identity": {name: identity[name] for name in names}}
                for names in ((), ("faces",), ("model", "seed", "faces"),
                              identity.keys() - {"seed"})]
    changed += [true | {"identity": identity | {"faces": faces}} for faces in ([[1]], [], "x")]
    for content in (b"[" * 100_000, b"[]", b"\xff\xfe", b'{"identity": 3}',
                    *(json.dumps(content).encode() for content in changed)):
        (tmp_path / path).write_bytes(content)
        refuses(call(tmp_path, *words), path, Fault.UNREADABLE)
    # A field that is younger than the run has the value that it always had.
    true["identity"] = {name: value for name, value in identity.items() if name != "shared_trunk"}
    (tmp_path / path).write_text(json.dumps(true))
    assert call(tmp_path, *words[:-1], 0.2).returncode == 0


def test_strangers_among_the_runs_are_named_and_the_others_are_drawn(tmp_path):
    write_run(tmp_path)
    folder = tmp_path / "checkpoints"
    arrays = npz.read_arrays(folder / "r/generator.npz")
    info = json.loads(arrays["info"].tobytes())
    spoilt = {
        "huge": arrays | {"info": npz.packed(info | {"kimg": 10 ** 400})},
        "table": arrays | {"info": npz.packed(info | {"table": [[1.0]]})},
        "path": arrays | {"info": npz.packed(info | {"run": "../../../evil"})},
        "nan": arrays | {"weight_000": arrays["weight_000"] * np.nan},
        "pickled": {"weight_000": arrays["weight_000"]}}
    for name, content in spoilt.items():
        npz.write_arrays(folder / name / "generator.npz", content)
    (folder / "device").mkdir()
    (folder / "device/generator.npz").symlink_to("/dev/zero")
    (folder / "bare").mkdir()
    for name in ("generator.npz", "best.npz"):  # an evaluation belongs to the second
        npz.write_arrays(folder / "bare" / name, arrays)
    os.utime(folder / "r/generator.npz", (1, 1))  # all of the others are newer
    bad = {*spoilt, "device", "bare"}

    done = call(tmp_path, "--mode", "models")
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines()[-10:])
    good = {"r", "pretrained_rpgan", "pretrained_enlarger"}
    assert done.returncode == 0 and {*lines} == bad | good
    assert {name for name, said in lines.items() if said.startswith("left out")} == bad
    done = call(tmp_path, "--mode", "infer", "--model", "rpgan", "--num", 2)
    assert done.returncode == 0 and "checkpoint used: r:" in done.stdout
    assert all(f"checkpoints/{name}/" in done.stderr for name in bad)
    for name in bad:
        path = f"checkpoints/{name}/{'best' if name == 'bare' else 'generator'}.npz"
        fault = Fault.INVALID if name == "device" else Fault.UNREADABLE
        for words in (("infer",), ("export",)):
            refuses(call(tmp_path, "--mode", *words, "--run", name), path, fault)
    assert not list(tmp_path.parent.glob("evil*"))


def test_files_that_are_no_files_are_refused_at_once(tmp_path):
    write_run(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.npz").symlink_to("/dev/zero")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "folder.png").mkdir()
    for flag in ("--latent", "--vary"):
        for name in ("pipe.png", "zero.png", "folder.png", "/dev/zero"):
            refuses(call(tmp_path, "--mode", "infer", flag, name), flag, Fault.INVALID)
        refuses(call(tmp_path, "--mode", "infer", flag, "zero.npz"), "zero.npz", Fault.INVALID)
    refuses(call(tmp_path, "--mode", "infer", "--run", "zero.npz"), "zero.npz", Fault.INVALID)
    refuses(call(tmp_path, "--mode", "train", "--start_from", "zero.npz"), "zero.npz",
            Fault.INVALID)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "CON", "x" * 200, "-x", "a\nb", "x.npz"])
def test_names_that_no_run_may_have(tmp_path, name):
    refuses(call(tmp_path, "--mode", "train", "--run", name), "--run", Fault.INVALID)
