"""Every layout that --data takes."""
import zipfile

import pytest
from conftest import refusal, write_mlds
from test_listing import picture, write

from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT


def zip_up(folder, path, prefix=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*"):
            archive.write(file, prefix + file.relative_to(folder).as_posix())
    return path


def expected(count=24):
    return [synthetic.face(i, 20)[1] for i in range(count)]


@pytest.mark.parametrize("layout", ["folder", "subfolder", "zip", "zip with a subfolder",
                                    "faces beside tags.csv"])
def test_mlds_layouts(layout, mlds, tmp_path):
    if layout == "folder":
        path = mlds
    elif layout == "subfolder":
        write_mlds(tmp_path / "top" / "extra_data")
        path = tmp_path / "top"
    elif layout == "faces beside tags.csv":
        path = tmp_path / "flat"
        write_mlds(path)
        for image in (path / "images").iterdir():
            image.rename(path / image.name)
    else:
        path = zip_up(mlds, tmp_path / "x.zip", "extra_data/" if "sub" in layout else "")
    source = sources.open_path(path, DEFAULT)
    assert source.tags == expected()  # 2.jpg before 10.jpg
    loaded = dataset.load(source, 16, progress=False)
    assert loaded.images.shape == (24, 16, 16, 3) and loaded.tagged and source.notes == []


def test_folder_and_zip_have_one_fingerprint_that_tags_change(mlds, tmp_path):
    zipped = sources.open_path(zip_up(mlds, tmp_path / "a.zip"), DEFAULT)
    assert zipped.fingerprint == sources.open_path(mlds, DEFAULT).fingerprint
    write_mlds(tmp_path / "b")
    (tmp_path / "b" / "tags.csv").write_text("3,red hair\n")
    assert sources.open_path(tmp_path / "b", DEFAULT).fingerprint != zipped.fingerprint


def test_half_tagged_untagged_and_missing_faces(tmp_path):
    write_mlds(tmp_path / "x", count=3)
    (tmp_path / "x" / "tags.csv").write_text("0,pink hair\n1,blue eyes\n2,something else\n99,red "
                                             "hair red eyes\n")
    source = sources.open_path(tmp_path / "x", DEFAULT)
    assert source.tags == [(8, -1), (-1, 2), (-1, -1)]
    assert source.label_faults == {"lines_without_tag": 1, "ids_without_picture": 1,
                                   "without_tags": 1}


def test_fingerprints_of_plain_data_are_those_of_version_0_2_0(tmp_path, mlds):
    """Runs have recorded them; computed with that version."""
    opened = lambda name, files: sources.open_path(write(tmp_path / name, files), DEFAULT)
    files = {f"{i}.png": bytes([i]) * (i + 1) for i in (10, 9, 1)} | {"a.jpg": b"a"}
    assert opened("x", files).fingerprint == "83d7011b1cf52b52"
    tagged = {f"x/images/{i}.jpg": b"x" * (i + 1) for i in range(3)}
    tagged["x/tags.csv"] = "0,aqua hair orange eyes\n1,blue eyes\n2,nothing\n"
    assert opened("y", tagged).fingerprint == "ea5c2d0d8180b2e1"
    in_order = {f"{i:05d}.png": b"y" for i in range(2)} | {"labels.csv": "aqua,any\nred,blue\n"}
    assert opened("z", in_order).fingerprint == "3a90c69145157ba1"


def test_default_without_data_is_none(tmp_path):
    assert sources.find_default(DEFAULT, tmp_path / "none") is None
    write(tmp_path, {".cache/x.png": b"", "README.md": "", "__MACOSX/._a.png": b"", "a.odt": ""})
    assert sources.find_default(DEFAULT, tmp_path) is None


FACES = {f"{i}.png": picture(seed=i) for i in range(3)}


@pytest.mark.parametrize("files, expected", [
    ({"a.zip": b""}, "a.zip"),
    ({"b/1.png": b""}, "b"),
    ({"b/1.png": b"", "__MACOSX/b/._1.png": b"", "Thumbs.db": b""}, "b"),
    (FACES, "."),
    (FACES | {"tags.csv": "0,blue hair\n"}, "."),
    ({"face": picture()}, "."),                                           # without an ending
    ({f"images/{name}": face for name, face in FACES.items()} | {"tags.csv": "0,blue hair\n"}, "."),
    ({f"images/{name}": face for name, face in FACES.items()} | {"Labels.CSV": "0,blue hair"}, "."),
    ({"blue_hair/0.png": b"", "pink hair/1.png": b"", "red hair red eyes/2.png": b""}, "."),
    ({"00000/0.png": b"", "00001/1.png": b"", "dataset.json": "{}"}, "."),
])
def test_default_is_what_data_holds(tmp_path, files, expected):
    write(tmp_path, {".cache/x.png": b"", "README.md": ""} | files)
    found = sources.find_default(DEFAULT, tmp_path)
    assert found == tmp_path / expected
    if expected == "." and "face" not in files and "dataset.json" not in files:
        source = sources.open_path(found, DEFAULT)
        assert len(source.names) == 3 and source.left_out == {}
        assert source.tagged == (files is not FACES)


@pytest.mark.parametrize("files, fault", [
    ({"a.zip": b"", "b/1.png": b""}, Fault.CONFLICT),
    ({"a/1.png": b"", "b/1.png": b""}, Fault.CONFLICT),
    ({"a.zip": b"", "1.png": b""}, Fault.CONFLICT),
    ({"a.zip": b"", "tags.csv": b""}, Fault.CONFLICT),
    ({"a.tar.gz": b""}, Fault.INVALID),
    ({"a.7z": b""}, Fault.INVALID),
])
def test_several_data_sets_and_those_that_are_not_read_are_named(tmp_path, files, fault):
    write(tmp_path, files)
    with refusal("--data", fault):
        sources.find_default(DEFAULT, tmp_path)
