"""Scales of a generator on its page: a range of their numbers."""
import numpy as np
import pytest
from conftest import call, write_run
from test_page import current, saved, until, wait

from anime_gan_tf.generation import interpolation, latents
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import schema
from anime_gan_tf.web import page as writer

LABELS = schema.labels_from({"smile": [0, 0.25, 0.5, 1], "hat": ["absent", "present"],
                             "size": [10, 20, 80]}, "axes")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scales")
    write_run(folder, labels=LABELS)
    return folder


@pytest.fixture(scope="module")
def trained(home):
    return loading.load_generator(home / "checkpoints/r/generator.npz")


@pytest.fixture
def opened(open_page, home, trained):
    writer.write(trained, home / "page.html")
    return open_page(home / "page.html")


def test_a_range_sets_a_number_between_two_levels(opened, home, trained):
    z, _ = current(opened)
    assert opened.evaluate("[find('scale-2').min, find('scale-2').max]") == ["10", "80"]
    opened.fill("#scale-0", "0.3")
    until(opened, "valueOf(0, tagsOf(current)[0]) === '0.3'")
    wait(opened)
    tags = (LABELS.index("smile", "0.3"), *opened.evaluate("tagsOf(current).slice(1)"))
    np.testing.assert_allclose(list(current(opened))[1], LABELS.encode([tags])[0], atol=1e-6)
    assert (next(current(opened)) == z).all() and opened.input_value("#scale-0") == "0.3"
    assert opened.evaluate("valueOf(0, tagsOf(faceOf(0, tagsOf(current)))[0])") == "0.3"
    # As a link, and as a picture that the program draws again.
    link = opened.evaluate("toLink(current)")
    again = opened.evaluate(f"[...fromLink({link!r}).code]")
    np.testing.assert_allclose(again, list(current(opened))[1], atol=1e-6)
    path = saved(opened, "#save", home)
    drawn = latents.read(path, trained, "--latent")
    np.testing.assert_allclose(drawn.one_hot[0], again, atol=1e-6)
    opened.click("#undo")
    until(opened, "current.seed === 0 && current === wanted")


def test_an_axis_that_is_called_as_another_text_has_its_own_name(opened):
    assert opened.inner_text("label:has(> #scale-2) > span") == "size"
    assert opened.evaluate("describe(faceOf(0, [1, 0, 1]))").startswith("smile: 0.25, hat: absent, "
                                                                        "size: 20")


def test_pictures_of_the_program_with_numbers_are_opened(opened, home, trained):
    done = call(home, "--mode", "infer", "--run", "r", "--label", "smile=0.3", "--num", 2, "--seed",
                5, "--out", "a.png")
    assert done.returncode == 0, done.stderr
    opened.set_input_files("#import", home / "a.png")
    until(opened, "shown.length === 2 && current === shown[0]")
    expected = latents.from_seeds(trained, [5, 6], (LABELS.index("smile", "0.3"), -1, -1))
    np.testing.assert_allclose(opened.evaluate("shown.map(({code}) => [...code])"),
                               expected.one_hot, atol=1e-6)


def test_what_goes_with_a_number_is_drawn_as_by_the_program(opened, trained):
    for smile in (0.5, 1.5, 2.25):
        wanted = (smile, -1, -1)
        assert opened.evaluate(f"[3, 4, 5, 6].map((seed) => drawTags(seed, {list(wanted)}))") == [
            list(map(float, row)) for row in latents.sample_labels(
                trained.label_distribution, range(3, 7), wanted)]


def test_morphs_and_fades_pass_the_numbers_between(opened):
    tags = lambda codes: [[round(tag, 5) for tag in row] for row in opened.evaluate(
        f"{codes}.map((code) => tagsOf({{code}}))")]
    ends = opened.evaluate("[[0, 0, 0.5], [3, 1, 2]].map((tags) => [...encode(tags)])")
    middle = opened.evaluate(
        "[...blended(encode([0, 0, 0.5]), encode([3, 1, 2]), [0.5, 0.5, 0.5])]")
    expected = LABELS.between(*(np.array([end], np.float32) for end in ends), np.array([[0.5]]))[0]
    np.testing.assert_allclose(middle, expected, atol=1e-6)
    opened.click("#tab-motion")
    opened.evaluate("choose(withTags(wanted, [0, -1, -1]))")
    wait(opened)
    opened.check("#fade-to-0-3", force=True)
    opened.fill("#fade-0", "0.5")
    until(opened, "tagsOf(current)[0] === 1.5")
    assert tags("[current.code]")[0][0] == 1.5
    path = interpolation.fade_latents(
        latents.Latents(np.zeros((1, 8), np.float32), LABELS.encode([(0, 0, 0)]), LABELS),
        {"smile": [0, 3]}, 2).tags
    assert path[1, 0] == 1.5
