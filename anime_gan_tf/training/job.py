"""What to train, on what, and for how long. Needs no TensorFlow."""
import dataclasses
import pathlib
from typing import Any

from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import DEFAULT, Labels
from anime_gan_tf.recipes import Recipe
from anime_gan_tf.storage import checkpoints, names, schema

PRECISIONS = ("auto", "float32", "bfloat16")
EVAL_EVERY = 5.0  # kimg, where --until needs evaluations and nothing says how often


@dataclasses.dataclass(frozen=True)
class Job:
    """One training."""
    model: str               # the recipe's name
    recipe: Recipe           # with the user's overrides
    faces: Faces
    run: str                 # its name, a folder below checkpoints/
    seed: int = 0            # of weights, noise, order and augmentation
    budget: float | None = None      # seconds of wall time in all, in place of recipe.epochs
    parse_started: float | None = None  # time.monotonic() then, to say how long starting took
    eval_every: float | None = None  # kimg between evaluations; the best generator is kept
    until: float | None = None       # Recipe.target_metric of an evaluation that ends the run
    start_from: pathlib.Path | None = None  # the generator.npz whose networks a new run begins with
    save_every: float = 300.0        # seconds between two saves, at most
    strategy: Any = None             # tf.distribute.Strategy (distribution.make), or None
    precision: str = "auto"          # the number format, one of PRECISIONS
    as_published: bool = False       # whether the recipe began with its project's values

    @property
    def per_step(self):
        """Real faces of a step."""
        return self.recipe.batch_size * self.recipe.n_critic


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is known of a training before its data are read. run: its name; labels: of the data;
    start_from: the generator.npz that it begins with, or None."""
    run: str
    labels: Labels
    start_from: pathlib.Path | None


def plan(model, recipe, data, run=None, axes=None, start_from=None, as_published=False):
    """Makes a Plan, with everything checked that could fail without the data.

    Args:
      data: the name of the data, for that of the run; run: its own name, None for the default.
      axes: Labels of new data; None for those of a run that goes on, of what it starts from, or the
        default ones.
      start_from: a run or a generator.npz.
    Raises:
      UserError: naming what does not fit.
    """
    if run is not None and not (isinstance(run, str) and schema.is_run_name(run)
                                and not run.lower().endswith(".npz")):  # a file elsewhere
        raise UserError("--run", Fault.INVALID, f"{run!r} is no name for a run; use letters, "
                        f"digits, '_', '-' and '.', at most {schema.MAX_RUN_NAME} bytes")
    run = run or names.default_name(model, *["published"] * as_published, data)
    path = checkpoints.find_generator(start_from) if start_from else None
    labels = axes or checkpoints.run_labels(run)
    if labels is None and path:
        labels = schema.labels_of(checkpoints.read_info(path))
    labels = labels or DEFAULT
    checkpoints.check_labels(run, labels)
    if path:
        checkpoints.check_start(path, recipe, labels)
    return Plan(run, labels, path)
