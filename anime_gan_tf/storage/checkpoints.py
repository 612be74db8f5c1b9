"""The files of a run: the exact state to resume from, and the generator to draw with.

Both are .npz files (npz.py). Nothing here needs TensorFlow.

    checkpoints/<run>/run.json        the recipe and the data, so that others are refused
                      state.npz       everything that changes during training
                      previous.npz    the same at the previous save
                      generator.npz   the averaged generator, and metadata of its training
                      best.npz        the same at the best evaluation (--eval_every), and D
                      sliders.npz     of --mode sliders; best_sliders.npz of best.npz
                      grids/          pictures of fixed noise
                      events.out...   TensorBoard
"""
from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from anime_gan_tf import __version__, recipes
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import kinds, npz, schema

ROOT = pathlib.Path("checkpoints")  # of runs, in the user's working folder
# Of the bundled checkpoints, in the package.
BUNDLED = pathlib.Path(__file__).resolve().parents[1] / "pretrained"
ENLARGER = BUNDLED / "pretrained_enlarger" / "generator.npz"
CLASSIFIER = BUNDLED / "pretrained_classifier" / "classifier.npz"
DETECTOR = BUNDLED / "pretrained_detector" / "detector.npz"
BEST = "best.npz"  # the best generator of the evaluations, by Recipe.target_metric
FILES = ("run.json", "state.npz", "previous.npz", "generator.npz", BEST)  # of a run
_DISCRIMINATOR = "discriminator/"  # prefix of the names of its weights
MAX_FLOAT16 = 65504.0
# The fields of a Recipe that determine the shapes of a generator's weights.
_SIZES = [name for name, field in recipes.FLAGS.items() if field.metadata["shapes_generator"]]


def save_state(path, state, previous=None):
    """Writes every variable of a state.State. previous: path to which an existing file is moved."""
    npz.write_arrays(path,
                     {name: np.asarray(variable) for name, variable in state.variables().items()},
                     previous)


def load_state(path, state):
    """Restores what save_state() wrote, completely or not at all.

    Raises:
      UserError: the file is truncated, damaged or of another model.
    """
    arrays, variables = npz.read_arrays(path), state.variables()
    arrays.setdefault("rollbacks", np.int64(0))  # which older files lack
    for name in sorted(arrays.keys() ^ variables.keys()):
        where = "is missing" if name in variables else "is unknown"
        raise UserError(path, Fault.CONFLICT,
                        f"not a checkpoint of this recipe ({name!r} {where})")
    for name, variable in variables.items():
        shape = tuple(variable.shape)
        if arrays[name].shape != shape:
            raise UserError(path, Fault.CONFLICT, f"not a checkpoint of this recipe ({name} has "
                            f"shape {arrays[name].shape}, the model {shape})")
    # In states of version 0.2.0, trained with JAX, counters are unsigned.
    declared = {name: schema.FLOATS if "float" in str(variable.dtype) else schema.COUNTS
                for name, variable in variables.items()}
    kinds.check_arrays(path, declared | schema.COUNTERS, arrays)
    for name, variable in variables.items():
        variable.assign(arrays[name])


def export_generator(path, recipe, weights, info, discriminator=None):
    """Writes a generator.npz, which is all that load_generator() needs.

    Args:
      weights: list of arrays, of keras.Model.get_weights(); discriminator: those of its
        discriminator, if no other file has them.
      info: metadata, JSON-able: model, run, data, kimg, axes (Labels.to_json()), table
        (Labels.joint_distribution(), or None), ...; the recipe and the version are added.
    """
    info = info | {"recipe": dataclasses.asdict(recipe), "version": __version__}
    of_discriminator = {f"{_DISCRIMINATOR}{i:03d}": array
                        for i, array in enumerate(discriminator or ())}
    npz.write_arrays(path,
                     npz.numbered(weights) | of_discriminator | {"info": npz.packed(info)})


def export_half(path, out, latent_std=None, calibrated=None):
    """Copies a generator in half precision: half the size, with differences of less than one level
    of 255.

    If there is a discriminator, which --start_from needs to continue training, it is written to
    discriminator_path(out).

    Args:
      latent_std: the standard deviation of the noise that the copy is drawn with, if it is not that
        of the training: with more there are more kinds of faces, and more broken ones.
      calibrated: the generator's weights after hair_calibration.calibrate(), if it was; info says
        so.
    Returns: the paths of the files that were written.
    """
    info = exported_info(path, latent_std, bool(calibrated))
    weights(path)  # to check them
    folder = out.resolve().parent.name
    if out.name == "generator.npz" and kinds.is_run_name(folder):
        info["run"] = folder  # as find_generator() names it
    # Arrays with values beyond the range of float16 stay float32.
    half = lambda arrays: {name: array.astype(np.float16) if array.dtype == np.float32
                           and np.abs(array).max(initial=0) < MAX_FLOAT16 else array
                           for name, array in arrays.items()}
    discriminator = discriminator_arrays(path)
    arrays = {name: array for name, array in npz.read_arrays(path).items()
              if not name.startswith(_DISCRIMINATOR)} | npz.numbered(calibrated or [])
    npz.write_arrays(out, half(arrays) | {"info": npz.packed(info)})
    if not discriminator:
        return [out]
    npz.write_arrays(discriminator_path(out), half(discriminator))
    return [out, discriminator_path(out)]


def exported_info(path, latent_std=None, calibrated=False):
    """read_info() of a copy of export_half(), which draws other faces than those that were
    evaluated if anything is changed. Args: as there; calibrated: whether it is."""
    info = read_info(path)
    if latent_std is not None:
        info["recipe"]["latent_std"] = latent_std
    if calibrated:
        info[schema.CALIBRATED_HAIR] = True
    if calibrated or latent_std is not None:
        info.pop("figures", None)
    return info


def discriminator_path(path):
    """The path of the discriminator of an exported generator."""
    return path.with_name("discriminator.npz" if path.name == "generator.npz"
                          else f"{path.stem}_discriminator.npz")


def is_half(path, discriminator=False):
    """Whether a file is a generator (or its discriminator) that export_half() wrote. A link or a
    file of a training is not."""
    if path.is_symlink():
        return False
    try:
        arrays = npz.read_arrays(path)
        if not discriminator:
            read_info(path)
    except UserError:
        return False
    return (bool(arrays) and all(array.dtype != np.float32 for array in arrays.values())
            and discriminator == all(name.startswith(_DISCRIMINATOR) for name in arrays))


def discriminator_arrays(path):
    """The weights {name: array} of a generator's discriminator, in order; {} if there is none.

    A best.npz contains its discriminator, since the run's state is that of a later step.

    Raises:
      UserError: the file is damaged, or has values that are not finite.
    """
    files = ([path] + ([path.with_name("state.npz")] if path.name == "generator.npz" else [])
             + [discriminator_path(path)])
    for file in files:
        arrays = npz.read_arrays(file) if file.exists() else {}
        found = [name for name in arrays if name.startswith(_DISCRIMINATOR)]
        if found:
            found.sort(key=lambda name: (len(name), name))  # 1000 comes after 101
            kinds.check_arrays(file, dict.fromkeys(found, schema.FLOATS), arrays)
            return {name: arrays[name] for name in found}
    return {}


def check_start(path, recipe, labels):
    """Refuses a generator.npz with which a training of a Recipe and Labels cannot start.

    Raises:
      UserError: the generator has other shapes or labels.
    """
    info = read_info(path)
    trained = recipes.from_saved(info["recipe"])
    if trained.enlarges != recipe.enlarges:
        raise UserError("--start_from", Fault.CONFLICT, f"{path} is of {info['model']}, which "
                        + ("enlarges faces and draws none" if trained.enlarges
                           else "draws faces and enlarges none"))
    unlike = [name for name in _SIZES if getattr(trained, name) != getattr(recipe, name)]
    if unlike or (trained.networks, trained.conditional) != (recipe.networks, recipe.conditional):
        raise UserError("--start_from", Fault.CONFLICT,
                        f"{path} is of other sizes; train with --model {info['model']}"
                        + "".join(f" --{name} {getattr(trained, name)}" for name in unlike))
    if recipe.conditional and schema.labels_of(info) != labels:
        raise UserError("--start_from", Fault.CONFLICT, f"{path} has the labels "
                        f"{schema.labels_of(info).describe()}, not {labels.describe()}")


def read_info(path) -> dict:
    """The metadata of a generator.npz, the `info` of export_generator().

    Raises:
      UserError: the file is not a generator of this version, or a best.npz without an evaluation.
    """
    path = pathlib.Path(path)
    info = npz.unpacked(path)
    kinds.check(path, schema.BEST if path.name == BEST else schema.GENERATOR, info)
    # With today's fields, also if an older version wrote the file.
    recipe = recipes.from_saved(info["recipe"])
    info |= {"recipe": dataclasses.asdict(recipe), "axes": schema.labels_of(info).to_json()}
    if recipe.target_metric not in info.get("figures", {recipe.target_metric}):
        raise UserError(path, Fault.UNREADABLE, f"figures has no {recipe.target_metric}")
    distribution, conditional = info["table"], info["recipe"]["conditional"]
    if (distribution is not None) != conditional or (conditional and not np.sum(distribution)):
        raise UserError(path, Fault.UNREADABLE, "table is not the distribution of the labels"
                        if conditional else "has a table of labels, and its recipe has no labels")
    return info


def weights(path) -> list[np.ndarray]:
    """The weights of a generator.npz, float32.

    Raises:
      UserError: the file is damaged, or has values that are not finite.
    """
    arrays = npz.read_arrays(path)
    names = npz.in_order(arrays)
    kinds.check_arrays(path, dict.fromkeys(names, schema.WEIGHTS), arrays)
    return [arrays[name].astype(np.float32) for name in names]


def classifier_labels(path=CLASSIFIER):
    """The Labels that a classifier.npz predicts.

    Raises:
      UserError: it is missing, damaged or something else.
    """
    info = npz.unpacked(path)
    kinds.check(path, schema.CLASSIFIER, info)
    return schema.labels_of(info)


def sliders_path(path):
    """Where the sliders of the generator in `path` are kept."""
    return path.with_name("sliders.npz" if path.name == "generator.npz"
                          else f"{path.stem}_sliders.npz")
