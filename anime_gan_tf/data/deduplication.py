"""Finds pictures that occur more than once, also mirrored, and splits data without separating them.

Published data sets contain such twins (the MLDS faces contain each face a second time, mirrored),
with which a random split would test on training data.
"""
import hashlib
import math
from typing import NamedTuple

import numpy as np

from anime_gan_tf.storage.images import LUMINANCE

SIDE = 8            # of the thumbnails that are compared
# RMS difference of the thumbnails of twins, in levels of 255: after re-encoding it is 1, for thin
# lines up to 3; for different faces it is 18.
TOLERANCE = 3.0
# With low contrast, or a small face, different pictures may have similar thumbnails. So twins must
# also have a small RMS difference at full size, relative to their contrast: in color, of the whole
# picture, and in luminance (which JPEG preserves best), of each of PARTS x PARTS parts. Of real
# faces, drawn ones and line drawings, with their JPEGs of quality 75, these limits find 99 %.
MAX_DIFFERENCE = 0.28
PARTS = 4
MAX_PART_DIFFERENCE = 0.65
# JPEG also changes parts without contrast, by a share of the largest contrast of all parts, but not
# by less than rounding does, or by more than an adjacent edge does (in levels).
NOISE = 0.05
MIN_NOISE, MAX_NOISE = 0.6, 3.0
HELD_OUT = 0.1      # share of the faces that --mode evaluate measures with
VALIDATION = 0.05   # share that --eval_every chooses the best generator with
_CHUNK = 1000


def find(images):
    """Pictures that occur more than once.

    Args: images: uint8 (faces, size, size, 3).
    Returns: (same, mirrored): two int arrays (twins, 2) of indices: the representative of a group
      of twins, which is its first picture, and a twin. Each twin is in one row, and is equal to the
      representative (up to re-encoding), not only to another twin.
    """
    first = _first_of_equal(images)
    unique = np.flatnonzero(first == np.arange(len(images)))
    pairs, mirrored = _candidates(images, unique)
    confirmed = _are_equal(images, pairs, mirrored)
    pairs, mirrored = pairs[confirmed], mirrored[confirmed]
    representative, is_mirrored = first.copy(), np.zeros(len(images), bool)
    # By twin, then by picture: the pictures before it have been assigned.
    for i in np.lexsort((mirrored, pairs[:, 0], pairs[:, 1])):
        picture, twin = pairs[i]
        if representative[picture] == picture and representative[twin] == twin:
            representative[twin], is_mirrored[twin] = picture, mirrored[i]
    # Exact copies of a twin have the same representative.
    representative, is_mirrored = representative[first], is_mirrored[first]
    twins = np.flatnonzero(representative != np.arange(len(images)))
    rows = np.stack([representative[twins], twins], axis=1)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return rows[~is_mirrored[rows[:, 1]]], rows[is_mirrored[rows[:, 1]]]


def groups(images):
    """int (faces,): the representative of each picture, the first of its twins."""
    return representatives(len(images), *find(images))


def representatives(count, same, mirrored):
    """groups() of `count` pictures. same, mirrored: of find()."""
    group = np.arange(count)
    for pairs in (same, mirrored):
        group[pairs[:, 1]] = pairs[:, 0]
    return group


def _first_of_equal(images):
    """int (faces,): for each picture the index of the first one with identical pixels."""
    first = {}
    return np.array([first.setdefault(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), i)
                     for i, image in enumerate(images)], int)


def _candidates(images, rows):
    """Pairs of some rows of the images with similar thumbnails.

    Returns: (int (pairs, 2), the lower index first; bool (pairs,), whether one is mirrored).
    """
    thumbs = _thumbnails(images[rows] if len(rows) < len(images) else images)
    plain, flipped = (each.reshape(-1, 3 * SIDE ** 2) for each in (thumbs, thumbs[:, :, ::-1]))
    # Only faces with nearly the same mean need to be compared: the means of thumbnails differ by at
    # most the RMS of their difference.
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
    """bool (pairs,): whether the pictures of a pair are equal at full size (one of them mirrored,
    where `mirrored`)."""
    equal = np.empty(len(pairs), bool)
    chunk = max(1, 2 ** 22 // math.prod(images.shape[1:]))  # 17 MB an array
    for start in range(0, len(pairs), chunk):
        part = slice(start, start + chunk)
        a, b = (images[pairs[part, i]].astype(np.float32) for i in range(2))
        b[mirrored[part]] = b[mirrored[part], :, ::-1]
        parts = _difference(a @ LUMINANCE, b @ LUMINANCE, PARTS)
        equal[part] = (_difference(a, b, 1) < MAX_DIFFERENCE) & (parts < MAX_PART_DIFFERENCE)
    return equal


def _difference(a, b, parts):
    """float (pictures,): the largest ratio of RMS difference to contrast of parts x parts parts.

    Args: a, b: float (pictures, size, size[, channels]); differences in brightness are ignored.
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
    noise = np.clip(NOISE * largest, MIN_NOISE, MAX_NOISE)
    return np.sqrt((squares / (contrast + noise ** 2)).max(axis=(1, 2)))


class Split(NamedTuple):
    """Sorted int arrays of the indices of faces: for training, for choosing the best generator, and
    for measuring it. Twins are in the same part."""
    training: np.ndarray
    validation: np.ndarray
    held_out: np.ndarray


def split(images, seed=0):
    """The Split of some faces, uint8 (n, size, size, 3).

    The seed is not that of the run, so that all runs are measured on the same faces.
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
    return thumbs - 128.0  # centered, so that the squares below are more precise


def _mean_square(a, b):
    """Mean squared difference of every row of a and every row of b."""
    products = a @ b.T
    return ((a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1) - 2 * products) / a.shape[1]


def _unique(pairs):
    """Sorted pairs, each once, the lower index first, without pairs of a face with itself."""
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)
