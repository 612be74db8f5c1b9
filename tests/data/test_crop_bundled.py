"""--mode crop by the bundled detector, on pictures composed of faces of the bundled generator."""
import importlib.util
import json

import numpy as np
import pytest
from conftest import call, refuses
from PIL import Image

from anime_gan_tf.errors import Fault
from anime_gan_tf.storage import checkpoints

PLACES = [(40, 60, 96), (250, 30, 140), (200, 230, 64)]  # left, top, side


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """PIL images of faces, 64 px."""
    folder = tmp_path_factory.mktemp("faces")
    done = call(folder, "--mode", "infer", "--num", 6, "--seed", 3, "--size", 64, "--separate",
                "--out", "faces.png")
    assert done.returncode == 0, done.stderr
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob("faces/*.png"))]


def scene(faces):
    rows, columns = np.mgrid[:320, :420]
    picture = Image.fromarray(np.stack([rows * 200 // 320, columns * 200 // 420,
                                        np.full(rows.shape, 120)], axis=2).astype(np.uint8))
    for face, (left, top, side) in zip(faces, PLACES):
        picture.paste(face.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    return picture


def test_faces_are_found_where_they_were_put(tmp_path, faces):
    (tmp_path / "in").mkdir()
    scene(faces).save(tmp_path / "in/scene.png")
    scene([]).save(tmp_path / "in/none.png")
    done = call(tmp_path, "--mode", "crop", "--data", "in", "--out", "out", "--size", "64")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out/anime_gan_tf_crop.json").read_text())["pictures"]
    record = {entry["name"]: entry for entry in record.values()}
    assert record["none.png"]["faces"] == []
    boxes = sorted(face["box"] for face in record["scene.png"]["faces"])
    expected = sorted([left, top, left + side, top + side] for left, top, side in PLACES)
    assert len(boxes) == 3
    for box, its in zip(boxes, expected):
        assert np.abs(np.subtract(box, its)).max() <= 0.2 * (its[2] - its[0]), (box, its)
    assert len(list((tmp_path / "out").glob("scene_*.png"))) == 3
    assert "python main.py --mode inspect --data out" in done.stdout
    with Image.open(tmp_path / "pictures/crop_in.png") as sheet:
        assert json.loads(sheet.info["anime_gan_tf"])["counts"]["taken"] == 3
    assert "another detector" not in done.stdout
    path = tmp_path / "out/anime_gan_tf_crop.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"finder": "another"}))
    done = call(tmp_path, "--mode", "crop", "--data", "in", "--out", "out", "--size", "64")
    assert done.returncode == 0 and "another detector" in done.stdout, done.stderr
    assert json.loads(path.read_text())["finder"] == "another"
    done = call(tmp_path, "--mode", "crop", "--data", "in", "--out", "large", "--size", "512")
    assert "taken: 0 faces" in done.stdout and "--mode inspect" not in done.stdout
    assert "\nfaces: " not in done.stdout


def test_inspect_names_crop_where_pictures_are_not_faces(tmp_path, faces):
    for folder in ("whole", "faces"):
        (tmp_path / folder).mkdir()
        for i, face in enumerate(faces):
            picture = scene(faces[i:i + 1]) if folder == "whole" else face.resize((420, 420))
            picture.save(tmp_path / folder / f"{i}.png")
    done = call(tmp_path, "--mode", "inspect", "--data", "whole")
    assert "--mode crop --data whole" in done.stdout, done.stderr
    assert "--mode crop" not in call(tmp_path, "--mode", "inspect", "--data", "faces").stdout


@pytest.mark.skipif(importlib.util.find_spec("cv2") is not None, reason="OpenCV is installed")
def test_a_cascade_without_opencv_is_refused(tmp_path, faces):
    (tmp_path / "in").mkdir()
    faces[0].save(tmp_path / "in/x.png")
    (tmp_path / "c.xml").write_text("<opencv_storage/>")
    words = ("--mode", "crop", "--data", "in", "--out", "out", "--detector")
    refuses(call(tmp_path, *words, "c.xml"), "--detector", Fault.UNAVAILABLE)
    refuses(call(tmp_path, *words, "gone.npz"), "--detector", Fault.MISSING)
    refuses(call(tmp_path, *words, checkpoints.CLASSIFIER), checkpoints.CLASSIFIER,
            Fault.UNREADABLE)
    assert not (tmp_path / "out").exists()
