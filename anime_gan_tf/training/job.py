"""What to train, on what, and for how long. Needs no TensorFlow."""
import dataclasses
import pathlib
from typing import Any

from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.recipes import Recipe

PRECISIONS = ("auto", "float32", "bfloat16")


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
