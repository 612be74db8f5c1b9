"""Faces from elsewhere: pictures of the page and of the program, dropped, pasted, opened."""
import base64
import json
import shutil

import numpy as np
import pytest
from conftest import call
from PIL import Image, PngImagePlugin
from test_page import current, saved, take, until, wait


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


def said(opened, name):
    """Waits until the page says something about a file."""
    until(opened, f"document.getElementById('message').textContent.includes('{name}')")


def test_a_picture_of_the_page_is_its_face_again(open_page, page, tmp_path):
    opened = open_page(page)
    opened.click("#expert summary")
    opened.fill("#length", "1.3")
    until(opened, "current.seed === null")
    z, code = current(opened)
    path = saved(opened, "#save", tmp_path)
    other = open_page(page)
    for how in ("drop", "paste", "open"):
        named = shutil.copy(path, tmp_path / f"{how}.png")
        bring(other, named, how)
        said(other, named.name)
        assert [x.tolist() for x in current(other)] == [z.tolist(), code.tolist()]
        other.click("#undo")
        until(other, "current === firstFace")


def test_a_picture_of_the_program_is_its_faces(open_page, page, page_home, tmp_path):
    opened = open_page(page)
    for i, (count, *flags) in enumerate(((1, "--seed", 5), (6, "--seed", 9, "--hair", "aqua"),
                                         (3, "--latent_std", 0.7))):
        path = tmp_path / f"p{i}.png"
        done = call(page_home, "--mode", "infer", "--run", "r", "--num", count, *flags, "--size",
                    16, "--out", path)
        assert done.returncode == 0, done.stderr
        bring(opened, path, "open")
        said(opened, path.name)
        wait(opened)
        sheet = np.asarray(Image.open(path).convert("RGB")).astype(int)
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


def test_pictures_without_faces_of_this_model_are_refused(open_page, page, tmp_path):
    opened = open_page(page)
    made = opened.evaluate("metadata([firstFace])")
    nan = base64.b64encode(np.full(8, np.nan, np.float32).tobytes()).decode()
    changes = [{"run": "other"}, {"kimg": 7.5}, {"z": "AAAA"}, {"z": "?"}, {"z": nan}, {"seed": -1},
               {"seed": 1.5}, {"seed": "1"}, {"num": 0}, {"num": 1e300}, {"latent_std": -1},
               {"hair": "mauve"}, {"axes": [["hair", ["a", "b"]]]}]
    for i, text in enumerate([None, "no JSON", *(json.dumps(made | each) for each in changes)]):
        path = png(tmp_path / f"p{i}_.png", text)
        bring(opened, path, "open")
        said(opened, path.name)
        assert opened.evaluate("current === firstFace && shown.length === 12"), text


def test_a_damaged_picture_is_refused(open_page, page, tmp_path):
    opened = open_page(page)
    path = saved(opened, "#save", tmp_path)
    content = path.read_bytes()
    for i, cut in enumerate((10, 40, 60, len(content) // 8)):
        broken = tmp_path / f"broken{i}.png"
        broken.write_bytes(content[:cut])
        bring(opened, broken, "open")
        said(opened, broken.name)


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
                                  locale="en-US", reduced_motion="reduce")
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
