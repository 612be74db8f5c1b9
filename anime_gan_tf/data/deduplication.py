"""Pictures that occur more than once, also mirrored, and splits that keep them together.

Published sets hide both (the MLDS faces hold every face a second time, mirrored), and a random
hold-out then tests on what was trained on.
"""
import hashlib
from typing import NamedTuple

import numpy as np

SIDE = 8            # of the thumbnails that are compared
# RMS of a twin's thumbnail, in levels of 255: re-encoding makes 1, of thin lines up to 3; another
# face 18.
TOLERANCE = 3.0
# Where contrast is low, or the face small, other pictures have such a thumbnail as well. So their
# difference is compared with their contrast at full size, by RMS: of the whole, in color, and of
# each of PARTS x PARTS parts, in luminance (which JPEG keeps best). Of real faces, drawn ones and
# drawings of thin lines and their JPEGs of quality 75 these bounds find 99 %.
WHOLE = 0.28
PARTS = 4
PART = 0.65
# JPEG changes a part without contrast as well, by what the others have: a share of the largest
# contrast, in levels at least that of rounding, and at most that of an edge beside it.
NOISE = 0.05
LEAST_NOISE, MOST_NOISE = 0.6, 3.0
HELD_OUT = 0.1      # share of the faces that --mode evaluate measures with
VALIDATION = 0.05   # share that --eval_every chooses the best generator with
_CHUNK = 1000
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


def find(images):
    """Pictures that occur more than once.

    Args: images: uint8 (faces, size, size, 3).
    Returns: (same, mirrored): two int arrays (twins, 2) of indices: a picture that stands for all
      its twins, the first of them, and a twin. Every twin is in one row, and equals that picture
      itself: what only resembles another twin is none. Equal means up to re-encoding.
    """
    first = _first_of_equal(images)
    unique = np.flatnonzero(first == np.arange(len(images)))
    pairs, mirrored = _candidates(images, unique)
    confirmed = _are_equal(images, pairs, mirrored)
    pairs, mirrored = pairs[confirmed], mirrored[confirmed]
    stands_for, is_mirrored = first.copy(), np.zeros(len(images), bool)
    # By twin, then by picture: those before it have been decided on.
    for i in np.lexsort((mirrored, pairs[:, 0], pairs[:, 1])):
        picture, twin = pairs[i]
        if stands_for[picture] == picture and stands_for[twin] == twin:
            stands_for[twin], is_mirrored[twin] = picture, mirrored[i]
    # Copies of a twin, pixel for pixel, go where it went.
    stands_for, is_mirrored = stands_for[first], is_mirrored[first]
    twins = np.flatnonzero(stands_for != np.arange(len(images)))
    rows = np.stack([stands_for[twins], twins], axis=1)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return rows[~is_mirrored[rows[:, 1]]], rows[is_mirrored[rows[:, 1]]]


def groups(images):
    """int (faces,): for each picture the one that stands for it and its twins, their first."""
    return representatives(len(images), *find(images))


def representatives(count, same, mirrored):
    """groups() of so many pictures, of whose twins find() gave these two."""
    group = np.arange(count)
    for pairs in (same, mirrored):
        group[pairs[:, 1]] = pairs[:, 0]
    return group


def _first_of_equal(images):
    """int (faces,): of each picture the index of the first one with the very same pixels."""
    seen = {}
    return np.array([seen.setdefault(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), i)
                     for i, image in enumerate(images)], int)


def _candidates(images, rows):
    """Pairs of some rows of the images whose thumbnails are alike.

    Returns: (int (pairs, 2), the lower index first; bool (pairs,), whether one is to be mirrored).
    """
    thumbs = _thumbnails(images[rows] if len(rows) < len(images) else images)
    plain = thumbs.reshape(len(thumbs), -1)
    flipped = thumbs[:, :, ::-1].reshape(len(thumbs), -1)
    # The mean is the same for both twins, so only faces of nearly the same mean need comparing:
    # their thumbnails' means cannot differ by more than the RMS of the difference.
    means = plain.mean(axis=1)
    order = np.argsort(means, kind="stable")
    found = ([np.empty((0, 2), int)], [np.empty((0, 2), int)])
    for start in range(0, len(order), _CHUNK):
        left = order[start:start + _CHUNK]
        end = np.searchsorted(means[order], means[left[-1]] + TOLERANCE, side="right")
        right = order[start:end]
        for pairs, others in zip(found, (plain, flipped)):
            i, j = np.nonzero(_mean_square(plain[left], others[right]) < TOLERANCE ** 2)
            pairs.append(np.stack([left[i], right[j]], axis=1))
    found = [_unique(np.concatenate(pairs)) for pairs in found]
    return (rows[np.concatenate(found)],
            np.repeat([False, True], [len(pairs) for pairs in found]))


def _are_equal(images, pairs, mirrored):
    """bool (pairs,): whether two pictures, one of them mirrored if so, are equal at full size."""
    equal = np.empty(len(pairs), bool)
    chunk = max(1, 2 ** 22 // images[0].size)  # 17 MB an array
    for start in range(0, len(pairs), chunk):
        now = slice(start, start + chunk)
        a, b = (images[pairs[now, i]].astype(np.float32) for i in range(2))
        b[mirrored[now]] = b[mirrored[now], :, ::-1]
        equal[now] = ((_difference(a, b, 1) < WHOLE)
                      & (_difference(a @ _LUMINANCE, b @ _LUMINANCE, PARTS) < PART))
    return equal


def _difference(a, b, parts):
    """float (pictures,): the RMS difference over the contrast, of that of parts x parts parts where
    it is largest.

    Args: a, b: float (pictures, size, size[, channels]); one may be brighter than the other.
    """
    edges = np.linspace(0, a.shape[1], parts + 1).round().astype(int)[:-1]
    areas = np.add.reduceat(np.add.reduceat(np.ones(a.shape[1:3]), edges, axis=0), edges, axis=1)

    def means(values):
        sums = np.add.reduceat(np.add.reduceat(values, edges, axis=1), edges, axis=2)
        return sums / areas.reshape(areas.shape + (1,) * (a.ndim - 3))

    centered = [values - values.mean(axis=(1, 2), keepdims=True) for values in (a, b)]
    squares = means((centered[0] - centered[1]) ** 2)
    contrast = np.minimum(*(means(values ** 2) - means(values) ** 2 for values in centered))
    if a.ndim == 4:
        squares, contrast = squares.mean(axis=3), contrast.mean(axis=3)
    largest = np.sqrt(np.maximum(contrast, 0).max(axis=(1, 2), keepdims=True))
    noise = np.clip(NOISE * largest, LEAST_NOISE, MOST_NOISE)
    return np.sqrt((squares / (contrast + noise ** 2)).max(axis=(1, 2)))


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
    return thumbs - 128.0  # centered, which the squares below lose less precision on


def _mean_square(a, b):
    """Mean squared difference of every row of a and every row of b."""
    products = a @ b.T
    return ((a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1) - 2 * products) / a.shape[1]


def _unique(pairs):
    """Without a face's own reflection, the lower index first, each pair once, sorted."""
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)
