"""Faces from elsewhere: pictures of the page and of the program, dropped, pasted, opened."""
import base64
import json

import numpy as np
import pytest
from conftest import call, write_page
from PIL import Image, PngImagePlugin
from test_page import current, saved, take, until, wait


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("opening")).parent


@pytest.fixture(scope="module")
def page(home):
    return home / "page.html"


def bring(opened, path, how):
    """Gives a file to the page: "drop", "paste" or "open"."""
    if how == "open":
        opened.set_input_files("#import", path)
        return
    content = base64.b64encode(path.read_bytes()).decode()
    opened.evaluate("""([content, name, how]) => {
        const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], name, {type: "image/png"}));
        const event = how === "drop" ? new DragEvent("drop", {dataTransfer: data, bubbles: true})
          : new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
        document.body.dispatchEvent(event); }""", [content, path.name, how])


@pytest.mark.parametrize("how", ["drop", "paste", "open"])
def test_a_picture_of_the_page_is_its_face_again(open_page, page, tmp_path, how):
    opened = open_page(page)
    opened.click("#expert summary")
    opened.fill("#length", "1.3")
    until(opened, "current.seed === null")
    z, code = current(opened)
    path = saved(opened, "#save", tmp_path)
    other = open_page(page)
    bring(other, path, how)
    until(other, f"document.getElementById('message').textContent.includes('{path.name}')")
    assert [x.tolist() for x in current(other)] == [z.tolist(), code.tolist()]


@pytest.mark.parametrize("flags, count", [
    (("--num", "1", "--seed", "5"), 1), (("--num", "6", "--seed", "9", "--hair", "aqua"), 6),
    (("--num", "3", "--latent_std", "0.7"), 3)])
def test_a_picture_of_the_program_is_its_faces(open_page, page, home, tmp_path, flags, count):
    done = call(home, "--mode", "infer", "--run", "r", *flags, "--size", "16", "--out",
                tmp_path / "p.png")
    assert done.returncode == 0, done.stderr
    opened = open_page(page)
    bring(opened, tmp_path / "p.png", "open")
    until(opened, "document.getElementById('message').textContent.includes('p.png')")
    wait(opened)
    sheet = np.asarray(Image.open(tmp_path / "p.png").convert("RGB")).astype(int)
    faces = opened.evaluate("""(several) => (several ? shown : [current]).map(
        (face) => [...face.pixels])""", count > 1)
    assert len(faces) == count
    first = np.array(faces[0]).reshape(16, 16, 4)[..., :3]
    assert np.abs(sheet[2:18, 2:18] - first).max() <= 2


def png(path, text):
    info = PngImagePlugin.PngInfo()
    if text is not None:
        info.add_text("anime_gan_tf", text)
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize("change", [
    None, "no JSON", {"run": "other"}, {"kimg": 7.5}, {"z": "AAAA"}, {"z": "?"},
    {"z": base64.b64encode(np.full(8, np.nan, np.float32).tobytes()).decode()}, {"seed": -1},
    {"seed": 1.5}, {"seed": "1"}, {"num": 0}, {"num": 1e300}, {"latent_std": -1},
    {"hair": "mauve"}, {"axes": [["hair", ["a", "b"]]]}])
def test_pictures_without_faces_of_this_model_are_refused(open_page, page, tmp_path, change):
    opened = open_page(page)
    made = opened.evaluate("metadata([firstFace])")
    text = json.dumps(made | change) if isinstance(change, dict) else change
    bring(opened, png(tmp_path / "p.png", text), "open")
    until(opened, "document.getElementById('message').textContent.includes('p.png')")
    assert opened.evaluate("current === firstFace && shown.length === 12")


def test_a_damaged_picture_is_refused(open_page, page, tmp_path):
    opened = open_page(page)
    path = saved(opened, "#save", tmp_path)
    content = path.read_bytes()
    for i, cut in enumerate((10, 40, 60, len(content) // 8)):
        broken = tmp_path / f"broken{i}.png"
        broken.write_bytes(content[:cut])
        bring(opened, broken, "open")
        until(opened, f"document.getElementById('message').textContent.includes('{broken.name}')")


def test_a_pasted_link_is_its_face(open_page, page):
    opened = open_page(page)
    take(opened, 4)
    link = opened.evaluate("location.href")
    take(opened, 5)
    opened.evaluate("""(link) => {
        const data = new DataTransfer();
        data.setData("text", link);
        document.body.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: data, bubbles: true})); }""", link)
    until(opened, "current.seed === 4")


def test_a_face_is_copied_as_a_picture(open_page, page, browser):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"],
                                  locale="en-US")
    opened = open_page(page, context=context)
    opened.click("#copy")
    until(opened, "told && (told.key === 'copied_face' || told.key === 'not_copied')")
    if opened.evaluate("told.key") == "not_copied":
        pytest.skip("this browser has no clipboard for pictures")
    size = opened.evaluate("""async () => {
        const [item] = await navigator.clipboard.read();
        const picture = await createImageBitmap(await item.getType("image/png"));
        return [picture.width, picture.height]; }""")
    assert size == [64, 64]
