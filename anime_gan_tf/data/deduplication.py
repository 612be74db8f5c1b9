"""Pictures that occur more than once, also mirrored, and splits that keep them together.

Published sets hide both (the MLDS faces hold every face a second time, mirrored), and a random
hold-out then tests on what was trained on.
"""
from typing import NamedTuple

import numpy as np

SIDE = 8            # of the thumbnails that are compared
# RMS of a twin's thumbnail, in levels of 255: re-encoding makes 1, another face 18.
TOLERANCE = 2.0
HELD_OUT = 0.1      # share of the faces that --mode evaluate measures with
VALIDATION = 0.05   # share that --eval_every chooses the best generator with
_CHUNK = 1000


def find(images):
    """Pairs of equal pictures.

    Args: images: uint8 (faces, size, size, 3).
    Returns: (same, mirrored): two int arrays (pairs, 2) of indices, the lower one first. Equal
      means up to re-encoding: TOLERANCE.
    """
    thumbs = _thumbnails(images)
    plain = thumbs.reshape(len(thumbs), -1)
    flipped = thumbs[:, :, ::-1].reshape(len(thumbs), -1)
    # The mean is the same for both twins, so only faces of nearly the same mean need comparing:
    # their thumbnails' means cannot differ by more than the RMS of the difference.
    means = plain.mean(axis=1)
    order = np.argsort(means, kind="stable")
    found = ([], [])
    for start in range(0, len(order), _CHUNK):
        left = order[start:start + _CHUNK]
        end = np.searchsorted(means[order], means[left[-1]] + TOLERANCE, side="right")
        right = order[start:end]
        for pairs, others in zip(found, (plain, flipped)):
            i, j = np.nonzero(_mean_square(plain[left], others[right]) < TOLERANCE ** 2)
            pairs.append(np.stack([left[i], right[j]], axis=1))
    return tuple(_unique(np.concatenate(pairs)) for pairs in found)


def groups(images):
    """int (faces,): the same number for twins of each other, the lowest index of them."""
    root = np.arange(len(images))
    pairs = np.concatenate(find(images))
    while True:
        # Every face takes the lowest number of its pair, until nothing changes.
        lowest = np.minimum(root[pairs[:, 0]], root[pairs[:, 1]])
        before = root.copy()
        np.minimum.at(root, pairs[:, 0], lowest)
        np.minimum.at(root, pairs[:, 1], lowest)
        if np.array_equal(root, before):
            return root


class Split(NamedTuple):
    """Sorted int arrays of the indices of faces: to train on, to choose the best generator with,
    and to measure it with. Twins are on the same side."""
    training: np.ndarray
    validation: np.ndarray
    held_out: np.ndarray


def split(images, seed=0):
    """The Split of some faces, uint8 (n, size, size, 3).

    The seed is not that of a run, so that runs of all seeds are measured on the same faces.
    """
    group = groups(images)
    names = np.random.default_rng(seed).permutation(np.unique(group))
    first, second = (round(share * len(names)) for share in (HELD_OUT, HELD_OUT + VALIDATION))
    held_out, validation = np.isin(group, names[:first]), np.isin(group, names[first:second])
    return Split(*map(np.flatnonzero, (~held_out & ~validation, validation, held_out)))


def _thumbnails(images):
    """float32 (faces, SIDE, SIDE, 3), means of blocks; those of a mirrored face are mirrored."""
    cells = np.linspace(0, images.shape[1], SIDE + 1).round().astype(int)
    thumbs = np.empty((len(images), SIDE, SIDE, 3), np.float32)
    for start in range(0, len(images), _CHUNK):
        part = images[start:start + _CHUNK].astype(np.float32)
        rows = np.add.reduceat(part, cells[:-1], axis=1) / np.diff(cells)[:, None, None]
        thumbs[start:start + _CHUNK] = (np.add.reduceat(rows, cells[:-1], axis=2)
                                        / np.diff(cells)[:, None])
    return thumbs - 128.0  # centred, which the squares below lose less precision on


def _mean_square(a, b):
    """Mean squared difference of every row of a and every row of b."""
    products = a @ b.T
    return ((a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1) - 2 * products) / a.shape[1]


def _unique(pairs):
    """Without a face's own reflection, the lower index first, each pair once, sorted."""
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)
