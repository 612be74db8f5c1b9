"""The order of training images, and selections for pictures. Needs no TensorFlow."""
import functools

import numpy as np


def by_step(rows, per_step, seed, weights=None):
    """A pure function from the number of a step to its `per_step` rows.

    Each pass over the data has an order of its own and contains every row once; with weights row i
    comes n * weights[i] / sum(weights) times, rounded up or down at random. A step may belong to
    two passes.

    Args: rows: int (n,); seed: of the orders; weights: float (n,), above 0.
    Returns: a function of an int that returns int (per_step,).
    """
    count = len(rows)

    @functools.lru_cache(maxsize=4)
    def shuffled(epoch):
        rng = np.random.default_rng([seed, epoch])
        positions = rng.permutation(count)
        if weights is None:
            return positions
        # Systematic resampling: equal steps through the sums of the weights.
        sums = np.cumsum(weights)
        picks = np.searchsorted(sums, (np.arange(count) + rng.random()) / count * sums[-1], "right")
        return np.minimum(picks, count - 1)[positions]  # rounding may lead beyond the last sum

    def chosen(step):
        positions = np.arange(per_step) + step * per_step
        return rows[[shuffled(int(p // count))[p % count] for p in positions]]

    return chosen


def spread(rows, most):
    """At most `most` rows of an array, evenly spaced."""
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
