import dataclasses
import errno
import functools
import os
import resource

import keras
import numpy as np
import pytest
from conftest import refusal, tiny

from anime_gan_tf import recipes
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import catalog, checkpoints, npz, pictures
from anime_gan_tf.training.state import make_state

TABLE = DEFAULT.uniform_distribution()
INFO = {"model": "acgan", "run": "x", "kimg": 1.0, "data": "faces", "faces": 9,
        "table": TABLE.tolist()}


@functools.cache
def made(model):
    """A State that no test changes."""
    return make_state(tiny(model), 0, DEFAULT)


def export(path, model="acgan", **info):
    recipe, state = tiny(model), made(model)
    table = TABLE.tolist() if recipe.conditional else None
    checkpoints.export_generator(path, recipe, state.ema_generator.get_weights(),
                                 INFO | {"model": model, "table": table} | info)
    return recipe, state


def test_state_comes_back_whole(tmp_path):
    recipe = tiny("acgan")
    state, other = make_state(recipe, 0, DEFAULT), make_state(recipe, 1, DEFAULT)
    state.step.assign(7)
    checkpoints.save_state(tmp_path / "s.npz", state)
    checkpoints.load_state(tmp_path / "s.npz", other)
    for name, variable in state.variables().items():
        assert np.array_equal(np.asarray(variable), np.asarray(other.variables()[name])), name


def test_state_is_refused_truncated_or_foreign(tmp_path):
    path = tmp_path / "s.npz"
    checkpoints.save_state(path, made("dcgan"))
    for other in (tiny("acgan"), tiny("dcgan", width=8), tiny("dcgan", optimizer="rmsprop")):
        state = made("acgan") if other == tiny("acgan") else make_state(other, 0, DEFAULT)
        with refusal(path, Fault.CONFLICT):
            checkpoints.load_state(path, state)
    path.write_bytes(path.read_bytes()[:-5000])
    with refusal(path, Fault.UNREADABLE):
        checkpoints.load_state(path, made("dcgan"))


def test_one_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "s.npz"
    checkpoints.save_state(path, made("dcgan"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with refusal(path, Fault.UNREADABLE):
        checkpoints.load_state(path, made("dcgan"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The arrays of a State, and another State, into which they fit."""
    path = tmp_path_factory.mktemp("saved") / "s.npz"
    checkpoints.save_state(path, made("dcgan"))
    return npz.read_arrays(path), make_state(tiny("dcgan"), 1, DEFAULT)


@pytest.mark.parametrize("name, change", [
    ("step", lambda step: step - 1), ("step", lambda step: step + 2 ** 40),
    ("seconds", lambda seconds: seconds + np.inf), ("seconds", lambda seconds: seconds - 1),
    ("rollbacks", lambda count: count - 1), ("step", lambda step: step.astype(float)),
    ("generator/000", lambda weight: weight * np.nan),
    ("average/000", lambda weight: weight + np.inf),
    ("g_optimizer/001", lambda rate: rate.astype(int))])
def test_a_state_of_impossible_values_is_refused_and_changes_nothing(tmp_path, saved, name,
                                                                        change):
    arrays, other = saved
    before = {name: np.array(variable) for name, variable in other.variables().items()}
    path = tmp_path / "s.npz"
    npz.write_arrays(path, arrays | {name: change(arrays[name])})
    with refusal(path, Fault.UNREADABLE):
        checkpoints.load_state(path, other)
    assert all(np.array_equal(before[name], variable)
               for name, variable in other.variables().items())


def test_generator_comes_back_with_what_it_knows(tmp_path):
    recipe, state = export(tmp_path / "g.npz", data="some faces")
    trained = loading.load_generator(tmp_path / "g.npz")
    assert trained.recipe == recipe and trained.info["data"] == "some faces"
    z, tags = latents.noise(recipe, range(3)), latents.sample_labels(TABLE, range(3))
    assert np.array_equal(sampling.generate(trained.generator, z, tags),
                          sampling.generate(state.ema_generator, z, tags))


def test_more_than_a_thousand_weights_keep_their_order(tmp_path):
    weights = [np.full(2, i, np.float32) for i in range(1200)]
    checkpoints.export_generator(tmp_path / "g.npz", tiny("acgan"), weights, INFO)
    assert [w[0] for w in checkpoints.weights(tmp_path / "g.npz")] == list(range(1200))


def test_more_than_a_thousand_weights_of_a_discriminator_keep_their_order(tmp_path):
    arrays = {f"discriminator/{i:03d}": np.full(3, i, np.float32) for i in range(1200)}
    npz.write_arrays(tmp_path / "state.npz", dict(reversed(arrays.items())))
    export(tmp_path / "generator.npz")
    found = checkpoints.discriminator_arrays(tmp_path / "generator.npz")
    assert [weight[0] for weight in found.values()] == list(range(1200))


def test_any_flipped_bit_is_harmless_or_a_clear_error(tmp_path):
    path, rng = tmp_path / "g.npz", np.random.default_rng(0)
    npz.write_arrays(path, {"weight_000": np.arange(20.0), "info": npz.packed({"run": "r"})})
    whole, arrays = path.read_bytes(), npz.read_arrays(path)
    for at in range(len(whole)):
        content = bytearray(whole)
        content[at] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        try:
            found = npz.read_arrays(path)
        except UserError as error:
            assert error.subject == str(path)
        else:
            # A directory that breaks off hides an array, which who needs it misses.
            assert all(np.array_equal(array, arrays[name]) for name, array in found.items()), at


def test_a_recipe_larger_than_its_weights_is_refused_before_it_is_built(tmp_path):
    recipe, state = export(tmp_path / "g.npz", "rpgan")
    huge = dataclasses.replace(recipe, width=512, image_size=256)  # 4 GB in one layer
    checkpoints.export_generator(tmp_path / "g.npz", huge, state.ema_generator.get_weights(),
                                 INFO | {"model": "rpgan"})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with refusal(tmp_path / "g.npz", Fault.UNREADABLE):
        loading.load_generator(tmp_path / "g.npz")
    # Keras would now build what was put off.
    keras.Model((x := keras.Input((2,))), keras.layers.Dense(2)(x))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB


@pytest.mark.parametrize("spoil, fault", [
    (lambda path: path.write_bytes(path.read_bytes()[:500]), Fault.UNREADABLE),
    (lambda path: np.savez(open(path, "wb"), something=np.zeros(3)), Fault.UNREADABLE),
    (lambda path: np.savez(open(path, "wb"), allow_pickle=np.array([{"a": 1}], object)),
     Fault.UNREADABLE),
    (lambda path: path.unlink(), Fault.MISSING),
], ids=["truncated", "foreign", "pickle", "gone"])
def test_a_bad_generator_is_refused_by_name(tmp_path, spoil, fault):
    export(tmp_path / "g.npz")
    spoil(tmp_path / "g.npz")
    with refusal(tmp_path / "g.npz", fault):
        loading.load_generator(tmp_path / "g.npz")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "f"
    npz.write_atomically(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"new")
        raise OSError(errno.ENOSPC, "No space left on device")

    with refusal(path, Fault.UNWRITABLE):
        npz.write_atomically(path, fail)
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["f"]


def test_seeds_stand_alone_and_png_metadata_makes_the_face_again(tmp_path):
    recipe, state = export(tmp_path / "g.npz")
    z = latents.noise(recipe, range(10, 15))
    tags = latents.sample_labels(TABLE, range(10, 15), (3, -1))
    images = sampling.generate(state.ema_generator, z, tags)
    assert (tags[:, 0] == 3).all()
    pictures.save_png(tmp_path / "face.png", images[4], {"seed": 14, "tags": tags[4].tolist()})
    made = pictures.read_metadata(tmp_path / "face.png", "--vary")
    again = sampling.generate(state.ema_generator, latents.noise(recipe, [made["seed"]]),
                              np.array([made["tags"]], np.int32))
    assert np.abs(again[0].astype(int) - images[4]).max() <= 1


def test_own_runs_come_before_the_bundled_one_and_the_best_before_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    monkeypatch.setattr(checkpoints, "BUNDLED", tmp_path)
    for age, name in ((300, "old"), (200, "new"), (100, "pretrained_x")):
        export(tmp_path / name / "generator.npz")
        os.utime(tmp_path / name / "generator.npz", (1e9 - age, 1e9 - age))
    find = lambda **words: catalog.find_generator(**words).relative_to(tmp_path).as_posix()
    assert find() == "new/generator.npz"
    assert find(run="pretrained_x") == "pretrained_x/generator.npz"
    export(tmp_path / "new" / "best.npz", figures={"frechet": 90.0})
    assert find() == find(run="new") == "new/best.npz"
    for name in ("old", "new"):
        (tmp_path / name / "generator.npz").unlink()
    assert find() == "pretrained_x/generator.npz"


def test_recipes_of_files_may_have_fields_that_are_gone():
    fields = dataclasses.asdict(recipes.RECIPES["acgan"])
    assert recipes.from_saved(fields | {"d_every": 1, "g_refine": 0}) == recipes.RECIPES["acgan"]
    with pytest.raises(ValueError):
        recipes.from_saved(fields | {"g_refine": 1})
