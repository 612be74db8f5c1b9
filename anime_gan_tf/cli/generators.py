"""The generator that a command draws with, and the faces that it begins with. Needs TensorFlow only
to check the default generator."""
from __future__ import annotations

import dataclasses
import pathlib
import sys

from anime_gan_tf import recipes, runtime
from anime_gan_tf.cli.flags import MAX_LARGE, SIZE
from anime_gan_tf.console import say
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.generation import latents, sliders
from anime_gan_tf.generation.sliders import Slide
from anime_gan_tf.storage import catalog, checkpoints, schema
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A generator to draw with, found but not loaded.

    Attributes: info: read_info() of its file; with_attributes: whether it takes attributes, if
      necessary by directions of its noise; latent_std: of the noise to draw with, None for that of
      the recipe; note: for the user, or None; slide: the sliders.Slide of --slide, or None.
    """
    path: pathlib.Path
    info: dict
    with_attributes: bool
    latent_std: float | None = None
    note: str | None = None
    slide: Slide | None = None

    @property
    def labels(self):
        """The Labels that it takes: its own, or those of the classifier that finds directions of
        its noise."""
        return (schema.labels_of(self.info) if self.info["recipe"]["conditional"]
                else checkpoints.classifier_labels())

    @property
    def data_labels(self):
        """The Labels of its training data."""
        return schema.labels_of(self.info)

    @property
    def identity(self):
        """What tells its pictures from those of others, for a digest."""
        return self.info | ({"slide": self.slide.at([0.0, 0.5, 1.0]).tolist()} if self.slide
                            else {})

    def with_slide(self, faces):
        """Latents moved by --slide, of several steps by the first."""
        return faces if self.slide is None else self.slide.applied(faces)

    def load(self):
        """loading.Trained."""
        runtime.load()
        from anime_gan_tf.generation import attribute_directions
        from anime_gan_tf.networks import loading

        trained = loading.load_generator(self.path).with_noise(self.latent_std)
        if self.with_attributes and not trained.takes_attributes:
            trained = attribute_directions.add_attribute_control(trained)
        if self.note:
            say(self.note)
        return trained


@dataclasses.dataclass(frozen=True)
class Animation:
    """A request of walk and fade. size: of the faces, None for that of the generator; flags: for
    first_latents()."""
    checkpoint: Checkpoint
    color_path: dict
    frames: int
    size: int | None
    out: Output
    flags: object


def find_checkpoint(flags, steered=None):
    """The Checkpoint of --run, of --model, or of the PNG of --latent or --vary.

    Args: steered: names of requested axes, possibly none; None if it does not have to take
      attributes.
    Raises:
      UserError: there is none, it did not draw the PNG, or --latent_std is out of range or has no
      effect.
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
        if run not in catalog.runs():
            raise UserError(f"--{flag}", Fault.MISSING,
                            f"{flags[flag].value} was drawn by {run}, which is not in "
                            f"{checkpoints.ROOT.resolve()}/; name its generator.npz with --run")
    path = catalog.find_generator(run, flags.model, steered) if run else default_generator(
        flags.model, steered, flags["slide"].value is not None)
    info, note = require_generator(path, flags), None
    with_attributes = steered is not None or coded or recipes.from_saved(info["recipe"]).conditional
    if flag:
        latents.check_fit(flags[flag].value, info, with_attributes, f"--{flag}")
    if drawn and drawn["kimg"] != round(info["kimg"], 1):
        note = (f"note: {flags[flag].value} was drawn at {drawn['kimg']:,.0f} kimg, and "
                f"{info['run']} stands at {info['kimg']:,.0f}: its faces are others now")
    elif drawn and schema.has_calibrated_hair(drawn) != schema.has_calibrated_hair(info):
        what = ("a file of --mode export --hair_by_pixels" if schema.has_calibrated_hair(drawn)
                else f"{drawn['run']} without --hair_by_pixels")
        hint = "; --run names the generator"
        if path.is_relative_to(checkpoints.BUNDLED):  # whose earlier version is gone
            what, hint = f"{drawn['run']} of version {drawn['version']}", ""
        note = f"note: {flags[flag].value} was drawn by {what}: its hair has other colors now{hint}"
    return Checkpoint(path, info, with_attributes,
                      std or drawn.get("latent_std"), note, slide(flags, path, info))


def slide(flags, path, info):
    """The Slide that --slide means; None where it is not given.

    Args: path, info: of the generator.
    Raises:
      UserError: where no sliders have been found for it, or these have no such name or range.
    """
    if flags["slide"].value is None:
        return None
    steps = sliders.parse(flags.slide)
    found = sliders.load(path, info["recipe"]["latent_dim"])
    found.check(steps, "--slide")
    several = [name for name, counts in steps.items() if len(counts) > 1]
    if several and flags.mode != "fade":
        raise UserError("--slide", Fault.INVALID, f"{several[0]} is several steps; --mode "
                        f"{flags.mode} takes one, and --mode fade goes from one to the next")
    return Slide(found, steps)


def require_generator(path, flags):
    """read_info() of a generator that draws faces.

    Raises:
      UserError: it is an enlarger.
    """
    info = checkpoints.read_info(path)
    if not catalog.draws(info):
        flag = "--model" if flags.model and not flags.run else "--run"
        raise UserError(flag, Fault.CONFLICT, f"{info['run']} is an enlarger, which draws no "
                        f"faces by itself; name a run of another model")
    return info


def size(flags, path, info, num=1):
    """The size of faces in pictures, by --size; None for that of the generator.

    Args: path, info: of the generator; num: number of faces.
    Raises:
      UserError: it is too large for the enlarger.
    """
    own = info["recipe"]["image_size"]
    if flags.size is None:
        large = _is_bundled(path) and num <= MAX_LARGE
        return SIZE if large and flags.mode != "evaluate" else None
    largest = own * checkpoints.read_info(checkpoints.ENLARGER)["recipe"]["scale"]
    if flags.size > largest:
        raise UserError("--size", Fault.TOO_LARGE, f"{info['run']} draws {own} px, and faces are "
                        f"enlarged to at most {largest}")
    return flags.size


def _is_bundled(path):
    return path.is_relative_to(checkpoints.BUNDLED)


def default_generator(model=None, steered=None, with_sliders=False):
    """The path of the default generator: the first of catalog.candidates() whose weights fit
    its recipe. Others are left out with a note.

    Args: as of catalog.candidates().
    Raises:
      UserError: there is none.
    """
    if model:
        choose("--model", model, recipes.RECIPES)
    paths = catalog.candidates(model, steered, with_sliders=with_sliders)
    bundled = next(filter(_is_bundled, paths), None)
    for path in paths:
        try:
            if not _is_bundled(path):
                runtime.load()
                from anime_gan_tf.networks import loading

                loading.check_generator(path)
                if bundled and not model:
                    say(f"note: {path.parent.name}, a run of yours, is used; --run "
                        f"{bundled.parent.name} is the bundled generator", file=sys.stderr)
            return path
        except UserError as error:
            if path == paths[-1]:
                raise
            say(f"note: left out: {error}", file=sys.stderr)


def latent_std(flags):
    """The value of --latent_std, or None. Raises UserError if it is out of range."""
    recipes.resolve("dcgan", {"latent_std": flags["latent_std"].value})
    return flags["latent_std"].value


def num_faces(flags, default):
    """The number of faces to draw: of those in the file of --latent, at most --num; without one
    --num, or `default`."""
    if not flags.latent:
        return flags.num or default
    there = latents.count(flags.latent, "--latent")
    return min(there, flags.num or there)


def first_latents(flags, trained, num):
    """The Latents of --latent, or of `num` seeds."""
    if flags["latent"].value:
        return latents.read(flags.latent, trained, "--latent", flags.num)
    return latents.from_seeds(trained, range(flags.seed, flags.seed + num))
