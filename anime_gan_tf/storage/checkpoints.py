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
import logging
import pathlib

import numpy as np

from anime_gan_tf import __version__, recipes
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage import npz, schema

log = logging.getLogger(__name__)

ROOT = pathlib.Path("checkpoints")  # of runs, in the user's working folder
# Of the bundled checkpoints, in the package.
BUNDLED = pathlib.Path(__file__).resolve().parents[1] / "pretrained"
ENLARGER = BUNDLED / "pretrained_enlarger" / "generator.npz"
CLASSIFIER = BUNDLED / "pretrained_classifier" / "classifier.npz"
BEST = "best.npz"  # the best generator of the evaluations, by Recipe.target_metric
FILES = ("run.json", "state.npz", "previous.npz", "generator.npz", BEST)  # of a run
_DISCRIMINATOR = "discriminator/"  # prefix of the names of its weights
MAX_FLOAT16 = 65504.0
# The perceptual Frechet distance of an evaluation at which a person recognizes faces, if crude
# ones, and the length of training after which this is likely: docs/experiments/recipes.md.
RECOGNIZABLE_FRECHET = 600.0
RECOGNIZABLE_KIMG = 20.0
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
    kinds = {name: schema.FLOATS if "float" in str(variable.dtype) else schema.COUNTS
             for name, variable in variables.items()}
    schema.check_arrays(path, kinds | schema.COUNTERS, arrays)
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


def export_half(path, out, latent_std=None):
    """Copies a generator in half precision: half the size, with differences of less than one level
    of 255.

    If there is a discriminator, which --start_from needs to continue training, it is written to
    discriminator_path(out).

    Args: latent_std: the standard deviation of the noise that the copy is drawn with, if it is not
      that of the training: with more there are more kinds of faces, and more broken ones.
    Returns: the paths of the files that were written.
    """
    info = read_info(path)
    weights(path)  # to check them
    folder = out.resolve().parent.name
    if out.name == "generator.npz" and schema.is_run_name(folder):
        info["run"] = folder  # as find_generator() names it
    if latent_std is not None:
        info["recipe"]["latent_std"] = latent_std
    # Arrays with values beyond the range of float16 stay float32.
    half = lambda arrays: {name: array.astype(np.float16) if array.dtype == np.float32
                           and np.abs(array).max(initial=0) < MAX_FLOAT16 else array
                           for name, array in arrays.items()}
    discriminator = discriminator_arrays(path)
    arrays = {name: array for name, array in npz.read_arrays(path).items()
              if not name.startswith(_DISCRIMINATOR)}
    npz.write_arrays(out, half(arrays) | {"info": npz.packed(info)})
    if not discriminator:
        return [out]
    npz.write_arrays(discriminator_path(out), half(discriminator))
    return [out, discriminator_path(out)]


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
            schema.check_arrays(file, dict.fromkeys(found, schema.FLOATS), arrays)
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
    schema.check(path, schema.BEST if path.name == BEST else schema.GENERATOR, info)
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
    schema.check_arrays(path, dict.fromkeys(names, schema.WEIGHTS), arrays)
    return [arrays[name].astype(np.float32) for name in names]


def runs() -> dict[str, pathlib.Path]:
    """{name: path of the generator to draw with}: the newest run first, the bundled ones last."""
    found = {path.parent.name: path for folder, pattern in ((BUNDLED, "pretrained_*"), (ROOT, "*"))
             for path in folder.glob(f"{pattern}/generator.npz")}
    # The bundled ones are last, however old the user's runs are.
    order = sorted(found,
                   key=lambda name: (name.startswith("pretrained_"), -_changed(found[name])))
    best = {name: found[name].with_name(BEST) for name in order}
    return {name: best[name] if best[name].exists() else found[name] for name in order}


def _changed(path):
    """The time of a file's last change; 0 for a broken link."""
    try:
        return path.stat().st_mtime
    except OSError:  # read_info() will report it
        return 0.0


def draws(info: dict) -> bool:
    """Whether a generator draws faces from noise, as an enlarger does not. info: of read_info()."""
    return not recipes.from_saved(info["recipe"]).enlarges


def draws_faces(info: dict) -> bool:
    """Whether a generator is trained well enough to draw recognizable faces. info: of
    read_info()."""
    if recipes.FRECHET in info.get("figures", {}):
        return info["figures"][recipes.FRECHET] <= RECOGNIZABLE_FRECHET
    return info["kimg"] >= RECOGNIZABLE_KIMG


def classifier_labels(path=CLASSIFIER):
    """The Labels that a classifier.npz predicts.

    Raises:
      UserError: it is missing, damaged or something else.
    """
    info = npz.unpacked(path)
    schema.check(path, schema.CLASSIFIER, info)
    return schema.labels_of(info)


def run_labels(run):
    """The Labels of an existing run; None if there is no such run.

    Raises:
      UserError: its run.json cannot be read.
    """
    path = ROOT / run / "run.json"
    if not path.is_file() or path.is_symlink():  # locking.py refuses links
        return None
    content = npz.read_json(path)
    schema.check(path, schema.RUN, content)
    return schema.labels_of(content)


def check_labels(run, labels):
    """Refuses to resume a run with other Labels.

    Raises:
      UserError: the run has other Labels, or its run.json cannot be read.
    """
    before = run_labels(run)
    if before not in (None, labels):
        raise UserError("--axes", Fault.CONFLICT, f"{run} was trained with the labels "
                        f"{before.describe()}, not {labels.describe()}; go on with those, or name "
                        f"another run")


def find_generator(run: str | None = None, model: str | None = None, steered=None,
                   young: bool = False) -> pathlib.Path:
    """The path of the generator to draw with: that of `run`, or the first of candidates().

    Args: run: name of a run, or path of a generator.npz; model, steered, young: as in candidates().
    Raises:
      UserError: there is none; with the names of the existing runs.
    """
    if model:
        choose("--model", model, recipes.RECIPES)
    if run and run.lower().endswith(".npz"):
        return pathlib.Path(run)
    if run:
        found = runs()
        return found[choose("--run", run, sorted(found))]
    return candidates(model, steered, young)[0]


def sliders_path(path):
    """Where the sliders of the generator in `path` are kept."""
    return path.with_name("sliders.npz" if path.name == "generator.npz"
                          else f"{path.stem}_sliders.npz")


def candidates(model=None, steered=None, young=False, with_sliders=False):
    """Paths of the generators that may be the default, in the order of preference. There is a note
    if the first is not of the newest run, and for each run that cannot be read.

    First the runs that draw recognizable faces, the newest first and the bundled one last; then
    those that do not yet.

    Args: model: name of a recipe, for only its runs; steered: names of axes, for which generators
      that have them come first, or None; young: whether runs that draw no recognizable faces yet,
      and enlargers, are treated as the others; with_sliders: whether generators with sliders come
      before all others.
    Raises:
      UserError: there is none.
    """
    infos = {}
    for path in runs().values():
        try:
            weights(path)  # to check them
            infos[path] = read_info(path)
        except UserError as error:
            log.warning(f"note: left out: {error}")
    found = [path for path in infos
             if (infos[path]["model"] == model if model else young or draws(infos[path]))]
    if not found and model:
        raise UserError("--model", Fault.MISSING, f"no {model} is trained in {ROOT.resolve()}/; "
                        f"start with --mode train --model {model}")
    if not found:
        raise UserError("--run", Fault.MISSING,
                        f"nothing is trained yet in {ROOT.resolve()}/; start with --mode train")
    ready = lambda path: bool(model or young) or draws_faces(infos[path])
    tagged = lambda path: steered is None or bool(infos[path]["table"]) and set(steered) <= set(
        schema.labels_of(infos[path]).axes)
    slides = lambda path: not with_sliders or sliders_path(path).exists()
    newest = found[0]
    # Stable: the newest first.
    found.sort(key=lambda path: (not slides(path), not tagged(path), not ready(path)))
    if found[0] != newest:
        _say_why(newest, infos[newest], infos[found[0]]["run"], slides(newest), tagged(newest),
                 steered)
    return found


def _say_why(newest, info, chosen, slides, tagged, steered):
    """Logs why the default is not the newest run, and how to choose that."""
    if not slides:
        why = f"has no sliders yet (--mode sliders --run {newest.parent.name} finds them)"
    elif not tagged:
        why = (f"has no {' and '.join(steered)}" if info["table"] else "was trained without tags")
    elif "figures" in info:
        distance = info["figures"][recipes.FRECHET]
        why = (f"draws no faces yet (Frechet distance {distance:,.0f} after "
               f"{info['kimg']:,.0f} kimg, above {RECOGNIZABLE_FRECHET:g})")
    else:
        why = f"was trained for {info['kimg']:,.1f} kimg, fewer than {RECOGNIZABLE_KIMG:g}"
    run = newest.parent.name
    log.warning(f"note: {chosen} is used; your newest run, {run}, {why}; --run {run} uses it")
