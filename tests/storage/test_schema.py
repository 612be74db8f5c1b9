"""What a file may say of itself, field by field; and what an .npz may hold."""
import json
import os
import socket
import struct
import zipfile

import numpy as np
import pytest
from conftest import refusal, tiny, write_run

from anime_gan_tf import networks
from anime_gan_tf.data import synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints, files, kinds, npz

NAN, HUGE = float("nan"), 10 ** 400


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """{name: array} of a small generator.npz."""
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    return npz.read_arrays(folder / "checkpoints/r/generator.npz")


def write(path, arrays, fields=(), recipe=(), without=()):
    """The generator.npz with some fields of its info and of its recipe replaced."""
    info = json.loads(arrays["info"].tobytes()) | dict(fields)
    if recipe:
        info["recipe"] = info["recipe"] | dict(recipe)
    info = {name: value for name, value in info.items() if name not in without}
    npz.write_arrays(path, arrays | {"info": npz.packed(info)})


def unreadable(path, read=loading.load_generator):
    with refusal(path, Fault.UNREADABLE) as caught:
        read(path)
    assert len(str(caught.value)) < len(str(path)) + 300  # a line, whatever the file says


@pytest.mark.parametrize("fields", [
    *({"kimg": value} for value in (HUGE, NAN, float("inf"), -1, "1", True, None, [1])),
    *({"faces": value} for value in (-1, 1.5, HUGE, "9")),
    *({"step": value} for value in (-1, HUGE, 0.5)),
    *({"seconds": value} for value in (-1, NAN, HUGE, "1")),
    *({"run": value} for value in (
        "/abs/index", "../../x", "a/b", "..", ".", "", "a\\b", "a\x1b[2J", "a\nb", "CON", "nul.txt",
        "x" * 200, "漢" * 100, "a.", "-a", 3)),
    *({"model": value} for value in ("../x", None, "a b")),
    *({"data": value} for value in (3, None, "x" * 5000)),
    *({"table": value} for value in (
        None, [], [[1.0]], [["1"] * 11] * 12, [[NAN] * 11] * 12, [[-1] * 11] * 12, [[0] * 11] * 12,
        [[True] * 11] * 12, [[1] * 11] * 11 + [[1] * 10], [[1e300] * 11] * 12, "table")),
    *({"figures": value} for value in (
        {}, [], {"frechet": NAN}, {"frechet": -1}, {"frechet": "1"}, {"frechet": 1, "recall": {}},
        None)),
    *({"recipe": value} for value in (None, [], {}, {"source": "x", "networks": "x"}))])
def test_an_impossible_field_is_refused(tmp_path, arrays, fields):
    write(tmp_path / "g.npz", arrays, fields)
    unreadable(tmp_path / "g.npz")


@pytest.mark.parametrize("name", ["run", "model", "data", "kimg", "faces", "table", "recipe"])
def test_a_missing_field_is_refused(tmp_path, arrays, name):
    write(tmp_path / "g.npz", arrays, without=(name,))
    unreadable(tmp_path / "g.npz")


@pytest.mark.parametrize("recipe", [
    {"width": HUGE}, {"width": 4.0}, {"depth": True}, {"depth": 256}, {"latent_std": NAN},
    {"networks": "unknown"}, {"networks": ["pyramid"]}, {"conditional": 1}, {"loss": {}},
    {"unknown": 1}, {"source": "x" * 10 ** 6}, {"image_size": 256, "width": 1024},
    {"image_size": 256, "width": 64, "batch_size": 65536}, {"batch_size": HUGE}])
def test_an_impossible_recipe_is_refused(tmp_path, arrays, recipe):
    write(tmp_path / "g.npz", arrays, recipe=recipe)
    unreadable(tmp_path / "g.npz")


@pytest.mark.parametrize("change", [
    lambda weight: weight * np.nan, lambda weight: weight.astype(int), lambda weight: weight[:1],
    lambda weight: weight[None], lambda weight: weight * np.inf])
def test_weights_that_cannot_draw_are_refused(tmp_path, arrays, change):
    spoilt = arrays | {"weight_001": change(arrays["weight_001"] + np.float32(1))}
    npz.write_arrays(tmp_path / "g.npz", spoilt)
    unreadable(tmp_path / "g.npz")


def test_a_file_of_an_older_version_lacks_fields_and_is_read(tmp_path, arrays):
    info = json.loads(arrays["info"].tobytes())
    older = {name: value for name, value in info["recipe"].items() if name != "translation"}
    write(tmp_path / "g.npz", arrays, {"recipe": older}, without=("version",))
    assert loading.load_generator(tmp_path / "g.npz").recipe.translation == 0.0


def test_the_best_generator_says_how_good_it_is(tmp_path, arrays):
    write(tmp_path / "best.npz", arrays)
    unreadable(tmp_path / "best.npz", checkpoints.read_info)
    write(tmp_path / "best.npz", arrays, {"figures": {"frechet": 80.5}})
    assert checkpoints.read_info(tmp_path / "best.npz")["figures"] == {"frechet": 80.5}


def test_a_discriminator_of_no_numbers_is_refused(tmp_path, arrays):
    write(tmp_path / "g.npz", arrays)
    weights = networks.build_discriminator(tiny("rpgan"), DEFAULT).get_weights()
    spoilt = {f"discriminator/{i:03d}": weight + np.nan for i, weight in enumerate(weights)}
    npz.write_arrays(tmp_path / "g_discriminator.npz", spoilt)
    with refusal(tmp_path / "g_discriminator.npz", Fault.UNREADABLE):
        loading.load_discriminator(tmp_path / "g.npz", tiny("rpgan"), DEFAULT)


def test_names_of_runs():
    good = ("r", "rpgan_faces", "my-run.2", "große_Köpfe", "漢字", "x" * 120, "console", "a..b")
    assert all(map(kinds.is_run_name, good))
    bad = ("", ".", "..", "a/b", "a\\b", "a b", "-x", ".x", "x.", "con", "Com1.npz", "x" * 121,
           "漢" * 41, "a\0", "a\n", "\udce9", "a\u202eb")
    assert not any(map(kinds.is_run_name, bad))


def test_a_damaged_cache_of_drawn_faces_is_drawn_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faces = synthetic.load(16, DEFAULT, count=6, progress=False)
    path, = (tmp_path / "data/.cache").iterdir()
    for spoilt in ({"tags": faces.tags + 20}, {"images": faces.images[:, :8]},
                   {"images": faces.images.astype(np.float32)}, {"tags": faces.tags[:3]}):
        npz.write_arrays(path, {"images": faces.images, "tags": faces.tags} | spoilt)
        again = synthetic.load(16, DEFAULT, count=6, progress=False)
        assert np.array_equal(again.images, faces.images) and np.array_equal(again.tags, faces.tags)


# ----- .npz files

def header(shape, descr="<f4", by_columns=False):
    content = str({"descr": descr, "fortran_order": by_columns, "shape": shape}).encode()
    content = content.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(content)) + content


def zipped(path, *members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)


MEMBER = ("z.npy", header((2,)) + bytes(8))


@pytest.mark.parametrize("members", [
    [("z.npy", header((10 ** 12,)))],
    [("z.npy", header((10 ** 12,)) + bytes(8))],
    [("z.npy", header((1,)) + bytes(8))],
    [("z.npy", header((-1, -2)) + bytes(8))],
    [("z.npy", header((0, 10 ** 30)))],
    [("z.npy", header((2,) * 70) + bytes(8))],
    [("z.npy", header((2,), "|O") + bytes(16))],
    [("z.npy", header((2,), "<U1") + bytes(8))],
    [("z.npy", header((2,), "<c8") + bytes(16))],
    [("z.npy", header((2,), [("a", "<f4")]) + bytes(8))],
    [("z.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000)],
    [("z.npy", b"\x93NUMPY\x09\x00" + bytes(50))],
    [("z.npy", b"no array")],
    [("z", b"no array")],
    [("z.npy/", b"")],
], ids=str)
def test_members_that_lie_are_refused(tmp_path, members):
    zipped(tmp_path / "x.npz", *members)
    unreadable(tmp_path / "x.npz", npz.read_arrays)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_is_there_twice_or_compressed_is_refused(tmp_path):
    zipped(tmp_path / "twice.npz", MEMBER, MEMBER)
    unreadable(tmp_path / "twice.npz", npz.read_arrays)
    zipped(tmp_path / "small.npz", MEMBER, compression=zipfile.ZIP_DEFLATED)
    unreadable(tmp_path / "small.npz", npz.read_arrays)


@pytest.mark.parametrize("array", [
    np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(6, dtype=">i4"), np.float16(3), np.zeros((0, 3), np.uint8), np.array([True, False])])
def test_arrays_come_back_as_they_were(tmp_path, array):
    npz.write_arrays(tmp_path / "x.npz", {"a": array})
    read = npz.read_arrays(tmp_path / "x.npz")["a"]
    assert np.array_equal(read, array) and read.shape == array.shape and read.flags.writeable
    assert read.dtype == array.dtype.newbyteorder("=") and read.dtype.isnative


@pytest.mark.parametrize("content", [
    b"[" * 100_000, b"1", b"\xff\xfe", b"", b'{"a": 1' + b"0" * 5000 + b"}"],
    ids=["deep", "number", "bytes", "empty", "digits"])
def test_info_that_is_no_object_is_refused(tmp_path, content):
    npz.write_arrays(tmp_path / "x.npz", {"info": np.frombuffer(content, np.uint8)})
    unreadable(tmp_path / "x.npz", npz.unpacked)
    (tmp_path / "x.json").write_bytes(content)
    unreadable(tmp_path / "x.json", npz.read_json)


def test_only_regular_files_are_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        files.require_regular(name, "--run")
    os.mkfifo("pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "to_pipe").symlink_to("pipe")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "gone").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        faults = (dict.fromkeys(("pipe", "zero", "to_pipe", "socket", ".", "/dev/zero"),
                                Fault.INVALID)
                  | {"circle": Fault.UNREADABLE, "a\0b": Fault.UNREADABLE, "gone": Fault.MISSING})
        for name, fault in faults.items():
            with refusal("--run", fault):
                files.require_regular(name, "--run")
