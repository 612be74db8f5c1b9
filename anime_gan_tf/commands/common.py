"""What several commands read from the flags. Needs TensorFlow only for a TFDS data set, and to
check the generator that is the default."""
import dataclasses
import hashlib
import os
import pathlib
import re
import sys

from anime_gan_tf import attributes, recipes, runtime
from anime_gan_tf.attributes import AXES
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.flags import MODES, overrides
from anime_gan_tf.generation import latents
from anime_gan_tf.storage import animation, checkpoints, names
from anime_gan_tf.storage.names import Output

attribute_directions = runtime.late("generation.attribute_directions")
loading = runtime.late("networks.loading")
tfds_source = runtime.late("data.tfds_source")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A generator to draw with, found but not loaded.

    info: read_info() of its file; with_attributes: whether it is steered by attributes, if need be
    by directions of its noise; latent_std: of the noise to draw with, None for that of the recipe;
    note: for people, or None.
    """
    path: pathlib.Path
    info: dict
    with_attributes: bool
    latent_std: float | None = None
    note: str | None = None

    def load(self):
        """loading.Trained."""
        trained = loading.load_generator(self.path).with_noise(self.latent_std)
        if self.with_attributes and not trained.takes_attributes:
            trained = attribute_directions.add_attribute_control(trained)
        if self.note:
            say(self.note)
        return trained


@dataclasses.dataclass(frozen=True)
class Animation:
    """What walk and fade are asked for. flags: for the latents to start from."""
    checkpoint: Checkpoint
    color_path: dict
    frames: int
    out: Output
    flags: object


def find_checkpoint(flags, steered=False):
    """The Checkpoint that --run, --model, or the PNG of --latent or --vary mean. steered: whether
    attributes are asked for.

    Raises:
      UserError: there is none, the faces of the PNG are not of it, or --latent_std is out of range
      or no use.
    """
    if flags["latent"].present and flags["latent_std"].present:
        raise UserError("--latent_std", Fault.CONFLICT,
                        "the noise is that of the file of --latent; give one of them")
    std = latent_std(flags)
    flag = next((name for name in ("latent", "vary") if flags[name].present), None)
    drawn, coded = latents.read_info(flags[flag].value, f"--{flag}") if flag else ({}, False)
    run = flags.run
    if flag and not (flags.run or flags.model):
        run = drawn["run"]
        if run not in checkpoints.runs():
            raise UserError(f"--{flag}", Fault.MISSING,
                            f"{flags[flag].value} was drawn by {run}, which is not in "
                            f"{checkpoints.ROOT.resolve()}/; name its generator.npz with --run")
    path = checkpoints.find_generator(run, flags.model, steered) if run else default_generator(
        flags.model, steered)
    info, note = require_generator(path, flags), None
    with_attributes = steered or coded or recipes.from_saved(info["recipe"]).conditional
    if flag:
        latents.check_fit(flags[flag].value, info, with_attributes, f"--{flag}")
    if drawn and drawn["kimg"] != round(info["kimg"], 1):
        note = (f"note: {flags[flag].value} was drawn at {drawn['kimg']:,.0f} kimg, and "
                f"{info['run']} stands at {info['kimg']:,.0f}: its faces are others now")
    return Checkpoint(path, info, with_attributes,
                      std or drawn.get("latent_std"), note)


def require_generator(path, flags):
    """read_info() of a generator that draws faces. flags: which named it.

    Raises:
      UserError: where it is an enlarger.
    """
    info = checkpoints.read_info(path)
    if not checkpoints.draws(info):
        flag = "--model" if flags.model and not flags.run else "--run"
        raise UserError(flag, Fault.CONFLICT, f"{info['run']} is an enlarger, which draws no "
                        f"faces by itself; name a run of another model")
    return info


def default_generator(model=None, steered=False):
    """The path of the generator to draw with where no run is named: the first of
    checkpoints.candidates() whose weights fit. Others are left out with a note.

    Raises:
      UserError: where there is none.
    """
    if model:
        choose("--model", model, recipes.RECIPES)
    for path in (paths := checkpoints.candidates(model, steered)):
        try:
            if not path.is_relative_to(checkpoints.BUNDLED):
                loading.check_generator(path)
            return path
        except UserError as error:
            if path == paths[-1]:
                raise
            say(f"note: left out: {error}", file=sys.stderr)


def latent_std(flags):
    """What --latent_std says, in range; None where it is not given."""
    recipes.resolve("dcgan", {"latent_std": flags["latent_std"].value})
    return flags["latent_std"].value


def recipe(flags):
    """(name, Recipe) as the flags say."""
    model = flags.model or "dcgan"
    return model, recipes.resolve(model, overrides(), flags.as_published)


def faces(flags, size, least=0):
    """The Faces that --data names, decoded at `size`. least: as of dataset.load()."""
    return (synthetic.load(size) if data(flags) == "drawn"
            else dataset.load(source(flags), size, least=least))


def data(flags):
    """What --data says, or what lies in data/, or "drawn"."""
    return str(flags.data or sources.find_default() or "drawn")


def source(flags):
    """The Source of a folder, a .zip or tfds:NAME."""
    where = data(flags)
    if where == "drawn":
        raise UserError("--data", Fault.MISSING, f"name a folder or .zip of faces; the built-in "
                        f"ones need no --mode {flags.mode}")
    if where.startswith("tfds:"):
        return tfds_source.open_name(where[len("tfds:"):])
    return sources.open_path(where)


def tags(flags):
    """The tags that the flags of the axes name; UNKNOWN where one is any or not given.

    Raises:
      UserError: naming the values.
    """
    for axis in AXES:
        if ":" in (flags[axis].value or ""):
            raise UserError(f"--{axis}", Fault.INVALID,
                            f"{flags[axis].value!r} is several; --mode {flags.mode} takes one, "
                            f"and --mode walk and fade go from one to the next")
    return tuple(attributes.lookup(axis, flags[axis].value or attributes.ANY) for axis in AXES)


def color_path(flags):
    """{axis: [index, ...]} of the values that --hair aqua:pink and the like name."""
    path = {}
    for axis in AXES:
        if flags[axis].value:
            path[axis] = [attributes.lookup(axis, name) for name in flags[axis].value.split(":")]
            if attributes.UNKNOWN in path[axis]:
                raise UserError(f"--{axis}", Fault.INVALID, "'any' cannot be part of a color path; "
                                "leave the flag out, or name colors")
    return path


def path_tags(path):
    """The tags that a color path passes through, one axis at a time."""
    return [tuple(value if axis == other else attributes.UNKNOWN for other in AXES)
            for axis, values in path.items() for value in dict.fromkeys(values)]


def first_latents(flags, trained, num):
    """The Latents to begin with: those of --latent, or of `num` seeds."""
    if flags["latent"].value:
        return latents.read(flags.latent, trained, "--latent", flags.num)
    return latents.from_seeds(trained, range(flags.seed, flags.seed + num))


def output(flags, parts, ending=".png", *, checkpoint=None, defaults=None, always=(),
           companions=(), check=True):
    """The names.Output of a command: --out, or pictures/PARTS_REQUEST.ENDING.

    Args:
      parts: what the default name begins with.
      checkpoint: info of the generator that draws, if one does; defaults: {flag: value} where a
        flag's own default is none; always: flags that are named though they have their default.
      companions: endings of the files written beside it; check: whether it can be written.
    Raises:
      UserError: where --out has another ending, is a file of somebody else or cannot be written.
    """
    values, companions = _request(flags, defaults or {}), names.beside(*companions)
    command = names.digest([flags.mode, parts, values, _identity(flags), checkpoint])
    if flags.out is None:
        own = {name: flags[name].default for name in values} | (defaults or {})
        words = [_word(name, value) for name, value in values.items()
                 if name in always or value != own[name] and value is not None]
        out = names.default(names.PICTURES / f"{names.default_name(*parts, *words)}{ending}",
                            command, companions)
    else:
        path = animated(flags) if ending == ".gif" else with_ending(flags, ending)
        out = names.given(path, command, companions)
    check_outside_data(flags, out.path, flags.out and "--out")
    if check:
        names.check_writable(out.path)
    return out


# Flags that are no part of a picture's name: what draws or where it goes, which PARTS tell, and
# what changes no picture.
_UNNAMED = {"mode", "run", "model", "out", "images", "data", "format", "what", "separate", "clean"}
_PATHS = {"latent", "vary", "features"}
_SHORT = {"latent_std": "std", "top_k": "top"}


def _request(flags, defaults):
    """{flag: value} of all that changes what the mode writes; axes first, then where it starts."""
    given = dict.fromkeys(("matrix", *AXES, "latent", "vary", "seed", *MODES[flags.mode].flags))
    taken = {*MODES[flags.mode].flags, "seed"} - _UNNAMED
    values = {name: flags[name].value for name in given if name in taken}
    return {name: defaults.get(name) if value is None
            else None if name in AXES and value.lower() == attributes.ANY else value
            for name, value in values.items()}


def _word(name, value):
    """What a flag adds to a picture's name."""
    if name in AXES:
        return f"{value.lower().replace(':', '-')}_{name}"
    if value is True:
        return name
    if isinstance(value, str):
        return f"{name}_{stem(value) if name in _PATHS else value}"
    return f"{_SHORT.get(name, name)}{value if isinstance(value, int) else f'{value:g}'}"


def _identity(flags):
    """What the files are that flags name, which their names do not tell."""
    files = [flags[name].value for name in ("latent", "vary") if flags[name].value]
    folders = [flags.images] if flags.images else []
    if "data" in MODES[flags.mode].flags:
        folders.append(data(flags))
    return [*(hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest() for file in files),
            *map(os.path.abspath, folders)]


def named(flags, *parts):
    """The parts of a picture's name, and the data where --data says which they are."""
    return [*parts, *([stem(flags.data)] if flags.data else [])]


def stem(path):
    """What a path adds to a picture's name."""
    return pathlib.PurePath(path).stem


def animation_output(flags, checkpoint, faces):
    """output() of walk and fade, which draw so many faces by default."""
    return output(flags, (checkpoint.info["run"], flags.mode), ".gif", checkpoint=checkpoint.info,
                  defaults={"num": None if flags.latent else faces},
                  always=seed_if_first(flags), companions=(".png",))


def seed_if_first(flags):
    """The flags that a picture's name tells even with their default: the seed, where it is what
    the faces begin with."""
    return () if flags.latent else ("seed",)


def with_ending(flags, ending):
    """--out as a path with that ending; None where it is not given."""
    if flags.out is None:
        return None
    if not flags.out.lower().endswith(ending):
        raise UserError("--out", Fault.INVALID, f"{flags.out} does not end in {ending}")
    path = pathlib.Path(flags.out)
    if path.suffix.lower() != ending:
        raise UserError("--out", Fault.INVALID, f"{flags.out} has no name before {ending}")
    return path


def check_no_run(path):
    """Refuses --out in the folder of a run, whose files are no others' to write.

    Raises:
      UserError
    """
    folder = path.resolve().parent
    if os.path.lexists(folder / "run.json"):
        raise UserError("--out", Fault.CONFLICT, f"{path} is in the folder of a trained run, "
                        f"{folder.name}; name a file elsewhere")


def check_outside_data(flags, path, flag=None):
    """Refuses to write into a folder of faces, where pictures would later be read as faces.

    Args: flag: that names the path; None for one that this program chose.
    Raises:
      UserError
    """
    faces = {"--images": flags.images}
    if "data" in MODES[flags.mode].flags:
        faces["--data"] = data(flags)
    for name, folder in faces.items():
        if folder and os.path.isdir(folder) and path.resolve().is_relative_to(
                pathlib.Path(folder).resolve()):
            raise UserError(flag or name, Fault.CONFLICT, f"{path} would be written among the "
                            f"faces in {folder}; "
                            + ("name a path elsewhere" if flag else "run this in another folder"))


def animated(flags):
    """--out as the path of an animation, refused where nothing can write it; None where it is not
    given."""
    if flags.out is None:
        return None
    animation.check(flags.out)
    return pathlib.Path(flags.out)


def seconds(flags, name):
    """The seconds that a flag such as --budget 1h30m means."""
    text = flags[name].value
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?",
                         text.strip().lower())
    parts = [float(part or 0) for part in match.groups()] if match else [0.0]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1)))
    if not total:
        raise UserError(f"--{name}", Fault.INVALID,
                        f"{text!r} is not a time; write 30m, 2h, 1h30m or 90s")
    return total


def until(flags, enlarges=False):
    """The Recipe.target_metric that --until means; None where it is not given. enlarges: whether
    the recipe is an enlarger, of which a person sees faces from the start."""
    text = flags.until
    if text is None:
        return None
    if text == "faces" and not enlarges:
        return checkpoints.RECOGNIZABLE_FRECHET
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not float(text):
        raise UserError("--until", Fault.INVALID,
                        f"{text!r} is not an error above zero, such as 0.6" if enlarges else
                        f"{text!r} is neither a distance above zero, such as 150, nor faces")
    return float(text)
