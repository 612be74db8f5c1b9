"""Faces of the page against those of Keras."""
import base64
import re

import numpy as np
import pytest
from conftest import ROOT, scramble, tiny
from PIL import Image

from anime_gan_tf import networks
from anime_gan_tf.generation import enlarging, latents, sampling, style_mixing
from anime_gan_tf.generation.latents import Latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.networks.loading import Trained
from anime_gan_tf.storage import checkpoints, pictures
from anime_gan_tf.web import page

pytestmark = pytest.mark.usefixtures("eager")

FAMILIES = {
    "transposed": ("dcgan", {}), "stride 3": ("dcgan", {"image_size": 48}),
    "nearest": ("dcgan", {"upsampling": "nearest"}),
    "one-hot tags": ("acgan_dcgan", {}),
    "pyramid": ("rpgan", {}), "odd widths": ("rpgan", {"width": 5, "latent_dim": 7}),
    "resnet": ("resnet_wgan", {}),
    "resnet_pyramid": ("wgan_gp_256", {"depth": 2}), "srresnet": ("acgan", {}),
    "srresnet 32": ("acgan", {"image_size": 32}),
}


def scrambled(model, overrides):
    """A Trained of random weights."""
    recipe = tiny(model, **overrides)
    generator = scramble(networks.build_generator(recipe, DEFAULT))
    table = np.random.default_rng(2).random(DEFAULT.sizes) ** 4
    info = {"run": "r", "model": model, "kimg": 1.0, "data": "</script>", "faces": 1,
            "axes": DEFAULT.to_json(),
            "table": (table / table.sum()).tolist() if recipe.conditional else None}
    return Trained(generator, recipe, info)


def drawn(opened, shown):
    """uint8 (n, size, size, 3): what the page draws for Latents."""
    codes = np.zeros((len(shown), 0)) if shown.one_hot is None else shown.one_hot
    faces = [{"z": z.tolist(), "code": code.tolist()} for z, code in zip(shown.z, codes)]
    pixels = opened.evaluate("""async (faces) => {
        const drawn = [];
        for (const {z, code} of faces) {
            const face = await draw({z: Float32Array.from(z), code: Float32Array.from(code)});
            drawn.push(toBase64(face.pixels));
        }
        return drawn; }""", faces)
    return decoded(pixels, opened.evaluate("MODEL.size"))


def decoded(pixels, size):
    """uint8 (n, size, size, 3) of base64 texts of pixels with a fourth channel."""
    flat = np.stack([np.frombuffer(base64.b64decode(text), np.uint8) for text in pixels])
    return flat.reshape(-1, size, size, 4)[..., :3]


def enlarged(opened, faces):
    """uint8 (n, 4 * size, 4 * size, 3): what the page makes of faces (n, size, size, 3)."""
    opaque = np.concatenate([faces, np.full_like(faces[..., :1], 255)], axis=-1)
    pixels = opened.evaluate("""async (faces) => {
        const found = [];
        for (const face of faces) {
            const {enlarged} = await enlarge({pixels: Uint8ClampedArray.from(face)});
            found.push(toBase64(enlarged));
        }
        return found; }""", [face.ravel().tolist() for face in opaque])
    return decoded(pixels, 4 * faces.shape[1])


def engines(opened, path, name="weights", operations="operations"):
    """Yields the name of each engine, with a network of the page on it. The page has begun with the
    first."""
    weights = re.search(f'id="{name}"[^>]*>([^<]*)<', path.read_text())[1]
    for engine in ("wasm", "plain", "webgl"):
        kind = opened.evaluate("""async ([name, engine, operations, weights]) => {
            const start = {operations: JSON.parse(find(operations).textContent), weights, engine,
                           mix: MODEL.mix};
            return (await (name === "weights" ? network : enlarger)({start})).kind; }""",
                               [name, engine, operations, weights])
        assert kind == engine
        yield engine


def apart(a, b):
    return np.abs(a.astype(int) - b.astype(int)).max()


MIXES = """async () => {
    const faces = [0, 1, 2].map((seed) => faceOf(seed, AXES.map(() => UNKNOWN))), drawn = [];
    for (const shape of faces) {
        for (const colors of faces) {
            drawn.push(toBase64((await draw({mix: {shape, colors}})).pixels));
        }
    }
    return drawn; }"""


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_and_mixes_the_faces_of_keras(open_page, tmp_path, family):
    trained = scrambled(*FAMILIES[family])
    page.write(trained, tmp_path / "page.html")
    opened = open_page(tmp_path / "page.html")
    shown = latents.from_seeds(trained, range(16))
    if shown.one_hot is not None:
        code = shown.one_hot + np.random.default_rng(0).random(shown.one_hot.shape)
        shown = Latents(shown.z, code.astype(np.float32), shown.labels)
    expected = sampling.draw(trained, shown)
    assert expected.std() > 5
    style_mixing.mix(trained, latents.from_seeds(trained, range(3)), tmp_path / "mix.png")
    size, sheet = trained.recipe.image_size, np.asarray(Image.open(tmp_path / "mix.png"))
    # Of the mixed faces: right of the shapes, below the colors.
    side = 3 * (size + 2)
    mixes = sheet[-side:, -side:].reshape(3, size + 2, 3, size + 2, 3).swapaxes(1, 2)
    for engine in engines(opened, tmp_path / "page.html"):
        assert apart(drawn(opened, shown), expected) <= 2, engine
        mixed = decoded(opened.evaluate(MIXES), size).reshape(3, 3, size, size, 3)
        assert apart(mixes[:, :, :size, :size], mixed) <= 2, engine


def test_what_is_too_large_gets_eight_bits_and_stays_within_four_levels(open_page, tmp_path,
                                                                            monkeypatch):
    monkeypatch.setattr(page, "MAX_BYTES", 8e6)
    trained = scrambled("dcgan", {"image_size": 64, "width": 64})
    made = page.write(trained, tmp_path / "page.html")
    assert 0 < made.eight_bit < made.layers and made.bytes <= page.MAX_BYTES
    shown = latents.from_seeds(trained, range(16))
    assert (
        apart(drawn(open_page(tmp_path / "page.html"), shown), sampling.draw(trained, shown)) <= 4)


@pytest.mark.parametrize("name", ["tiny", "bundled"])
def test_faces_are_enlarged_as_by_the_program(open_page, tmp_path, name):
    enlarger = enlarging.bundled() if name == "bundled" else scrambled("enlarger", {})
    trained = scrambled("rpgan", {})
    assert page.write(trained, tmp_path / "page.html", enlarger).enlarged == 64
    opened = open_page(tmp_path / "page.html")
    coarse = np.random.default_rng(0).integers(0, 256, (1 if name == "bundled" else 4, 8, 8, 3),
                                               np.uint8)
    faces = pictures.resampled(coarse, 16)
    expected = enlarging.enlarge(enlarger.generator, faces)
    nearest = faces.repeat(4, axis=1).repeat(4, axis=2)
    assert apart(expected, nearest) > 50
    for engine in engines(opened, tmp_path / "page.html", "enlarger_weights", "enlarger"):
        assert apart(enlarged(opened, faces), expected) <= 8, engine  # weights of eight bits


@pytest.mark.parametrize("size, there", [(128, 512), (192, None)])
def test_what_is_large_already_is_not_enlarged(open_page, tmp_path, size, there):
    trained = scrambled("dcgan", {"image_size": size})
    made = page.write(trained, tmp_path / "page.html", scrambled("enlarger", {}))
    opened = open_page(tmp_path / "page.html")
    assert made.enlarged == opened.evaluate("MODEL.enlarged") == there
    assert opened.input_value("#size") == str(there or size)


def test_noise_and_colors_of_a_seed_are_those_of_the_program(open_page, tmp_path):
    # Enough to see the tail of the normal distribution.
    trained = scrambled("rpgan", {"latent_dim": 300})
    page.write(trained, tmp_path / "page.html")
    opened = open_page(tmp_path / "page.html")
    for wanted in [(-1, -1), (3, -1), (-1, 4), (2, 5)]:
        seeds = [*range(50), 2 ** 32 - 1]
        expected = latents.from_seeds(trained, seeds, wanted)
        faces = opened.evaluate("""([seeds, wanted]) => seeds.map((seed) => {
            const {z, code} = faceOf(seed, wanted);
            return [[...z], [...code]]; })""", [seeds, wanted])
        np.testing.assert_array_equal(np.array([z for z, _ in faces], np.float32), expected.z)
        np.testing.assert_array_equal(np.array([code for _, code in faces], np.float32),
                                      expected.one_hot)


def test_interpolation_is_that_of_the_program(open_page, tmp_path):
    trained = scrambled("rpgan", {})
    page.write(trained, tmp_path / "page.html")
    opened = open_page(tmp_path / "page.html")
    z = latents.noise(trained.recipe, [1, 2])
    for t in (0.0, 0.3, 1.0):
        found = opened.evaluate("t => [...slerp(noise(1), noise(2), t)]", t)
        np.testing.assert_allclose(found, latents.slerp(*z, [t])[0], atol=1e-6)
    base = latents.from_seeds(trained, [1])
    expected = latents.variations(trained, base, 4, 0.4, {"hair", "eyes"}, (-1, -1), 9)
    found = opened.evaluate("variations(faceOf(1, [-1, -1]), 4, 0.4, 9).map(({z}) => [...z])")
    np.testing.assert_allclose(found, expected.z, atol=1e-6)


def test_the_page_in_docs_draws_the_faces_of_the_bundled_generator(open_page):
    trained = loading.load_generator(checkpoints.BUNDLED / "pretrained_rpgan/generator.npz")
    assert len(page.html(trained, enlarger=enlarging.bundled()).encode()) <= page.MAX_BYTES
    shown = latents.from_seeds(trained, range(4))
    assert (
        apart(drawn(open_page(ROOT / "docs/page.html"), shown), sampling.draw(trained, shown)) <= 2)
