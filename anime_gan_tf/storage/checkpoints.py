"""Files of a run: the exact state to resume from, and the generator to draw with.

Both are .npz of npz.py. Nothing here needs TensorFlow.

    checkpoints/<run>/run.json        what is trained on what, to refuse another recipe
                      state.npz       everything that changes during training
                      previous.npz    the same at the save before
                      generator.npz   the generator's weight average and what it was trained on
                      best.npz        the same at its best evaluation (--eval_every), and D
                      sliders.npz     of --mode sliders; best_sliders.npz of best.npz
                      grids/          fixed-noise pictures
                      events.out...   TensorBoard
"""
import dataclasses
import logging
import pathlib

import numpy as np

from anime_gan_tf import __version__, recipes
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage import npz, schema

log = logging.getLogger(__name__)

ROOT = pathlib.Path("checkpoints")  # runs stay where the user works
# The bundled checkpoints lie in the package.
BUNDLED = pathlib.Path(__file__).resolve().parents[1] / "pretrained"
ENLARGER = BUNDLED / "pretrained_enlarger" / "generator.npz"
CLASSIFIER = BUNDLED / "pretrained_classifier" / "classifier.npz"
BEST = "best.npz"  # the best generator of the small evaluations, by Recipe.target_metric
FILES = ("run.json", "state.npz", "previous.npz", "generator.npz", BEST)  # of a run
_DISCRIMINATOR = "discriminator/"  # begins the names of its weights
HALF_LARGEST = 65504.0  # of float16
# Perceptual Frechet distance of a small evaluation at which a person sees faces, if crude ones, and
# faces seen in training by which they may be there where there was no evaluation:
# docs/experiments/recipes.md.
RECOGNIZABLE_FRECHET = 600.0
RECOGNIZABLE_KIMG = 20.0
# The fields of a Recipe that give a generator its shape.
_SIZES = [name for name, field in recipes.FLAGS.items() if field.metadata["shapes_generator"]]


def save_state(path, state, previous=None):
    """Writes every variable of a state.State. previous: where the file that was there goes."""
    npz.write_arrays(path,
                     {name: np.asarray(variable) for name, variable in state.variables().items()},
                     previous)


def load_state(path, state):
    """Restores what save_state wrote, all of it or nothing.

    Raises:
      UserError: where the file is truncated, damaged or belongs to another model.
    """
    arrays, variables = npz.read_arrays(path), state.variables()
    arrays.setdefault("rollbacks", np.int64(0))  # of files that are older than it
    for name in sorted(arrays.keys() ^ variables.keys()):
        where = "is missing from it" if name in variables else "is in it alone"
        raise UserError(path, Fault.CONFLICT,
                        f"not a checkpoint of this recipe ({name!r} {where})")
    for name, variable in variables.items():
        shape = tuple(variable.shape)
        if arrays[name].shape != shape:
            raise UserError(path, Fault.CONFLICT, f"not a checkpoint of this recipe ({name} has "
                            f"shape {arrays[name].shape}, the model {shape})")
    # States that version 0.2.0 trained by JAX have counters without a sign.
    kinds = {name: schema.FLOATS if "float" in str(variable.dtype) else schema.COUNTS
             for name, variable in variables.items()}
    schema.check_arrays(path, kinds | schema.COUNTERS, arrays)
    for name, variable in variables.items():
        variable.assign(arrays[name])


def export_generator(path, recipe, weights, info, discriminator=None):
    """Writes a generator that load_generator can rebuild without anything else.

    Args:
      weights: list of arrays, as keras.Model.get_weights() gives them; discriminator: those of the
        discriminator that belongs to it, where no other file has them.
      info: what to remember, JSON-able: model, run, data, kimg, axes (Labels.to_json()), table (the
        joint tag table, or None), ...; the recipe and the version are added.
    """
    info = info | {"recipe": dataclasses.asdict(recipe), "version": __version__}
    theirs = {f"{_DISCRIMINATOR}{i:03d}": array for i, array in enumerate(discriminator or ())}
    npz.write_arrays(path, npz.numbered(weights) | theirs | {"info": npz.packed(info)})


def export_half(path, out, latent_std=None):
    """Copies a generator in half precision: half the size, less than one level of 255 away.

    latent_std: the standard deviation of the noise to draw with from now on, where it is not that
    of the training: longer noise draws more kinds of faces and more broken ones, shorter noise
    fewer of both. Where there is a discriminator of it, that goes beside `out`: what --start_from
    needs to go on training from there.
    Returns: the files written.
    """
    info = read_info(path)
    weights(path)  # are checked
    folder = out.resolve().parent.name
    if out.name == "generator.npz" and schema.is_run_name(folder):
        info["run"] = folder  # a folder that find_generator finds is a run of that name
    if latent_std is not None:
        info["recipe"]["latent_std"] = latent_std
    # What half precision cannot hold stays as it is.
    half = lambda arrays: {name: array.astype(np.float16) if array.dtype == np.float32
                           and np.abs(array).max(initial=0) < HALF_LARGEST else array
                           for name, array in arrays.items()}
    discriminator = discriminator_arrays(path)
    arrays = {name: array for name, array in npz.read_arrays(path).items()
              if not name.startswith(_DISCRIMINATOR)}
    npz.write_arrays(out, half(arrays) | {"info": npz.packed(info)})
    if not discriminator:
        return [out]
    npz.write_arrays(beside(out), half(discriminator))
    return [out, beside(out)]


def beside(path):
    """The file for the discriminator of an exported generator."""
    return path.with_name("discriminator.npz" if path.name == "generator.npz"
                          else f"{path.stem}_discriminator.npz")


def is_half(path, discriminator=False):
    """Whether a file is a generator that export_half() wrote, or the discriminator beside one; a
    link is not, nor is what a training saves."""
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
    """The weights {name: array} of a generator's own discriminator, in order; {} without one.

    A best.npz holds its own: the run's state has gone on since.

    Raises:
      UserError: where the file that holds them is damaged, or they are no finite floats.
    """
    files = ([path] + ([path.with_name("state.npz")] if path.name == "generator.npz" else [])
             + [beside(path)])
    for file in files:
        arrays = npz.read_arrays(file) if file.exists() else {}
        found = [name for name in arrays if name.startswith(_DISCRIMINATOR)]
        if found:
            found.sort(key=lambda name: (len(name), name))  # 1000 comes after 101
            schema.check_arrays(file, dict.fromkeys(found, schema.FLOATS), arrays)
            return {name: arrays[name] for name in found}
    return {}


def check_start(path, recipe, labels):
    """Refuses a generator.npz that start_from cannot give to a Recipe and Labels. Needs no
    TensorFlow.

    Raises:
      UserError: where the generator is of another shape.
    """
    info = read_info(path)
    theirs = recipes.from_saved(info["recipe"])
    if theirs.enlarges != recipe.enlarges:
        raise UserError("--start_from", Fault.CONFLICT, f"{path} is of {info['model']}, which "
                        + ("enlarges faces and draws none" if theirs.enlarges
                           else "draws faces and enlarges none"))
    unlike = [name for name in _SIZES if getattr(theirs, name) != getattr(recipe, name)]
    if unlike or (theirs.networks, theirs.conditional) != (recipe.networks, recipe.conditional):
        raise UserError("--start_from", Fault.CONFLICT,
                        f"{path} is of other sizes; train with --model {info['model']}"
                        + "".join(f" --{name} {getattr(theirs, name)}" for name in unlike))
    if recipe.conditional and schema.labels_of(info) != labels:
        raise UserError("--start_from", Fault.CONFLICT, f"{path} has the labels "
                        f"{schema.labels_of(info).describe()}, not {labels.describe()}")


def read_info(path):
    """What a generator.npz says of itself, as export_generator was given it. Needs no TensorFlow.

    Raises:
      UserError: where the file is no generator of this version; for a best.npz also where it does
        not say how good it is.
    """
    path = pathlib.Path(path)
    info = npz.unpacked(path)
    schema.check(path, schema.BEST if path.name == BEST else schema.GENERATOR, info)
    # Complete, also of an older version that lacked some fields or had others.
    recipe = recipes.from_saved(info["recipe"])
    info |= {"recipe": dataclasses.asdict(recipe), "axes": schema.labels_of(info).to_json()}
    if recipe.target_metric not in info.get("figures", {recipe.target_metric}):
        raise UserError(path, Fault.UNREADABLE, f"figures has no {recipe.target_metric}")
    table, conditional = info["table"], info["recipe"]["conditional"]
    if (table is not None) != conditional or (conditional and not np.sum(table)):
        raise UserError(path, Fault.UNREADABLE, "table is not one of how often each combination of "
                        "attributes occurs" if conditional else
                        "table is there, and the recipe takes no attributes")
    return info


def weights(path):
    """The list of a generator.npz's weights, float32. Needs no TensorFlow.

    Raises:
      UserError: where the file is damaged, or they are no finite floats.
    """
    arrays = npz.read_arrays(path)
    names = npz.in_order(arrays)
    schema.check_arrays(path, dict.fromkeys(names, schema.WEIGHTS), arrays)
    return [arrays[name].astype(np.float32) for name in names]


def runs():
    """{name: path of the generator to draw with}: the newest run first, what is bundled last."""
    found = {path.parent.name: path for folder, pattern in ((BUNDLED, "pretrained_*"), (ROOT, "*"))
             for path in folder.glob(f"{pattern}/generator.npz")}
    # What is bundled stands in until there is a run of one's own, however old that is.
    order = sorted(found,
                   key=lambda name: (name.startswith("pretrained_"), -_changed(found[name])))
    best = {name: found[name].with_name(BEST) for name in order}
    return {name: best[name] if best[name].exists() else found[name] for name in order}


def _changed(path):
    """When a file was changed last; of a link that leads nowhere, the beginning of time."""
    try:
        return path.stat().st_mtime
    except OSError:  # read_info() will say what is wrong with it
        return 0.0


def draws(info):
    """Whether a generator draws faces from noise; an enlarger does not. info: read_info()."""
    return not recipes.from_saved(info["recipe"]).enlarges


def draws_faces(info):
    """Whether a generator has learned enough to look at. info: read_info()."""
    if recipes.FRECHET in info.get("figures", {}):
        return info["figures"][recipes.FRECHET] <= RECOGNIZABLE_FRECHET
    return info["kimg"] >= RECOGNIZABLE_KIMG


def classifier_labels(path=CLASSIFIER):
    """The Labels that a classifier.npz tells. Needs no TensorFlow.

    Raises:
      UserError: where it is gone, damaged or something else.
    """
    info = npz.unpacked(path)
    schema.check(path, schema.CLASSIFIER, info)
    return schema.labels_of(info)


def measured_labels(features):
    """The Labels of the classifier that measures: the one that `features` names, else the bundled
    one. Raises: as classifier_labels()."""
    return classifier_labels(features if features.lower().endswith(".npz") else CLASSIFIER)


def run_labels(run):
    """The Labels of a run below ROOT that has begun; None of another.

    Raises:
      UserError: where its run.json cannot be read.
    """
    path = ROOT / run / "run.json"
    if not path.is_file() or path.is_symlink():  # which locking.py refuses
        return None
    content = npz.read_json(path)
    schema.check(path, schema.RUN, content)
    return schema.labels_of(content)


def check_labels(run, labels):
    """Refuses to train a run below ROOT that has begun with other Labels.

    Raises:
      UserError: where it has, or its run.json cannot be read.
    """
    before = run_labels(run)
    if before not in (None, labels):
        raise UserError("--axes", Fault.CONFLICT, f"{run} was trained with the labels "
                        f"{before.describe()}, not {labels.describe()}; go on with those, or name "
                        f"another run")


def find_generator(run=None, model=None, steered=None, young=False):
    """The path of the generator to draw with: that of `run`, or the first of candidates().

    Args: run: the name of a run, or a path to a generator.npz; the others: as of candidates().
    Raises:
      UserError: where there is none; with the names of those there are.
    """
    if model:
        choose("--model", model, recipes.RECIPES)
    if run and run.lower().endswith(".npz"):
        return pathlib.Path(run)
    if run:
        found = runs()
        return found[choose("--run", run, sorted(found))]
    return candidates(model, steered, young)[0]


def candidates(model=None, steered=None, young=False):
    """Paths of the generators that may draw where no run is named, the best first. Says so where
    that is not the newest run's; runs that cannot be read are left out with a note.

    Runs that draws_faces() come first, the newest before others and the bundled one last, then
    those that draw none yet.

    Args: model: a recipe's name, of which they are then; steered: names of axes, and generators
      that take these come before all others; None where none is asked for; young: whether a run
      that draws no faces yet, or an enlarger's, is as good.
    Raises:
      UserError: where there is none.
    """
    infos = {}
    for path in runs().values():
        try:
            weights(path)  # which checks them
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
    newest = found[0]
    found.sort(key=lambda path: (not tagged(path), not ready(path)))  # stable: the newest first
    if found[0] != newest:
        _say_why(newest, infos[newest], infos[found[0]]["run"], tagged(newest), steered)
    return found


def _say_why(newest, info, chosen, tagged, steered):
    """Says why another run than the newest is the default, and how to choose."""
    if not tagged:
        why = (f"has no {' and '.join(steered)}" if info["table"] else "was trained without tags")
    elif "figures" in info:
        why = (f"draws no faces yet (Frechet distance {info['figures']['frechet']:,.0f} after "
               f"{info['kimg']:,.0f} kimg, above {RECOGNIZABLE_FRECHET:g})")
    else:
        why = f"has seen {info['kimg']:,.1f} kimg, fewer than {RECOGNIZABLE_KIMG:g}"
    run = newest.parent.name
    log.warning(f"note: {chosen} is used; your newest run, {run}, {why}; --run {run} uses it")
