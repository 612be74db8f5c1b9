"""A GAN learns: in a few hundred steps on toy faces, through the library as a user calls it."""
import numpy as np
from conftest import eagerly
from PIL import Image

import anime_gan_tf as ag
from anime_gan_tf.evaluation import metrics

SIZE, HAIR = 16, {"blue": (40, 40, 200), "red": (200, 40, 40)}


def toy_face(rng, color):
    """uint8 (16, 16, 3): a disc of skin on a larger one of hair, before a gray wall."""
    y, x = np.mgrid[:SIZE, :SIZE]
    radius, distance = rng.uniform(4, 6), np.hypot(x - rng.uniform(6, 9), y - rng.uniform(6, 9))
    image = np.full((SIZE, SIZE, 3), 190, np.uint8)
    image[distance < radius + 1.5] = color
    image[distance < radius - 1.5] = (240, 200, 170)
    return image


def features(images):
    """float (n, 48): the mean colors of a grid of four by four."""
    return images.reshape(-1, 4, SIZE // 4, 4, SIZE // 4, 3).mean((2, 4)).reshape(-1, 48) / 255


def test_a_gan_learns_to_draw_faces_in_the_requested_color(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").mkdir()
    rng, names = np.random.default_rng(0), list(HAIR) * 100
    faces = np.stack([toy_face(rng, HAIR[name]) for name in names])
    for i, face in enumerate(faces):
        Image.fromarray(face).save(tmp_path / f"faces/{i}.png")
    (tmp_path / "faces/tags.csv").write_text("".join(
        f"{i},{name} hair\n" for i, name in enumerate(names)))

    def trained(epochs):
        """(accuracy of the hair colors, Frechet distance to the faces) of what a run draws."""
        generator = ag.train("acgan_dcgan", "faces", run="toy", axes={"hair": list(HAIR)},
                             image_size=SIZE, width=8, learning_rate=1e-3, epochs=epochs)
        drawn = np.concatenate([generator.draw(range(100), hair=name) for name in HAIR])
        red, _, blue = drawn.mean((1, 2)).T
        predicted = np.stack([blue > red, red > blue], axis=1)  # in the order of HAIR
        accuracy = metrics.accuracy({"hair": predicted}, {"hair": np.arange(200) // 100})
        return accuracy["hair"], metrics.frechet_distance(features(faces), features(drawn))

    with eagerly():
        accuracy, distance = trained(0.1)  # two steps; then the same run goes on
    learned_accuracy, learned_distance = trained(40)
    assert accuracy < 0.75 < 0.9 < learned_accuracy
    assert learned_distance < distance / 3


def test_a_gan_learns_to_draw_faces_as_light_as_requested(tmp_path, monkeypatch):
    """Numbers between the levels of a scale are learned and drawn as those at them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").mkdir()
    rng = np.random.default_rng(0)
    lights = np.round(rng.random(200), 3)
    for i, light in enumerate(lights):
        Image.fromarray(toy_face(rng, (40 + 180 * light,) * 3)).save(tmp_path / f"faces/{i}.png")
    (tmp_path / "faces/labels.csv").write_text("file,light\n" + "".join(
        f"{i}.png,{light}\n" for i, light in enumerate(lights)))

    def trained(epochs):
        """Mean gray of the hair of what a run draws, for five numbers."""
        generator = ag.train("acgan_dcgan", "faces", run="toy", axes={"light": [0, 0.5, 1]},
                             image_size=SIZE, width=8, learning_rate=1e-3, epochs=epochs)
        return [generator.draw(range(50), light=light)[:, 4:12, 4:12].mean()
                for light in (0, 0.25, 0.5, 0.75, 1)]

    with eagerly():
        start = trained(0.1)
    assert np.ptp(start) < 10
    assert (np.diff(trained(30)) > 4).all()
