"""What a generator's file says of itself cannot break its page."""
import json
import math

import numpy as np
import pytest
from conftest import refusal
from PIL import Image
from test_engine import apart, drawn, scrambled
from test_page import saved

from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.networks.loading import Trained
from anime_gan_tf.web import page

NAN, INFINITE, HUGE = math.nan, math.inf, 10 ** 400


@pytest.fixture(scope="module")
def trained():
    return scrambled("rpgan", {})


def told(trained, **info):
    """The same generator, whose file says something else."""
    return Trained(trained.generator, trained.recipe, trained.info | info)


def model_of(path):
    """The JSON that a page has of its model, read as strictly as a browser does."""
    text = path.read_text().split('id="model">')[1].split("</script>")[0]
    return json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("figures, there, left_out", [
    (None, {}, []), ({}, {}, []), ("none", {}, ["figures"]), ([1, 2], {}, ["figures"]),
    (NAN, {}, ["figures"]), (HUGE, {}, ["figures"]),
    ({"frechet": NAN, "recall": 0.5}, {"recall": 0.5}, ["frechet"]),
    ({"frechet": -INFINITE, "precision": HUGE, "recall": None, "both": True, "other": NAN}, {},
     ["frechet", "precision", "recall", "both"]),
    ({"frechet": {"frechet": 1}, "both": [0.5]}, {}, ["frechet", "both"]),
    ({"recall": "0.5"}, {}, ["recall"]),
    ({"frechet": 1e5, "both": 1}, {"frechet": 1e5, "both": 1.0}, [])])
def test_figures_that_are_no_numbers_are_left_out(trained, tmp_path, figures, there, left_out):
    made = page.write(told(trained, figures=figures), tmp_path / "page.html")
    assert made.left_out == left_out and model_of(tmp_path / "page.html")["figures"] == there


@pytest.mark.parametrize("name", ["kimg", "faces"])
@pytest.mark.parametrize("value", [NAN, INFINITE, HUGE, -1, "7", None, True, [7]])
def test_numbers_that_are_none_are_refused(trained, tmp_path, name, value):
    with refusal(name, Fault.INVALID):
        page.write(told(trained, **{name: value}), tmp_path / "page.html")
    assert not any(tmp_path.iterdir())


def test_weights_that_are_none_are_refused(tmp_path):
    broken = scrambled("rpgan", {})
    broken.generator.weights[0].assign(np.full(broken.generator.weights[0].shape, NAN))
    with refusal("weights", Fault.INVALID):
        page.write(broken, tmp_path / "page.html")


def test_weights_beyond_half_precision_draw_as_well(open_page, tmp_path):
    large = scrambled("dcgan", {})
    kernels = [weight for weight in large.generator.weights if len(weight.shape) > 1]
    kernels[-2].assign(1e7 * kernels[-2])
    kernels[-1].assign(1e-7 * kernels[-1])
    page.write(large, tmp_path / "page.html")
    shown = latents.from_seeds(large, range(8))
    expected = sampling.draw(large, shown)
    assert expected.std() > 5
    assert apart(drawn(open_page(tmp_path / "page.html"), shown), expected) <= 2


@pytest.mark.parametrize("title", [
    "{{operations}}{{weights}} \\u003c/script> \\1 \\g<0> $& ${MODEL} <!-- <script> ]]> 顔",
    "</script><script>throw 1</script>\u2028b\u2029c\u202e\x00\x1b[2J\ud800"])
def test_texts_of_a_file_are_shown_as_they_are_and_do_nothing(open_page, trained, tmp_path, title):
    page.write(told(trained, data=title, run=title, model=title), tmp_path / "page.html")
    opened = open_page(tmp_path / "page.html")  # fails where an error is thrown
    names = opened.evaluate("MODEL.names")
    assert len(set(names.values())) == 1 and names["data"].isprintable()
    assert opened.text_content("#about").count(names["data"]) == 3
    if title.isprintable():
        assert names["data"] == title
    path = saved(opened, "#save", tmp_path)
    assert not set(path.name) & set('/\\<>{}$&"|?*: \x00\x1b\u2028\u202e')
    assert json.loads(Image.open(path).info["anime_gan_tf"])["run"] == title
    opened.click("#favorite")
    assert opened.locator("#favorites img").count() == 1


def test_names_of_downloads_are_names_of_files(open_page, trained, tmp_path):
    page.write(trained, tmp_path / "page.html")
    opened = open_page(tmp_path / "page.html")
    for run, name in [("../../etc/passwd", "_.._etc_passwd"), (".bashrc", "bashrc"), ("", "faces"),
                      ("顔", "顔"), ("x" * 1000, "x" * 50)]:
        opened.evaluate("(run) => { MODEL.run = run; }", run)
        assert saved(opened, "#save", tmp_path).name == f"{name}_seed0.png"


def test_a_page_shows_what_it_has(open_page, trained, tmp_path):
    page.write(trained, tmp_path / "page.html")
    opened = open_page(tmp_path / "page.html")
    for change in ("figures: null", "figures: 'frechet'", "figures: {frechet: 'a', recall: 0.5}",
                   "kimg: null", "faces: null, figures: undefined"):
        opened.evaluate(f"Object.assign(MODEL, {{{change}}})")
        opened.evaluate("showAbout()")
        about = opened.text_content("#about")
        assert "(rpgan)" in about and not {"null", "NaN", "undefined"} & set(about.split())
    # What every object has is no text.
    words = ["constructor", "__proto__", "toString"]
    assert opened.evaluate("(words) => words.map(text)", words) == words
