import colorsys

import numpy as np
import pytest
from conftest import call, refuses
from PIL import Image

from anime_gan_tf.data import hair_color, sources, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT, UNKNOWN

AQUA, BLUE, GREEN, PINK = (DEFAULT.index("hair", name)
                           for name in ("aqua", "blue", "green", "pink"))


def painted(*columns):
    """One picture of 16 px whose columns are of these colors, evenly."""
    return np.repeat(np.uint8(columns), 16 // len(columns), axis=0)[None].repeat(16, axis=0)[None]


def test_hues_are_those_of_the_standard_library():
    colors = np.random.default_rng(0).integers(0, 256, (500, 3), dtype=np.uint8)
    found = hair_color.shares(np.tile(colors[:, None, None], (1, 16, 16, 1)))
    for i, (hue, saturation, value) in enumerate(colorsys.rgb_to_hsv(*rgb / 255) for rgb in colors):
        if abs(saturation - hair_color.MIN_SATURATION) < 1e-6:  # which of the two, rounding decides
            continue
        colored = saturation > hair_color.MIN_SATURATION and value > hair_color.MIN_VALUE
        for name, (low, high) in hair_color.HUES.items():
            assert found[name][i] == (colored and low < 360 * hue < high), (colors[i], name)


@pytest.mark.parametrize("columns, expected", [
    ([(80, 200, 220)], 1.0),
    ([(80, 200, 220), (255, 255, 255)], 1.0),  # white is background
    ([(80, 200, 220), (250, 220, 200)], 1.0),  # skin
    ([(80, 200, 220), (30, 30, 30)], 0.5),
    ([(80, 200, 220), (40, 200, 60), (60, 80, 220), (90, 100, 100)], 0.25),  # green, blue, slate
    ([(20, 60, 70)], 0.0),  # dark teal
])
def test_the_share_of_aqua_among_hair(columns, expected):
    assert hair_color.shares(painted(*columns))["aqua"] == pytest.approx([expected])


def test_what_is_below_does_not_count():
    image = painted((30, 30, 30))
    image[:, 11:] = (80, 200, 220)
    assert hair_color.shares(image)["aqua"] == 0


def test_retag_drops_and_takes():
    tags = np.int32([(AQUA, 1), (AQUA, 2), (BLUE, 3), (GREEN, 4), (PINK, 5), (BLUE, 6)])
    found = ({color: np.zeros(6) for color in hair_color.HUES}
             | {"aqua": np.array([0.3, 0.2, 0.5, 0.5, 0.5, 0.3])})
    hair, eyes = hair_color.retag(found, tags, DEFAULT, "aqua").T.tolist()
    assert hair == [AQUA, UNKNOWN, AQUA, AQUA, PINK, BLUE]
    assert eyes == tags[:, 1].tolist()
    assert hair_color.clear(found, tags, DEFAULT) == {"green": 0.0, "aqua": 0.5, "blue": 0.0}


def test_drawn_hair_is_of_the_color_of_its_label():
    """On exact labels hardly any tag of these hues is doubted, and no other face is claimed."""
    images, labels = zip(*(synthetic.face(i, 64) for i in range(200)))
    found, hair = hair_color.shares(np.stack(images)), np.array([label[0] for label in labels])
    for color in hair_color.HUES:
        mine = hair == DEFAULT.axes["hair"].index(color)
        assert (found[color][mine] >= hair_color.CLEAR).mean() > 0.9
        assert (found[color][~mine] >= hair_color.OTHERS).mean() < 0.02


def test_a_copy_with_clear_tags(tmp_path):
    """Faces all tagged aqua keep the tag where their hair is aqua, and a blue one whose hair is
    aqua gets it."""
    folder = tmp_path / "loose"
    (folder / "images").mkdir(parents=True)
    images, labels = zip(*(synthetic.face(i, 64) for i in range(60)))
    hair = [label[0] for label in labels]
    names = ["aqua"] * 60
    names[hair.index(AQUA)] = "blue"
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / "images" / f"{i}.png")
    (folder / "tags.csv").write_text("".join(f"{i},{name} hair red eyes\n"
                                             for i, name in enumerate(names)))
    done = call(tmp_path, "--mode", "inspect", "--data", folder, "--clean", "clear.zip",
                "--hair", "aqua")
    assert done.returncode == 0, done.stderr
    assert "1 added" in done.stdout
    copy = sources.open_path(tmp_path / "clear.zip", DEFAULT)
    assert [tag[0] for tag in copy.tags] == [AQUA if color == AQUA else UNKNOWN for color in hair]
    refuses(call(tmp_path, "--mode", "inspect", "--data", folder, "--hair", "aqua"), "--hair",
            Fault.MISSING)
    refuses(call(tmp_path, "--mode", "inspect", "--data", folder, "--hair", "red", "--clean",
                 "x.zip"), "--hair", Fault.UNKNOWN)
