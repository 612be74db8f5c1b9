"""What several commands read from the flags. Needs TensorFlow only for a TFDS data set, and to
check the generator that is the default."""
import dataclasses
import hashlib
import os
import pathlib
import re
import sys

from anime_gan_tf import recipes, runtime
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.flags import MODES, overrides
from anime_gan_tf.generation import latents
from anime_gan_tf.labels import ANY, DEFAULT, DEFAULT_AXES, Labels, UNKNOWN
from anime_gan_tf.storage import animation, checkpoints, names, npz, schema
from anime_gan_tf.storage.names import Output

attribute_directions = runtime.late("generation.attribute_directions")
loading = runtime.late("networks.loading")
tfds_source = runtime.late("data.tfds_source")

AXIS_FLAGS = tuple(f"--{name}" for name in (*DEFAULT_AXES, "label"))


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

    @property
    def labels(self):
        """The Labels that it is steered by: its own, or those of the classifier that finds
        directions of its noise."""
        return (schema.labels_of(self.info) if self.info["recipe"]["conditional"]
                else checkpoints.classifier_labels())

    @property
    def data_labels(self):
        """The Labels of what it was trained on."""
        return schema.labels_of(self.info)

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


def find_checkpoint(flags, steered=None):
    """The Checkpoint that --run, --model, or the PNG of --latent or --vary mean. steered: names of
    the axes that are asked for, which may be none of them; None where it draws as it does.

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
    with_attributes = steered is not None or coded or recipes.from_saved(info["recipe"]).conditional
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


def default_generator(model=None, steered=None):
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
    return model, recipes.resolve(model, overrides())


def faces(flags, size, labels, least=0):
    """The Faces that --data names, decoded at `size`. labels: the Labels that are read; least: as
    of dataset.load()."""
    return (synthetic.load(size, labels) if data(flags) == "drawn"
            else dataset.load(source(flags, labels), size, least=least))


def data_labels(flags):
    """The Labels that --axes says new data have, or DEFAULT.

    Raises:
      UserError: where the file is no such file, or its words cannot be read out of text.
    """
    if flags.axes is None:
        return DEFAULT
    content = [[name, values] for name, values in npz.read_json(flags.axes).items()]
    schema.check("--axes", schema.Record({"axes": schema.Axes()}), {"axes": content})
    labels = Labels.from_json(content)
    for axis, values in labels.axes.items():
        for i, value in enumerate(values):
            if labels.parse(f"{value} {axis}")[list(labels.axes).index(axis)] != i:
                raise UserError("--axes", Fault.INVALID, f"'{value} {axis}' would not be "
                                f"understood in the labels of pictures; use another word")
    return labels


def data(flags):
    """What --data says, or what lies in data/, or "drawn"."""
    return str(flags.data or sources.find_default(data_labels(flags)) or "drawn")


def title(flags):
    """Faces.title of faces(), which are not read."""
    where = data(flags)
    return where if where == "drawn" or where.startswith("tfds:") else sources.title(where)


def source(flags, labels):
    """The Source of a folder, a .zip or tfds:NAME. labels: the Labels that are read."""
    where = data(flags)
    if where == "drawn":
        raise UserError("--data", Fault.MISSING, f"name a folder or .zip of faces; the built-in "
                        f"ones need no --mode {flags.mode}")
    if where.startswith("tfds:"):
        return tfds_source.open_name(where[len("tfds:"):], labels)
    return sources.open_path(where, labels)


def requested(flags):
    """{axis: text} of what --label and the flags of the default axes name, these axes first.

    Raises:
      UserError: where --label is not NAME=VALUE,... or names an axis twice.
    """
    found = {axis: flags[axis].value for axis in DEFAULT_AXES if flags[axis].value}
    for part in flags.label.split(",") if flags.label is not None else ():
        axis, _, value = (word.strip() for word in part.partition("="))
        if not axis or not value:
            raise UserError("--label", Fault.INVALID, f"{part!r} is not NAME=VALUE")
        if axis.lower() in found:
            raise UserError("--label", Fault.CONFLICT, f"{axis} is given twice")
        found[axis.lower()] = value
    return {axis: found[axis] for axis in (*DEFAULT_AXES, *found) if axis in found}


def tags(flags, checkpoint):
    """The tags of a Checkpoint that the flags name; UNKNOWN where one is any or not given.

    Raises:
      UserError: naming the axes or the values that there are.
    """
    wanted = requested(flags)
    for axis, text in wanted.items():
        if ":" in text:
            raise UserError(_flag_of(flags, axis), Fault.INVALID,
                            f"{text!r} is several; --mode {flags.mode} takes one, and --mode walk "
                            f"and fade go from one to the next")
    found = {axis: _lookup(flags, checkpoint, axis, text) for axis, text in wanted.items()}
    return tuple(found.get(axis, UNKNOWN) for axis in checkpoint.labels.axes)


def color_path(flags, checkpoint):
    """{axis: [index, ...]} of a Checkpoint's values that --hair aqua:pink and the like name."""
    path = {axis: [_lookup(flags, checkpoint, axis, name) for name in text.split(":")]
            for axis, text in requested(flags).items()}
    for axis, values in path.items():
        if UNKNOWN in values:
            raise UserError(_flag_of(flags, axis), Fault.INVALID, "'any' cannot be part of a color "
                            "path; leave the flag out, or name colors")
    return {axis: path[axis] for axis in checkpoint.labels.axes if axis in path}


def _lookup(flags, checkpoint, axis, value):
    labels, flag = checkpoint.labels, _flag_of(flags, axis)
    if axis not in labels.axes:
        raise UserError(flag, Fault.UNKNOWN, f"{checkpoint.info['run']} has no labels {axis!r}; it "
                        f"has {labels.describe()}")
    return labels.lookup(axis, value, flag)


def _flag_of(flags, axis):
    """The flag that names an axis."""
    return f"--{axis}" if axis in DEFAULT_AXES and flags[axis].value else "--label"


def flag_for(axis, value):
    """How the command line asks for a value: '--hair pink' or '--label smile=yes'."""
    return f"--{axis} {value}" if axis in DEFAULT_AXES else f"--label {axis}={value}"


def path_tags(path, labels):
    """The tags that a color path passes through, one axis at a time."""
    return [tuple(value if axis == other else UNKNOWN for other in labels.axes)
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
        own = {name: None if name.startswith(_LABEL) else flags[name].default
               for name in values} | (defaults or {})
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
_UNNAMED = {"mode", "run", "model", "out", "images", "data", "axes", "label", "format", "what",
            "separate", "clean"}
_PATHS = {"latent", "vary", "features"}
_LABEL = "label "  # begins what stands for an axis that has no flag
_SHORT = {"latent_std": "std", "top_k": "top"}


def _request(flags, defaults):
    """{flag: value} of all that changes what the mode writes; axes first, then where it starts."""
    asked = {axis if axis in DEFAULT_AXES else _LABEL + axis: None if text.lower() == ANY else text
             for axis, text in requested(flags).items()}
    given = dict.fromkeys(("matrix", *DEFAULT_AXES, *asked, "latent", "vary", "seed",
                           *MODES[flags.mode].flags))
    taken = {*MODES[flags.mode].flags, *asked, "seed"} - _UNNAMED
    values = {name: asked[name] if name in asked else flags[name].value
              for name in given if name in taken}
    return {name: defaults.get(name) if value is None else value for name, value in values.items()}


def _word(name, value):
    """What a flag adds to a picture's name."""
    if name in DEFAULT_AXES or name.startswith(_LABEL):
        return f"{value.lower().replace(':', '-')}_{name.removeprefix(_LABEL)}"
    if value is True:
        return name
    if isinstance(value, str):
        return f"{name}_{stem(value) if name in _PATHS else value}"
    return f"{_SHORT.get(name, name)}{value if isinstance(value, int) else f'{value:g}'}"


def _identity(flags):
    """What the files are that flags name, which their names do not tell."""
    files = [flags[name].value for name in ("latent", "vary", "axes") if flags[name].value]
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
