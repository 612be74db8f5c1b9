import io
import json
import os
import socket
import unicodedata

import numpy as np
import pytest
from conftest import call, refuses, run
from PIL import Image
from test_listing import write

from anime_gan_tf.data import sources, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT


@pytest.fixture
def sick(tmp_path):
    """Twelve tagged faces: one broken, one a copy, one a mirror image with another tag."""
    folder = tmp_path / "sick"
    (folder / "images").mkdir(parents=True)
    lines = []
    for i in range(12):
        image = synthetic.face({7: 2, 9: 3}.get(i, i), 64)[0]
        image = image[:, ::-1] if i == 9 else image
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=92)
        content = file.getvalue()[:200] if i == 5 else file.getvalue()
        (folder / "images" / f"{i}.jpg").write_bytes(content)
        lines.append(f"{i},{'pink' if i == 9 else 'aqua'} hair blue eyes\n")
    (folder / "tags.csv").write_text("".join(lines))
    return folder


def test_inspect_finds_what_is_there_and_cleans_it(tmp_path, sick):
    done = call(tmp_path, "--mode", "inspect", "--data", sick, "--clean", "clean.zip")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "pictures/inspect_sick.json").read_text())
    assert (found["images"], found["readable"], found["unique"]) == (12, 11, 9)
    assert found["equal"] == [["images/2.jpg", "images/7.jpg"]]
    assert found["mirrored"] == [["images/3.jpg", "images/9.jpg"]]
    assert found["twins_with_different_tags"] == found["mirrored"]
    assert found["sizes"] == {"64x64": 11} and found["modes"] == {"JPEG RGB": 11}
    assert len(found["unreadable"]) == 1 and "images/5.jpg" in found["unreadable"][0]
    assert "images/5.jpg" in done.stdout
    assert "aqua 10" in done.stdout and "pink 1" in done.stdout and "blue 11" in done.stdout
    for name in ("inspect_sick.png", "inspect_sick_balance.png"):
        assert Image.open(tmp_path / "pictures" / name).size[0] > 100

    clean = sources.open_path(tmp_path / "clean.zip", DEFAULT)
    expected = [f"images/{i}.jpg" for i in (0, 1, 2, 3, 4, 6, 8, 10, 11)]
    assert clean.names == expected
    assert set(clean.tags) == {(0, 2)}
    assert clean.read("images/8.jpg") == (sick / "images/8.jpg").read_bytes()

    again = call(tmp_path, "--mode", "inspect", "--data", "clean.zip", "--clean", "folder")
    assert again.returncode == 0, again.stderr
    found = json.loads((tmp_path / "pictures/inspect_clean.json").read_text())
    assert (found["images"], found["readable"], found["unique"]) == (9, 9, 9)
    assert sources.open_path(tmp_path / "folder", DEFAULT).tags == clean.tags
    refuses(call(tmp_path, "--mode", "inspect", "--data", sick, "--clean", "folder"),
            "--clean", Fault.EXISTS)
    assert not list(tmp_path.glob(".*"))  # nothing half-written


@pytest.mark.parametrize("clean, fault", [
    ("link", Fault.EXISTS), ("link/", Fault.EXISTS), ("link.zip", Fault.EXISTS),
    ("link/new", Fault.UNWRITABLE), ("sick/images/0.jpg/x.zip", Fault.UNWRITABLE),
    ("sick/new", Fault.CONFLICT), ("sick/images/new.zip", Fault.CONFLICT),
    ("same/new", Fault.CONFLICT)])
def test_a_clean_copy_is_refused_where_it_would_do_harm(tmp_path, sick, clean, fault):
    for name in ("link", "link.zip"):
        (tmp_path / name).symlink_to("nowhere")
    (tmp_path / "same").symlink_to(sick)
    before = sorted(tmp_path.rglob("*"))
    refuses(call(tmp_path, "--mode", "inspect", "--data", "sick", "--clean", clean), "--clean",
            fault)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words, subject", [
    (("inspect", "--data", ".", "--out", "x.png"), "--out"), (("inspect", "--data", "."), "--data"),
    (("tag", "--data", "."), "--data"), (("neighbors", "--images", "."), "--images"),
    (("train", "--data", "."), "--data")])
def test_no_picture_is_written_among_the_faces(sick, words, subject):
    (sick / "tags.csv").unlink()  # or there were nothing to tag
    before = sorted(sick.rglob("*"))
    refuses(call(sick, "--mode", *words), subject, Fault.CONFLICT)
    assert sorted(sick.rglob("*")) == before


def test_a_folder_of_any_name_is_inspected(tmp_path, sick):
    """Its name is printed, is drawn as the title of a plot, and becomes the names of files."""
    sick.rename(tmp_path / "caf\udce9 $x^{ \x1b[31m")
    done = call(tmp_path, "--mode", "inspect", "--data", "caf\udce9 $x^{ \x1b[31m")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("caf\\udce9 $x^{ \\x1b[31m: 12 images")
    assert len(list((tmp_path / "pictures").iterdir())) == 3


def test_untagged_faces_need_no_tags(tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    for i in range(3):
        Image.fromarray(np.full((80, 70, 3), 60 * i, np.uint8)).save(folder / f"{i}.png")
    done = call(tmp_path, "--mode", "inspect", "--data", "plain")
    assert done.returncode == 0 and "tags: none" in done.stdout and "70x80 (3)" in done.stdout
    assert not (tmp_path / "pictures/inspect_plain_balance.png").exists()


def encoded(image, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


@pytest.fixture
def odd(tmp_path):
    """One folder with everything that a folder of faces may have wrong."""
    face = lambda i, kind="PNG", size=24: encoded(synthetic.face(i, size)[0], kind)
    table = ("File;Hair;Eyes\n"
             "0.png;blue;red\n"               # with its ending
             "images\\1.png;pink;any\n"       # of Windows
             "0002;Blonde hair;\n"            # padded
             f"{unicodedata.normalize('NFD', 'Ämi')};aqua;orange\n"
             '3;"green;blue\n'                # a stray quote
             "4;light blue;\n"                # no color of the axis
             "5;red;red\n5;green;red\n"       # contradictory
             "6;red;red\n06;red;red\n"        # 6, and nothing
             "twice;red;red\n"                # twice.png and twice.gif
             "gone;red;red\n"
             ";red;red\n")
    folder = write(tmp_path / "odd", {
        "Tags.csv": table.encode("utf-16"), "labels.csv": "aqua,red\n", "dataset.json": "{}",
        "other/1.png": face(90), "images/0.txt": "blue hair", "images/x.svg": "<svg/>",
        "images/y.svg": "<svg/>", "images/z.psd": "8BPS", "images/LICENSE": "free",
        "images/.hidden.png": face(91), "__MACOSX/images/._0.png": b"", "images/Thumbs.db": b"",
        "images/broken.png": face(92)[:90], "images/empty.png": b"",
        "images/flat.png": encoded(np.full((24, 24, 3), 200, np.uint8)),
        "images/wide.png": encoded(np.hstack([synthetic.face(i, 24)[0] for i in (30, 31, 32)])),
        "images/tiny.png": face(33, size=5), "images/copy.png": face(0),
        "images/twice.png": face(34), "images/twice.gif": face(35, "GIF"),
        "images/nothing": face(36, "JPEG"), "images/photo.jfif": face(37, "JPEG"),
        "images/scan.tiff": face(38, "TIFF"), "images/Ämi.webp": face(39, "WEBP"),
        "images/bad\x1b[31m caf\udce9.png": b"GIF89a", "images/ö.png": face(41),
        "images/あ.png": face(42), **{f"images/{i}.png": face(i) for i in range(7)}})
    (folder / "images/zero.png").symlink_to("/dev/zero")
    (folder / "images/lost.png").symlink_to("nowhere.png")
    (folder / "images/loop").symlink_to(folder)
    os.mkfifo(folder / "images/pipe.png")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(folder / "images/socket.png"))
    return folder


def test_inspect_names_every_oddity_with_its_count(tmp_path, odd):
    done = run(tmp_path, "--mode", "inspect", "--data", odd, "--clean", "clean.zip",
               PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "\\x1b" in done.stdout and "\\udce9" in done.stdout
    found = json.loads((tmp_path / "pictures/inspect_odd.json").read_text())
    assert found["labels"] == "Tags.csv"
    assert found["label_faults"] == {
        "pictures_elsewhere": 1, "tables_not_read": 1, "cells_not_read": 1,
        "lines_without_tag": 1, "lines_without_id": 1, "ids_with_differing_tags": 1,
        "ambiguous_ids": 1, "ids_without_picture": 2, "without_tags": 15}
    assert found["left_out"] == {
        "hidden": 1, "link to a device": 1, "broken link": 1, "link to a folder": 1,
        "named pipe": 1, "socket": 1, ".csv": 1, ".json": 1, ".txt": 1, ".svg": 2, ".psd": 1,
        "without ending": 1}
    assert (found["images"], found["readable"]) == (22, 19)
    assert {line.split(" ")[0] for line in found["unreadable"]} == {
        "images/bad\x1b[31m", "images/broken.png", "images/empty.png"}
    assert ["images/0.png", "images/copy.png"] in found["equal"]
    kinds = {kind.split(" ")[0] for kind in found["modes"]}
    assert kinds == {"JPEG", "PNG", "WEBP", "GIF", "TIFF"}
    source = sources.open_path(odd, DEFAULT)
    tags = dict(zip(source.names, source.tags))
    assert [tags[f"images/{i}.png"] for i in range(7)] == [
        (3, 9), (8, -1), (2, -1), (6, 2), (-1, -1), (-1, 9), (10, 9)]
    assert tags["images/Ämi.webp"] == (0, 6)

    clean = sources.open_path(tmp_path / "clean.zip", DEFAULT)
    assert len(clean.names) == found["unique"] and clean.left_out == {}
    assert all(name.isprintable() for name in clean.names)
    assert set(clean.tags) == set(source.tags)


@pytest.mark.parametrize("target", ["copy", "copy.zip"])
def test_clean_copies_of_names_that_no_file_can_have(tmp_path, target):
    """On a system whose names are Latin-1, from a zip with names of another one."""
    names = ["あ.png", "caf\udce9.png", "a\nb.png", 'a:b?.png', "x" * 250 + ".png"]
    folder = write(tmp_path / "x", {name: encoded(synthetic.face(i, 24)[0])
                                    for i, name in enumerate(names)})
    tags = [(i, i) for i in range(len(names))]
    (folder / "tags.csv").write_bytes(sources.tags_csv(names, tags, DEFAULT))
    done = run(tmp_path, "--mode", "inspect", "--data", "x", "--clean", target,
               PYTHONIOENCODING="latin-1", LC_ALL="en_US.ISO-8859-1", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    source = sources.open_path(tmp_path / target, DEFAULT)
    assert sorted(source.tags) == [(i, i) for i in range(len(names))]
