"""What the tests share: tiny recipes, tiny data, the command line as a subprocess, a browser.

TensorFlow is imported within functions: the process that hands the tests to others needs none."""
import contextlib
import dataclasses
import gc
import io
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for kill.py and fuzz.py, which are started as scripts
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # before anything imports TensorFlow
# As runtime.load() sets it: on some CPUs it is off by default, and rounds otherwise.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # one thread for each of the workers
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}

import filelock
import numpy as np
import pytest
from PIL import Image

from anime_gan_tf import console, recipes
from anime_gan_tf.cli import app, flags
from anime_gan_tf.data import synthetic
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import UserError
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage import checkpoints

EVALUATED = 100  # faces of a small evaluation: a thousand take ten seconds


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """As runtime.load(): no garbage is collected while modules are loaded, nor later among what
    they have left."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(100_000, 20, 100)  # as set by Python it is a tenth of the tests' time


@pytest.fixture(scope="session", autouse=True)
def small_evaluations():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anime_gan_tf.training.samples.NUM_EVALUATED", EVALUATED)
        yield


def tiny(model, as_published=False, **overrides):
    """A recipe of that name, small enough to train in a test. Frozen networks have no small form,
    so there is none."""
    small = {"image_size": 16, "crop_size": 16, "width": 4, "d_width": 0, "depth": 1,
             "batch_size": 4, "perceptual": 0.0, "feature_loss": 0.0}
    return dataclasses.replace(recipes.resolve(model, overrides, as_published), **small | overrides)


# Of the recipes that draw faces one for each generator: the others differ in size, discriminator,
# loss or initial weights.
GENERATORS = list({(recipe.networks, recipe.conditional, recipe.upsampling, recipe.bias,
                    recipe.latent_dim): name for name, recipe in reversed(recipes.RECIPES.items())
                   if not recipe.enlarges}.values())


def scramble(model):
    """Gives a network random weights: of those it begins with, some are zero and some one."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        noise = rng.standard_normal(weight.shape)
        fan = np.sqrt(np.prod(weight.shape[:-1]))
        weight.assign(0.7 * noise / fan if len(weight.shape) > 1 else np.exp(0.3 * noise))
    return model


def write_run(folder, model="rpgan", name="r", labels=DEFAULT):
    """Writes a run of a tiny random generator below `folder`. Returns (recipe, generator)."""
    from anime_gan_tf import networks

    recipe = tiny(model)
    generator = scramble(networks.build_generator(recipe, labels))
    table = np.random.default_rng(2).random(labels.sizes) ** 4  # uneven, as in data
    info = {"run": name, "model": model, "kimg": 1.0, "data": "drawn", "faces": 1,
            "axes": labels.to_json(),
            "table": (table / table.sum()).tolist() if recipe.conditional else None}
    checkpoints.export_generator(folder / f"checkpoints/{name}/generator.npz", recipe,
                                 generator.get_weights(), info)
    return recipe, generator


def random_faces(count, size=16, seed=0):
    """Noise images with tags, as an ImageDataset."""
    rng = np.random.default_rng(seed)
    tags = np.stack([rng.integers(12, size=count), rng.integers(11, size=count)], axis=1)
    images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    return ImageDataset("random", images, tags.astype(np.int32), DEFAULT, f"random-{seed}", [])


def write_mlds(folder, count=24, size=20):
    """Drawn faces in the MLDS layout below `folder`. Returns [(hair, eyes)] by id."""
    (folder / "images").mkdir(parents=True)
    lines, tags = [], []
    for i in range(count):
        image, tag = synthetic.face(i, size)
        Image.fromarray(image).save(folder / "images" / f"{i}.jpg", quality=95)
        hair, eyes = DEFAULT.names(tag)
        lines.append(f"{i},{hair} hair {eyes} eyes\n")
        tags.append(tag)
    (folder / "tags.csv").write_text("".join(lines))
    return tags


@contextlib.contextmanager
def eagerly():
    """Runs tf.functions eagerly: tracing a step takes longer than a few tiny ones."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def eager(request):
    """eagerly(), but for tests marked `graph`, and for fixtures of modules and of the session,
    which are made before it."""
    with contextlib.nullcontext() if request.node.get_closest_marker("graph") else eagerly():
        yield


@pytest.fixture
def printed(capsys):
    """capsys, where the log is printed as by a command, whichever test is the first of its
    process."""
    console.print_logs()
    return capsys


@pytest.fixture(scope="session")
def mlds(tmp_path_factory):
    """A folder of 24 tagged faces."""
    folder = tmp_path_factory.mktemp("faces") / "mlds"
    write_mlds(folder)
    return folder


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A folder with 200 drawn faces in faces/ and an evaluated run r of rpgan on them."""
    cwd = tmp_path_factory.mktemp("home") / "home"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        make_home(cwd)
        return cwd
    made = tmp_path_factory.getbasetemp().parent / "home"  # by the worker that needs it first
    with filelock.FileLock(f"{made}.lock"):
        if not made.exists():
            make_home(cwd)
            cwd.rename(made)
    return shutil.copytree(made, cwd)


def make_home(cwd):
    write_mlds(cwd / "faces", 200, 64)
    done = call(cwd, "--mode", "train", "--model", "rpgan", "--image_size", 16, "--width", 4,
                "--batch_size", 4, "--perceptual", 0, "--data", "faces", "--run", "r", "--epochs",
                0.5, "--eval_every", 0.04)
    assert done.returncode == 0, done.stderr


def command(*words):
    return [sys.executable, str(ROOT / "main.py"), *map(str, words)]


def run(cwd, *words, **environment):
    """Runs main.py in `cwd`. Returns the finished process, with its output as text."""
    return subprocess.run(command(*words), cwd=cwd, env=user_environment() | environment,
                          capture_output=True, text=True, timeout=300)


def call(cwd, *words):
    """run() within this process, where importing TensorFlow once more would be most of the time."""
    out, err, code, error, before = io.StringIO(), io.StringIO(), 0, None, os.getcwd()
    os.chdir(cwd)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app.main(flags.parse_flags(["main.py", *map(str, words)]))
        except SystemExit as stop:
            code = stop.code or 0
            # Without its traceback, whose frames would hold locks and files open.
            error = stop.__context__ and stop.__context__.with_traceback(None)
        finally:
            os.chdir(before)
    done = subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
    done.error = error  # what ended it
    return done


def user_environment():
    """This process's, without what it and runtime.load() set for themselves: a process that got
    them would read no keras.json of its user."""
    own = {"TF_CPP_MIN_LOG_LEVEL", "KERAS_HOME", "KERAS_BACKEND", "KERAS_NNX_ENABLED",
           "TF_USE_LEGACY_KERAS"}
    return {name: value for name, value in os.environ.items() if name not in own}


def refuses(process, subject, fault, exit_code=2):
    """Asserts that a run() or call() ended with an error about `subject`, in the last line on
    stderr and only there, where notes may come before it; of a call() that it was a UserError of
    this Fault."""
    assert process.returncode == exit_code, process.stderr
    lines = process.stderr.strip().splitlines()
    errors = [line for line in lines if line.startswith(("error:", "Traceback"))]
    assert errors == lines[-1:], process.stderr
    assert errors[0].startswith(f"error: {subject}: " if subject else "error: "), process.stderr
    if hasattr(process, "error"):
        assert (process.error.subject, process.error.fault) == (str(subject), fault)


@contextlib.contextmanager
def refusal(subject, fault):
    """Asserts that what is within raises a UserError about `subject`, of that Fault. Yields what
    pytest.raises does."""
    with pytest.raises(UserError) as caught:
        yield caught
    assert (caught.value.subject, caught.value.fault) == (str(subject), fault)


# ----- the page of --mode page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def page_home(tmp_path_factory):
    """A folder with a tiny run `r` that takes tags, and its page.html with an enlarger as tiny: the
    bundled one would be most of the work."""
    from anime_gan_tf import networks
    from anime_gan_tf.networks import loading
    from anime_gan_tf.web import page as writer

    folder = tmp_path_factory.mktemp("page")
    write_run(folder)
    recipe = tiny("enlarger")
    enlarger = loading.Trained(networks.build_generator(recipe, DEFAULT), recipe, {})
    writer.write(loading.load_generator(folder / "checkpoints/r/generator.npz"),
                 folder / "page.html", enlarger)
    return folder


@pytest.fixture(scope="session")
def page(page_home):
    """The path of that page."""
    return page_home / "page.html"


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a screen or a GPU."""
    playwright = pytest.importorskip("playwright.sync_api",
                                     reason="no playwright: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-gpu", "--disable-extensions", "--renderer-process-limit=1",
            "--disable-features=SpareRendererForSitePerProcess"])
        yield opened
        opened.close()


@pytest.fixture
def shared_store(browser):
    """A context of a test whose pages share their store; open_page closes it."""
    return browser.new_context(locale="en-US", reduced_motion="reduce")


@pytest.fixture(scope="session")
def free_tabs():
    """Tabs that no test uses: a new one, with a window and a profile of its own, takes almost as
    long as the page."""
    return []


@pytest.fixture
def open_page(browser, free_tabs):
    """open_page(path, engine, hash, context) -> a playwright Page that is ready, in a profile of
    its own if no context is given. Fails where it asks for anything that is not in the file, or an
    error is thrown."""
    contexts, tabs, requests, errors = [], [], [], []
    listeners = {"request": lambda request: requests.append(request.url),
                 "pageerror": lambda error: errors.append(str(error))}

    def new_tab():
        # Without motion, which is drawn 60 times a second; tests of it have a context of their own.
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US",
                                      reduced_motion="reduce")
        context.add_init_script("if (location.protocol === 'file:') localStorage.clear()")
        return context.new_page()

    def opened(path, engine="wasm", fragment="", context=None):
        if context:
            contexts.append(context)
            page = context.new_page()
        else:
            page = free_tabs.pop() if free_tabs else new_tab()
            tabs.append(page)
        for event, listener in listeners.items():
            page.on(event, listener)
        page.goto(f"{pathlib.Path(path).resolve().as_uri()}?engine={engine}{fragment}")
        page.wait_for_selector("body[data-ready]", timeout=60000)
        return page

    yield opened
    for context in dict.fromkeys(contexts):
        context.close()
    for page in tabs:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        page.mouse.move(0, 0)
        page.goto("about:blank")
        free_tabs.append(page)
    assert not errors
    assert all(url.startswith(("file:", "blob:", "data:")) for url in requests), requests
