"""How fast the engines of the page draw and enlarge.  `python -m benchmarks.page`

Needs Chromium and `pip install playwright`. The engines take turns, face by face, so that what else
the machine does slows all of them: their ratios mean more than the milliseconds.
"""
import argparse
import pathlib
import shutil
import statistics
import tempfile

from anime_gan_tf.errors import Fault, UserError
from benchmarks import options

ENGINES = ("plain", "wasm", "webgl")
DRAW = """async (seed) =>
    (await network(question(faceOf(seed, AXES.map(() => UNKNOWN))))).milliseconds"""
ENLARGE = """async (seed) => {
    await enlarge(faceOf(seed, AXES.map(() => UNKNOWN)));
    return enlargingTime; }"""


def main(argv):
    parser = argparse.ArgumentParser(description="Compares the engines of the page in Chromium.")
    parser.add_argument("--run", default="pretrained_rpgan", help="[%(default)s]")
    parser.add_argument("--engine", nargs="*", choices=ENGINES, default=["plain", "wasm"],
                        help="the others are compared with the first [%(default)s]")
    parser.add_argument("--faces", type=int, default=40, help="a fourth are enlarged [%(default)s]")
    chosen = parser.parse_args(argv)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise UserError("chromium", Fault.UNAVAILABLE, "is not installed")

    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = pathlib.Path(folder) / "page.html"
        _write(chosen.run, path)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages = {engine: _opened(browser, path, engine) for engine in chosen.engine}
        for name, script, count in (("face", DRAW, chosen.faces),
                                    ("enlarging", ENLARGE, chosen.faces // 4)):
            times = {engine: [] for engine in pages}
            for seed in range(count):
                for engine, page in pages.items():
                    times[engine].append(page.evaluate(script, seed))
            _print(name, times)
        browser.close()


def _write(run, path):
    from anime_gan_tf.generation import enlarging
    from anime_gan_tf.networks import loading
    from anime_gan_tf.storage import catalog
    from anime_gan_tf.web import page

    trained = loading.load_generator(catalog.find_generator(run))
    page.write(trained, path, enlarging.bundled())


def _opened(browser, path, engine):
    page = browser.new_page()
    page.goto(f"{path.as_uri()}?engine={engine}")
    page.wait_for_selector(f"body[data-ready={engine}]", timeout=120000)
    return page


def _print(name, times):
    """Median milliseconds of each engine, and the first one's times of each as a ratio."""
    first = statistics.median(next(iter(times.values())))
    for engine, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:<10}{engine:<6}{median:8.1f} ms (least {min(taken):.1f})"
              f"{first / median:7.2f} times as fast", flush=True)


if __name__ == "__main__":
    options.run(main)
