"""What to train, on which data, and for how long. Needs no TensorFlow."""
from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import DEFAULT, Labels
from anime_gan_tf.recipes import Recipe
from anime_gan_tf.storage import catalog, checkpoints, kinds, names, schema

PRECISIONS = ("auto", "float32", "bfloat16")
STRATEGIES = ("one", "mirrored", "multiworker")  # of devices (distribution.py)
EVAL_EVERY = 5.0  # kimg, where --until needs evaluations and nothing says how often


@dataclasses.dataclass(frozen=True)
class Job:
    """One training."""
    model: str               # name of the recipe
    recipe: Recipe           # with the user's overrides
    dataset: ImageDataset
    run: str                 # name of the run, a folder in checkpoints/
    seed: int = 0            # of weights, noise, order and augmentation
    budget: float | None = None      # total seconds of wall time, instead of recipe.epochs
    parse_started: float | None = None  # time.monotonic() at the program's start, for the log
    eval_every: float | None = None  # kimg between evaluations; the best generator is kept
    until: float | None = None       # value of Recipe.target_metric at which the run ends
    start_from: pathlib.Path | None = None  # generator.npz whose networks a new run starts with
    save_every: float = 300.0        # most seconds between two saves
    strategy: Any = None             # tf.distribute.Strategy (distribution.make), or None
    precision: str = "auto"          # number format, one of PRECISIONS
    as_published: bool = False       # whether the recipe has the values of the published project

    @property
    def per_step(self) -> int:
        """Real images in a step."""
        return self.recipe.batch_size * self.recipe.n_critic


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is determined before the data are read. run: name of the run; labels: of the data;
    start_from: the generator.npz to start with, or None."""
    run: str
    labels: Labels
    start_from: pathlib.Path | None


def plan(model: str, recipe: Recipe, data: str, run: str | None = None, axes: Labels | None = None,
         start_from: str | None = None, as_published: bool = False) -> Plan:
    """Makes a Plan, and checks everything that does not need the data.

    Args:
      data: name of the data, for the default name of the run; run: name of the run, None for the
        default.
      axes: Labels of new data; None for those of the run that is resumed, those of `start_from`, or
        the default ones.
      start_from: a run or a generator.npz.
    Raises:
      UserError: a name is invalid, or the networks or labels do not fit.
    """
    if run is not None and not (isinstance(run, str) and kinds.is_run_name(run)
                                and not run.lower().endswith(".npz")):  # a file elsewhere
        raise UserError("--run", Fault.INVALID, f"{run!r} is no name for a run; use letters, "
                        f"digits, '_', '-' and '.', at most {kinds.MAX_RUN_NAME} bytes")
    run = run or names.default_name(model, *(["published"] if as_published else []), data)
    path = catalog.find_generator(start_from, subject="--start_from") if start_from else None
    if recipe.embedding_only and not path:
        raise UserError("--embedding_only", Fault.MISSING,
                        "needs a trained generator; name one with --start_from")
    labels = axes or catalog.run_labels(run)
    if labels is None and path:
        labels = schema.labels_of(checkpoints.read_info(path))
    labels = labels or DEFAULT
    catalog.check_labels(run, labels)
    if path:
        checkpoints.check_start(path, recipe, labels)
    return Plan(run, labels, path)
