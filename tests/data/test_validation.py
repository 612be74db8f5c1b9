import io
import json

import numpy as np
import pytest
from conftest import refused, run
from PIL import Image

from anime_gan_tf.data import sources, synthetic


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
    done = run(tmp_path, "--mode", "inspect", "--data", sick, "--clean", "clean.zip")
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

    clean = sources.open_path(tmp_path / "clean.zip")
    expected = [f"images/{i}.jpg" for i in (0, 1, 2, 3, 4, 6, 8, 10, 11)]
    assert clean.names == expected
    assert set(clean.tags) == {(0, 2)}
    assert clean.read("images/8.jpg") == (sick / "images/8.jpg").read_bytes()

    again = run(tmp_path, "--mode", "inspect", "--data", "clean.zip", "--clean", "folder")
    assert again.returncode == 0 and "9 images, 9 readable, 9 unique" in again.stdout
    assert sources.open_path(tmp_path / "folder").tags == clean.tags
    refused(run(tmp_path, "--mode", "inspect", "--data", sick, "--clean", "folder"),
            "--clean: folder exists")
    assert not list(tmp_path.glob(".*"))  # nothing half-written


def test_untagged_faces_need_no_tags(tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    for i in range(3):
        Image.fromarray(np.full((80, 70, 3), 60 * i, np.uint8)).save(folder / f"{i}.png")
    done = run(tmp_path, "--mode", "inspect", "--data", "plain")
    assert done.returncode == 0 and "tags: none" in done.stdout and "70x80 (3)" in done.stdout
    assert not (tmp_path / "pictures/inspect_plain_balance.png").exists()
