"""Sliders of a generator on its page."""
import numpy as np
import pytest
from conftest import call, write_run
from test_engine import scrambled
from test_page import current, until, wait

from anime_gan_tf.generation import sliders
from anime_gan_tf.generation.sliders import Slider, Sliders
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.web import page


@pytest.fixture(scope="module")
def found():
    """Two sliders, of which one has names."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((2, 8)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    positions = np.cumsum(rng.random((2, len(sliders.STEPS))), axis=1)
    positions -= positions[:, len(sliders.STEPS) // 2, None]
    names = {"en": "Turn <b>", "ja": "顔の向き"}
    return Sliders((Slider("turn", -2.5, 3.0, names), Slider("2", -1.0, 1.0)), directions,
                   positions.astype(np.float32), "")


@pytest.fixture
def opened(open_page, found, tmp_path):
    trained = scrambled("rpgan", {"latent_dim": 8})
    page.write(trained, tmp_path / "page.html", sliders=found)
    return open_page(tmp_path / "page.html")


def test_sliders_move_the_face_as_the_program_does(opened, found):
    z, code = current(opened)
    opened.fill("#slide-0", "1.7")
    until(opened, "movesOf(current).steps.turn === 1.7")
    np.testing.assert_allclose(next(current(opened)), z + found.shift({"turn": 1.7}), atol=1e-5)
    opened.click("#expert summary")
    opened.fill("#slide-1", "-0.5")
    until(opened, "movesOf(current).steps['2'] === -0.5")
    np.testing.assert_allclose(
        next(current(opened)), z + found.shift({"turn": 1.7, "2": -0.5}), atol=1e-5)
    opened.check("#color-0-2")
    until(opened, "tagsOf(current)[0] === 2")  # and stays where sliders put it
    assert opened.input_value("#slide-0") == "1.7"
    opened.click("#reset")
    until(opened, "current.seed === 0 && current === wanted")
    assert (next(current(opened)) == z).all() and opened.input_value("#slide-0") == "0"
    opened.click("#undo")
    until(opened, "movesOf(current).steps.turn === 1.7")
    opened.click("#new")
    wait(opened)
    assert opened.input_value("#slide-0") == "0"


def test_sliders_have_the_names_and_ranges_of_the_file(opened):
    assert opened.inner_text("#sliders .slider span") == "Turn <b>"
    assert opened.evaluate("[find('slide-0').min, find('slide-0').max]") == ["-2.5", "3"]
    opened.select_option("#language", "ja")
    assert opened.inner_text("#sliders .slider span") == "顔の向き"
    opened.select_option("#language", "zh")  # has none: in English
    assert opened.inner_text("#sliders .slider span") == "Turn <b>"
    assert "2" in opened.text_content("#numbered .slider span")


def test_a_run_with_sliders_has_them_on_its_page_and_stale_ones_are_left_out(found, tmp_path):
    write_run(tmp_path)
    path = next(tmp_path.rglob("generator.npz"))
    weights = sliders.digest(checkpoints.weights(path))
    size = checkpoints.read_info(path)["recipe"]["latent_dim"]
    directions = np.eye(2, size, dtype=np.float32)
    for digest, there in ((weights, True), ("0" * 64, False)):
        sliders.write(path, Sliders(found.listed, directions, found.positions, digest), "r")
        done = call(tmp_path, "--mode", "page", "--run", "r", "--out", f"{there}.html")
        assert done.returncode == 0, done.stderr
        assert ('"turn"' in (tmp_path / f"{there}.html").read_text()) == there
        assert ("sliders" in done.stderr) != there
