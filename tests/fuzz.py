"""Feeds random and damaged input to all that reads a file or a flag: only clear errors may come.

    pip install hypothesis && python tests/fuzz.py --inputs 2000

Each target gets that many inputs. Not one of the tests, because it needs hypothesis and takes
minutes.
"""
import argparse
import io
import json
import pathlib
import tempfile
import zipfile

import numpy as np
from conftest import random_faces, tiny
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image

from anime_gan_tf import attributes, networks
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import UserError
from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import drawing, latents
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints, npz, pictures
from anime_gan_tf.training import run
from anime_gan_tf.training.job import Job

FOLDER = pathlib.Path(tempfile.mkdtemp())
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(max_size=8), inner, max_size=4))
COLOURS = st.sampled_from([*attributes.AXES["hair"], *attributes.AXES["eyes"], "hair", "eyes",
                           "eye", "long", "grey", ",", "_", "\n"])
FIELDS = ("run", "model", "kimg", "latent_std", "seed", "num", "z", "code", "hair", "eyes",
          "version", "recipe", "table")


def encoded(ending):
    file = io.BytesIO()
    Image.fromarray(synthetic.face(0, 24)[0]).save(file, ending)
    return file.getvalue()


IMAGES = [encoded(ending) for ending in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")]


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
        hair, eyes = attributes.parse(given_text)
        assert -1 <= hair < 12 and -1 <= eyes < 11


def attribute_flags(text):
    try:
        assert -1 <= attributes.lookup("hair", text) < 12
    except UserError as error:
        assert str(error).startswith("--hair")


def image_loader(content):
    source = sources.Source("x", ["x"], [(-1, -1)], lambda name: content, "")
    face = dataset.try_decode(source, "x", 16)
    assert isinstance(face, str) or face.shape == (16, 16, 3)


def archives(tags, content):
    path = FOLDER / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../tags.csv" if len(tags) % 2 else "tags.csv", tags)
        archive.writestr("images/1.png", content)
    only_clear(lambda: dataset.load(sources.open_path(path), 16, progress=False))
    path.write_bytes(content)
    only_clear(lambda: sources.open_path(path))


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
    only_clear(lambda: dataset.load(sources.open_path(path), 16, progress=False))


def damaged_pictures(content):
    path = FOLDER / "y.png"
    path.write_bytes(content)
    only_clear(lambda: latents.read(path, MAKER, "--latent"))
    only_clear(lambda: dataset.load_any(path, 16, "--images"))
    assert pictures.has_metadata(path) in (True, False)


def damaged_tags(content):
    (FOLDER / "tagged/tags.csv").write_bytes(content)
    only_clear(lambda: sources.open_path(FOLDER / "tagged"))
    assert drawing._are_labels(FOLDER / "tagged/tags.csv", 2) in (True, False)


def run_json(content):
    (FOLDER / "run/run.json").write_bytes(content)
    only_clear(lambda: claim(FOLDER / "run"))


def claim(folder):
    run._claim(folder, Job("rpgan", tiny("rpgan"), FACES, "run", precision="float32"), True)


def generators(fields, overrides):
    recipe = tiny("rpgan")
    info = MAKER.info | {"recipe": vars(recipe) | overrides} | fields
    npz.write_arrays(FOLDER / "g.npz", npz.numbered(WEIGHTS) | {"info": npz.packed(info)})
    only_clear(lambda: loading.load_generator(FOLDER / "g.npz"))


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


WEIGHTS = networks.build_generator(tiny("rpgan")).get_weights()
MAKER = loading.Trained(networks.build_generator(tiny("rpgan")), tiny("rpgan"), {
    "run": "r", "model": "rpgan", "kimg": 1.0, "data": "x", "faces": 9,
    "table": attributes.even_table().tolist()})
FACES, TAGS = random_faces(8), b"0,aqua hair blue eyes\n1,red hair\n"
for name in ("run", "tagged"):
    (FOLDER / name).mkdir()
(FOLDER / "tagged/0.png").write_bytes(IMAGES[1])
(FOLDER / "tagged/1.png").write_bytes(IMAGES[1])
claim(FOLDER / "run")
RUN_JSON = (FOLDER / "run/run.json").read_bytes()
POINTS = latents.from_seeds(MAKER, range(2))
ARRAYS = [
    content_of(FOLDER / "g.npz", lambda path: checkpoints.export_generator(
        path, MAKER.recipe, WEIGHTS, MAKER.info, WEIGHTS)),
    content_of(FOLDER / "p.npz", lambda path: latents.write(path, MAKER, POINTS))]
ZIPS = [zipped({"tags.csv": TAGS, "images/0.png": IMAGES[1], "images/1.jpg": IMAGES[0]}),
        zipped({"a/b.png": IMAGES[1]})]
PICTURES = [content_of(FOLDER / "z.png",
                       lambda path: pictures.save_png(path, synthetic.face(0, 24)[0], info))
            for info in (
                latents.metadata(MAKER, POINTS),
                latents.described(MAKER) | {"seed": 3, "num": 2, "hair": "red"})]
# A face count of a million is valid, and slow.
SMALL = st.integers(-3, 50) | st.text(max_size=12) | JSON
TARGETS = {
    tag_parser: (st.text(), st.lists(COLOURS)),
    attribute_flags: (st.text() | COLOURS,),
    image_loader: (damaged(IMAGES),),
    archives: (st.binary(max_size=300), damaged(IMAGES)),
    damaged_arrays: (spoilt(ARRAYS),),
    damaged_archives: (spoilt(ZIPS),),
    damaged_pictures: (spoilt(PICTURES),),
    damaged_tags: (spoilt([TAGS, b"red,blue\nany,any\n"]),),
    run_json: (st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())
               | spoilt([RUN_JSON]),),
    generators: (st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3),
                 st.dictionaries(st.sampled_from(list(vars(tiny("rpgan")))), JSON, max_size=2)),
    picture_metadata: (st.dictionaries(st.sampled_from(FIELDS), SMALL, max_size=4),
                       damaged(IMAGES)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000)
    options = parser.parse_args()
    for target, strategies in TARGETS.items():
        settings(max_examples=options.inputs, deadline=None, database=None,
                 suppress_health_check=list(HealthCheck))(given(*strategies)(target))()
        print(f"{target.__name__}: {options.inputs:,} inputs, only clear errors", flush=True)


if __name__ == "__main__":
    main()
