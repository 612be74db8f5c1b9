"""Files of a run: the exact state to resume from, and the generator to draw with.

Both are .npz: one file, replaced atomically, with a checksum on every array, and nothing in it that
could run code.

    checkpoints/<run>/run.json        what is trained on what, to refuse another recipe under its name
                      state.npz       everything that changes during training
                      generator.npz   the generator's weight average and what it was trained on
                      best.npz        the same, at its best evaluation (--eval_every), with its discriminator
                      grids/          fixed-noise pictures
                      events.out...   TensorBoard
"""
import dataclasses
import json
import os
import pathlib
import sys
import tempfile
from typing import NamedTuple

import numpy as np

from anime_gan_tf import __version__, attributes, recipes
from anime_gan_tf.errors import UserError, choose
from anime_gan_tf.recipes import Recipe

ROOT = pathlib.Path("checkpoints")  # runs stay where the user works
BUNDLED = pathlib.Path(__file__).resolve().parent.parent / "checkpoints"  # what comes along lies beside the package
_TEMPORARY = ".writing."
_DISCRIMINATOR = "discriminator/"  # begins the names of its weights
_SIZES = ("image_size", "width", "depth", "g_refine", "latent_dim", "embedding_dim", "upsampling")  # of a generator


class Trained(NamedTuple):
    """A generator that can draw. info: what generator.npz says of itself (see export_generator)."""
    generator: object  # keras.Model
    recipe: Recipe
    info: dict

    @property
    def table(self):
        """The joint tag table (12, 11) of what it was trained on, or of its own faces (vectors.py); None without tags."""
        return None if self.info["table"] is None else np.array(self.info["table"])

    @property
    def steerable(self):
        """Whether it takes colours beside the noise."""
        return len(self.generator.inputs) == 2

    def describe(self):
        """'my_run: rpgan, 480 kimg of faces.zip'"""
        return f"{self.info['run']}: {self.info['model']}, {self.info['kimg']:,.0f} kimg of {self.info['data']}"


def write_atomically(path, write):
    """Calls write(file) on a temporary file, flushes it to disk and moves it to `path`.

    Raises:
      UserError: where that cannot be written, for want of space or rights; what was there before stays.
    """
    path, temporary = pathlib.Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{_TEMPORARY}{path.name}.")
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        kept = "; the file that was there is unharmed" if path.exists() else ""
        raise UserError(f"{path}: cannot be written ({error.strerror or error}){kept}") from None
    finally:
        if temporary:
            os.unlink(temporary)


def lock(folder):
    """Keeps other processes from training a run, and clears up after killed ones.

    Returns: a file; the run is free again when it is closed, at the latest with the process.
    Raises:
      UserError: where another process trains it.
    """
    import fcntl  # Windows has none; it trains under WSL, as TensorFlow's CUDA build does
    folder.mkdir(parents=True, exist_ok=True)
    held = open(folder / ".lock", "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"--run: another process is training {folder.name}; name another run with --run") from None
    for path in folder.glob(f"{_TEMPORARY}*"):
        path.unlink()
    return held


def write_json(path, content):
    text = json.dumps(content, indent=2) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def read_json(path):
    try:
        content = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not readable as JSON ({error})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: not a file of this program")
    return content


def write_arrays(path, arrays):
    """Writes {name: array} as an .npz."""
    write_atomically(path, lambda file: np.savez(file, **arrays))


def read_arrays(path, names=None):
    """{name: array} of an .npz: of the named arrays, or of all.

    Raises:
      UserError: where the file is gone, truncated or altered; KeyError: where it lacks a name.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            # This program never compresses; what would unpack to more than it is can only be a bomb.
            if sum(member.file_size for member in file.zip.infolist()) > pathlib.Path(path).stat().st_size:
                raise ValueError("it is compressed")
            arrays = {name: file[name] for name in (file.files if names is None else set(names) & set(file.files))}
    except FileNotFoundError:
        raise UserError(f"there is no {path}") from None
    except Exception as error:  # pylint: disable=broad-except
        # For a damaged file NumPy and zipfile raise nearly anything: RuntimeError, TypeError, NotImplementedError, ...
        raise UserError(f"{path}: not a readable checkpoint, perhaps truncated ({error})") from None
    return arrays if names is None else {name: arrays[name] for name in names}


def save_state(path, state):
    """Writes every variable of a step.State."""
    write_arrays(path, {name: np.asarray(variable) for name, variable in state.variables().items()})


def load_state(path, state):
    """Restores what save_state wrote, all of it or nothing.

    Raises:
      UserError: where the file is truncated or belongs to another model.
    """
    arrays, variables = read_arrays(path), state.variables()
    arrays.setdefault("rollbacks", np.int64(0))  # of files that are older than it
    for name in sorted(arrays.keys() ^ variables.keys()):
        where = "is missing from it" if name in variables else "is in it alone"
        raise UserError(f"{path}: not a checkpoint of this recipe ({name} {where})")
    for name, variable in variables.items():
        if arrays[name].shape != tuple(variable.shape):
            raise UserError(f"{path}: not a checkpoint of this recipe ({name} has shape "
                            f"{arrays[name].shape}, the model {tuple(variable.shape)})")
    for name, variable in variables.items():
        variable.assign(arrays[name])


def export_generator(path, recipe, weights, info, discriminator=None):
    """Writes a generator that load_generator can rebuild without anything else.

    Args:
      weights: list of arrays, as keras.Model.get_weights() gives them; discriminator: those of the discriminator
        that belongs to it, where no other file has them.
      info: what to remember, JSON-able: model, run, data, kimg, table (the joint tag table, or
        None), ...; the recipe and the version are added.
    """
    info = info | {"recipe": dataclasses.asdict(recipe), "version": __version__}
    theirs = {f"{_DISCRIMINATOR}{i:03d}": array for i, array in enumerate(discriminator or ())}
    write_arrays(path, numbered(weights) | theirs | {"info": packed(info)})


def numbered(weights):
    """{name: array} of a model's list of weights."""
    return {f"weight_{i:03d}": weight for i, weight in enumerate(weights)}


def in_order(arrays):
    """The list of weights, as float32, among the arrays of a file with numbered() ones."""
    count = sum(name.startswith("weight_") for name in arrays)
    return [arrays[f"weight_{i:03d}"].astype(np.float32) for i in range(count)]


def packed(info):
    """JSON-able content as an array, so that an .npz can hold it."""
    return np.frombuffer(json.dumps(info).encode(), np.uint8)


def export_half(path, out, latent_std=None):
    """Copies a generator in half precision: half the size, less than one level of 255 away.

    latent_std: the standard deviation of the noise to draw with from now on, where it is not that of the
    training: longer noise draws more kinds of faces and more broken ones, shorter noise fewer of both.
    Where there is a discriminator of it, that goes beside `out`: what --start_from needs to go on training from there.
    Returns: the files written.
    """
    info = read_info(path)
    if out.name == "generator.npz":  # a folder that find_generator finds is a run of that name
        info["run"] = out.resolve().parent.name
    if latent_std is not None:
        info["recipe"]["latent_std"] = latent_std
    half = lambda arrays: {name: array.astype(np.float16) if array.dtype == np.float32 else array
                           for name, array in arrays.items()}
    judge = _discriminator(path)
    arrays = {name: array for name, array in read_arrays(path).items() if not name.startswith(_DISCRIMINATOR)}
    write_arrays(out, half(arrays) | {"info": packed(info)})
    if not judge:
        return [out]
    write_arrays(_beside(out), half(judge))
    return [out, _beside(out)]


def _beside(path):
    """The file for the discriminator of an exported generator."""
    return path.with_name("discriminator.npz" if path.name == "generator.npz" else f"{path.stem}_discriminator.npz")


def _discriminator(path):
    """The weights {name: array} of a generator's own discriminator, in order; none where there is none.

    A best.npz holds its own: the run's state has gone on since.
    """
    files = [path] + ([path.with_name("state.npz")] if path.name == "generator.npz" else []) + [_beside(path)]
    for file in files:
        arrays = read_arrays(file) if file.exists() else {}
        found = [name for name in arrays if name.startswith(_DISCRIMINATOR)]
        if found:
            found.sort(key=lambda name: (len(name), name))  # 1000 comes after 101
            return {name: arrays[name] for name in found}
    return {}


def load_discriminator(path, recipe):
    """The discriminator beside a generator.npz, a keras.Model; None where there is none that fits its recipe."""
    from anime_gan_tf import networks
    model = networks.build_discriminator(recipe)
    return model if _fill(model.weights, _discriminator(path).values()) else None


def _fill(weights, arrays):
    """Assigns arrays to a list of weights, if they fit; returns whether they do."""
    arrays = list(arrays)
    fits = [tuple(array.shape) for array in arrays] == [tuple(weight.shape) for weight in weights]
    if fits:
        for weight, array in zip(weights, arrays):
            weight.assign(np.asarray(array, np.float32))
    return fits


def _copy(source, target):
    """Gives one keras.Model the weights of another, if they fit; returns whether they do.

    Layers that can be added to a trained network (blocks.ADDED) may be missing from either.
    """
    from anime_gan_tf.networks import blocks
    weights = []
    for model, other in ((source, target), (target, source)):
        there = {layer.name for layer in other.layers}
        weights.append([weight for layer in model.layers
                        if layer.name in there or not layer.name.startswith(blocks.ADDED) for weight in layer.weights])
    return _fill(weights[1], weights[0])


def check_start(path, recipe):
    """Refuses a generator.npz that start_from cannot give to a Recipe. Needs no TensorFlow.

    Raises:
      UserError: where the generator is of another shape.
    """
    info = read_info(path)
    theirs = Recipe(**info["recipe"])
    unlike = [name for name in _SIZES if getattr(theirs, name) != getattr(recipe, name)
              and not (name == "g_refine" and theirs.g_refine < recipe.g_refine)]  # these blocks can be added
    if unlike or (theirs.networks, theirs.conditional) != (recipe.networks, recipe.conditional):
        raise UserError(f"--start_from: {path} is of other sizes; train with --model {info['model']}"
                        + "".join(f" --{name} {getattr(theirs, name)}" for name in unlike))


def start_from(path, state, recipe):
    """Gives a fresh step.State of a Recipe the networks of a generator.npz and of the discriminator beside it.

    Residual blocks and the perceptual discriminator, where the trained ones lack them, stay as they begin: they add
    nothing yet.

    Returns: whether there was a discriminator of the right shape; else it stays as it is.
    Raises:
      UserError: where the generator is of another shape.
    """
    check_start(path, recipe)
    trained = load_generator(path)
    for model in (state.generator, state.average):
        if not _copy(trained.generator, model):
            raise UserError(f"--start_from: {path} does not fit this recipe")
    theirs = load_discriminator(path, trained.recipe)
    return theirs is not None and _copy(theirs, state.discriminator)


def load_generator(path):
    """Returns the Trained generator in `path`.

    Raises:
      UserError: where the file is truncated or was written by something else.
    """
    from anime_gan_tf import networks  # loads TensorFlow; the checks above need none

    info, arrays = read_info(path), read_arrays(path)
    recipe = Recipe(**info["recipe"])
    try:
        weights = in_order(arrays)
        # Before anything of that size is built: a stranger's recipe may ask for more memory than there is.
        fits = [weight.shape for weight in weights] == networks.shapes(networks.build_generator, recipe)
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path}: not a generator of this version ({error!r})") from None
    if not fits:
        raise UserError(f"{path}: its weights do not fit its recipe")
    generator = networks.build_generator(recipe)
    generator.set_weights(weights)
    return Trained(generator, recipe, info)


def read_info(path):
    """What a generator.npz says of itself, as export_generator was given it. Needs no TensorFlow.

    Raises:
      UserError: where the file is no generator of this version.
    """
    info = unpacked(path)
    try:
        for name, kind in (("run", str), ("model", str), ("data", str), ("kimg", (int, float)), ("faces", int)):
            if not isinstance(info[name], kind):
                raise ValueError(f"{name} is {info[name]!r}")
        recipe = Recipe(**info["recipe"])
        recipes.check(recipe)
        if not recipe.conditional and info["table"] is not None:
            raise ValueError("it has a table of tags, and takes none")
        table = np.array(info["table"] if recipe.conditional else [[1.0]], np.float64)
        shape = (len(attributes.HAIR), len(attributes.EYES)) if recipe.conditional else (1, 1)
        if table.shape != shape or not (table >= 0).all() or not 0 < table.sum() < np.inf:
            raise ValueError("its table of tags is none")
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a generator of this version ({error!r})") from None
    return info


def unpacked(path):
    """The dict that packed() put into an .npz."""
    try:
        info = json.loads(read_arrays(path, ["info"])["info"].tobytes())
    except (KeyError, ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise UserError(f"{path}: not a file of this program")
    return info


def runs():
    """{name: path of the generator to draw with}: the runs of one's own from the newest on, then what is bundled."""
    found = {path.parent.name: path for folder, pattern in ((BUNDLED, "shipped_*"), (ROOT, "*"))
             for path in folder.glob(f"{pattern}/generator.npz")}
    # What is bundled stands in until there is a run of one's own, however old that is.
    order = sorted(found, key=lambda name: (name.startswith("shipped_"), -found[name].stat().st_mtime))
    best = {name: found[name].with_name("best.npz") for name in order}
    return {name: best[name] if best[name].exists() else found[name] for name in order}


def find_generator(run=None, model=None, steered=False):
    """The path of the generator to draw with.

    Args:
      run: the name of a run, or a path to a generator.npz; model: a recipe's name. With neither, the
        run that was saved last, and only then what ships; with a model, that model's.
      steered: prefer one that understands hair and eyes, where there is one.
    Raises:
      UserError: where there is none; with the names of those there are.
    """
    if model:
        choose("--model", model, recipes.RECIPES)
    if run and run.endswith(".npz"):
        return pathlib.Path(run)
    found = runs()
    if run:
        return found[choose("--run", run, sorted(found))]
    infos = {}
    for path in found.values():
        try:
            infos[path] = read_info(path)
        except UserError as error:
            print(f"note: left out: {error}", file=sys.stderr)
            continue
        if not (model or steered):
            break  # the newest is the one
    found = list(infos)
    if model:
        found = [path for path in found if infos[path]["model"] == model]
        if not found:
            raise UserError(f"--model: no {model} is trained in {ROOT.resolve()}/; start with "
                            f"--mode train --model {model}")
    if not found:
        raise UserError(f"nothing is trained yet in {ROOT.resolve()}/; start with --mode train")
    if steered:
        found.sort(key=lambda path: not infos[path].get("table"))  # stable: the newest stays first
    return found[0]
