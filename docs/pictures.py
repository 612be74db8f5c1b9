"""Makes the page and the pictures of drawn faces in docs/ again, at a release.

    python -m docs.pictures

Needs Chromium, `pip install playwright`, and a Japanese font (Debian: fonts-noto-cjk). Pictures of
trainings and of TensorBoard are not of the bundled generator, and stay.
"""
import io
import pathlib
import shutil
import subprocess
import sys
import tempfile

from PIL import Image, ImageSequence

import anime_gan_tf as ag
from anime_gan_tf.labels import DEFAULT_AXES

DOCS = pathlib.Path(__file__).parent
QUALITY = 88  # of JPEG
MAX_WIDTH = 1100  # of pictures that commands draw, in pixels
# Picture -> the command that draws it, and the ending of its --out. Of an animation .jpg is the
# picture beside it.
COMMANDS = {
    "faces.jpg": ("infer --num 100 --size 64", ".png"),
    "colors.jpg": ("infer --matrix --seed 30 --size 64", ".png"),
    "fade.jpg": ("fade --hair aqua:pink --eyes blue:red --seed 30 --size 96", ".gif"),
    "mix.jpg": ("mix --size 64", ".png"),
    "sliders.jpg": ("sliders --run pretrained_rpgan --seed 7100", ".png"),
    "walk.webp": ("walk --size 256", ".webp"),
    "page.html": ("page", ".html"),
}
LAPTOP = {"viewport": {"width": 1200, "height": 760}, "locale": "en-US"}
PHONE = {"viewport": {"width": 390, "height": 760}, "locale": "ja-JP", "color_scheme": "dark"}
SCALE, GAP = 0.75, 15      # of both in one picture
FILM = {"viewport": {"width": 1120, "height": 700}, "locale": "en-US"}
FILM_SIZE = (560, 350)


def main():
    for name, (command, ending) in COMMANDS.items():
        draw(name, command, ending)
    faces = ag.load()
    hair = DEFAULT_AXES["hair"]
    row = [faces.draw([seed], hair=color, size=256)[0] for seed, color in enumerate(hair)]
    save(Image.fromarray(ag.grid(row, 6)), "faces256.jpg")
    take_pictures_of_page()


def draw(name, command, ending):
    """Runs a command of the program and keeps its picture in docs/."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, f"drawn{ending}")
        subprocess.run([sys.executable, "-m", "anime_gan_tf", "--mode", *command.split(), "--out",
                        out], check=True)
        if name.endswith(".jpg"):
            picture = Image.open(out.with_suffix(".png")).convert("RGB")
            save(scaled(picture, min(1, MAX_WIDTH / picture.width)), name)
        elif ending == ".webp":
            thin_out(Image.open(out), DOCS / name)
        else:
            shutil.copy(out, DOCS / name)


def thin_out(animation, path):
    """Writes every other frame, each shown twice as long: README's animation loads with it."""
    first, *rest = [frame.copy() for frame in ImageSequence.Iterator(animation)][::2]
    first.save(path, save_all=True, append_images=rest, loop=0, quality=60, method=4,
               duration=2 * animation.info["duration"])


def save(image, name):
    image.save(DOCS / name, quality=QUALITY, optimize=True)


# ----- the page

def take_pictures_of_page():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox"])
        pages = opened(browser, LAPTOP), opened(browser, PHONE)
        pages[1].click("#grid button >> nth=1")
        settle(pages[1])
        pages[1].evaluate("scrollTo(0, 0)")
        laptop, phone = (scaled(screenshot(page), SCALE) for page in pages)
        both = Image.new("RGB", (laptop.width + GAP + phone.width, laptop.height), "white")
        both.paste(laptop, (0, 0))
        both.paste(phone, (laptop.width + GAP, 0))
        save(both, "page.jpg")
        film(tour(opened(browser, FILM)), DOCS / "page.gif")
        browser.close()


def opened(browser, settings):
    page = browser.new_context(**settings).new_page()
    page.goto((DOCS / "page.html").as_uri())
    page.wait_for_selector("body[data-ready]", timeout=120000)
    settle(page)
    return page


def settle(page):
    """Until the large face is drawn and enlarged."""
    for _ in range(300):
        page.wait_for_timeout(300)  # wait_for_function() needs eval, which the page forbids
        if page.evaluate("!isBusy() && !morphing && current === wanted && current.enlarged"):
            return
    raise RuntimeError("the page does not finish its face")


def scaled(image, factor):
    return image.resize([round(factor * side) for side in image.size], Image.Resampling.LANCZOS)


def screenshot(page):
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def tour(page):
    """What half a minute with the page shows: a generator of (picture, milliseconds to show it)."""
    def moving(frames, milliseconds=100):
        for _ in range(frames):
            yield screenshot(page), milliseconds

    def done(milliseconds=1200):
        settle(page)
        yield screenshot(page), milliseconds

    def clicked(selector):
        page.click(selector)
        yield from moving(6)
        yield from done()

    def slid(name, steps):
        i = page.evaluate("(name) => SLIDERS.findIndex((slider) => slider.name === name)", name)
        page.focus(f"#slide-{i}")
        for _ in range(abs(round(10 * steps))):
            page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
            if page.evaluate(f"Math.round(10 * find('slide-{i}').value) % 5 === 0"):
                yield from moving(1, 150)
        yield from done()

    yield from done()
    for _ in range(2):
        yield from clicked("#new")
    for color in ("green", "aqua", "pink"):
        index = DEFAULT_AXES["hair"].index(color)
        yield from clicked(f"#swatches label:has(#color-0-{index})")
    yield from slid("turn", -1.5)
    yield from slid("hair_length", -2.5)
    yield from slid("turn", 3)
    page.click("#pick")
    page.click("#tab-faces")
    yield from clicked("#grid button >> nth=3")
    page.click("#pick")
    page.click("#tab-motion")
    yield from done(800)
    page.click("#morph")
    yield from moving(14, 150)
    yield from done()
    page.click("#tab-collection")
    yield from done(2000)


def film(frames, path):
    """Writes (picture, milliseconds) as a GIF of 256 colors in all."""
    images, milliseconds = zip(*((image.resize(FILM_SIZE, Image.Resampling.LANCZOS), time)
                                 for image, time in frames))
    sample = images[::4]
    column = Image.new("RGB", (FILM_SIZE[0], FILM_SIZE[1] * len(sample)))
    for i, image in enumerate(sample):
        column.paste(image, (0, FILM_SIZE[1] * i))
    palette = column.quantize(256, kmeans=2)
    first, *rest = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    first.save(path, save_all=True, append_images=rest, duration=milliseconds, loop=0,
               optimize=True)


if __name__ == "__main__":
    main()
