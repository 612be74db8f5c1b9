"""What a user does with the page: every control, by clicks and keys, and the saved files."""
import json
import re

import numpy as np
import pytest
from conftest import call, refuses, run, tiny, write_run
from PIL import Image

from anime_gan_tf import networks
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.web import page as writer

HAIR, EYES = DEFAULT.axes.values()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a tiny run `r` that takes tags."""
    folder = tmp_path_factory.mktemp("page")
    write_run(folder)
    return folder


@pytest.fixture(scope="module")
def page(home):
    """The page of the run, with an enlarger as tiny: the bundled one would be most of the work."""
    recipe = tiny("enlarger")
    enlarger = loading.Trained(networks.build_generator(recipe, DEFAULT), recipe, {})
    path = home / "page.html"
    writer.write(loading.load_generator(home / "checkpoints/r/generator.npz"), path, enlarger)
    return path


def until(opened, condition):
    """Waits for a JavaScript condition; playwright's own way needs eval, which the page forbids."""
    for _ in range(300):
        if opened.evaluate(f"Boolean({condition})"):
            return
        opened.wait_for_timeout(50)
    raise AssertionError(condition)


def wait(opened):
    """Until nothing is being drawn."""
    until(opened, "document.getElementById('message').textContent === ''")


def says(opened, name, where="message"):
    """Whether the page shows the text of that name."""
    return opened.evaluate(f"text('{name}')") in opened.inner_text(f"#{where}")


def current(opened):
    """(noise, code) of the large face."""
    return map(np.array, opened.evaluate("[[...current.z], [...current.code]]"))


def colors(opened):
    return opened.evaluate("shown.map((face) => tagsOf(face))")


def saved(opened, button, folder):
    with opened.expect_download() as waiting:
        opened.click(button)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_draw_by_seed_number_and_color(open_page, page):
    opened = open_page(page)
    assert opened.locator("#grid button canvas").count() == 12
    opened.fill("#number", "4")
    opened.press("#number", "Enter")
    opened.select_option("#color-0", label="green")
    opened.select_option("#color-1", label="pink")
    wait(opened)
    assert colors(opened) == [[HAIR.index("green"), EYES.index("pink")]] * 4
    opened.fill("#seed", "77")
    opened.press("#seed", "Enter")
    wait(opened)
    assert opened.evaluate("shown.map(({seed}) => seed)") == [77, 78, 79, 80]
    before, _ = current(opened)
    opened.click("#new")
    wait(opened)
    assert (next(current(opened)) != before).any()


def test_what_is_kept_stays_and_the_rest_is_drawn_anew(open_page, page):
    opened = open_page(page)
    z, _ = current(opened)
    hair = opened.evaluate("tagsOf(current)[0]")
    opened.check("#keep-noise")
    opened.check("#keep-0")
    opened.click("#new")
    wait(opened)
    assert opened.evaluate("z => shown.every((face) => face.z.every((x, i) => x === "
                           "z[i]))", z.tolist())
    found = np.array(colors(opened))
    assert set(found[:, 0]) == {hair} and len(set(found[:, 1])) > 1
    opened.check("#keep-1")
    opened.click("#new")
    assert says(opened, "lock_all")
    opened.uncheck("#keep-noise")
    opened.click("#new")
    wait(opened)
    assert len(set(map(tuple, colors(opened)))) == 1


def test_vary_keeps_colors_and_moves_noise_by_the_strength(open_page, page):
    opened = open_page(page)
    z, code = current(opened)
    moved = []
    for strength in ("0.1", "0.9"):
        opened.fill("#strength", strength)
        opened.click("#vary")
        wait(opened)
        faces = opened.evaluate("shown.map(({z, code}) => [[...z], [...code]])")
        assert faces[0][0] == z.tolist() and all(other == code.tolist() for _, other in faces)
        moved.append(np.linalg.norm(np.array(faces[1][0]) - z))
    assert 0 < moved[0] < moved[1] / 3


def test_matrix_shows_every_color_of_the_face(open_page, page):
    opened = open_page(page)
    z, _ = current(opened)
    opened.click("#matrix")
    wait(opened)
    assert colors(opened) == [[i, j] for i in range(12) for j in range(11)]
    assert opened.evaluate("z => shown.every((face) => face.z.every((x, i) => x === "
                           "z[i]))", z.tolist())
    assert opened.locator("#grid > span").count() == 12 + 12


def test_fade_stands_between_two_colors(open_page, page, tmp_path):
    opened = open_page(page)
    opened.click("#fade summary")
    opened.select_option("#fade-from-0", label="aqua")
    opened.select_option("#fade-to-0", label="pink")
    opened.fill("#fade-0", "0.5")
    until(opened, "current.code[0] === 0.5")
    _, code = current(opened)
    assert (code[:12].tolist() == [0.5 * (name in ("aqua", "pink")) for name in HAIR]
            and code[12:].sum() == 1)
    assert Image.open(saved(opened, "#fade-strip", tmp_path)).size == (7 * 18 + 2, 18 + 2)


def test_expert_sliders_noise_and_undo(open_page, page):
    opened = open_page(page)
    opened.click("#expert summary")
    z, code = current(opened)
    opened.fill("#slider-1-3", "-0.5")
    until(opened, "current.code[12 + 3] === -0.5")
    opened.click("#undo")
    until(opened, "current.code[12 + 3] !== -0.5")
    opened.fill("#length", "0.5")
    until(opened, "current.seed === null")
    np.testing.assert_allclose(next(current(opened)), z / 2, atol=1e-6)
    opened.fill("#length", "0.8")  # of the same face, not of the shortened one
    until(opened, "current.length === 0.8")
    np.testing.assert_allclose(next(current(opened)), 0.8 * z, atol=1e-6)
    opened.click("#undo")
    until(opened, "current.length === 0.5")
    opened.click("#undo")
    until(opened, "current.seed !== null")
    opened.click("#perturb")
    until(opened, "current.seed === null")
    assert (next(current(opened)) != z).any()
    opened.click("#undo")
    until(opened, "current.seed !== null")
    assert [x.tolist() for x in current(opened)] == [z.tolist(), code.tolist()]


def test_morph_and_mix_of_picked_faces(open_page, page, tmp_path):
    opened = open_page(page)
    opened.click("#morph")
    assert says(opened, "need_two")
    for i in range(3):
        opened.click(f"#grid button >> nth={i}")
        until(opened, f"current === shown[{i}]")
        opened.click("#pick")
    opened.click("#morph")
    wait(opened)
    first = opened.evaluate("film.at")
    until(opened, f"film.at !== {first}")  # it plays
    opened.click("#morph")
    film = Image.open(saved(opened, "#animation", tmp_path))
    assert (film.n_frames == 48 and film.size == (256, 256) and film.info["duration"] == 40
            and film.info["loop"] == 0)
    film.seek(16)
    face = np.array(opened.evaluate("[...picked[1].pixels]"), np.uint8).reshape(16, 16, 4)[..., :3]
    enlarged = Image.fromarray(face).resize((256, 256), Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(film.convert("RGB"), float) - np.asarray(enlarged)).mean() < 8
    strip = saved(opened, "#strip", tmp_path)
    assert Image.open(strip).size == (12 * 18 + 2, 20)
    opened.click("#mix")
    until(opened, "document.getElementById('message').textContent === text('mix_help')")
    assert opened.locator("#grid button canvas").count() == 9
    opened.click("#clear")
    assert opened.locator("#picked button").count() == 0


def test_saved_pictures_can_be_varied_by_the_program(open_page, page, tmp_path, home):
    opened = open_page(page)
    opened.select_option("#size", "16")
    plain = saved(opened, "#save", tmp_path)
    made = json.loads(Image.open(plain).info["anime_gan_tf"])
    assert made["seed"] == 0 and made["run"] == "r" and made["hair"] in HAIR
    done = call(home, "--mode", "infer", "--latent", plain, "--out", "again.png")
    assert done.returncode == 0, done.stderr
    again = np.asarray(Image.open(home / "again.png"))[2:-2, 2:-2]
    here = np.asarray(Image.open(plain).convert("RGB"))
    assert np.abs(again.astype(int) - here).max() <= 2
    opened.click("#vary")
    wait(opened)
    opened.select_option("#size", "32")
    opened.click("#grid button >> nth=3")
    until(opened, "current === shown[3]")
    one, sheet = saved(opened, "#save", tmp_path), saved(opened, "#sheet", tmp_path)
    assert Image.open(one).size == (32, 32)
    for path, count in ((one, 1), (sheet, 12)):
        done = call(home, "--mode", "infer", "--vary", path, "--num", 2, "--out", "varied.png")
        assert done.returncode == 0, done.stderr
        assert json.loads(Image.open(path).info["anime_gan_tf"])["num"] == count


def canvas(opened, name):
    """uint8 (height, width, 3): what a canvas shows."""
    width, data = opened.evaluate("""(name) => {
        const {width, height} = find(name);
        const {data} = find(name).getContext("2d").getImageData(0, 0, width, height);
        return [width, [...data]]; }""", name)
    return np.array(data, np.uint8).reshape(-1, width, 4)[..., :3]


def enlarged(opened, face):
    """uint8 (64, 64, 3): a face of the page, enlarged by the page."""
    data = opened.evaluate(f"enlarge({face}).then(({{enlarged}}) => [...enlarged])")
    return np.array(data, np.uint8).reshape(64, 64, 4)[..., :3]


def test_the_large_face_is_shown_small_until_it_is_enlarged(open_page, page):
    opened = open_page(page)
    until(opened, "current.enlarged")
    widths = opened.evaluate("""async () => {
        const widths = [];
        for (const face of [shown[1], shown[2], shown[3]]) {
            await choose(face);
            widths.push(find("face").width);
        }
        return widths; }""")
    assert widths == [16, 16, 16]
    until(opened, "document.getElementById('face').width === 64")
    assert (canvas(opened, "face") == enlarged(opened, "shown[3]")).all()
    opened.click("#undo")
    until(opened, "current === shown[2] && document.getElementById('face').width === 64")
    assert (canvas(opened, "face") == enlarged(opened, "shown[2]")).all()
    assert not opened.is_visible("#enlarging")
    opened.evaluate("choose(shown[3])")  # is enlarged already
    assert opened.evaluate("find('face').width") == 64


def test_a_face_is_saved_at_four_sizes(open_page, page, tmp_path):
    opened = open_page(page)
    large = Image.fromarray(enlarged(opened, "current"))
    small = Image.fromarray(
        np.array(opened.evaluate("[...current.pixels]"), np.uint8).reshape(16, 16, 4)[..., :3])
    images = [(None, large), ("16", small), ("32", large.resize((32, 32), Image.Resampling.BOX)),
              ("128", large.resize((128, 128), Image.Resampling.BICUBIC))]
    for size, expected in images:
        if size:
            opened.select_option("#size", size)
        found = Image.open(saved(opened, "#save", tmp_path)).convert("RGB")
        assert found.size == expected.size
        apart = np.abs(np.asarray(found, float) - np.asarray(expected))
        assert apart.max() == 0 if size in (None, "16") else apart.mean() < 4


@pytest.mark.parametrize("detail", [32, 64])
def test_an_animation_has_the_detail_that_is_chosen(open_page, page, tmp_path, detail):
    opened = open_page(page)
    for i in range(2):
        opened.click(f"#grid button >> nth={i}")
        until(opened, f"current === shown[{i}]")
        opened.click("#pick")
    opened.click("#morph")
    wait(opened)
    opened.click("#morph")
    opened.fill("#position", "16")
    opened.select_option("#detail", str(detail))
    wait(opened)
    expected = enlarged(opened, "picked[1]")
    assert np.abs(canvas(opened, "screen").astype(int) - expected).max() <= 1
    film = Image.open(saved(opened, "#animation", tmp_path))
    assert film.n_frames == 32 and film.size == (detail, detail)
    film.seek(16)
    reduced = Image.fromarray(expected).resize(film.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(film.convert("RGB"), float) - np.asarray(reduced)).mean() < 8


def test_history_favorites_and_links_last(open_page, page, tmp_path, browser):
    context = browser.new_context(locale="en-US")
    opened = open_page(page, context=context)
    opened.click("#grid button >> nth=2")
    until(opened, "current === shown[2]")
    opened.click("#favorite")
    z, code = current(opened)
    exported = saved(opened, "#export", tmp_path)
    link = opened.evaluate("location.hash")
    assert re.fullmatch(r"#seed=2&hair=\w+&eyes=\w+", link)

    later = open_page(page, context=context)  # the same browser, another day
    assert (later.locator("#favorites button").count() == 1
            and later.locator("#history button").count() == 2)
    later.click("#favorites button")
    until(later, "current.seed === 2")
    later.click("#favorite")
    assert later.locator("#favorites button").count() == 0

    other = open_page(page, fragment=link)  # another browser
    assert [x.tolist() for x in current(other)] == [z.tolist(), code.tolist()]
    other.click("#grid button >> nth=1")
    until(other, "current === shown[1]")
    other.click("#favorite")
    other.set_input_files("#import", exported)
    until(other, "document.querySelectorAll('#favorites button').length === 2")  # its own stays
    other.click("#vary")
    wait(other)
    other.click("#grid button >> nth=1")
    until(other, "current === shown[1]")
    z, _ = current(other)
    assert (next(current(open_page(page, fragment=other.evaluate("location.hash")))) == z).all()


def test_files_and_links_that_do_not_fit_are_refused(open_page, page, tmp_path):
    opened = open_page(page)
    own = opened.evaluate("JSON.stringify({weights: MODEL.weights, history: [{link: "
                          "'seed=1&hair=mauve', picture: 'data:image/'}]})")
    before = opened.locator("#history button").count()
    for i, content in enumerate(("no JSON", "{}", '{"weights": "other"}', own)):
        (tmp_path / f"{i}.json").write_text(content)
        opened.evaluate("find('message').textContent = ''")
        opened.set_input_files("#import", tmp_path / f"{i}.json")
        until(opened, "document.getElementById('message').textContent !== ''")
        assert opened.locator("#history button").count() == before


@pytest.mark.parametrize("link", ["#seed=-1", "#seed=4294967296", "#seed=1&hair=mauve", "#z=AAAA",
                                  "#nonsense"])
def test_a_link_without_a_face_says_so_and_draws_others(open_page, page, link):
    opened = open_page(page, fragment=link)
    assert (opened.evaluate("Boolean(current.pixels)")
            and opened.locator("#grid canvas").count() == 12 and says(opened, "bad_link"))


def test_keys(open_page, page, tmp_path):
    opened = open_page(page)
    opened.keyboard.press("ArrowRight")
    until(opened, "current === shown[1]")
    opened.keyboard.press("f")
    assert opened.get_attribute("#favorite", "aria-pressed") == "true"
    opened.keyboard.press("p")
    assert opened.locator("#picked button").count() == 1
    opened.keyboard.press("u")
    until(opened, "current === shown[0]")
    opened.focus("#new")
    opened.keyboard.press("Enter")
    wait(opened)
    assert opened.evaluate("current.seed") != 0


def test_every_control_has_a_name_and_every_text_three_languages(open_page, page):
    opened = open_page(page)
    names = """[...document.querySelectorAll('button, input, select, canvas[role], img')].filter(
        (element) => !(element.getAttribute('aria-label') || element.alt
          || element.querySelector('img[alt]')
          || element.textContent.trim() || element.closest('label')?.textContent.trim())
        ).map((element) => element.outerHTML)"""
    assert opened.evaluate(names) == []
    tables = opened.evaluate("TEXTS")
    assert (len({frozenset(table) for table in tables.values()}) == 1
            and set(tables) == {"en", "zh", "ja"})
    used = opened.evaluate("[...document.querySelectorAll('[data-text]')].map((element) => "
                           "element.dataset.text)")
    assert set(used) <= set(tables["en"])
    assert {value for values in DEFAULT.axes.values() for value in values} <= set(tables["en"])
    opened.select_option("#language", "ja")
    assert opened.inner_text("#new") == "新しい顔" and opened.get_attribute("html", "lang") == "ja"


def luminance(color):
    """Relative luminance of rgb(r, g, b) (WCAG 2.2)."""
    channels = [int(x) / 255 for x in re.findall(r"\d+", color)[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_phone_width(open_page, page, browser, scheme):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme,
                                  locale="zh-CN")
    opened = open_page(page, context=context)
    assert opened.get_attribute("html", "lang") == "zh"
    for selector in ("body", "#new", "#save"):
        ink, back = opened.evaluate("""(selector) => {
            const style = getComputedStyle(document.querySelector(selector));
            return [style.color, style.backgroundColor]; }""", selector)
        light, dark = sorted([luminance(ink), luminance(back)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (selector, ink, back)
    opened.click("#matrix")
    wait(opened)
    for summary in ("#fade summary", "#expert summary"):
        opened.click(summary)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360


def test_nothing_can_be_fetched(open_page, page):
    opened = open_page(page)
    failed = opened.evaluate("fetch('https://example.com/').then(() => 'fetched', (error) => "
                             "'refused')")
    assert failed == "refused"


def test_the_faster_engine_is_taken(open_page, page):
    assert open_page(page, "webgl").get_attribute("body", "data-ready") == "webgl"
    opened = open_page(page, "")
    kind = opened.get_attribute("body", "data-ready")
    assert kind == "webgl" or "WebGL2: " in opened.inner_text("#about")
    enlarger = opened.evaluate("enlarger({compare: true})")
    assert enlarger["kind"] == "webgl" or re.fullmatch(r"WebGL2: \d+ ms", enlarger["why"])


def test_without_tags_there_is_noise_alone(open_page, tmp_path):
    write_run(tmp_path, "dcgan")
    assert call(tmp_path, "--mode", "page", "--run", "r").returncode == 0
    opened = open_page(tmp_path / "pictures/r.html")
    assert not opened.is_visible("#colors") and not opened.is_visible("#matrix")
    opened.click("#new")
    wait(opened)
    opened.click("#vary")
    wait(opened)
    face = saved(opened, "#save", tmp_path)
    assert call(tmp_path, "--mode", "infer", "--vary", face).returncode == 0


def test_a_page_is_refused_in_one_line(home):
    refuses(run(home, "--mode", "page", "--run", "r", "--out", "page.htm"), "--out", Fault.INVALID)
