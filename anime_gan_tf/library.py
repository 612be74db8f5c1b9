"""The public interface of `import anime_gan_tf`. The first call loads TensorFlow."""
from __future__ import annotations

import numbers
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from anime_gan_tf import runtime
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.labels import DEFAULT, UNKNOWN

if TYPE_CHECKING:
    import numpy as np

    from anime_gan_tf.generation.latents import Latents

Images = "np.ndarray | str | os.PathLike"  # uint8 (n, size, size, 3), or a picture, folder or .zip


def load(run: str | os.PathLike | None = None) -> Generator:
    """Loads a trained generator.

    Args: run: name of a run in checkpoints/ or of a bundled one, or path of a generator.npz; None
      for the newest run that draws recognizable faces, or else the bundled one.
    Raises:
      UserError: there is none, or the file is damaged.
    """
    runtime.load()
    from anime_gan_tf.networks import loading
    from anime_gan_tf.storage import catalog, checkpoints

    path = catalog.find_generator(run and str(run))
    info = checkpoints.read_info(path)
    if not catalog.draws(info):
        raise UserError("run", Fault.CONFLICT,
                        f"{info['run']} is an enlarger, which draws no faces")
    return Generator(loading.load_generator(path), path)


def evaluate(images: Images, data: str | os.PathLike, *, latents: Latents | None = None,
             features: str = "perceptual", size: int = 64, seed: int = 0) -> dict:
    """Compares faces with the held-out tenth of a data set.

    Args:
      images: uint8 (n, size, size, 3), or a folder or .zip of faces; data: a folder or .zip of real
        ones, or "drawn"; size: in pixels, to which both are resized.
      latents: of the images, to measure whether these have the requested attributes.
      features: perceptual, faces, inception, or the path of a classifier.npz.
      seed: of the sample of training faces that are measured for comparison.
    Returns: {"generated": {"frechet": ..., "precision": ..., ...}, "real": the same of real faces,
      ...}; docs/evaluation.md explains the metrics.
    Raises:
      UserError: there are too few faces, or nothing is readable.
    """
    runtime.load()
    from anime_gan_tf.evaluation import evaluator, feature_spaces

    feature_spaces.check(features)
    title, tags, labels = "images", None, DEFAULT
    if isinstance(images, (str, os.PathLike)):
        given = _load_dataset(images, size, "images", feature_spaces.classifier_labels(features))
        images, title, tags, labels = given.images, given.title, given.tags, given.labels
    if latents is not None:
        tags, labels = latents.tags, latents.labels or DEFAULT
    return evaluator.evaluate(title, _square(images, size), tags, labels,
                              _load_dataset(data, size, "data", labels), features, seed)


def train(model: str = "dcgan", data: str | os.PathLike = "drawn", *, run: str | None = None,
          seed: int = 0, budget: float | None = None, eval_every: float | None = None,
          until: float | None = None, start_from: str | os.PathLike | None = None,
          precision: str = "auto", as_published: bool = False, axes: dict | None = None,
          **fields) -> Generator:
    """Trains a model, or resumes a run, and returns its generator.

    Args:
      model: a name of recipes.RECIPES; fields: other values of its Recipe.
      data: a folder or .zip of faces, or "drawn".
      run: name of the run, a folder in checkpoints/; None for MODEL_DATA.
      seed: of weights, noise, order and augmentation.
      budget: seconds of wall time, instead of the recipe's epochs; eval_every: kimg between
        evaluations; until: Frechet distance of an evaluation that ends the run.
      start_from: a run or generator.npz whose networks a new run starts with.
      precision: auto, float32 or bfloat16.
      as_published: whether to use the networks and values of the project of the model's name.
      axes: {name: values} of the labels of the data; None for those of the run that is resumed, or
        hair and eye colors.
    Raises:
      UserError: an argument or the data is invalid.
    """
    runtime.load()
    from anime_gan_tf import recipes
    from anime_gan_tf.data import sources
    from anime_gan_tf.storage import schema
    from anime_gan_tf.training import job, loop, memory

    recipe = recipes.resolve(model, fields, as_published)
    if recipe.enlarges:
        raise UserError("model", Fault.CONFLICT, f"{model} draws no faces; --mode train trains it")
    choose("precision", precision, job.PRECISIONS)
    seed, = _seeds(seed)
    for name, value in {"budget": budget, "eval_every": eval_every, "until": until}.items():
        if value is not None and not (isinstance(value, numbers.Real) and value > 0):
            raise UserError(name, Fault.INVALID, f"{value!r} is not a number above zero")
    planned = job.plan(model, recipe, pathlib.PurePath(sources.title(data)).stem, run,
                       None if axes is None else schema.labels_from(axes, "axes"),
                       start_from and str(start_from), as_published)
    memory.check(recipe, planned.labels, precision)  # before faces are drawn or decoded
    dataset = _load_dataset(data, recipe.image_size, "data", planned.labels)
    loop.train(job.Job(model, recipe, dataset, planned.run, seed, budget, None,
                       eval_every or (job.EVAL_EVERY if until else None), until,
                       planned.start_from, precision=precision, as_published=as_published))
    return load(planned.run)


class Generator:
    """A trained generator of faces.

    The argument `which` of methods are seeds (an int or several) or Latents. Attributes are keyword
    arguments, as in hair="aqua" or, of a scale, smile=0.3; `trained.labels` has their names and
    values. One with the name of another argument takes an underscore, as in size_="large".
    `slide` moves faces by sliders that `--mode sliders` found, as in slide={"turn": 1.5}; `sliders`
    lists them. On one machine a seed always gives the same face.

    Attributes: trained: loading.Trained; path: of its generator.npz.
    """

    def __init__(self, trained, path):
        self.trained, self.path = trained, pathlib.Path(path)

    def __repr__(self):
        return f"<Generator {self.trained.describe()}>"

    @property
    def size(self) -> int:
        """The size of its faces, in pixels."""
        return self.trained.recipe.image_size

    @property
    def sliders(self) -> dict[str, tuple[float, float]]:
        """{name: (lowest, highest) step}. Raises: UserError where none were found for it yet."""
        return {slider.name: (slider.low, slider.high) for slider in self._sliders().listed}

    def latents(self, which: int | Iterable[int] | Latents = 0, *,
                slide: dict[str, float] | None = None, **attributes: str | float) -> Latents:
        """The generator's inputs for some faces, which can be stored, mixed and drawn.

        Raises:
          UserError: there is no such attribute, value or slider, or a step is out of range.
        """
        faces = self._without_slide(which, attributes)
        if not slide:
            return faces
        moving = self._slide(slide)
        if moving.stops > 1:
            raise UserError("slide", Fault.INVALID, "several steps are for fade(); give one")
        return moving.applied(faces)

    def _without_slide(self, which, attributes):
        """latents() without sliders."""
        from anime_gan_tf.generation import latents

        tags, labels = self._tags(attributes), self.trained.labels
        if not isinstance(which, latents.Latents):
            return latents.from_seeds(self.trained, _seeds(which), tags)
        if which.z.shape[1] != self.trained.recipe.latent_dim or (
                which.one_hot is not None and which.labels != labels):
            raise UserError("which", Fault.CONFLICT,
                            "these latents are of a generator with other inputs")
        if which.one_hot is None and self.trained.recipe.conditional:
            raise UserError("which", Fault.CONFLICT, "these latents have no attributes, which this "
                            "generator needs")
        if which.one_hot is None and self.trained.takes_attributes:  # for attributes named before
            which = latents.Latents(which.z, labels.encode([labels.untagged] * len(which)), labels)
        return latents.with_tags(which, tags)

    def draw(self, which: int | Iterable[int] | Latents = 0, *, size: int | None = None,
             slide: dict[str, float] | None = None, **attributes: str | float) -> np.ndarray:
        """Faces, uint8 (n, size, size, 3).

        Args: size: in pixels, at most four times that of the generator, for which the bundled
          enlarger is used; None for that of the generator.
        Raises:
          UserError: as in latents(), or the size is too large.
        """
        from anime_gan_tf.generation import enlarging, sampling

        # First: it may add attributes to the generator.
        drawn = self.latents(which, slide=slide, **attributes)
        return enlarging.to_size(sampling.draw(self.trained, drawn), size)

    def walk(self, which: Iterable[int] | Latents, *, frames: int = 25, size: int | None = None,
             **attributes: str) -> Iterator[np.ndarray]:
        """The frames of a round trip through faces, uint8 (size, size, 3) each.

        Args: frames: from each face to the next; attributes: one color, or a path of several, as in
          hair="aqua:pink"; size: as in draw().
        Raises:
          UserError: there are fewer than two faces, or as in draw().
        """
        from anime_gan_tf.generation import interpolation

        path = self._path(attributes)  # first: it may add attributes to the generator
        stops = self.latents(which)
        if len(stops) < 2:
            raise UserError("which", Fault.TOO_FEW, "a walk needs at least two faces")
        _check_count("frames", frames)
        return self._frames(interpolation.walk_latents(stops, path, frames), size)

    def fade(self, which: int | Latents = 0, *, frames: int = 25, size: int | None = None,
             slide: dict[str, Iterable[float]] | None = None,
             **attributes: str) -> Iterator[np.ndarray]:
        """The frames of a face whose colors change or which sliders move, forward and back, uint8
        (size, size, 3) each.

        Args: frames: from each color to the next; attributes: as in hair="aqua:pink"; slide: as in
          {"turn": (-2, 2)}; size: as in draw().
        Raises:
          UserError: no color and no slider changes, or as in draw().
        """
        from anime_gan_tf.generation import interpolation

        path = self._path(attributes)  # first: it may add attributes to the generator
        moving = slide and self._slide(slide)
        if not any(len(values) > 1 for values in path.values()) and not (
                moving and moving.stops > 1):
            raise UserError("attributes", Fault.MISSING,
                            "name the colors that it fades between, as in hair='aqua:pink', or "
                            "steps of a slider, as in slide={'turn': (-2, 2)}")
        _check_count("frames", frames)
        face = self.latents(which)[:1]
        return self._frames(interpolation.fade_latents(face, path, frames, moving or None), size)

    def mix(self, which: Iterable[int] | Latents, *, size: int | None = None) -> np.ndarray:
        """Every face in the colors and the light of every other, uint8 (n, n, size, size, 3): rows
        by shape, columns by color. size: as in draw(). Raises: as in draw()."""
        from anime_gan_tf.generation import enlarging, style_mixing

        mixed = style_mixing.mixed(self.trained, self.latents(which))
        images = enlarging.to_size(mixed.reshape(-1, *mixed.shape[2:]), size)
        return images.reshape(*mixed.shape[:2], *images.shape[1:])

    def project(self, images: Images, *, steps: int = 300, seed: int = 0) -> Latents:
        """The latents that best reconstruct given faces, one for each.

        Args: images: of any size; steps: of the optimization; seed: of the initial latents.
        Raises:
          UserError: nothing is readable, or the images are not square.
        """
        from anime_gan_tf.generation import projection

        _check_count("steps", steps)
        seed, = _seeds(seed)
        if isinstance(images, (str, os.PathLike)):
            images = _load_dataset(images, self.size, "images").images
        found, _ = projection.project(self.trained, self.path, _square(images, self.size), steps,
                                      seed)
        return found

    def _sliders(self):
        """sliders.Sliders of this generator."""
        from anime_gan_tf.generation import sliders

        return sliders.load(self.path, self.trained.recipe.latent_dim)

    def _slide(self, steps):
        """The sliders.Slide of {name: number, or several of them}."""
        from anime_gan_tf.generation import sliders

        counts = {name: tuple(count) if isinstance(count, Iterable) else (count,)
                  for name, count in steps.items()}
        for name, several in counts.items():
            if not several or not all(isinstance(count, numbers.Real) for count in several):
                raise UserError("slide", Fault.INVALID, f"{steps[name]!r} is no number of steps")
        found = self._sliders()
        found.check(counts)
        return sliders.Slide(found, counts)

    def _frames(self, latents, size):
        from anime_gan_tf.generation import enlarging

        return (image for images in enlarging.draw(self.trained, latents, size)
                for image in images)

    def _tags(self, attributes):
        """The tags of keyword arguments; UNKNOWN for the other axes."""
        from anime_gan_tf.labels import ANY

        attributes = self._checked(attributes)
        labels = self.trained.labels
        return tuple(labels.lookup(axis, attributes.get(axis, ANY), axis) for axis in labels.axes)

    def _path(self, attributes):
        """The color path (interpolation.py) of keyword arguments."""
        attributes = self._checked(attributes)
        labels = self.trained.labels
        path = {axis: [labels.lookup(axis, value, axis) for value in values.split(":")]
                for axis, values in attributes.items()}
        for axis, values in path.items():
            if UNKNOWN in values:
                raise UserError(axis, Fault.INVALID, f"'any' cannot be part of a color path; leave "
                                f"{axis} out")
        return path

    def _checked(self, attributes):
        """The attributes as texts, under the names of their axes. Refuses those that the generator
        does not have. To one that was trained without labels, the first request of an attribute
        adds control by directions of its noise."""
        if attributes and not self.trained.takes_attributes:
            from anime_gan_tf.generation import attribute_directions

            self.trained = attribute_directions.add_attribute_control(self.trained)
        for name in attributes:
            if f"{name}_" in attributes:
                raise UserError("attribute", Fault.CONFLICT, f"{name} and {name}_ are the same")
        attributes = {name.removesuffix("_"): value for name, value in attributes.items()}
        for axis, value in attributes.items():
            choose("attribute", axis, self.trained.labels.axes)
            if not isinstance(value, str) and not (axis in self.trained.labels.scales
                                                   and isinstance(value, numbers.Real)):
                raise UserError(axis, Fault.INVALID, f"{value!r} is not a text, such as 'any'")
        return {axis: str(value) for axis, value in attributes.items()}


def _load_dataset(data, size, name, labels=DEFAULT):
    """The ImageDataset of a folder, a .zip, a picture, or "drawn". name: of the argument, for
    errors; labels: the Labels to be read."""
    from anime_gan_tf.data import dataset, sources, synthetic

    if not isinstance(data, (str, os.PathLike)):
        raise UserError(name, Fault.INVALID, f"{data!r} is not a path")
    if not isinstance(size, numbers.Integral) or size < 8:
        raise UserError("size", Fault.INVALID, f"{size!r} is not a number of pixels from 8 on")
    if str(data) == "drawn":
        return synthetic.load(size, labels)
    return dataset.load(sources.open_any(data, labels, name), size)


def _seeds(which):
    """A list of seeds, of one or several."""
    from anime_gan_tf.storage.schema import MAX_SEED

    seeds = [which] if isinstance(which, numbers.Integral) else which
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise UserError("which", Fault.INVALID, f"{which!r} is not a seed, seeds or Latents")
    seeds = list(seeds)
    if not seeds:
        raise UserError("which", Fault.TOO_FEW, "no seeds")
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or not (
                0 <= seed <= MAX_SEED):
            raise UserError("which", Fault.INVALID,
                            f"{seed!r} is not a seed, a whole number from 0 to {MAX_SEED:,}")
    return [int(seed) for seed in seeds]


def _check_count(name, value):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise UserError(name, Fault.INVALID, f"{value!r} is not a whole number from 1 on")


def _square(images, size):
    """Images uint8 (n, size, size, 3), of one image or several of any size."""
    import numpy as np

    from anime_gan_tf.storage import pictures

    images = np.asarray(images)
    images = images[None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or (
            images.shape[1] != images.shape[2] or not images.size):
        raise UserError("images", Fault.INVALID, f"{images.dtype} {images.shape} is not uint8 "
                        f"(n, size, size, 3)")
    return pictures.resampled(images, size)
