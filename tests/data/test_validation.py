import io
import json
import os
import resource
import socket
import unicodedata

import filelock
import numpy as np
import pytest
from conftest import call, refusal, refuses, run
from PIL import Image
from test_listing import write

from anime_gan_tf.data import clean_copy, sources, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT, UNKNOWN
from anime_gan_tf.storage import schema


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
    assert len(clean.names) == found["unique"]
    assert clean.left_out == {".txt": 1}  # the caption, which is not read beside a table
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


@pytest.mark.parametrize("names", [
    ["vol.2", "0.5"], ["tags.png", "b.png"], ["Labels.jpg", "b.png"], ["a b", "a  b.png"],
    ["caf\u00e9", "cafe\u0301.png"], ["x;y.png", "z;y.png"]])
@pytest.mark.parametrize("form", ["captions", "folders", "list"])
def test_labels_of_a_clean_copy_fit_its_names(tmp_path, names, form):
    """As in copies of a name without an ending, that of a table, and two that look the same."""
    files = {}
    for i, name in enumerate(names):
        hair = list(DEFAULT.axes["hair"])[i]
        folder = f"{hair}_hair" if form == "folders" else f"{i}"
        files[f"{folder}/{name}"] = encoded(synthetic.face(i, 24)[0])
        if form == "captions":
            files[f"{folder}/{name}.txt"] = f"{hair} hair"
    if form == "list":
        files["tags.csv"] = "".join(f'"{i}/{name}",{hair} hair\n' for i, (name, hair) in enumerate(
            zip(names, DEFAULT.axes["hair"])))
    source = sources.open_path(write(tmp_path / "faces", files), DEFAULT)
    assert sorted(source.tags) == [(i, UNKNOWN) for i in range(len(names))]
    clean_copy.write(source, source.names, source.tags, tmp_path / "copy")
    copy = sources.open_path(tmp_path / "copy", DEFAULT)
    read = lambda source: dict(zip(map(source.read, source.names), source.tags))
    assert read(copy) == read(source)


HATS = {"glasses": ["absent", "present"], "smile": [0, 0.5, 1]}
_FACES = 12  # of which some have hair of another name than the tag, by their pixels
_CAPTION = "1girl, {hair} hair, {hair} bow, smile: {smile}, {glasses}{eyes} eyes"


def labeled(folder, form):
    """Drawn faces of one hair and eye color in a form of labels that says more, a broken one and a
    twin without labels in front of the other."""
    rows, files = [], {}
    for i in range(_FACES):
        image, tags = synthetic.face(i, 64)
        hair, eyes = DEFAULT.names(tags)
        said = {"hair": hair, "eyes": eyes, "smile": i / _FACES,
                "glasses": "glasses, " if i % 3 else ""}
        files[f"{i}.png"] = encoded(image)
        caption = _CAPTION.format(**said)
        if form == "captions":
            files[f"{i}.txt"] = caption
        cells = f"{eyes},{i}.png,x,{said['smile']},{int(i % 3 > 0)},{hair}"
        rows.append({"list": f"{i},{caption}", "header": cells, "text": f"{i};{caption}"}.get(
            form, [f"{i}.png", caption]))
    files |= {"07.png": files["7.png"], "88.png": b"broken"}
    if form == "json":
        files["dataset.json"] = json.dumps({"labels": rows})
    elif form != "captions":
        header = {"header": ["eyes,file,note,smile,glasses,hair"], "text": ["id;tags"]}
        files["tags.csv"] = "\n".join([*header.get(form, []), *rows])
    return write(folder, files)


@pytest.mark.parametrize("hair", [(), ("--hair", "any")])
@pytest.mark.parametrize("form", ["captions", "list", "header", "text", "json"])
def test_a_clean_copy_has_the_labels_of_all_axes(tmp_path, form, hair):
    labeled(tmp_path / "faces", form)
    done = call(tmp_path, "--mode", "inspect", "--data", "faces", "--clean", "copy", *hair)
    assert done.returncode == 0, done.stderr
    for axes in (dict(DEFAULT.axes), HATS, HATS | dict(DEFAULT.axes)):
        labels = schema.labels_from(axes, "axes")
        before, after = (sources.open_path(tmp_path / name, labels) for name in ("faces", "copy"))
        before = dict(zip(before.names, before.tags))
        after = dict(zip([name.removeprefix("images/") for name in after.names], after.tags))
        assert after.keys() == {f"{i}.png" for i in range(_FACES)}
        columns = [i for i, axis in enumerate(axes) if axis != "hair"]
        for name, tags in after.items():
            assert UNKNOWN not in [tags[i] for i in columns]
            assert [tags[i] for i in columns] == [before[name][i] for i in columns]
        if "hair" in axes:
            column = list(axes).index("hair")
            kept = [tags[column] == before[name][column] for name, tags in after.items()]
            gone = [tags[column] == UNKNOWN for tags in after.values()]
            assert sum(kept) + sum(gone) == _FACES and bool(sum(gone)) == bool(hair) and any(kept)


@pytest.mark.parametrize("header", ["hair,eyes\n", ""])
def test_a_clean_copy_of_a_table_in_order_has_ids(tmp_path, header):
    files = {f"{i}.png": encoded(synthetic.face(i, 64)[0]) for i in (0, 1, 2, 5)}
    files |= {"1b.png": b"broken",
              "labels.csv": f"{header}aqua,red\nblue,red\npink,\n,red\nred,red"}
    write(tmp_path / "faces", files)
    done = call(tmp_path, "--mode", "inspect", "--data", "faces", "--clean", "copy.zip")
    assert done.returncode == 0, done.stderr
    before = sources.open_path(tmp_path / "faces", DEFAULT)
    before = dict(zip(before.names, before.tags))
    after = sources.open_path(tmp_path / "copy.zip", DEFAULT)
    assert len(after.names) == 4 and len(set(after.tags)) == 4
    assert after.tags == [before[name.removeprefix("images/")] for name in after.names]


def test_a_cell_of_a_clean_copy_is_one_cell(tmp_path):
    """Whatever separators for data are in it."""
    table = "file,note,hair,eyes\n0.png,a\x1fb\x1ec\u2028d\x85e,aqua,red\n"
    source = sources.open_path(write(tmp_path / "faces", {
        "0.png": encoded(synthetic.face(0, 24)[0]), "tags.csv": table}), DEFAULT)
    clean_copy.write(source, source.names, source.tags, tmp_path / "copy")
    copy = sources.open_path(tmp_path / "copy", DEFAULT)
    assert copy.tags == source.tags == [DEFAULT.parse("aqua hair, red eyes", is_list=True)]
    assert "a\x1fb\x1ec\u2028d\x85e" in (tmp_path / "copy/tags.csv").read_text()


def test_names_of_folders_are_copied_as_tags(tmp_path):
    files = {f"aqua_hair smile/{i}.png": encoded(synthetic.face(i, 24)[0]) for i in range(3)}
    write(tmp_path / "faces", files | {"aqua_hair smile/0.txt": "1girl, glasses"})
    done = call(tmp_path, "--mode", "inspect", "--data", "faces", "--clean", "copy.zip")
    assert done.returncode == 0, done.stderr
    assert set(sources.open_path(tmp_path / "copy.zip", DEFAULT).tags) == {(0, -1)}
    tags = sources.open_path(tmp_path / "copy.zip", schema.labels_from(HATS, "axes")).tags
    assert sorted(tags) == [(-1, -1), (-1, -1), (1, -1)]


@pytest.mark.parametrize("text, expected", [
    ("aqua bow, Aqua_Hair, smile", "aqua bow, unknown_Hair, smile"),
    ("aqua hair orange eyes", "unknown hair orange eyes"),
    ("0.9, aqua_hair, 0.2, smile", "0.9, unknown_hair, 0.2, smile"),
    ("aqua hair, hair: aqua, aqua eyes", "unknown hair, hair: unknown, aqua eyes"),
    ("ａｑｕａ＿hair", "unknown＿hair"), ("aqua hair, " * 9, "unknown hair, " * 9),
    ("aqua hair, " * 99, None)])
def test_a_value_is_taken_out_of_a_text(text, expected):
    parse = lambda text: DEFAULT.parse(text, is_list=True)
    assert clean_copy.without(text, 0, DEFAULT, parse) == expected


@pytest.mark.parametrize("target", ["copy", "copy.zip"])
def test_what_a_killed_copy_has_left_is_removed(tmp_path, sick, target):
    rest = tmp_path / f".writing.{target}"
    words = "--mode", "inspect", "--data", "sick", "--clean", target
    rest.mkdir()
    (rest / "mine").touch()
    refuses(call(tmp_path, *words), "--clean", Fault.EXISTS)  # nothing says that it is a copy
    assert (rest / "mine").exists()
    with filelock.FileLock(tmp_path / f"{rest.name}.lock"):
        refuses(call(tmp_path, *words), "--clean", Fault.CONFLICT)
    done = call(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / target).exists() and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("target", ["copy", "copy.zip"])
def test_a_copy_that_cannot_be_written_is_named(tmp_path, target):
    write(tmp_path / "faces", {"0.png": encoded(synthetic.face(0, 64)[0])})
    source = sources.open_path(tmp_path / "faces", DEFAULT)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with refusal("--clean", Fault.UNWRITABLE) as caught:
            clean_copy.write(source, source.names, source.tags, tmp_path / target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(tmp_path / target) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


@pytest.mark.parametrize("mode", ["inspect", "crop", "train"])
def test_an_empty_data_flag_is_refused(tmp_path, mode):
    words = {"crop": ("--out", "o"), "train": ("--run", "r", "--model", "dcgan")}.get(mode, ())
    refuses(call(tmp_path, "--mode", mode, "--data", "", *words), "--data", Fault.INVALID)


@pytest.mark.parametrize("layout", ["0.png", "tags.csv", "images/0.png", "aqua_hair/0.png"])
def test_no_copy_is_written_into_another_data_set(tmp_path, sick, layout):
    content = encoded(synthetic.face(0, 24)[0]) if layout.endswith(".png") else "0,aqua hair\n"
    write(tmp_path / "faces", {layout: content})
    words = "--mode", "inspect", "--data", "sick", "--clean"
    for name in ("faces/copy", "faces/deep/copy.zip"):
        refuses(call(tmp_path, *words, name), "--clean", Fault.CONFLICT)
    (tmp_path / "mine.png").touch()  # beside what a user does there
    done = call(tmp_path, *words, "new/copy")
    assert done.returncode == 0, done.stderr
