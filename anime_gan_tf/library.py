"""The library: what `import anime_gan_tf` offers. TensorFlow is loaded by the first call."""
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

    Args: run: the name of a run in checkpoints/ or of a bundled one, or the path of a
      generator.npz; None for the newest run that draws faces, or else the bundled one.
    Raises:
      UserError: where there is none, or the file is damaged.
    """
    runtime.load()
    from anime_gan_tf.networks import loading
    from anime_gan_tf.storage import checkpoints

    path = checkpoints.find_generator(run and str(run))
    info = checkpoints.read_info(path)
    if not checkpoints.draws(info):
        raise UserError("run", Fault.CONFLICT,
                        f"{info['run']} is an enlarger, which draws no faces")
    return Generator(loading.load_generator(path), path)


def evaluate(images: Images, data: str | os.PathLike, *, latents: Latents | None = None,
             features: str = "perceptual", size: int = 64, seed: int = 0) -> dict:
    """Measures faces against the held-out tenth of a data set.

    Args:
      images: uint8 (n, size, size, 3), or a folder or .zip of faces; data: a folder or .zip of real
        ones, or "drawn"; both are measured at `size`.
      latents: what the images were drawn from, to see whether they have the requested attributes.
      features: perceptual, faces, inception, or the path of a classifier.npz.
      seed: of the sample of training faces that stand for "as good as real".
    Returns: {"generated": {"frechet": ..., "precision": ..., ...}, "real": the same of real faces,
      ...}; docs/evaluation.md explains the figures.
    Raises:
      UserError: too few faces, or nothing readable.
    """
    runtime.load()
    from anime_gan_tf.evaluation import evaluator
    from anime_gan_tf.storage import checkpoints

    title, tags, labels = "images", None, DEFAULT
    if isinstance(images, (str, os.PathLike)):
        faces = _faces(images, size, "images", checkpoints.measured_labels(features))
        images, title, tags, labels = faces.images, faces.title, faces.tags, faces.labels
    if latents is not None:
        tags, labels = latents.tags, latents.labels or DEFAULT
    return evaluator.evaluate(title, _square(images, size), tags, labels,
                              _faces(data, size, "data", labels), features, seed)


def train(model: str = "dcgan", data: str | os.PathLike = "drawn", *, run: str | None = None,
          seed: int = 0, budget: float | None = None, eval_every: float | None = None,
          until: float | None = None, start_from: str | os.PathLike | None = None,
          precision: str = "auto", as_published: bool = False, axes: dict | None = None,
          **fields) -> Generator:
    """Trains a model, or goes on with a run that was stopped, and returns its generator.

    Args:
      model: a name of recipes.RECIPES; fields: of its Recipe that are to be others.
      data: a folder or .zip of faces, or "drawn".
      run: its name, a folder in checkpoints/  [MODEL_DATA].
      seed: of weights, noise, order and augmentation.
      budget: seconds of wall time, in place of the recipe's epochs; eval_every: kimg between small
        evaluations; until: ends the run at such a Frechet distance.
      start_from: a run or generator.npz whose networks it begins with.
      precision: auto, float32 or bfloat16.
      as_published: with the networks and values of the project that the model is named after.
      axes: {name: values} of the labels of the data  [those of the run that goes on, or hair and
        eye colors].
    Raises:
      UserError: where an argument or the data is of no use.
    """
    runtime.load()
    from anime_gan_tf import recipes
    from anime_gan_tf.storage import schema
    from anime_gan_tf.training import job, loop

    recipe = recipes.resolve(model, fields, as_published)
    if recipe.enlarges:
        raise UserError("model", Fault.CONFLICT, f"{model} draws no faces; --mode train trains it")
    choose("precision", precision, job.PRECISIONS)
    seed, = _seeds(seed)
    for name, value in {"budget": budget, "eval_every": eval_every, "until": until}.items():
        if value is not None and not (isinstance(value, numbers.Real) and value > 0):
            raise UserError(name, Fault.INVALID, f"{value!r} is no number above zero")
    planned = job.plan(model, recipe, pathlib.PurePath(str(data)).stem, run,
                       None if axes is None else schema.labels_from(axes, "axes"),
                       start_from and str(start_from), as_published)
    faces = _faces(data, recipe.image_size, "data", planned.labels)
    loop.train(job.Job(model, recipe, faces, planned.run, seed, budget, None,
                       eval_every or (job.EVAL_EVERY if until else None), until,
                       planned.start_from, precision=precision, as_published=as_published))
    return load(planned.run)


class Generator:
    """A trained generator of faces.

    Where a method takes `which`, these are seeds (an int or several) or Latents. Attributes are
    named by keywords, as in hair="aqua"; `trained.labels` has them and their values. `slide` moves
    faces by sliders that `--mode sliders` found, as in slide={"turn": 1.5}; `sliders` has them. A
    seed always draws the same face on a machine.

    Attributes: trained: loading.Trained; path: of its generator.npz.
    """

    def __init__(self, trained, path):
        self.trained, self.path = trained, pathlib.Path(path)

    def __repr__(self):
        return f"<Generator {self.trained.describe()}>"

    @property
    def size(self) -> int:
        """Of its faces, in pixels."""
        return self.trained.recipe.image_size

    @property
    def sliders(self) -> dict[str, tuple[float, float]]:
        """{name: (lowest, highest) step}. Raises: UserError where none were found for it yet."""
        return {slider.name: (slider.low, slider.high) for slider in self._sliders().listed}

    def latents(self, which: int | Iterable[int] | Latents = 0, *,
                slide: dict[str, float] | None = None, **attributes: str) -> Latents:
        """Noise and attributes of faces, which can be kept, mixed and drawn.

        Raises:
          UserError: for an attribute, a value or a slider that there is not, or a step out of its
          range.
        """
        drawn = self._unmoved(which, attributes)
        if not slide:
            return drawn
        moving = self._slide(slide)
        if moving.stops > 1:
            raise UserError("slide", Fault.INVALID, "several steps are for fade(); give one")
        return moving.moved(drawn)

    def _unmoved(self, which, attributes):
        """latents() without sliders."""
        from anime_gan_tf.generation import latents

        tags, labels = self._tags(attributes), self.trained.labels
        if not isinstance(which, latents.Latents):
            return latents.from_seeds(self.trained, _seeds(which), tags)
        if which.z.shape[1] != self.trained.recipe.latent_dim or (
                which.code is not None and which.labels != labels):
            raise UserError("which", Fault.CONFLICT,
                            "these latents are of another kind of generator")
        if which.code is None and self.trained.recipe.conditional:
            raise UserError("which", Fault.CONFLICT, "these latents have no attributes, which this "
                            "generator needs")
        if which.code is None and self.trained.takes_attributes:  # since an attribute was named
            which = latents.Latents(which.z, labels.encode([labels.untagged] * len(which)), labels)
        return latents.with_tags(which, tags)

    def draw(self, which: int | Iterable[int] | Latents = 0, *, size: int | None = None,
             slide: dict[str, float] | None = None, **attributes: str) -> np.ndarray:
        """Faces, uint8 (n, size, size, 3).

        Args: size: in pixels, up to four times the generator's own: larger ones by the bundled
          enlarger.
        """
        from anime_gan_tf.generation import enlarging, sampling

        # First: it may change what the generator takes.
        drawn = self.latents(which, slide=slide, **attributes)
        return enlarging.to_size(sampling.draw(self.trained, drawn), size)

    def walk(self, which: Iterable[int] | Latents, *, frames: int = 25, size: int | None = None,
             **attributes: str) -> Iterator[np.ndarray]:
        """A round trip through faces, frame by frame: uint8 (size, size, 3).

        Args: frames: from each face to the next; attributes: one color, or several that it passes
          through, as in hair="aqua:pink".
        """
        from anime_gan_tf.generation import interpolation

        path = self._path(attributes)  # first: it may change what the generator takes
        stops = self.latents(which)
        if len(stops) < 2:
            raise UserError("which", Fault.TOO_FEW, "a walk needs two faces at least")
        _check_count("frames", frames)
        return self._frames(interpolation.walk_latents(stops, path, frames), size)

    def fade(self, which: int | Latents = 0, *, frames: int = 25, size: int | None = None,
             slide: dict[str, Iterable[float]] | None = None,
             **attributes: str) -> Iterator[np.ndarray]:
        """A face while its colors change, or what sliders move, there and back, frame by frame:
        uint8 (size, size, 3).

        Args: frames: from each color to the next; attributes: as in hair="aqua:pink"; slide: as in
          {"turn": (-2, 2)}.
        """
        from anime_gan_tf.generation import interpolation

        path = self._path(attributes)  # first: it may change what the generator takes
        moving = slide and self._slide(slide)
        if not any(len(values) > 1 for values in path.values()) and not (
                moving and moving.stops > 1):
            raise UserError("attributes", Fault.MISSING,
                            "say from where to where a color fades, as in hair='aqua:pink'")
        _check_count("frames", frames)
        face = self.latents(which)[:1]
        return self._frames(interpolation.fade_latents(face, path, frames, moving or None), size)

    def mix(self, which: Iterable[int] | Latents, *, size: int | None = None) -> np.ndarray:
        """Every face in the colors and the light of every other: uint8 (n, n, size, size, 3), rows
        by shape and columns by color."""
        from anime_gan_tf.generation import enlarging, style_mixing

        mixed = style_mixing.mixed(self.trained, self.latents(which))
        images = enlarging.to_size(mixed.reshape(-1, *mixed.shape[2:]), size)
        return images.reshape(*mixed.shape[:2], *images.shape[1:])

    def project(self, images: Images, *, steps: int = 300, seed: int = 0) -> Latents:
        """The latents that redraw given faces best. steps: of the descent."""
        from anime_gan_tf.generation import projection

        _check_count("steps", steps)
        seed, = _seeds(seed)
        if isinstance(images, (str, os.PathLike)):
            images = _faces(images, self.size, "images").images
        found, _ = projection.project(self.trained, self.path, _square(images, self.size), steps,
                                      seed)
        return found

    def _sliders(self):
        """sliders.Sliders of this generator."""
        from anime_gan_tf.generation import sliders
        from anime_gan_tf.storage import checkpoints

        return sliders.read(self.path, sliders.digest(checkpoints.weights(self.path)),
                            self.trained.recipe.latent_dim)

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
        """The tags that keywords name; UNKNOWN for the other axes."""
        from anime_gan_tf.labels import ANY

        self._check(attributes)
        labels = self.trained.labels
        return tuple(labels.lookup(axis, attributes.get(axis, ANY), axis) for axis in labels.axes)

    def _path(self, attributes):
        """{axis: [index, ...]}: as of interpolation.py."""
        self._check(attributes)
        labels = self.trained.labels
        path = {axis: [labels.lookup(axis, value, axis) for value in values.split(":")]
                for axis, values in attributes.items()}
        for axis, values in path.items():
            if UNKNOWN in values:
                raise UserError(axis, Fault.INVALID, "'any' cannot be part of a color path")
        return path

    def _check(self, attributes):
        """Refuses attributes that the generator does not take. One that was trained without tags
        is steered by directions of its noise, from the first time that an attribute is named."""
        if attributes and not self.trained.takes_attributes:
            from anime_gan_tf.generation import attribute_directions

            self.trained = attribute_directions.add_attribute_control(self.trained)
        for axis, value in attributes.items():
            choose("attribute", axis, self.trained.labels.axes)
            if not isinstance(value, str):
                raise UserError(axis, Fault.INVALID, f"{value!r} is no text, such as 'any'")


def _faces(data, size, name, labels=DEFAULT):
    """The Faces of a folder, a .zip, a picture, or "drawn". name: of the argument, for errors;
    labels: the Labels that are read."""
    from anime_gan_tf.data import dataset, sources, synthetic

    if not isinstance(data, (str, os.PathLike)):
        raise UserError(name, Fault.INVALID, f"{data!r} is no path")
    if not isinstance(size, numbers.Integral) or size < 8:
        raise UserError("size", Fault.INVALID, f"{size!r} is no number of pixels from 8 on")
    if str(data) == "drawn":
        return synthetic.load(size, labels)
    return dataset.load(sources.open_any(data, labels, name), size)


def _seeds(which):
    """A list of seeds, from one or several."""
    from anime_gan_tf.storage.schema import MAX_SEED

    seeds = [which] if isinstance(which, numbers.Integral) else which
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise UserError("which", Fault.INVALID, f"{which!r} is no seed, seeds or Latents")
    seeds = list(seeds)
    if not seeds:
        raise UserError("which", Fault.TOO_FEW, "no seeds")
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or not (
                0 <= seed <= MAX_SEED):
            raise UserError("which", Fault.INVALID,
                            f"{seed!r} is no seed, which is a whole number of 0 to {MAX_SEED:,}")
    return [int(seed) for seed in seeds]


def _check_count(name, value):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise UserError(name, Fault.INVALID, f"{value!r} is no number from 1 on")


def _square(images, size):
    """One image or several, uint8, at a size."""
    import numpy as np

    from anime_gan_tf.storage import pictures

    images = np.asarray(images)
    images = images[None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or (
            images.shape[1] != images.shape[2] or not images.size):
        raise UserError("images", Fault.INVALID, f"{images.dtype} {images.shape} is not uint8 "
                        f"(n, size, size, 3)")
    return pictures.resampled(images, size)
