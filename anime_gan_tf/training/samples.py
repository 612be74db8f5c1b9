"""The sample images of a training, and the images of its evaluations."""
import numpy as np

from anime_gan_tf.data import order
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import evaluator, pairs
from anime_gan_tf.generation import enlarging, latents, sampling
from anime_gan_tf.labels import sample, UNKNOWN
from anime_gan_tf.storage import pictures

GRID = 8             # rows and columns of the picture of faces of fixed noise
NUM_EVALUATED = 1000 # faces of an evaluation
NUM_PAIRS = 6        # faces in the picture of an enlarger, two in a row


def make_samples(run, state, evaluates):
    """FromNoise, or FromSmallImages of an enlarger.

    Args: run: Run; state: State; evaluates: whether measure() will be called.
    Raises:
      UserError: there are too few faces for that, or a package is missing.
    """
    return (FromSmallImages if run.job.recipe.enlarges else FromNoise)(run, state, evaluates)


class FromNoise:
    """Faces of fixed noise and labels."""

    def __init__(self, run, state, evaluates):
        self._recipe, self._generator = run.job.recipe, state.ema_generator
        self._labels, self._distribution = run.job.dataset.labels, run.label_distribution
        self._z = latents.noise(self._recipe, range(GRID * GRID))
        self._tags = (np.repeat(_grid_tags(self._distribution), GRID, axis=0)
                      if self._recipe.conditional else None)
        self._evaluator = evaluates and evaluator.make_evaluator(
            run.job.dataset, run.split.validation, "perceptual",
            "validation faces (a twentieth of it)")

    def sheet(self):
        """A picture of them, uint8 (height, width, 3)."""
        return pictures.grid(sampling.generate(self._generator, self._z, self._tags), GRID)

    def measure(self):
        """The metrics of NUM_EVALUATED faces of fixed seeds."""
        seeds = range(NUM_EVALUATED)
        tags = (latents.sample_labels(self._distribution, seeds) if self._recipe.conditional
                else None)
        images = sampling.generate(self._generator, latents.noise(self._recipe, seeds), tags)
        return self._evaluator.measure(images, tags, self._labels)


class FromSmallImages:
    """Validation faces (training faces if there are none), reduced and enlarged."""

    def __init__(self, run, state, evaluates):
        self._scale, self._generator = run.job.recipe.scale, state.ema_generator
        images, split = run.job.dataset.images, run.split
        if evaluates and len(split.validation) < 2:
            raise UserError("--data", Fault.TOO_FEW, f"{len(images):,} faces are too few to hold "
                            f"some back for --eval_every")
        rows = split.validation if len(split.validation) else split.training
        self._true = images[order.spread(rows, NUM_EVALUATED if evaluates else NUM_PAIRS)]
        if evaluates:
            pairs.network()  # so that a missing package is an error at the start

    def sheet(self):
        """A picture of some faces: small (with large pixels), enlarged and true."""
        true = order.spread(self._true, NUM_PAIRS)
        small = pairs.reduced(true, self._scale)
        blocks = small.repeat(self._scale, axis=1).repeat(self._scale, axis=2)
        rows = np.stack([blocks, enlarging.enlarge(self._generator, small), true], axis=1)
        return pictures.grid(rows.reshape(-1, *true.shape[1:]), 6)

    def measure(self):
        """pairs.compare() of at most NUM_EVALUATED faces."""
        enlarged = enlarging.enlarge(self._generator, pairs.reduced(self._true, self._scale))
        return pairs.compare(enlarged, self._true)


def _grid_tags(distribution):
    """Tags of the picture's rows: the most frequent values of the first axis, with random values of
    the others."""
    marginal = distribution.sum(axis=tuple(range(1, distribution.ndim)))
    most_frequent = np.argsort(-marginal, kind="stable")[:GRID]
    present = sorted(int(value) for value in most_frequent if marginal[value])
    rng, unknown = np.random.default_rng(0), (UNKNOWN,) * (distribution.ndim - 1)
    return np.array([sample(rng, distribution, (value, *unknown))
                     for value in np.resize(present, GRID)], np.int32)
