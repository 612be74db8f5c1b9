"""The face detector: scenes, targets, loss, what is read from its cells, and that it learns."""
import numpy as np
import pytest
import tensorflow as tf
from conftest import call, refusal, refuses
from PIL import Image

from anime_gan_tf.cli import detector as command
from anime_gan_tf.data import scenes, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation import detection
from anime_gan_tf.evaluation.detection import Face
from anime_gan_tf.networks.detector import STRIDE, TYPICAL
from anime_gan_tf.storage import npz
from anime_gan_tf.training import detector


def faces(count=12, size=48):
    return scenes.FaceSet(np.stack([synthetic.face(i, size)[0] for i in range(count)]), 0.9)


def test_scenes_are_a_pure_function_of_seed_and_number():
    made = scenes.Scenes([faces()], seed=3)
    images, boxes = made.batch(2, 4)
    again = scenes.Scenes([faces()], seed=3)
    for i, (image, its) in enumerate(zip(images, boxes)):
        single, its_boxes = again.scene(8 + i)
        assert (single == image).all() and (its_boxes == its).all()
    assert (scenes.Scenes([faces()], seed=4).scene(8)[0] != images[0]).any()


def test_faces_are_where_a_scene_says():
    """Faces are of one green, which hardly any other part of a scene has."""
    green = np.zeros((1, 48, 48, 3), np.uint8)
    green[:, 12:36, 12:36, 1] = 255
    made = scenes.Scenes([scenes.FaceSet(green, 0.5)], seed=0, side=96, smallest=24, largest=40)
    inside, outside = [], []
    rows, columns = np.mgrid[:96, :96] + 0.5
    for i in range(200):
        image, boxes = made.scene(i)
        if not len(boxes):
            continue
        red, value, blue = np.moveaxis(image.astype(int), -1, 0)
        is_green = value > red + blue + 60
        distance = np.min([np.hypot(columns - x, rows - y) / side for x, y, side in boxes], axis=0)
        inside += list(is_green[distance < 0.2])
        outside += list(is_green[distance > 1.2])
    print(np.mean(inside), np.mean(outside))
    assert np.mean(inside) > 0.6 and np.mean(inside) > 5 * np.mean(outside)


def cells(logits, boxes=()):
    """What the network would say: logits (rows, columns), nothing else but of {cell: values}."""
    result = np.zeros((1, *logits.shape, 4), np.float32)
    result[0, :, :, 0] = logits
    for (row, column), values in boxes:
        result[0, row, column, 1:] = values
    return result


def of_cells(result, second=6.0):
    """A Detector whose network says the same of a picture of 128 px, and nothing of others. second:
    the logit of all cells of windows around faces."""
    result = np.concatenate([result, result[:, :, ::-1] * np.float32([1, -1, 1, 1])])
    none = np.full((2, 1, 1, 4), -20, np.float32)

    def model(pictures, training):
        count, height, width, _ = tf.unstack(tf.shape(pictures))
        windows = tf.fill((count, height // STRIDE, width // STRIDE, 4), second)
        known = tf.logical_and(tf.equal(height, 128), tf.equal(width, 128))
        return tf.cond(count > 2, lambda: windows, lambda: tf.cond(
            known, lambda: tf.constant(result), lambda: tf.constant(none)))

    return detection.Detector(model, {})


def test_targets_and_decoding_are_inverse():
    boxes = np.array([[37.0, 21.5, 30.0], [90.0, 101.0, 70.0]], np.float32)
    target = detector.targets(boxes, 128 // STRIDE)
    assert (target[..., 0] == 1).sum() == 2 and target[2, 4, 0] == target[12, 11, 0] == 1
    np.testing.assert_allclose(target[2, 4, 1:4], [37 / 8 - 4.5, 21.5 / 8 - 2.5,
                                                   np.log(30 / TYPICAL)], rtol=1e-5)
    result = cells(np.where(target[..., 0] == 1, 6.0, 8 * target[..., 0] - 9))
    result[0, ..., 1:] = target[..., 1:4]
    # At twice its size a picture of 64 px is one of 128.
    found = of_cells(result).find(Image.new("RGB", (64, 64)))
    np.testing.assert_allclose([face[:3] for face in found], boxes[::-1] / 2, rtol=1e-4)
    assert all(face.probability == pytest.approx(1 / (1 + np.exp(-6))) for face in found)


def test_of_boxes_that_are_one_face_the_surest_stays():
    logits = np.full((16, 16), -9.0)
    logits[4, 4], logits[4, 6], logits[6, 5], logits[12, 12] = 2.0, 1.0, 3.0, 0.5
    side = np.log(64 / TYPICAL)
    result = cells(logits, [((4, 4), (0, 0, side)), ((4, 6), (0, 0, side)),
                            ((6, 5), (0, 0, side)), ((12, 12), (0, 0, np.log(20 / TYPICAL)))])
    found = of_cells(result).find(Image.new("RGB", (64, 64)))
    assert [(face.x, face.y) for face in found] == [(22, 26), (50, 50)]
    assert len(of_cells(result).find(Image.new("RGB", (64, 64)), threshold=0.9)) == 1


def test_a_face_needs_a_second_look():
    logits = np.full((16, 16), -9.0)
    logits[4, 4] = 2.0
    of = lambda logit: 1 / (1 + np.exp(-logit))
    for second in (1.0, -1.0, -9.0):
        mean = (of(2.0) + of(second)) / 2
        for threshold in (mean - 0.01, mean + 0.01):
            found = of_cells(cells(logits), second).find(Image.new("RGB", (64, 64)), threshold)
            assert len(found) == (threshold < mean)
            assert all(face.probability == pytest.approx(mean, abs=1e-5) for face in found)
    # Second looks raise a probability by MAX_GAIN at most.
    logits[4, 4] = -1.0
    found = of_cells(cells(logits), 9.0).find(Image.new("RGB", (64, 64)), 0.5)
    assert not found


def test_the_loss_is_its_equation():
    rng = np.random.default_rng(0)
    target = np.zeros((2, 3, 3, 5), np.float32)
    target[..., 0] = rng.uniform(0, 0.9, (2, 3, 3))
    target[..., 1:4], target[..., 4] = rng.normal(size=(2, 3, 3, 3)), rng.uniform(size=(2, 3, 3))
    target[0, 1, 1, 0] = target[1, 0, 2, 0] = 1
    predicted = rng.normal(size=(2, 3, 3, 4)).astype(np.float32)
    p, heat = 1 / (1 + np.exp(-predicted[..., 0])), target[..., 0]
    focal = np.where(heat == 1, (1 - p) ** 2 * np.log(p), (1 - heat) ** 4 * p ** 2 * np.log(1 - p))
    error = (target[..., 4] * np.abs(target[..., 1:4] - predicted[..., 1:]).sum(axis=-1)).sum()
    expected = -focal.sum() / 2 + error / target[..., 4].sum()
    np.testing.assert_allclose(detector.loss(target, predicted).numpy(), expected, rtol=1e-5)


def test_counts():
    boxes = np.array([[20, 20, 20], [60, 60, 30]], np.float32)
    near = Face(21, 20, 20, 0.9)
    assert detection.compare([near], boxes) == (1, 0, 1)
    assert detection.compare([near, Face(20, 21, 20, 0.8)], boxes) == (1, 1, 1)  # twice
    assert detection.compare([Face(60, 60, 60, 0.9)], boxes) == (0, 1, 2)        # a fourth of it
    assert Face(0, 0, 10, 1.0).overlap(Face(5, 0, 10, 1.0)) == pytest.approx((1 / 3, 1 / 2))
    filled = np.zeros((3, 100, 100, 3), np.uint8)
    filled[:, 0, 0, 0] = [0, 1, 2]
    said = {0: [Face(50, 50, 90, 1.0)], 1: [Face(50, 50, 30, 1.0)], 2: [Face(90, 50, 60, 1.0)]}
    assert detection.count_filled(filled, lambda image: said[image.getpixel((0, 0))[0]]) == 1


def test_it_learns_where_faces_are(tmp_path):
    """In the time of a test it finds few by the threshold, but cells of faces stand out."""
    training = faces()
    for name, epochs, eagerly in (("toy", 30, False), ("start", 1, True), ("again", 1, True)):
        tf.config.run_functions_eagerly(eagerly)  # one step is so much faster than its graph
        detector.train([training], "toy", tmp_path / f"{name}.npz", epochs, seed=0, side=64)
    tf.config.run_functions_eagerly(False)
    start, again = (npz.read_arrays(tmp_path / f"{name}.npz") for name in ("start", "again"))
    assert start.keys() == again.keys() and all((start[key] == again[key]).all() for key in start)
    images, boxes = scenes.Scenes([training], seed=1, side=64).batch(0, 40)
    target = np.stack([detector.targets(its, 64 // STRIDE) for its in boxes])
    heat, losses, higher = target[..., 0], {}, {}
    for name in ("start", "toy"):
        predicted = detection.load(tmp_path / f"{name}.npz").model(images / np.float32(127.5) - 1)
        losses[name] = float(detector.loss(target, predicted))
        logits = predicted.numpy()[..., 0]
        # The area under the ROC curve.
        higher[name] = np.mean(logits[heat == 1][:, None] > logits[heat < 0.01])
    assert losses["toy"] < 0.7 * losses["start"] and higher["toy"] > higher["start"], losses
    assert higher["toy"] > 0.85, higher


@pytest.mark.usefixtures("eager")
def test_a_detector_is_made_by_a_command_and_others_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "NUM_TESTED", 4)
    (tmp_path / "faces").mkdir()
    for i in range(20):
        Image.fromarray(synthetic.face(i, 48)[0]).save(tmp_path / f"faces/{i}.png")
    words = ("--mode", "detector", "--data", "faces", "--margin", "0.05")
    done = call(tmp_path, *words, "--epochs", "1", "--out", "d.npz")
    assert done.returncode == 0 and "4 scenes of held-out faces: " in done.stdout, done.stderr
    assert detection.load(tmp_path / "d.npz").info["faces"] == 17
    assert (tmp_path / "d.npz").stat().st_size < 2 ** 20
    arrays = npz.read_arrays(tmp_path / "d.npz")
    arrays["weight_000"] = arrays["weight_000"][..., :3]
    npz.write_arrays(tmp_path / "cut.npz", arrays)
    with refusal(tmp_path / "cut.npz", Fault.UNREADABLE):
        detection.load(tmp_path / "cut.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    refuses(call(tmp_path, *words, "--out", "other.npz"), "--out", Fault.EXISTS)
    refuses(call(tmp_path, *words[:4], "--margin", "0.1,0.2"), "--margin", Fault.INVALID)
    refuses(call(tmp_path, "--mode", "detector"), "--data", Fault.MISSING)
