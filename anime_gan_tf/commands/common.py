"""What several commands read from the flags. Needs TensorFlow only for a TFDS data set."""
import dataclasses
import pathlib
import re

from anime_gan_tf import attributes, recipes, runtime
from anime_gan_tf.attributes import AXES
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.errors import UserError
from anime_gan_tf.flags import overrides
from anime_gan_tf.generation import latents
from anime_gan_tf.storage import animation, checkpoints
from anime_gan_tf.training.job import FACES

attribute_directions = runtime.late("generation.attribute_directions")
loading = runtime.late("networks.loading")
tfds_source = runtime.late("data.tfds_source")

PICTURES = pathlib.Path("pictures")


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
    out: pathlib.Path
    flags: object


def find_checkpoint(flags, steered=False):
    """The Checkpoint that --run, --model, or the PNG of --latent or --vary mean. steered: whether
    attributes are asked for.

    Raises:
      UserError: there is none, the faces of the PNG are not of it, or --latent_std is out of range
      or no use.
    """
    if flags["latent"].present and flags["latent_std"].present:
        raise UserError("--latent_std: the noise is that of the file of --latent; give one of them")
    flag = next((name for name in ("latent", "vary") if flags[name].present), None)
    drawn, coded = latents.read_info(flags[flag].value, f"--{flag}") if flag else ({}, False)
    run = flags.run
    if flag and not (flags.run or flags.model):
        run = drawn["run"]
        if run not in checkpoints.runs():
            raise UserError(f"--{flag}: {flags[flag].value} was drawn by {run}, which is not in "
                            f"{checkpoints.ROOT.resolve()}/; name its generator.npz with --run")
    path = checkpoints.find_generator(run, flags.model, steered)
    info, note = checkpoints.read_info(path), None
    with_attributes = steered or coded or recipes.from_saved(info["recipe"]).conditional
    if flag:
        latents.check_fit(flags[flag].value, info, with_attributes, f"--{flag}")
    if drawn and drawn["kimg"] != round(info["kimg"], 1):
        note = (f"note: {flags[flag].value} was drawn at {drawn['kimg']:,.0f} kimg, and "
                f"{info['run']} stands at {info['kimg']:,.0f}: its faces are others now")
    return Checkpoint(path, info, with_attributes,
                      latent_std(flags) or drawn.get("latent_std"), note)


def latent_std(flags):
    """What --latent_std says, in range; None where it is not given."""
    recipes.resolve("dcgan", {"latent_std": flags["latent_std"].value})
    return flags["latent_std"].value


def recipe(flags):
    """(name, Recipe) as the flags say."""
    model = flags.model or "dcgan"
    return model, recipes.resolve(model, overrides())


def faces(flags, size):
    """The Faces that --data names, decoded at `size`."""
    return synthetic.load(size) if data(flags) == "drawn" else dataset.load(source(flags), size)


def data(flags):
    """What --data says, or what lies in data/, or "drawn"."""
    return str(flags.data or sources.find_default() or "drawn")


def source(flags):
    """The Source of a folder, a .zip or tfds:NAME."""
    where = data(flags)
    if where == "drawn":
        raise UserError(f"--data: name a folder or .zip of faces; the built-in ones need no --mode "
                        f"{flags.mode}")
    if where.startswith("tfds:"):
        return tfds_source.open_name(where[len("tfds:"):])
    return sources.open_path(where)


def tags(flags):
    """The tags that the flags of the axes name; UNKNOWN where one is any or not given."""
    return tuple(attributes.lookup(axis, flags[axis].value or attributes.ANY) for axis in AXES)


def color_path(flags):
    """{axis: [index, ...]} of the values that --hair aqua:pink and the like name."""
    path = {}
    for axis in AXES:
        if flags[axis].value:
            path[axis] = [attributes.lookup(axis, name) for name in flags[axis].value.split(":")]
            if attributes.UNKNOWN in path[axis]:
                raise UserError(f"--{axis}: any is no place to go to; leave the flag out, or "
                                f"name colours")
    return path


def path_tags(path):
    """The tags that a color path passes through, one axis at a time."""
    return [tuple(value if axis == other else attributes.UNKNOWN for other in AXES)
            for axis, values in path.items() for value in dict.fromkeys(values)]


def first_latents(flags, trained, num):
    """The Latents to begin with: those of --latent, or of `num` seeds."""
    if flags["latent"].value:
        return latents.read(flags.latent, trained, "--latent")[:flags.num]
    return latents.from_seeds(trained, range(flags.seed, flags.seed + num))


def seed_or_latent(flags):
    """The part of a picture's name that says what it started from."""
    return "latent" if flags.latent else f"seed{flags.seed}"


def png(flags, what, subject):
    """--out, or pictures/WHAT_SUBJECT.png."""
    if flags.out is None:
        return PICTURES / f"{what}_{slug(pathlib.PurePath(subject).stem)}.png"
    return ending(flags, ".png")


def ending(flags, wanted):
    """--out as a path with that ending; None where it is not given."""
    if flags.out is None:
        return None
    if not flags.out.lower().endswith(wanted):
        raise UserError(f"--out: {flags.out} does not end in {wanted}")
    return pathlib.Path(flags.out)


def animated(flags):
    """--out as the path of an animation, or None; refused where nothing can write it."""
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
        raise UserError(f"--{name}: {text!r} is not a time; write 30m, 2h, 1h30m or 90s")
    return total


def until(flags):
    """The Frechet distance that --until means; None where it is not given."""
    text = flags.until
    if text is None or text == "faces":
        return text and FACES
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not float(text):
        raise UserError(f"--until: {text!r} is neither a distance above zero, such as 150, "
                        f"nor faces")
    return float(text)


def slug(text):
    """The text as a part of a file's name."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._-") or "data"
