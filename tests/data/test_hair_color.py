import shutil

import numpy as np
import pytest
from conftest import call, refuses
from PIL import Image

from anime_gan_tf.data import hair_color, sources, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT, UNKNOWN

HAIR = DEFAULT.axes["hair"]
AQUA, BLUE, GREEN, PINK = (HAIR.index(name) for name in ("aqua", "blue", "green", "pink"))
SKIN, SHADED, WHITE = (250, 222, 204), (228, 196, 176), (255, 255, 255)
# A color that people call by the name, of each name.
PAINTS = {"aqua": (90, 180, 185), "black": (45, 42, 48), "blonde": (230, 200, 130),
          "blue": (80, 90, 160), "brown": (120, 90, 70), "gray": (160, 158, 160),
          "green": (90, 160, 110), "orange": (215, 140, 85), "pink": (230, 150, 170),
          "purple": (130, 90, 150), "red": (160, 60, 75), "white": (225, 215, 215)}


def face(hair, size=64, background=WHITE):
    """uint8 (size, size, 3): hair above and beside a face, in a corner the background."""
    image = np.full((size, size, 3), hair, np.uint8)
    at = lambda share: round(share * size)
    image[at(0.4):, at(0.25):at(0.75)] = SKIN
    image[at(0.4):at(0.5), at(0.25):at(0.75)] = SHADED  # below the fringe
    image[at(0.75):at(0.8), at(0.45):at(0.55)] = (150, 70, 70)  # a mouth
    image[at(0.85):] = (200, 30, 30)  # clothes
    image[:at(0.3), :at(0.15)] = background
    return image


@pytest.mark.parametrize("rgb, expected", [
    ((255, 255, 255), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((119, 119, 119), (50.03, 0, 0)),
    ((255, 0, 0), (53.24, 80.09, 67.20)), ((0, 255, 0), (87.74, -86.18, 83.18)),
    ((0, 0, 255), (32.30, 79.19, -107.86)), ((1, 2, 3), (0.51, -0.12, -0.47))])
def test_cielab_of_known_colors(rgb, expected):
    assert hair_color.cielab(np.uint8([[rgb]]))[0, 0] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("size", [32, 64, 256])
def test_colors_are_named_as_people_name_them(size):
    found = hair_color.names(np.stack([face(paint, size) for paint in PAINTS.values()]))
    assert found.tolist() == list(PAINTS)


def test_the_average_is_that_of_the_hair_alone():
    """Not of skin, its shadow, white background or clothes; of hair in the skin's color as well,
    and a white picture has a color, too."""
    white = np.full((64, 64, 3), 255, np.uint8)
    low = face(PAINTS["blue"])
    low[:18] = 255  # a white top
    expected = hair_color.cielab(np.uint8([PAINTS["blue"], PAINTS["blue"], SKIN, WHITE]))
    found = hair_color.average(np.stack([face(PAINTS["blue"]), low, face(SKIN), white]))
    assert found == pytest.approx(expected, abs=0.1)
    halves = face(PAINTS["red"])
    halves[:, 32:] = face(PAINTS["black"])[:, 32:]
    both = hair_color.cielab(np.uint8([PAINTS["red"], PAINTS["black"]]))
    between = hair_color.average(halves[None])[0]
    assert (both.min(axis=0) < between).all() and (between < both.max(axis=0)).all()


def test_colors_between_two_names_have_none():
    # Dark green, salmon, beige, slate.
    for paint in ((96, 108, 96), (205, 140, 130), (215, 175, 150), (95, 112, 126)):
        assert hair_color.names(face(paint)[None]).tolist() == [""]


def test_drawn_hair_of_clear_colors_has_the_name_of_its_label():
    images, labels = zip(*(synthetic.face(i, 64) for i in range(200)))
    found, hair = hair_color.names(np.stack(images)), np.array([HAIR[label[0]] for label in labels])
    for color in ("aqua", "blonde", "blue", "green"):
        assert (found[hair == color] == color).mean() > 0.8
        assert (found[hair != color] == color).mean() < 0.15, color


def test_loose_tags_are_dropped():
    tags = np.float32([(AQUA, 1), (AQUA, 2), (BLUE, 3), (GREEN, 4), (UNKNOWN, 5), (PINK, 6.5)])
    found = np.array(["aqua", "", "aqua", "blue", "aqua", "pink"])
    after = lambda *colors: hair_color.drop_loose(found, tags, DEFAULT, colors)[:, 0].tolist()
    assert after("aqua") == [AQUA, UNKNOWN, BLUE, GREEN, UNKNOWN, PINK]
    assert after("blue") == [AQUA, AQUA, UNKNOWN, GREEN, UNKNOWN, PINK]
    assert after(*hair_color.COLORS) == [AQUA, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, PINK]
    aqua = hair_color.drop_loose(found, tags, DEFAULT, ["aqua"])
    assert aqua[:, 1].tolist() == tags[:, 1].tolist()
    assert hair_color.agreement(found, tags, DEFAULT) == {
        "aqua": 0.5, "blue": 0.0, "green": 0.0, "pink": 1.0}


def test_accuracy_counts_tagged_faces():
    images = np.stack([face(PAINTS[name]) for name in ("aqua", "blue", "pink", "red")])
    tags = np.int32([(AQUA, 0), (BLUE, 0), (GREEN, 0), (UNKNOWN, 0)])
    assert hair_color.accuracy(images, tags, DEFAULT) == {"hair_by_pixels": pytest.approx(2 / 3)}
    assert hair_color.accuracy(images[3:], tags[3:], DEFAULT) == {}


def test_a_copy_with_true_tags(tmp_path):
    """Faces tagged aqua keep the tag only where their hair is aqua; with any, a blue one whose hair
    is aqua loses its own, too."""
    folder = tmp_path / "loose"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)  # so that no two are twins
    noisy = lambda image: np.clip(image + rng.normal(0, 8, (4, 4, 3)).repeat(16, 0).repeat(16, 1),
                                  0, 255).astype(np.uint8)
    for i, name in enumerate(HAIR):
        Image.fromarray(noisy(face(PAINTS[name]))).save(folder / "images" / f"{i}.png")
    Image.fromarray(noisy(face(PAINTS["aqua"], background=(0, 0, 0)))).save(
        folder / "images" / "12.png")
    shutil.copy(folder / "images" / "1.png", folder / "images" / "13.png")  # a twin
    (folder / "tags.csv").write_text("".join(
        f"{i},{'blue' if i == 12 else 'aqua'} hair red eyes\n" for i in range(14)))
    inspect = ("--mode", "inspect", "--data", folder)
    for color, expected in (("aqua", [AQUA, *[UNKNOWN] * 11, BLUE]),
                            ("any", [AQUA, *[UNKNOWN] * 12])):
        done = call(tmp_path, *inspect, "--clean", f"{color}.zip", "--hair", color)
        assert done.returncode == 0, done.stderr
        copy = sources.open_path(tmp_path / f"{color}.zip", DEFAULT)
        hair = {name: tag[0] for name, tag in zip(copy.names, copy.tags)}
        assert len(hair) == 13
        assert [next(tag for name, tag in hair.items() if name.endswith(f"/{i}.png"))
                for i in range(13)] == expected, color
    assert "aqua hair: 11 of 12 tags left out" in done.stdout  # without the twin's
    refuses(call(tmp_path, *inspect, "--hair", "aqua"), "--hair", Fault.MISSING)
    refuses(call(tmp_path, *inspect, "--hair", "teal", "--clean", "x.zip"), "--hair",
            Fault.UNKNOWN)
    (tmp_path / "axes.json").write_text('{"hair": ["long", "short"]}')
    refuses(call(tmp_path, *inspect, "--axes", "axes.json", "--hair", "any", "--clean", "x.zip"),
            "--hair", Fault.CONFLICT)
