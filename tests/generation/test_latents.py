import functools

import numpy as np
import pytest
from conftest import refusal, tiny

from anime_gan_tf import networks
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.generation.latents import Latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import npz, pictures, schema

TABLE = DEFAULT.uniform_distribution()


@functools.cache
def trained(model="rpgan"):
    """A Trained of a new generator, which no test changes."""
    recipe = tiny(model)
    info = {"run": "r", "model": model, "kimg": 1.0,
            "table": TABLE.tolist() if recipe.conditional else None}
    return loading.Trained(networks.build_generator(recipe, DEFAULT), recipe, info)


def test_codes_of_tags_and_back():
    tags = np.array([(3, -1), (-1, 10), (0, 0), (-1, -1)], np.int32)
    code = DEFAULT.encode(tags)
    assert code.shape == (4, 23) and code.sum(axis=1).tolist() == [1, 1, 2, 0]
    assert np.array_equal(Latents(np.zeros((4, 2)), code, DEFAULT).tags, tags)


@pytest.mark.parametrize("model", ["rpgan", "acgan", "dcgan"])
def test_a_code_draws_what_its_tags_draw(model):
    maker = trained(model)
    seeds = range(5, 9)
    tags = latents.sample_labels(TABLE, seeds) if maker.recipe.conditional else None
    plain = sampling.generate(maker.generator, latents.noise(maker.recipe, seeds), tags)
    assert np.array_equal(sampling.draw(maker, latents.from_seeds(maker, seeds)), plain)


def test_recoloring_changes_what_is_requested_only():
    before = Latents(np.zeros((2, 3)), DEFAULT.encode([(1, 2), (3, 4)]), DEFAULT)
    assert latents.with_tags(before, (7, -1)).tags.tolist() == [[7, 2], [7, 4]]
    assert before.tags.tolist() == [[1, 2], [3, 4]]


def test_slerp_keeps_lengths_and_meets_its_ends():
    a, b = np.random.default_rng(0).normal(size=(2, 5, 100))
    way = latents.slerp(a, b, np.linspace(0, 1, 9))
    assert way.shape == (9, 5, 100)
    assert np.allclose(way[0], a, atol=1e-5) and np.allclose(way[-1], b, atol=1e-5)
    lengths = np.linalg.norm(way, axis=-1)
    assert np.allclose(lengths, np.linspace(lengths[0], lengths[-1], 9), atol=1e-4)
    # On a great circle equal shares are equal angles.
    unit = way / lengths[..., None]
    steps = np.arccos((unit[1:] * unit[:-1]).sum(axis=-1))
    assert np.allclose(steps, steps[0], atol=1e-3)
    assert np.allclose(latents.slerp(a, 2 * a, [0.5])[0], 1.5 * a, atol=1e-5)  # parallel


def test_vary_keeps_the_length_and_the_correlation():
    z = 2 * np.random.default_rng(0).normal(size=(500, 100))
    varied = latents.vary(Latents(z), 2.0, 0.6, np.random.default_rng(1)).z
    assert varied.std() == pytest.approx(2, rel=0.02)
    assert np.corrcoef(z.ravel(), varied.ravel())[0, 1] == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("keep, still", [
    ({"hair", "eyes"}, [1, 1, 0]), ({"noise"}, [0, 0, 1]), ({"hair", "noise"}, [1, 0, 1])])
def test_variations_keep_what_is_requested(keep, still):
    maker = trained()
    base = latents.from_seeds(maker, [3], (4, 5))
    varied = latents.variations(maker, base, 20, 0.3, keep, (-1, -1), seed=0)
    same = [len(set(varied.tags[:, 0])) == 1, len(set(varied.tags[:, 1])) == 1,
            bool((varied.z == base.z).all())]
    assert same == [bool(flag) for flag in still]
    assert np.array_equal(varied.z[0], base.z[0]) and varied.tags[0].tolist() == [4, 5]
    asked = latents.variations(maker, base, 5, 0.3, keep, (9, -1), seed=0)
    assert (asked.tags[1:, 0] == 9).all()


@pytest.mark.parametrize("model", ["rpgan", "dcgan"])
def test_files_give_back_the_points(tmp_path, model):
    maker = trained(model)
    shown = latents.vary(latents.from_seeds(maker, range(3)), 1.0, 0.5, np.random.default_rng(0))
    latents.write(tmp_path / "p.npz", maker, shown)
    read = latents.read(tmp_path / "p.npz", maker, "--latent")
    assert np.array_equal(read.z, shown.z)
    assert (read.one_hot is None) == (model == "dcgan") and np.array_equal(read.tags, shown.tags)
    other = trained("dcgan" if model == "rpgan" else "rpgan")
    with refusal("--latent", Fault.CONFLICT):
        latents.read(tmp_path / "p.npz", other, "--latent")


@pytest.mark.parametrize("field", [
    *({"latent_std": std} for std in ("long", None, 0, -1, float("nan"), 1e300)),
    *({"seed": seed} for seed in (-1, 1.5, True, None, 10 ** 400, 2 ** 33)),
    *({"num": num} for num in (0, -1, 2.0, 10 ** 9)),
    *({"run": run} for run in ("../../x", "/abs/index", "a/b", "CON", "x" * 300, 3)),
    *({"hair": hair} for hair in ("octarine", 3, ["red"])),
    *({"z": z} for z in ("!", "AAAA", 7, "AACAfw==")),  # the last one is infinite
    {"kimg": 10 ** 400}, {"kimg": float("nan")}, {"model": None}])
def test_a_picture_with_an_impossible_field_is_refused(tmp_path, field):
    info = latents.described(trained()) | {"seed": 3} | field
    path = tmp_path / "p.png"
    pictures.save_png(path, np.zeros((16, 16, 3), np.uint8), info)
    with refusal(path, Fault.UNREADABLE):
        latents.read(path, trained(), "--vary")


def test_a_picture_that_does_not_say_which_faces_it_shows_is_refused(tmp_path):
    pictures.save_png(tmp_path / "p.png", np.zeros((16, 16, 3), np.uint8),
                      latents.described(trained()))
    with refusal(tmp_path / "p.png", Fault.UNREADABLE):
        latents.read_info(tmp_path / "p.png", "--vary")


Z, CODE = np.zeros((3, 64), np.float32), np.zeros((3, 23), np.float32)


@pytest.mark.parametrize("arrays", [
    {"z": np.float32(1)}, {"z": Z[0]}, {"z": Z[None]}, {"z": Z[:0], "code": CODE[:0]},
    {"z": Z[:2]}, {"z": Z + np.nan}, {"z": Z + 1e30}, {"z": Z.astype(int)}, {"code": CODE[:, :5]},
    {"code": CODE + 50}, {"code": CODE - np.inf}])
def test_latents_of_impossible_arrays_are_refused(tmp_path, arrays):
    path = tmp_path / "p.npz"
    npz.write_arrays(path, {"z": Z, "code": CODE} | arrays | {
        "info": npz.packed(latents.described(trained()))})
    with refusal(path, Fault.UNREADABLE):
        latents.read_info(path, "--latent")


def test_latents_of_other_byte_order_or_by_columns_are_read_as_what_they_are(tmp_path):
    z = np.random.default_rng(0).normal(size=(3, 64))
    info = npz.packed(latents.described(trained()))
    for name, stored in (("a", z.astype(">f4")), ("b", np.asfortranarray(z, np.float32))):
        npz.write_arrays(tmp_path / f"{name}.npz", {"z": stored, "code": CODE, "info": info})
        read = latents.read(tmp_path / f"{name}.npz", trained(), "--latent")
        assert read.z.dtype == np.dtype("float32") and np.array_equal(read.z, z.astype("f4"))


def test_the_last_seed_and_those_after_it_can_be_drawn_again(tmp_path):
    maker, last = trained(), schema.MAX_SEED
    seeds = range(last, last + 4)
    picture = np.zeros((16, 16, 3), np.uint8)
    pictures.save_png(tmp_path / "grid.png", picture,
                      latents.described(maker) | {"seed": last, "num": 4})
    pictures.save_png(tmp_path / "one.png", picture, latents.described(maker) | {"seed": seeds[3]})
    drawn = latents.from_seeds(maker, seeds)
    for name, rows in (("grid", slice(0, 4)), ("one", slice(3, 4))):
        read = latents.read(tmp_path / f"{name}.png", maker, "--vary")
        assert np.array_equal(read.z, drawn.z[rows])
        assert np.array_equal(read.one_hot, drawn.one_hot[rows])


def test_requests_of_a_known_color_have_it():
    maker = trained()
    hair = DEFAULT.axes["hair"].index("pink")
    assert (latents.from_seeds(maker, range(9), (hair, -1)).tags[:, 0] == hair).all()
