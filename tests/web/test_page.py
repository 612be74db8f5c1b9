"""What a user does with the page: every control, by clicks and keys, and the saved files."""
import base64
import io
import json
import re

import numpy as np
import pytest
from conftest import call, refuses, write_run
from PIL import Image

from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT

HAIR, EYES = DEFAULT.axes.values()


def until(opened, condition):
    """Waits for a JavaScript condition; playwright's own way needs eval, which the page forbids."""
    for _ in range(300):
        if opened.evaluate(f"Boolean({condition})"):
            return
        opened.wait_for_timeout(50)
    raise AssertionError(condition)


def wait(opened):
    """Until nothing is being drawn."""
    until(opened, "!isBusy() && current === wanted")


def says(opened, name, where="message"):
    """Whether the page shows the text of that name."""
    return opened.evaluate(f"text('{name}')") in opened.inner_text(f"#{where}")


def current(opened):
    """(noise, code) of the large face."""
    return map(np.array, opened.evaluate("[[...current.z], [...current.code]]"))


def colors(opened):
    return opened.evaluate("shown.map((face) => tagsOf(face))")


def take(opened, *places):
    """Chooses faces of the grid, by their places in it."""
    opened.click("#tab-faces")
    for i in places:
        opened.click(f"#grid button >> nth={i}")
        until(opened, f"current === shown[{i}]")


def pick(opened, *places):
    """Picks faces of the grid and goes to where they are animated."""
    for i in places:
        take(opened, i)
        opened.click("#pick")
    opened.click("#tab-motion")


def set_color(opened, axis, index):
    opened.check(f"#color-{axis}-{index}")
    until(opened, f"tagsOf(current)[{axis}] === {index}")


def saved(opened, button, folder):
    with opened.expect_download() as waiting:
        opened.click(button)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_the_first_face_is_in_the_file(open_page, page):
    """As the generator draws it, and before anything is drawn."""
    text = page.read_text().split('id="first" src="data:image/jpeg;base64,')[1].split('"')[0]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))), float)
    opened = open_page(page)
    assert opened.get_attribute("body", "data-ready") == "wasm"  # this browser has its vectors
    assert np.abs(picture - enlarged(opened, "firstFace")).mean() < 6
    until(opened, "!document.getElementById('first')")  # the drawn one is in its place
    assert (canvas(opened, "face") == enlarged(opened, "firstFace")).all()


def test_one_button_makes_a_new_face(open_page, page):
    opened = open_page(page)
    before = opened.evaluate("shown.length")
    seeds = set()
    for _ in range(3):
        opened.click("#new")
        wait(opened)
        seeds.add(opened.evaluate("current.seed"))
    assert len(seeds | {0}) == 4 and opened.evaluate("shown.length") == before
    for _ in range(3):
        opened.click("#undo")
        wait(opened)
    assert opened.evaluate("current.seed") == 0


def test_draw_by_seed_number_and_color(open_page, page):
    opened = open_page(page)
    assert opened.locator("#grid button canvas").count() == 12
    opened.fill("#number", "4")
    opened.press("#number", "Enter")
    wait(opened)
    z, _ = current(opened)
    for axis, values, name in [(0, HAIR, "green"), (1, EYES, "pink")]:
        set_color(opened, axis, values.index(name))
        opened.check(f"#keep-{axis}")
    assert (next(current(opened)) == z).all()
    opened.fill("#seed", "77")
    opened.press("#seed", "Enter")
    until(opened, "current.seed === 77")
    assert colors(opened) == [[HAIR.index("green"), EYES.index("pink")]] * 4
    assert opened.evaluate("shown.map(({seed}) => seed)") == [77, 78, 79, 80]


def test_fields_show_what_is_used(open_page, page):
    opened = open_page(page)
    for field, typed, used in (
            ("seed", "1e12", "4294967295"), ("seed", "-3", "0"), ("seed", "2.7", "2"),
            ("seed", "", "0"), ("number", "99", "20"), ("number", "0", "2"), ("number", "", "12")):
        opened.fill(f"#{field}", typed)
        opened.press(f"#{field}", "Enter")
        wait(opened)
        assert opened.input_value(f"#{field}") == used
        expected = {"seed": "String(shown[0].seed)", "number": "String(shown.length)"}[field]
        assert opened.evaluate(expected) == used, typed


def test_what_is_kept_stays_and_the_rest_is_drawn_anew(open_page, page):
    opened = open_page(page)
    z, _ = current(opened)
    hair = opened.evaluate("tagsOf(current)[0]")
    opened.check("#keep-noise")
    opened.check("#keep-0")
    opened.click("#several")
    wait(opened)
    assert opened.evaluate("z => shown.every((face) => face.z.every((x, i) => x === "
                           "z[i]))", z.tolist())
    found = np.array(colors(opened))
    assert set(found[:, 0]) == {hair} and len(set(found[:, 1])) > 1
    opened.click("#new")
    until(opened, "current === wanted && past.length > 0")
    assert (next(current(opened)) == z).all() and opened.evaluate("tagsOf(current)[0]") == hair
    opened.check("#keep-1")
    for button in ("#new", "#several"):
        opened.evaluate("hush()")
        opened.click(button)
        assert says(opened, "lock_all")
    opened.uncheck("#keep-noise")
    opened.click("#several")
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


def test_a_long_drawing_can_be_canceled(open_page, page):
    opened = open_page(page)
    opened.evaluate("""() => {
        find("matrix").click();
        find("cancel").click(); }""")
    assert says(opened, "canceled")
    opened.click("#new")
    wait(opened)
    assert opened.locator("#grid canvas").count() < 132


def test_colors_that_training_never_saw_are_marked(open_page, page):
    opened = open_page(page)
    table = np.array(opened.evaluate("MODEL.table")).reshape(12, 11)
    opened.evaluate("MODEL.table = MODEL.table.map((share, i) => i % 11 === 4 ? 0 : share)")
    assert (table[:, 4] > 0).any()
    unseen = opened.evaluate("AXES.map(([, values], axis) => values.map((_, i) => "
                             "isUnseen(axis, i)))")
    assert unseen == [[False] * 12, [i == 4 for i in range(11)]]
    set_color(opened, 1, 4)
    assert opened.is_visible("#unseen") and "gray" in opened.inner_text("#unseen")
    set_color(opened, 1, 3)
    assert not opened.is_visible("#unseen")


def test_fades_go_from_the_own_colors_to_others(open_page, page, tmp_path):
    opened = open_page(page)
    own, (hair, eyes) = opened.evaluate("[[...current.code], tagsOf(current)]")
    opened.click("#tab-motion")
    assert opened.is_disabled("#fade-0") and opened.locator("#fades [value='-1']").count() == 0
    target = (hair + 1) % 12
    opened.check(f"#fade-to-0-{target}")
    opened.fill("#fade-0", "0.5")
    until(opened, "current.fade")
    _, code = current(opened)
    expected = np.array(own, float)
    expected[[hair, target]] = 0.5
    assert code.tolist() == expected.tolist()
    opened.fill("#fade-0", "1")
    until(opened, f"current.code[{target}] === 1")
    opened.fill("#fade-0", "0")  # back to its own
    until(opened, f"current.code[{target}] === 0")
    assert list(current(opened))[1].tolist() == own
    assert Image.open(saved(opened, "#fade-strip", tmp_path)).size == (7 * 18 + 2, 18 + 2)


def test_strengths_noise_and_undo(open_page, page):
    opened = open_page(page)
    opened.click("#expert summary")
    z, code = current(opened)
    opened.fill("#strength-1-3", "-0.5")
    until(opened, "current.code[12 + 3] === -0.5")
    opened.click("#undo")
    until(opened, "current.code[12 + 3] !== -0.5")
    opened.fill("#length", "0.5")
    until(opened, "current.seed === null")
    np.testing.assert_allclose(next(current(opened)), z / 2, atol=1e-6)
    opened.fill("#length", "0.8")  # of the same face, not of the shortened one
    until(opened, "movesOf(current).length === 0.8")
    np.testing.assert_allclose(next(current(opened)), 0.8 * z, atol=1e-6)
    opened.click("#undo")
    until(opened, "movesOf(current).length === 0.5")
    opened.click("#undo")
    until(opened, "current.seed !== null")
    opened.click("#perturb")
    until(opened, "current.seed === null")
    assert (next(current(opened)) != z).any()
    opened.click("#undo")
    until(opened, "current.seed !== null")
    assert [x.tolist() for x in current(opened)] == [z.tolist(), code.tolist()]
    # No two controls of one name.
    names = opened.evaluate("[...document.querySelectorAll('#strengths input')].map((input) => "
                            "input.getAttribute('aria-label'))")
    assert len(set(names)) == 12 + 11


def test_morph_and_mix_of_picked_faces(open_page, page, tmp_path):
    opened = open_page(page)
    opened.click("#tab-motion")
    for button in ("#morph", "#mix", "#animation", "#strip"):
        opened.evaluate("hush()")
        opened.click(button)
        assert says(opened, "need_two")
    pick(opened, 0, 1, 2)
    opened.click("#morph")
    wait(opened)
    first = opened.evaluate("film.at")
    until(opened, f"film.at !== {first}")  # it plays
    opened.click("#morph")
    assert opened.is_visible("#screen") and says(opened, "morph", "description")
    film = Image.open(saved(opened, "#animation", tmp_path))
    assert (film.n_frames == 48 and film.size == (256, 256) and film.info["duration"] == 40
            and film.info["loop"] == 0)
    film.seek(16)
    face = np.array(opened.evaluate("[...picked[1].pixels]"), np.uint8).reshape(16, 16, 4)[..., :3]
    enlarged = Image.fromarray(face).resize((256, 256), Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(film.convert("RGB"), float) - np.asarray(enlarged)).mean() < 8
    strip = saved(opened, "#strip", tmp_path)
    assert Image.open(strip).size == (12 * 18 + 2, 20)
    opened.click("#favorite")  # of the large face, which is shown again
    assert not opened.is_visible("#screen") and not says(opened, "morph", "description")
    assert opened.evaluate("Store.has('favorites', current)")
    opened.click("#mix")
    wait(opened)
    assert opened.locator("#grid button canvas").count() == 9 and opened.is_visible("#grid")
    assert says(opened, "grid_mix", "grid-title")
    opened.click("#tab-motion")
    opened.click("#picked .remove >> nth=1")
    assert opened.locator("#picked canvas").count() == 2
    opened.click("#clear")
    assert opened.locator("#picked canvas").count() == 0


def test_a_film_that_is_not_drawn_yet_is_saved_whole(open_page, page, tmp_path):
    opened = open_page(page)

    def film(button, *places):
        pick(opened, *places)
        path = saved(opened, button, tmp_path)
        assert path.name in opened.inner_text("#message")
        opened.click("#clear")
        return path

    assert Image.open(film("#animation", 3, 4)).n_frames == 32
    assert Image.open(film("#strip", 5, 6)).size == (8 * 18 + 2, 20)
    if opened.is_visible("#video"):  # some browsers record none
        start = film("#video", 7, 8).read_bytes()[:12]
        assert start[:4] == b"\x1aE\xdf\xa3" or start[4:8] == b"ftyp"


def test_saved_pictures_can_be_varied_by_the_program(open_page, page, tmp_path, page_home):
    opened, home = open_page(page), page_home
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
    take(opened, 3)
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


def test_the_large_face_is_shown_small_until_it_is_enlarged(open_page, page, browser):
    opened = open_page(page, context=browser.new_context(locale="en-US"))
    until(opened, "current.enlarged")
    widths = opened.evaluate("""async () => {
        const widths = [];
        for (const face of [shown[1], shown[2], shown[3]]) {
            await choose(face, {morph: false});
            widths.push(find("face").width);
        }
        return widths; }""")
    assert widths == [16, 16, 16]
    until(opened, "document.getElementById('face').width === 64")
    assert (canvas(opened, "face") == enlarged(opened, "shown[3]")).all()
    opened.click("#undo")
    # Until the morph ends the picture is still of the face before.
    until(opened, "current === shown[2] && current.enlarged && !morphing")
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


def test_an_animation_has_the_detail_that_is_chosen(open_page, page, tmp_path):
    opened = open_page(page)
    pick(opened, 0, 1)
    opened.click("#morph")
    wait(opened)
    opened.click("#morph")
    opened.fill("#position", "16")
    for detail in (32, 64):
        opened.select_option("#detail", str(detail))
        wait(opened)
        expected = enlarged(opened, "picked[1]")
        assert np.abs(canvas(opened, "screen").astype(int) - expected).max() <= 1
        film = Image.open(saved(opened, "#animation", tmp_path))
        assert film.n_frames == 32 and film.size == (detail, detail)
        film.seek(16)
        reduced = Image.fromarray(expected).resize(film.size, Image.Resampling.BOX)
        assert np.abs(np.asarray(film.convert("RGB"), float) - np.asarray(reduced)).mean() < 8


def test_history_favorites_and_links_last(open_page, page, tmp_path, shared_store):
    opened = open_page(page, context=shared_store)
    take(opened, 2)
    opened.click("#favorite")
    z, code = current(opened)
    opened.click("#tab-collection")
    exported = saved(opened, "#export", tmp_path)
    link = opened.evaluate("location.hash")
    assert re.fullmatch(r"#seed=2&hair=\w+&eyes=\w+", link)

    later = open_page(page, context=shared_store)  # the same browser, another day
    later.click("#tab-collection")
    assert later.locator("#favorites img").count() == 1
    assert later.locator("#history img").count() == 2
    later.click("#favorites img")
    until(later, "current.seed === 2")
    later.click("#favorite")
    assert later.locator("#favorites img").count() == 0

    other = open_page(page, fragment=link)  # another browser
    assert [x.tolist() for x in current(other)] == [z.tolist(), code.tolist()]
    take(other, 1)
    other.click("#favorite")
    other.set_input_files("#import", exported)
    until(other, "document.querySelectorAll('#favorites img').length === 2")  # its own stays
    assert "1 new" in other.inner_text("#message") or "2 new" in other.inner_text("#message")
    other.click("#vary")
    wait(other)
    take(other, 1)
    z, _ = current(other)
    assert (next(current(open_page(page, fragment=other.evaluate("location.hash")))) == z).all()


def test_single_faces_of_the_collection_can_be_removed(open_page, page):
    opened = open_page(page)
    take(opened, 1, 2, 3)
    opened.click("#tab-collection")
    opened.hover("#history .face >> nth=1")
    opened.click("#history .remove >> nth=1")
    assert seeds(opened, "history") == [3, 1, 0]
    opened.click("#forget")
    assert seeds(opened, "history") == []


def seeds(opened, name):
    """Seeds of the faces that a list shows, the newest first."""
    return opened.evaluate("(name) => Store.entries(name).map(({face}) => face.seed)", name)


def test_files_that_do_not_fit_are_refused(open_page, page, tmp_path):
    opened = open_page(page)
    before = opened.locator("#history img").count()
    own = opened.evaluate("JSON.stringify({weights: MODEL.weights, history: [{link: "
                          "'seed=1&hair=mauve', picture: 'data:image/'}]})")
    for i, content in enumerate(("no JSON", "{}", '{"weights": "other"}', own)):
        path = tmp_path / f"faces{i}.json"
        path.write_text(content)
        opened.set_input_files("#import", path)
        until(opened, f"document.getElementById('message').textContent.includes('{path.name}')")
        assert opened.locator("#history img").count() == before, content


def test_a_link_without_a_face_says_so_and_draws_others(open_page, page):
    opened = open_page(page, fragment="#nonsense")
    assert (opened.evaluate("Boolean(current.pixels)")
            and opened.locator("#grid canvas").count() == 12 and says(opened, "bad_link"))
    before = opened.evaluate("current.seed")
    for link in ("#seed=-1", "#seed=4294967296", "#seed=1&hair=mauve", "#z=AAAA"):
        opened.evaluate("hush()")
        opened.evaluate("(link) => { location.hash = link; }", link)
        until(opened, "told?.key === 'bad_link'")
        assert opened.evaluate("current.seed") == before and says(opened, "bad_link")


def luminance(color):
    """Relative luminance of rgb(r, g, b) (WCAG 2.2)."""
    channels = [int(x) / 255 for x in re.findall(r"\d+", color)[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrasts(opened, *selectors):
    """Of the text of elements with their own backgrounds."""
    for selector in selectors:
        ink, back = opened.evaluate("""(selector) => {
            const style = getComputedStyle(document.querySelector(selector));
            return [style.color, style.backgroundColor]; }""", selector)
        light, dark = sorted([luminance(ink), luminance(back)], reverse=True)
        yield (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_phone_width(open_page, page, browser, scheme):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme,
                                  locale="zh-CN", reduced_motion="reduce")
    opened = open_page(page, context=context)
    assert opened.get_attribute("html", "lang") == "zh"
    filled = ("body", "#new", "#several", "#status")
    assert min(contrasts(opened, *filled)) >= 4.5
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.click("#theme")
    assert min(contrasts(opened, *filled)) >= 4.5
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before
    if scheme == "dark":  # what follows is as wide in both
        return
    opened.click("#expert summary")
    opened.click("#matrix")
    wait(opened)
    width = "document.documentElement.scrollWidth"
    for tab in ("faces", "motion", "collection"):
        opened.click(f"#tab-{tab}")
        assert opened.evaluate(width) <= 360


def test_light_or_dark_and_the_language_are_kept(open_page, page, shared_store):
    opened = open_page(page, context=shared_store)
    assert opened.evaluate("matchMedia('(prefers-color-scheme: light)').matches")
    opened.click("#theme")
    opened.select_option("#language", "zh")
    back = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    state = "[getComputedStyle(document.body).backgroundColor, language]"
    later = open_page(page, context=shared_store)
    assert later.evaluate(state) == [back, "zh"]
    for broken in ("null", "{", '{"theme": 1, "language": "__proto__"}'):
        later.evaluate("(text) => localStorage.setItem(Settings.key, text)", broken)
        later.reload()
        later.wait_for_selector("body[data-ready]")
        found = later.evaluate(state)
        assert found[0] != back and found[1] == "en"


def test_on_a_phone_the_face_stays_in_view(open_page, page, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US",
                                  reduced_motion="reduce")
    opened = open_page(page, context=context)
    place = """(id) => {
        const {top, bottom} = find(id).getBoundingClientRect();
        return [top, bottom]; }"""
    for y in (0, 300, 1200, 5000):
        opened.evaluate("(y) => window.scrollTo(0, y)", y)
        for name in ("face", "new"):
            top, bottom = opened.evaluate(place, name)
            assert 0 <= top < bottom <= 844 / 2
    opened.evaluate("window.scrollTo(0, 0)")
    for name in ("color-0-0", "color-1-10"):  # in view at once
        assert opened.evaluate(place, name)[1] < 844


def test_nothing_can_be_fetched(open_page, page):
    opened = open_page(page)
    failed = opened.evaluate("fetch('https://example.com/').then(() => 'fetched', (error) => "
                             "'refused')")
    assert failed == "refused"


def test_the_faster_engine_is_taken(open_page, page):
    assert open_page(page, "webgl").get_attribute("body", "data-ready") == "webgl"
    opened = open_page(page, "")
    kind = opened.get_attribute("body", "data-ready")
    assert kind == "webgl" or "WebGL2: " in opened.text_content("#about")
    enlarger = opened.evaluate("enlarger({compare: true})")
    assert enlarger["kind"] == "webgl" or re.fullmatch(r"WebGL2: \d+ ms", enlarger["why"])


def test_without_tags_there_is_noise_alone(open_page, tmp_path):
    write_run(tmp_path, "dcgan")
    assert call(tmp_path, "--mode", "page", "--run", "r").returncode == 0
    opened = open_page(tmp_path / "pictures/r.html")
    assert not opened.is_visible("#swatches") and not opened.is_visible("#matrix")
    opened.click("#new")
    wait(opened)
    opened.click("#vary")
    wait(opened)
    face = saved(opened, "#save", tmp_path)
    assert call(tmp_path, "--mode", "infer", "--vary", face).returncode == 0


def test_a_page_is_refused_in_one_line(page_home):
    refuses(call(page_home, "--mode", "page", "--run", "r", "--out", "page.htm"), "--out",
            Fault.INVALID)
