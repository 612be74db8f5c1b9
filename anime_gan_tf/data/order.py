"""Which faces a step trains on, or a picture shows. Needs no TensorFlow."""
import functools

import numpy as np


def by_step(rows, per_step, seed):
    """A pure function from a step's number to the `per_step` rows that it takes.

    Every row comes once in each pass over the data, in an order of that pass's own; a step may
    straddle two passes.
    """
    count = len(rows)

    @functools.lru_cache(maxsize=4)
    def shuffled(epoch):
        return np.random.default_rng([seed, epoch]).permutation(count)

    def chosen(step):
        positions = np.arange(per_step) + step * per_step
        return rows[[shuffled(int(p // count))[p % count] for p in positions]]

    return chosen


def spread(rows, most):
    """At most so many of the rows of an array, evenly spread."""
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
