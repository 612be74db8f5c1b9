"""What a training draws to show how far it is, and what a small evaluation measures."""
import numpy as np

from anime_gan_tf.data import order
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import evaluator, pairs
from anime_gan_tf.generation import enlarging, latents, sampling
from anime_gan_tf.labels import sample, UNKNOWN
from anime_gan_tf.storage import pictures

GRID = 8          # faces of the same noise are shown as GRID x GRID
EVALUATED = 1000  # faces of a small evaluation
SHOWN_PAIRS = 6   # faces that an enlarger shows, two in a row


def make_samples(run, state, evaluates):
    """FromNoise, or of an enlarger FromSmallFaces.

    Args: run: Run; state: State; evaluates: whether they are to be measured.
    Raises:
      UserError: where what it takes to measure them is missing.
    """
    return (FromSmallFaces if run.job.recipe.enlarges else FromNoise)(run, state, evaluates)


class FromNoise:
    """Faces of the same noise and labels throughout."""

    def __init__(self, run, state, evaluates):
        self._recipe, self._table, self._generator = run.job.recipe, run.table, state.ema_generator
        self._axes = run.job.faces.labels
        self._z = latents.noise(self._recipe, range(GRID * GRID))
        self._labels = (np.repeat(_grid_labels(run.table), GRID, axis=0)
                        if self._recipe.conditional else None)
        self._evaluator = evaluates and evaluator.make_evaluator(
            run.job.faces, run.split.validation, "perceptual",
            "validation faces (a twentieth of it)")

    def sheet(self):
        """A picture of them, uint8 (height, width, 3)."""
        return pictures.grid(sampling.generate(self._generator, self._z, self._labels), GRID)

    def measure(self):
        """The figures of EVALUATED faces of the same seeds."""
        seeds = range(EVALUATED)
        labels = latents.sample_labels(self._table, seeds) if self._recipe.conditional else None
        images = sampling.generate(self._generator, latents.noise(self._recipe, seeds), labels)
        return self._evaluator.measure(images, labels, self._axes)


class FromSmallFaces:
    """Validation faces, or where there are none training faces: reduced, enlarged, as they are."""

    def __init__(self, run, state, evaluates):
        self._scale, self._generator = run.job.recipe.scale, state.ema_generator
        images, split = run.job.faces.images, run.split
        if evaluates and len(split.validation) < 2:
            raise UserError("--data", Fault.TOO_FEW, f"{len(images):,} faces are too few to hold "
                            f"some back for --eval_every")
        rows = split.validation if len(split.validation) else split.training
        self._true = images[order.spread(rows, EVALUATED if evaluates else SHOWN_PAIRS)]
        if evaluates:
            pairs.network()  # or it would say later what is missing

    def sheet(self):
        """A picture of some, each small (its pixels as blocks), enlarged and true."""
        true = order.spread(self._true, SHOWN_PAIRS)
        small = pairs.reduced(true, self._scale)
        blocks = small.repeat(self._scale, axis=1).repeat(self._scale, axis=2)
        rows = np.stack([blocks, enlarging.enlarge(self._generator, small), true], axis=1)
        return pictures.grid(rows.reshape(-1, *true.shape[1:]), 6)

    def measure(self):
        """pairs.compare() of EVALUATED at most."""
        enlarged = enlarging.enlarge(self._generator, pairs.reduced(self._true, self._scale))
        return pairs.compare(enlarged, self._true)


def _grid_labels(table):
    """Labels of the picture's rows: the commonest values of the first axis, any of the others."""
    counts = table.sum(axis=tuple(range(1, table.ndim)))
    commonest = np.argsort(-counts, kind="stable")[:GRID]
    present = sorted(int(value) for value in commonest if counts[value])
    rng, unknown = np.random.default_rng(0), (UNKNOWN,) * (table.ndim - 1)
    return np.array([sample(rng, table, (value, *unknown))
                     for value in np.resize(present, GRID)], np.int32)
