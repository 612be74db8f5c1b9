"""Every layout that --data takes."""
import zipfile

import numpy as np
import pytest
from conftest import write_mlds
from PIL import Image

from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import UserError


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
    source = sources.open_path(path)
    assert source.tags == expected()  # 2.jpg before 10.jpg
    loaded = dataset.load(source, 16, progress=False)
    assert loaded.images.shape == (24, 16, 16, 3) and loaded.tagged and loaded.notes == []


def test_folder_and_zip_have_one_fingerprint_that_tags_change(mlds, tmp_path):
    zipped = sources.open_path(zip_up(mlds, tmp_path / "a.zip"))
    assert zipped.fingerprint == sources.open_path(mlds).fingerprint
    write_mlds(tmp_path / "b")
    (tmp_path / "b" / "tags.csv").write_text("3,red hair\n")
    assert sources.open_path(tmp_path / "b").fingerprint != zipped.fingerprint


def test_half_tagged_untagged_and_missing_faces(tmp_path):
    write_mlds(tmp_path / "x", count=3)
    (tmp_path / "x" / "tags.csv").write_text("0,pink hair\n1,blue eyes\n2,something else\n99,red "
                                             "hair red eyes\n")
    source = sources.open_path(tmp_path / "x")
    assert source.tags == [(8, -1), (-1, 2), (-1, -1)]
    assert "1 lines of tags.csv name no hair" in source.notes[0]
    assert "1 lines of tags.csv name no image" in source.notes[1]


def test_plain_folder_of_many_kinds(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("a.jpg", "b.png", "deep/c.webp", "deep/er/d.bmp", "E.JPEG"):
        Image.fromarray(rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / "readme.txt").write_text("no face")
    (tmp_path / ".hidden.png").write_bytes(b"")
    source = sources.open_path(tmp_path)
    assert len(source.names) == 5 and not source.tagged
    assert len(dataset.load(source, 16, progress=False).images) == 5


def test_symbolic_link_loops_end(tmp_path, mlds):
    write_mlds(tmp_path / "x", count=2)
    (tmp_path / "x" / "images" / "loop").symlink_to(tmp_path / "x")
    assert len(sources.open_path(tmp_path / "x").names) == 2


def test_tags_that_are_not_utf8(tmp_path):
    write_mlds(tmp_path / "x", count=2)
    (tmp_path / "x" / "tags.csv").write_bytes("0,caf\xe9 blue hair\n".encode("latin-1"))
    assert sources.open_path(tmp_path / "x").tags[0] == (3, -1)


@pytest.mark.parametrize("make, message", [
    (lambda path: None, "there is no"),
    (lambda path: path.mkdir(), "no image"),
    (lambda path: path.write_text("hello"), "neither a folder nor a readable .zip"),
])
def test_paths_that_hold_no_faces(tmp_path, make, message):
    make(tmp_path / "x")
    with pytest.raises(UserError, match=message):
        sources.open_path(tmp_path / "x")


def test_default_is_what_data_holds(tmp_path):
    assert sources.find_default(tmp_path / "none") is None
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.md").write_text("")
    assert sources.find_default(tmp_path) is None
    (tmp_path / "a.zip").write_bytes(b"")
    assert sources.find_default(tmp_path) == tmp_path / "a.zip"
    (tmp_path / "b").mkdir()
    with pytest.raises(UserError, match="holds a.zip, b; say which"):
        sources.find_default(tmp_path)
