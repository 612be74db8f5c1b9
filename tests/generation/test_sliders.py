"""Sliders: directions that are known, their steps, their file."""
import numpy as np
import pytest
from conftest import refusal, write_run

from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation import pairs
from anime_gan_tf.generation import latents, slider_search, slider_steps, sliders
from anime_gan_tf.generation.slider_search import Changes, SIDE
from anime_gan_tf.generation.sliders import Slide, Slider, Sliders
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints, npz

ALIKE = np.array([1, -0.413 / 0.587, 1])    # a color without luminance or warmth
WARM = np.array([1, -0.185 / 0.587, -1])    # and one without luminance


def patch(rows, columns, sign):
    """A change of color at a place and, `sign` times, at its mirror image."""
    change = np.zeros((SIDE, SIDE, 3))
    change[rows, columns] = ALIKE
    return change + sign * change[:, ::-1]


def known_changes(size=9, count=32):
    """(Changes, directions that are known (6, size)) of a generator that is linear in its noise,
    whose first six directions each change a picture in one way."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    parts = []
    for _ in range(count):
        image = rng.uniform(-1, 1, (8, 8, 3)).repeat(4, axis=0).repeat(4, axis=1)
        down, right = np.gradient(image @ [0.299, 0.587, 0.114])
        effects = np.zeros((size, SIDE, SIDE, 3))
        effects[0] = -right[..., None]                      # to the right
        effects[1] = 0.5                                    # lighter
        effects[2] = 0.4 * WARM
        effects[3] = patch(slice(4, 12), slice(2, 8), 1)    # on both sides alike
        effects[4] = patch(slice(4, 12), slice(2, 8), -1)   # or opposite
        effects[5] = patch(slice(20, 30), slice(8, 14), 1)
        parts.append(slider_search.effects(image, np.tensordot(basis, effects, (0, 0))))
    return Changes(*map(np.stack, zip(*parts))), basis[:6]


def test_directions_that_are_known_are_found():
    changed, known = known_changes()
    found = slider_search.directions(changed)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    alike = found @ known.T
    # Up to sign where no readout says which way it is.
    assert (np.abs(alike).max(axis=0)[[0, 2, 3, 4, 5]] > 0.99).all()
    # White has a share of every color, so what is lighter keeps away from the patches a little.
    assert (alike[:3, :3].diagonal() > 0.9).all()


def test_a_picture_that_moves_is_read_as_motion():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:SIDE * 1j, -1:1:SIDE * 1j]
    wave = sum(np.sin(a * x + b * y + c) for a, b, c in rng.uniform(0, 3, (6, 3)))
    image = np.repeat(wave[..., None], 3, axis=2)
    down, right = (slope[..., None] for slope in np.gradient(wave))
    x, y = x[..., None], y[..., None]
    moves = [-right, -down, right * y - down * x, -right * x - down * y]
    _, readouts = slider_search.effects(image, np.stack([move * np.ones(3) for move in moves]))
    assert np.allclose(readouts[:4], np.eye(4), atol=0.03)
    assert np.allclose(readouts[4:6], 0, atol=0.03)


def test_matrices_of_one_rotation_are_diagonalized():
    rng = np.random.default_rng(2)
    rotation = np.linalg.qr(rng.normal(size=(7, 7)))[0]
    matrices = np.einsum("ij,nj,kj->nik", rotation, rng.uniform(0, 1, (20, 7)), rotation)
    found = slider_search.joint_diagonalizer(matrices)
    assert np.allclose(found.T @ found, np.eye(7))
    assert np.allclose(np.abs(rotation.T @ found).max(axis=0), 1, atol=1e-6)


def test_a_range_ends_before_the_first_bad_place():
    steps = np.array([-3.2, -2.1, -1.2, 0.0, 1.1, 1.9, 40.0])
    good = np.array([True, False, True, True, True, True, True])
    assert slider_steps.usable_range(steps, good) == (-1, 6)
    assert slider_steps.usable_range(steps, ~good) == (0, 0)
    # Less than half a step is none, and 0 is printed without a sign.
    low, high = slider_steps.usable_range(steps / 8, good)
    assert (f"{low:g}", f"{high:g}") == ("0", "5")


@pytest.fixture
def trained(tmp_path):
    write_run(tmp_path)
    return loading.load_generator(tmp_path / "checkpoints/r/generator.npz")


def test_steps_change_faces_equally(trained, monkeypatch):
    monkeypatch.setattr(slider_steps, "STEP", 0.05)
    directions = np.eye(trained.recipe.latent_dim)[:2]
    positions, ranges = slider_steps.calibrate(trained, None, directions)
    assert (np.diff(positions) >= 0).all() and np.allclose(positions[:, 6], 0)
    seeds = range(slider_steps.FIRST_SEED - slider_steps.CALIBRATED, slider_steps.FIRST_SEED)
    faces, draw = latents.from_seeds(trained, seeds), slider_steps.drawer(trained)
    for direction, places, (low, high) in zip(directions, positions, ranges):
        assert low <= -1 and high >= 1
        maps = [[np.asarray(x) for x in pairs.network()(
            draw((faces.z + place * direction).astype(np.float32), faces.one_hot))]
            for place in places[int(low) + 6:int(high) + 7]]
        lengths = [pairs.distances(b, a).mean() for a, b in zip(maps, maps[1:])]
        assert np.allclose(lengths, 0.05, rtol=0.2)


LISTED = (Slider("turn", -2.0, 3.5, {"en": "turn", "zh": "转头", "ja": "顔の向き"}),
          Slider("2", -6.0, 0.0))


def some_sliders(path, size):
    rng = np.random.default_rng(3)
    directions = rng.normal(size=(2, size))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Sliders(LISTED, directions.astype(np.float32),
                   np.sort(rng.normal(size=(2, 13)), axis=1).astype(np.float32),
                   sliders.digest(checkpoints.weights(path)))


def test_the_file_gives_back_the_sliders_and_refuses_other_weights(tmp_path):
    recipe, _ = write_run(tmp_path)
    path = tmp_path / "checkpoints/r/generator.npz"
    own, size = sliders.digest(checkpoints.weights(path)), recipe.latent_dim
    with refusal(path.with_name("sliders.npz"), Fault.MISSING):
        sliders.read(path, own, size)
    given = some_sliders(path, size)
    file = sliders.write(path, given, "r")
    read = sliders.read(path, own, size)
    assert read.listed == LISTED and read.weights == own
    assert np.array_equal(read.directions, given.directions)
    assert np.array_equal(read.positions, given.positions)
    with refusal(file, Fault.CONFLICT):
        sliders.read(path, "0" * 64, size)
    with refusal(file, Fault.UNREADABLE):
        sliders.read(path, own, size + 1)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with refusal(file, Fault.UNREADABLE):
        sliders.read(path, own, size)


@pytest.mark.parametrize("change", [
    {"name": "../x"}, {"name": "a=b"}, {"name": "2"}, {"low": 1.0}, {"high": 99.0},
    {"names": ["turn"]}])
def test_a_file_of_a_stranger_is_refused(tmp_path, change):
    recipe, _ = write_run(tmp_path)
    path = tmp_path / "checkpoints/r/generator.npz"
    given = some_sliders(path, recipe.latent_dim)
    file = sliders.write(path, given, "r")
    info, arrays = npz.unpacked(file), npz.read_arrays(file)
    info["sliders"][0] |= change
    npz.write_arrays(file, arrays | {"info": npz.packed(info)})
    with refusal(file, Fault.UNREADABLE):
        sliders.read(path, given.weights, recipe.latent_dim)


def test_names_are_given_to_what_was_a_number(tmp_path):
    recipe, _ = write_run(tmp_path)
    given = some_sliders(tmp_path / "checkpoints/r/generator.npz", recipe.latent_dim)
    new = {"en": "Hair length", "zh": "发长", "ja": "髪の長さ"}
    named = sliders.named(given, {"2": new})
    assert [slider.name for slider in named.listed] == ["hair_length", "turn"]
    assert named.listed[0].names == new and named.listed[0].low == -6
    assert np.array_equal(named.shift({"hair_length": -2, "turn": 1}),
                          given.shift({"2": -2, "turn": 1}))
    with refusal("names", Fault.UNKNOWN):
        sliders.named(given, {"3": new})


@pytest.mark.parametrize("english", ["Hair, length", "turn", "x" * 41])
def test_names_that_could_not_be_read_are_not_written(tmp_path, english):
    recipe, _ = write_run(tmp_path)
    path = tmp_path / "checkpoints/r/generator.npz"
    named = sliders.named(some_sliders(path, recipe.latent_dim), {"2": {"en": english}})
    with refusal(path.with_name("sliders.npz"), Fault.UNREADABLE):
        sliders.write(path, named, "r")
    assert not path.with_name("sliders.npz").exists()


def test_a_slide_goes_in_steps_and_adds_up(tmp_path):
    recipe, _ = write_run(tmp_path)
    found = some_sliders(tmp_path / "checkpoints/r/generator.npz", recipe.latent_dim)
    one, two = found.shift({"turn": 1}), found.shift({"turn": 2})
    assert np.allclose(found.shift({"turn": 1.5}), (one + two) / 2, atol=1e-6)
    assert np.allclose(one, found.positions[0, 7] * found.directions[0])
    both = Slide(found, {"turn": (-1.0, 0.0, 3.0), "2": (-4.0,)})
    assert both.stops == 3
    assert np.allclose(both.at([0, 0.5, 1]), [
        found.shift({"turn": turn, "2": -4}) for turn in (-1, 0, 3)])


@pytest.mark.parametrize("text, steps", [
    ("turn=1.5", {"turn": (1.5,)}),
    (" turn = -1 , 2=0:3:-2.5", {"turn": (-1,), "2": (0, 3, -2.5)})])
def test_steps_that_can_be_requested(text, steps):
    assert sliders.parse(text) == steps


@pytest.mark.parametrize("text, fault", [
    ("turn", Fault.INVALID), ("turn=", Fault.INVALID), ("=1", Fault.INVALID), ("", Fault.INVALID),
    ("turn=nan", Fault.INVALID), ("turn=1:inf", Fault.INVALID), ("turn=1,,2=1", Fault.INVALID),
    ("turn=1,turn=2", Fault.CONFLICT)])
def test_steps_that_cannot_be_requested(text, fault):
    with refusal("--slide", fault):
        sliders.parse(text)
