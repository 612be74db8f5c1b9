"""Feeds random and damaged input to all that reads a file or a flag: only clear errors may come.

    pip install hypothesis && python tests/fuzz.py --inputs 2000 --seed 0

Each target gets that many inputs. Each must be read, or end in one UserError: no other exception,
no end that does not come within SECONDS, no file anywhere but where the target writes one.
tests/test_fuzz.py runs a few inputs of each where hypothesis is there.
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import signal
import tempfile
import time
import zipfile

import numpy as np
import tensorflow as tf
from conftest import random_faces, tiny
from hypothesis import given, HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from PIL import features, Image

from anime_gan_tf import networks
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import UserError
from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import drawing, latents, sliders
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints, npz, pictures
from anime_gan_tf.training import curves, history, run
from anime_gan_tf.training.job import Job
from anime_gan_tf.training.state import make_state

SECONDS = 60  # for one input
OUTER = pathlib.Path(tempfile.mkdtemp())
FOLDER = OUTER / "a/b/c"  # `../..` from here is OUTER
FOLDER.mkdir(parents=True)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(max_size=8), inner, max_size=4))
COLORS = st.sampled_from([*DEFAULT.axes["hair"], *DEFAULT.axes["eyes"], "hair", "eyes",
                           "eye", "long", "grey", ",", "_", "\n"])
FIELDS = ("run", "model", "kimg", "latent_std", "seed", "num", "z", "code", "hair", "eyes",
          "version", "recipe", "table", "data", "faces", "figures", "step", "seconds", "axes")
# What a number, a text or a list may be replaced by.
NASTY = st.sampled_from([
    10 ** 400, -10 ** 400, 2 ** 63, -1, 0, 1, 0.5, float("nan"), float("inf"), 1e308, True, None,
    "", "x" * 5000, "../../x", "/tmp/x", "a\0b", "CON", "{{x}}", "\udce9", [], [[]], [1.0] * 20,
    [[float("nan")] * 11] * 12, {}, {"frechet": float("nan")}, {"frechet": "1"}]) | JSON
# What an array may be replaced by.
CHANGES = st.sampled_from([
    lambda array: array * np.nan, lambda array: array + np.inf, lambda array: array - 1e6,
    lambda array: array.astype(np.int64), lambda array: array.astype(np.float64),
    lambda array: array.astype(">f4"), lambda array: array.astype(np.complex64),
    lambda array: array.astype(bool), lambda array: array.astype("S4"),
    lambda array: array.astype(object), lambda array: array[None], lambda array: array.ravel(),
    lambda array: array.ravel()[:0], lambda array: array.ravel()[0], lambda array: array.T,
    lambda array: array.ravel()[:-1], lambda array: np.zeros((0, 5)),
    lambda array: np.zeros((1,) * 30), lambda array: np.concatenate([array.ravel()] * 2)])


def encoded(kind, mode="RGB"):
    file = io.BytesIO()
    Image.fromarray(synthetic.face(0, 24)[0]).convert(mode).save(file, kind)
    return file.getvalue()


IMAGES = [encoded(kind) for kind in (
    "JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "TGA", "PCX", "ICO", "DIB", "IM",
    "SGI", "EPS",
    *["AVIF"] * features.check("avif"), *["JPEG2000"] * features.check("jpg_2000"))]
IMAGES += [encoded("PNG", mode) for mode in ("L", "LA", "P", "RGBA", "1")]
IMAGES += [encoded("TIFF", mode) for mode in ("F", "I", "CMYK", "LAB")]


@st.composite
def damaged(draw, contents):
    """One of some contents with bytes changed, cut out or put in; or plain noise."""
    content = bytearray(draw(st.sampled_from(contents) | st.binary(max_size=200)))
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(content)))
        content[at:at + draw(st.integers(0, 40))] = draw(st.binary(max_size=8))
    return bytes(content)


@st.composite
def spoilt(draw, contents):
    """One of some files with bits flipped, cut short, or with a piece of itself put elsewhere."""
    content = bytearray(draw(st.sampled_from(contents)))
    for _ in range(draw(st.integers(1, 3))):
        if not content:
            break
        at = draw(st.integers(0, len(content) - 1))
        # The ends of archives and the heads of their members say what is where: half of the damage
        # goes there.
        at = draw(st.sampled_from([at, at % 64, len(content) - 1 - at % min(512, len(content))]))
        damage = draw(st.sampled_from(["flip", "flip", "cut", "splice"]))
        if damage == "flip":
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif damage == "cut":
            del content[at + 1:]
        else:
            start = draw(st.integers(0, len(content) - 1))
            content[at:at + draw(st.integers(0, 40))] = content[start:start
                                                                + draw(st.integers(0, 200))]
    return bytes(content)


def tag_parser(text, words):
    for given_text in (text, " ".join(words)):
        hair, eyes = DEFAULT.parse(given_text)
        assert -1 <= hair < 12 and -1 <= eyes < 11


def attribute_flags(text):
    try:
        assert -1 <= DEFAULT.lookup("hair", text, "--hair") < 12
    except UserError as error:
        assert str(error).startswith("--hair")


def image_loader(content):
    source = sources.Source("x", ["x"], [(-1, -1)], DEFAULT, lambda name: content, "")
    face = dataset.try_decode(source, "x", 16)
    assert isinstance(face, str) or face.shape == (16, 16, 3)


def archives(tags, content):
    path = FOLDER / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../tags.csv" if len(tags) % 2 else "tags.csv", tags)
        archive.writestr("images/1.png", content)
    only_clear(lambda: dataset.load(sources.open_path(path, DEFAULT), 16, progress=False))
    path.write_bytes(content)
    only_clear(lambda: sources.open_path(path, DEFAULT))


def damaged_arrays(content):
    """.npz files of generators, points and classifiers."""
    path = FOLDER / "x.npz"
    path.write_bytes(content)
    for read in (loading.load_generator, classifier.load, checkpoints.discriminator_arrays,
                 lambda path: latents.read(path, MAKER, "--latent")):
        only_clear(lambda: read(path))


def damaged_archives(content):
    path = FOLDER / "y.zip"
    path.write_bytes(content)
    only_clear(lambda: dataset.load(sources.open_path(path, DEFAULT), 16, progress=False))


def damaged_pictures(content):
    path = FOLDER / "y.png"
    path.write_bytes(content)
    only_clear(lambda: latents.read(path, MAKER, "--latent"))
    only_clear(lambda: dataset.load_any(path, 16, "--images"))
    assert isinstance(pictures.find_metadata(path), dict | None)


def damaged_tags(content, name):
    (FOLDER / "tagged/tags.csv").unlink(missing_ok=True)
    (FOLDER / "tagged/labels.csv").unlink(missing_ok=True)
    (FOLDER / "tagged" / name).write_bytes(content)
    only_clear(lambda: sources.open_path(FOLDER / "tagged", DEFAULT))
    (FOLDER / "tagged/tags.csv").write_bytes(content)
    assert drawing._are_labels(FOLDER / "tagged/tags.csv", 2, DEFAULT) in (True, False)


def run_json(content):
    (FOLDER / "run/run.json").write_bytes(content)
    only_clear(lambda: claim(FOLDER / "run"))


def claim(folder):
    job = Job("rpgan", tiny("rpgan"), FACES, "run", precision="float32")
    run.create_or_verify_run_config(folder, job, True)


def generators(fields, overrides, changes, name):
    """generator.npz, best.npz: fields of the info and of the recipe, and arrays, replaced."""
    info = MAKER.info | {"figures": {"frechet": 9.0},
                         "recipe": vars(tiny("rpgan")) | overrides} | fields
    arrays = npz.numbered(WEIGHTS) | {"info": npz.packed(info)}
    arrays_of(FOLDER / name, arrays, changes)
    only_clear(lambda: loading.load_generator(FOLDER / name))


def arrays_of(path, arrays, changes):
    """Writes arrays of which those at some positions are changed."""
    names = list(arrays)
    chosen = {names[at % len(names)]: change for at, change in changes}
    np.savez(path, **arrays | {name: change(arrays[name]) for name, change in chosen.items()})


def latent_files(fields, changes):
    info = latents.described(MAKER) | fields
    arrays_of(FOLDER / "l.npz",
              {"z": POINTS.z, "code": POINTS.one_hot, "info": npz.packed(info)}, changes)
    only_clear(lambda: latents.read(FOLDER / "l.npz", MAKER, "--latent"))
    only_clear(lambda: latents.check_fit(FOLDER / "l.npz", MAKER.info | {
        "recipe": vars(MAKER.recipe)}, True, "--latent"))


def slider_files(fields, slider, changes):
    """sliders.npz: fields of the info and of a slider, and arrays, replaced."""
    listed = [{"name": "1", "low": -2.0, "high": 2.0, "names": {}} | slider]
    info = {"run": "r", "weights": "0", "sliders": listed} | fields
    arrays_of(FOLDER / "sliders.npz", SLIDER_ARRAYS | {"info": npz.packed(info)}, changes)
    only_clear(lambda: sliders.read(FOLDER / "generator.npz", "0", MAKER.recipe.latent_dim))


def classifiers(fields, changes):
    arrays_of(FOLDER / "k.npz", CLASSIFIER | {"info": npz.packed(fields)}, changes)
    only_clear(lambda: classifier.load(FOLDER / "k.npz"))


def states(changes):
    arrays_of(FOLDER / "state.npz", STATE_ARRAYS, changes)
    only_clear(lambda: checkpoints.load_state(FOLDER / "state.npz", STATE))
    only_clear(lambda: checkpoints.discriminator_arrays(FOLDER / "generator.npz"))


def events(content):
    (FOLDER / "run" / EVENTS.name).write_bytes(content)
    only_clear(lambda: history.read_curves(FOLDER / "run"))


def scalars(tag, step, dtype, shape, raw):
    """A well-formed event file of one scalar that may say anything of itself."""
    proto = tf.compat.v1.Summary.Value(tag=tag)
    proto.metadata.plugin_data.plugin_name = "scalars"
    proto.tensor.dtype = dtype
    for size in shape:
        proto.tensor.tensor_shape.dim.add().size = size
    proto.tensor.tensor_content = raw
    with tf.io.TFRecordWriter(str(FOLDER / "run" / EVENTS.name)) as writer:
        writer.write(tf.compat.v1.Event(file_version="brain.Event:2").SerializeToString())
        event = tf.compat.v1.Event(step=step, summary=tf.compat.v1.Summary(value=[proto]))
        writer.write(event.SerializeToString())
    only_clear(lambda: history._grouped(history.read_curves(FOLDER / "run")))


def grids(contents):
    for path in (FOLDER / "run/grids").iterdir():
        path.unlink()
    for i, content in enumerate(contents):
        (FOLDER / f"run/grids/step_{i:08d}.png").write_bytes(content)
    with contextlib.redirect_stderr(io.StringIO()):  # notes of what is left out
        only_clear(lambda: history.read_pictures(FOLDER / "run"))


def run_fields(fields, identity):
    content = json.loads(RUN_JSON)
    content |= {"identity": content["identity"] | identity} | fields
    run_json(json.dumps(content).encode())


def picture_metadata(fields, content):
    info = {"run": "r", "model": "rpgan", "kimg": 1.0, "seed": 3} | fields
    pictures.save_png(FOLDER / "x.png", np.zeros((4, 4, 3), np.uint8), info)
    only_clear(lambda: latents.read(FOLDER / "x.png", MAKER, "--latent"))
    (FOLDER / "x.png").write_bytes(content)
    only_clear(lambda: latents.read(FOLDER / "x.png", MAKER, "--latent"))


def only_clear(work):
    try:
        work()
    except UserError as error:
        assert str(error)


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def content_of(path, write):
    write(path)
    return path.read_bytes()


WEIGHTS = networks.build_generator(tiny("rpgan"), DEFAULT).get_weights()
MAKER = loading.Trained(networks.build_generator(tiny("rpgan"), DEFAULT), tiny("rpgan"), {
    "run": "r", "model": "rpgan", "kimg": 1.0, "data": "x", "faces": 9,
    "table": DEFAULT.uniform_distribution().tolist()})
FACES, TAGS = random_faces(8), b"0,aqua hair blue eyes\n1,red hair\n"
for name in ("run/grids", "tagged"):
    (FOLDER / name).mkdir(parents=True)
(FOLDER / "tagged/0.png").write_bytes(IMAGES[1])
(FOLDER / "tagged/1.png").write_bytes(IMAGES[1])
claim(FOLDER / "run")
RUN_JSON = (FOLDER / "run/run.json").read_bytes()
POINTS = latents.from_seeds(MAKER, range(2))
ARRAYS = [
    content_of(FOLDER / "g.npz", lambda path: checkpoints.export_generator(
        path, MAKER.recipe, WEIGHTS, MAKER.info, WEIGHTS)),
    content_of(FOLDER / "p.npz", lambda path: latents.write(path, MAKER, POINTS))]
CLASSIFIER = npz.read_arrays(classifier.PRETRAINED)
SLIDER_ARRAYS = {"directions": np.eye(MAKER.recipe.latent_dim, dtype=np.float32)[:1],
                 "positions": sliders.STEPS[None].astype(np.float32)}
STATE = make_state(tiny("dcgan"), 0, DEFAULT)
checkpoints.save_state(FOLDER / "state.npz", STATE)
STATE_ARRAYS = npz.read_arrays(FOLDER / "state.npz")
written = curves.Curves(FOLDER / "run")
written.scalars({"loss/d_loss": 1.0, "speed/images_per_second": 2.0}, 3)
written.flush()
EVENTS, = (FOLDER / "run").glob("*tfevents*")
EVENT_BYTES = EVENTS.read_bytes()
ZIPS = [zipped({"tags.csv": TAGS, "images/0.png": IMAGES[1], "images/1.jpg": IMAGES[0]}),
        zipped({"a/b.png": IMAGES[1]})]
PICTURES = [content_of(FOLDER / "z.png",
                       lambda path: pictures.save_png(path, synthetic.face(0, 24)[0], info))
            for info in (
                latents.metadata(MAKER, POINTS),
                latents.described(MAKER) | {"seed": 3, "num": 2, "hair": "red"})]
# A face count of a million is valid, and slow.
SMALL = st.integers(-3, 50) | st.text(max_size=12) | JSON
FEW_CHANGES = st.lists(st.tuples(st.integers(0, 10 ** 6), CHANGES), max_size=2)
INFO = st.dictionaries(st.sampled_from(FIELDS), NASTY, max_size=3)
TARGETS = {
    tag_parser: (st.text(), st.lists(COLORS)),
    attribute_flags: (st.text() | COLORS,),
    image_loader: (damaged(IMAGES),),
    archives: (st.binary(max_size=300), damaged(IMAGES)),
    damaged_arrays: (spoilt(ARRAYS),),
    damaged_archives: (spoilt(ZIPS),),
    damaged_pictures: (spoilt(PICTURES),),
    damaged_tags: (spoilt([TAGS, b"red,blue\nany,any\n", TAGS.decode().encode("utf-16"),
                           b'0;"aqua hair\n1\tred hair'])
                   | st.binary(max_size=60),
                   st.sampled_from(["tags.csv", "labels.csv"])),
    run_json: (st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())
               | spoilt([RUN_JSON]),),
    run_fields: (st.dictionaries(st.sampled_from(["model", "identity", "data", "precision",
                                                  "before_kimg", "versions"]), NASTY, max_size=2),
                 st.dictionaries(st.sampled_from(["faces", "model", "seed", "width", "start_from"]),
                                 NASTY, max_size=2)),
    generators: (INFO, st.dictionaries(st.sampled_from(list(vars(tiny("rpgan")))), NASTY,
                                       max_size=2),
                 FEW_CHANGES, st.sampled_from(["generator.npz", "best.npz"])),
    latent_files: (INFO, FEW_CHANGES),
    slider_files: (st.dictionaries(st.sampled_from(["run", "weights", "sliders"]), NASTY,
                                   max_size=1),
                   st.dictionaries(st.sampled_from(["name", "low", "high", "names"]), NASTY,
                                   max_size=2), FEW_CHANGES),
    classifiers: (INFO, FEW_CHANGES),
    states: (FEW_CHANGES,),
    events: (spoilt([EVENT_BYTES]),),
    scalars: (st.text(max_size=30) | st.sampled_from(["loss/x", "/", "$x^$/_", "a/b/c"]),
              st.integers(-2 ** 63, 2 ** 63 - 1), st.sampled_from([0, 1, 2, 3, 7, 9, 10, 23, 200]),
              st.lists(st.sampled_from([-1, 0, 1, 2 ** 40]), max_size=3), st.binary(max_size=16)),
    grids: (st.lists(spoilt([encoded("PNG"), encoded("PNG", "P"), encoded("EPS"), PICTURES[0]]),
                     max_size=3),),
    picture_metadata: (st.dictionaries(st.sampled_from(FIELDS), SMALL | NASTY, max_size=4),
                       damaged(IMAGES)),
}


class Hangs(BaseException):
    """Not an Exception: errors of decoders are caught as such."""


def hang(number, frame):
    raise Hangs(f"no end after {SECONDS} seconds")


def outside():
    """All that lies around FOLDER and where this process runs."""
    return sorted(path for path in (*OUTER.iterdir(), *(OUTER / "a").iterdir(),
                                    *(OUTER / "a/b").iterdir(), *pathlib.Path().iterdir()))


def fuzz(target, inputs, start=0):
    """Feeds one of TARGETS so many inputs. start: seed of the random numbers."""
    def limited(values):
        signal.alarm(SECONDS)
        target(*values)
        signal.alarm(0)

    signal.signal(signal.SIGALRM, hang)
    home = os.getcwd()
    (OUTER / "cwd").mkdir(exist_ok=True)
    os.chdir(OUTER / "cwd")
    try:
        before = outside()
        limits = settings(max_examples=inputs, deadline=None, database=None,
                          phases=[Phase.generate, Phase.shrink],
                          suppress_health_check=list(HealthCheck))
        with np.errstate(all="ignore"):
            seed(start)(limits(given(st.tuples(*TARGETS[target]))(limited)))()
        assert outside() == before, "a file was written elsewhere"
    finally:
        signal.alarm(0)
        os.chdir(home)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for target in TARGETS:
        started = time.monotonic()
        fuzz(target, options.inputs, options.seed)
        print(f"{target.__name__}: {options.inputs:,} inputs in "
              f"{time.monotonic() - started:.0f} s, only clear errors", flush=True)


if __name__ == "__main__":
    main()
