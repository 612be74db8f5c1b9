"""What to train, on what, and for how long. Needs no TensorFlow."""
import dataclasses
import pathlib
from typing import Any

from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import UserError
from anime_gan_tf.recipes import Recipe

BACKENDS = ("tensorflow", "jax")
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
    started: float | None = None     # time.monotonic() at the budget's start; None is now
    eval_every: float | None = None  # kimg between evaluations; the best generator is kept
    until: float | None = None       # the Frechet distance of an evaluation that ends the run
    start_from: pathlib.Path | None = None  # the generator.npz whose networks a new run begins with
    save_every: float = 300.0        # seconds between two saves, at most
    strategy: Any = None             # tf.distribute.Strategy (distribution.make), or None
    precision: str = "auto"          # the number format, one of PRECISIONS
    backend: str = "tensorflow"      # one of BACKENDS

    @property
    def per_step(self):
        """Real faces of a step."""
        return self.recipe.batch_size * self.recipe.n_critic


def check_jax(recipe):
    """Refuses a recipe that jax_step.py does not train. It takes one update of D for each of G,
    both by Adam, no BatchNorm or spectral norm in D, and no rotation: the rpgan family.

    Raises:
      UserError: naming what it has.
    """
    can = {"n_critic": 1, "d_every": 1, "optimizer": "adam", "d_optimizer": "same",
           "weight_clip": 0.0, "discriminator_norm": False, "rotation": 0.0}
    unlike = [f"{name} {getattr(recipe, name)}" for name, value in can.items()
              if getattr(recipe, name) != value]
    unlike += ["srresnet networks"] * (recipe.networks == "srresnet")
    if unlike:
        raise UserError(f"--backend: jax trains no recipe with {unlike[0]}; take tensorflow, or "
                        f"--model rpgan")
