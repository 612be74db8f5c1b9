"""A browser to drive the page in."""
import pathlib
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a screen or a GPU."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser):
    """open_page(path, engine, hash, width) -> a playwright Page that is ready. Fails where it asks for anything that is
    not in the file, or an error is thrown."""
    contexts, requests, errors = [], [], []

    def opened(path, engine="plain", fragment="", width=1280, context=None):
        context = context or browser.new_context(viewport={"width": width, "height": 900}, locale="en-US")
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{pathlib.Path(path).resolve().as_uri()}?engine={engine}{fragment}")
        page.wait_for_selector("body[data-ready]", timeout=60000)
        return page

    yield opened
    for context in dict.fromkeys(contexts):
        context.close()
    assert not errors
    assert all(url.startswith(("file:", "blob:", "data:")) for url in requests), requests
