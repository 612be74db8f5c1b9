"""Favorites and history: nothing of them is lost, whatever else is in the browser's store."""
import json
import pathlib

import pytest
from test_page import saved, says, until, wait


def look(opened, *faces):
    """Chooses faces of the grid, by their places in it."""
    opened.bring_to_front()  # a page in the background draws no frames, for which clicks wait
    opened.click("#tab-faces")
    for i in faces:
        opened.click(f"#grid button >> nth={i}")
        until(opened, f"current === shown[{i}] && !past.includes(current)")


def toggle_favorite(opened, i):
    look(opened, i)
    opened.click("#favorite")


def seeds(opened, name="favorites"):
    """Seeds of the faces that a list shows, the newest first."""
    return opened.evaluate("""(name) => [...document.querySelectorAll(`#${name} img`)].map(
        (image) => Number(image.alt.match(/\\d+/)[0]))""", name)


def fill(opened, left=0):
    """Fills the browser's store but for about so many characters."""
    opened.evaluate("""(left) => {
        let junk = 0;
        for (let size = 2 ** 20; size >= 1; size /= 2) {
            try {
                for (;;) localStorage.setItem(`junk ${junk++}`, "x".repeat(size));
            } catch {}
        }
        for (let freed = 0; freed < left; junk--) {
            const key = `junk ${junk}`;
            freed += localStorage.getItem(key)?.length ?? 0;
            localStorage.removeItem(key);
        }}""", left)


def export(opened, folder):
    opened.click("#tab-collection")
    return saved(opened, "#export", folder)


def test_two_pages_keep_one_anothers_favorites(open_page, page, shared_store):
    a, b = open_page(page, context=shared_store), open_page(page, context=shared_store)
    toggle_favorite(a, 3)
    look(b, 1, 2)
    toggle_favorite(b, 5)
    until(a, "document.querySelectorAll('#favorites img').length === 2")
    assert seeds(a) == seeds(b) == [5, 3]
    look(a, 5)
    assert a.get_attribute("#favorite", "aria-pressed") == "true"
    a.click("#favorite")
    until(b, "document.querySelectorAll('#favorites img').length === 1")
    assert b.get_attribute("#favorite", "aria-pressed") == "false"
    look(b, 6, 7)
    toggle_favorite(b, 8)
    later = open_page(page, context=shared_store)
    assert seeds(later) == [8, 3] and set(seeds(later, "history")) >= {1, 2, 3, 5, 6, 7, 8}
    assert later.inner_text("#notice") == ""


def test_history_has_an_end_and_favorites_none(open_page, page, shared_store):
    opened = open_page(page, context=shared_store)
    opened.evaluate("""async () => {
        for (let seed = 100; seed < 170; seed++) {
            const face = await draw(faceOf(seed, [-1, -1]));
            for (const name of ["history", "favorites"]) Store.add(name, face);
        }}""")
    later = open_page(page, context=shared_store)
    assert len(seeds(later)) == 70 and len(seeds(later, "history")) == 60
    assert set(seeds(later, "history")) == {0, *range(111, 170)}  # 0 was looked at again


def test_where_the_store_is_full_history_goes_first(open_page, page, shared_store, tmp_path):
    opened = open_page(page, context=shared_store)
    look(opened, 1, 2, 3)
    fill(opened)
    opened.click("#favorite")
    assert says(opened, "history_dropped", "notice")
    opened.select_option("#language", "ja")
    assert says(opened, "history_dropped", "notice")
    opened.select_option("#language", "en")
    later = open_page(page, context=shared_store)
    assert seeds(later) == [3] and len(seeds(later, "history")) < 4

    for i in range(4, 12):  # until nothing is left to be dropped
        toggle_favorite(later, i)
    assert says(later, "favorites_unkept", "notice")
    assert seeds(later) == [*range(11, 3, -1), 3]  # as long as the page
    exported = json.loads(pathlib.Path(export(later, tmp_path)).read_text())
    assert len(exported["favourites"]) == 9

    other = open_page(page, context=shared_store)  # makes room
    other.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('junk')).forEach("
                   "(key) => localStorage.removeItem(key))")
    until(later, "!Store.unkept.size")
    until(other, "document.querySelectorAll('#favorites img').length === 9")
    assert not says(later, "favorites_unkept", "notice")


@pytest.mark.parametrize("broken", [
    "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', "
    "'SecurityError'); }})",
    "Object.defineProperty(window, 'localStorage', {value: null})",
    "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); }",
    "for (const name of ['getItem', 'setItem', 'removeItem', 'key']) Storage.prototype[name] = "
    "() => { throw new DOMException('no', 'SecurityError'); }"])
def test_where_nothing_is_kept_the_page_says_so_and_works(open_page, page, tmp_path, broken):
    text, begun = page.read_text(), "<head>\n"
    assert text.count(begun) == 1
    (tmp_path / "page.html").write_text(text.replace(begun, f"{begun}<script>{broken}</script>\n"))
    opened = open_page(tmp_path / "page.html")
    assert says(opened, "not_stored", "notice")
    toggle_favorite(opened, 2)
    assert seeds(opened) == [2] and 0 in seeds(opened, "history")
    opened.click("#favorite")
    assert seeds(opened) == []
    opened.click("#new")
    wait(opened)


HOSTILE = """() => {
    const entry = (place, link, content) => localStorage.setItem(
        `${Store.key}/${place}/${link}`, typeof content === "string" ? content
          : JSON.stringify(content));
    const good = {time: 5, picture: Store.entries("favorites")[0].picture};
    const link = (seed) => toLink(faceOf(seed, [-1, -1]));
    const z = (values) => new URLSearchParams({
        z: toBase64(Float32Array.from(values)), code: toBase64(new Float32Array(23))}).toString();
    entry("fav", link(20), "{");
    entry("fav", link(21), "null");
    entry("fav", link(22), [1, 2]);
    entry("fav", link(23), {...good, picture: "javascript:alert(1)"});
    entry("fav", link(24), {...good, picture: "data:image/svg+xml,<svg onload=alert(1)>"});
    entry("fav", link(25), {...good, picture: {length: 3}});
    entry("fav", "<img src=x onerror=alert(1)>", good);
    entry("fav", "seed=1", good);  // not as the page writes it
    entry("fav", z([NaN]), good);
    entry("fav", z(Array(MODEL.latentDim).fill(NaN)), good);
    entry("fav", z(Array(MODEL.latentDim + 1).fill(1)), good);
    entry("history", "", good);
    entry("history", link(26), {...good, picture: "data:image/png;base64,"});
    entry("fav", link(30), {...good, time: 1e300});  // a face: of now
    entry("fav", link(31), {...good, time: "soon"});  // a face: of long ago
    }"""


def test_what_is_no_face_is_left_out_and_counted(open_page, page, shared_store):
    opened = open_page(page, context=shared_store)
    toggle_favorite(opened, 2)
    opened.evaluate(HOSTILE)
    later = open_page(page, context=shared_store)
    assert seeds(later) == [30, 2, 31]
    assert later.inner_text("#notice") == later.evaluate("text('unreadable', {n: 13})")
    assert later.locator("[src=x]").count() == 0
    toggle_favorite(later, 3)
    assert seeds(open_page(page, context=shared_store))[:2] in ([30, 3], [3, 30])


def test_a_broken_store_of_before_does_no_harm(open_page, page, shared_store):
    opened = open_page(page, context=shared_store)
    toggle_favorite(opened, 3)
    for content in ("{", "null", '{"history": {"length": 3}, "favourites": [null, {}]}'):
        opened.evaluate("(content) => localStorage.setItem(Store.key, content)", content)
        opened = open_page(page, context=shared_store)
        assert seeds(opened) == [3]


def test_faces_that_an_older_page_stored_are_kept(open_page, page, shared_store):
    opened = open_page(page, context=shared_store)
    opened.evaluate("""async () => {
        const entries = [];
        for (const seed of [41, 40, 42]) {
            const face = await draw(faceOf(seed, [-1, -1]));
            entries.push({link: toLink(face), picture: canvasOf(face).toDataURL("image/jpeg")});
        }
        localStorage.setItem(Store.key, JSON.stringify({history: entries.slice(0, 1),
                                                        favourites: [...entries, {link: "x"}]}));
        }""")
    later = open_page(page, context=shared_store)
    assert seeds(later) == [41, 40, 42] and 41 in seeds(later, "history")
    later.click("#tab-collection")
    later.click("#favorites img >> nth=0")
    until(later, "current.seed === 41")
    later.click("#favorite")
    assert seeds(open_page(page, context=shared_store)) == [40, 42]
