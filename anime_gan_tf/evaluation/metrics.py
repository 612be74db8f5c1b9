"""Distances between sets of images, and attribute accuracy: pure functions of NumPy arrays.

Features are float arrays (images, dimensions); the first argument is the reference, usually real
images, the second those to measure. Nothing here knows which network made the features. A metric of
an evaluation is one decorated function.
"""
from typing import Callable, NamedTuple

import numpy as np

from anime_gan_tf.labels import joint, UNKNOWN
from anime_gan_tf.storage.schema import RESERVED

NEIGHBORS = 5
_CHUNK = 1000

# What a metric is computed from.
FEATURES = "features"  # of real and of generated images
IMAGES = "images"      # the generated ones
CLASSES = "classes"    # probabilities (images, classes) of the generated ones


class Title(NamedTuple):
    """A metric in a table: its name there, and the number of decimal places."""
    text: str
    digits: int


TITLES: dict[str, Title] = {}  # of every metric, by name
_FUNCTIONS: dict[str, list[Callable]] = {FEATURES: [], IMAGES: [], CLASSES: []}


def metric(source, **titles):
    """Decorator: registers a function as one or more metrics of every evaluation.

    Args: source: FEATURES, IMAGES or CLASSES, what it takes; titles: {name: (text, digits)} of the
      metrics that it returns, a dict by these names where there are several.
    """
    for name in titles:
        # An axis of labels may be called so.
        if name.replace("_", "").isalpha() and name not in RESERVED:
            raise ValueError(f"add {name!r} to schema.RESERVED")

    def register(function):
        TITLES.update({name: Title(*title) for name, title in titles.items()})
        _FUNCTIONS[source].append(
            function if len(titles) > 1 else lambda *arrays: {name: function(*arrays)})
        return function

    return register


def compute(source, *arrays):
    """{name: float} of all metrics of a source: of (real, generated) features, of (images,), or of
    (probabilities,)."""
    return {name: value for function in _FUNCTIONS[source]
            for name, value in function(*arrays).items()}


@metric(FEATURES, frechet=("Frechet distance", 2))
def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """|mean difference|^2 + trace(A + B - 2 (A B)^(1/2)) of the two sets' Gaussians.

    Heusel et al. 2017, equation 6. Not comparable between feature spaces, and biased upward for
    small sets (by about trace(A) / images for each): compare sets of equal size.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    between = real.mean(axis=0) - fake.mean(axis=0)
    # Where A = X'X and B = Y'Y, the trace of (A B)^(1/2) is the sum of the singular values of XY',
    # which needs no root of a covariance, and is small for small sets.
    x, y = (np.linalg.qr((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1), mode="r")
            for rows in (real, fake))
    cross = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(between @ between + (x ** 2).sum() + (y ** 2).sum() - 2 * cross)


@metric(FEATURES, kernel=("kernel distance", 3))
def mean_kernel_distance(real, fake):
    """kernel_distance() without its error."""
    return kernel_distance(real, fake)[0]


def kernel_distance(real: np.ndarray, fake: np.ndarray, subsets: int = 100, size: int = 1000,
                    seed: int = 0) -> tuple[float, float]:
    """The squared maximum mean discrepancy under the kernel (x.y / dimensions + 1)^3, unbiased.

    Binkowski et al. 2018, section 4: the mean over random subsets. Its expectation for equal
    distributions is zero, so it can be slightly negative.

    Returns: (mean, standard error over the subsets).
    """
    rng = np.random.default_rng(seed)
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    size = min(size, len(real), len(fake))

    def kernel(x, y):
        base = x @ y.T / x.shape[1] + 1.0
        return base * base * base  # ** 3 takes eighteen times as long

    estimates = []
    for _ in range(subsets):
        x = real[rng.choice(len(real), size, replace=False)]
        y = fake[rng.choice(len(fake), size, replace=False)]
        xx, yy = kernel(x, x), kernel(y, y)
        within = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (size * (size - 1))
        estimates.append(within - 2 * kernel(x, y).mean())
    return float(np.mean(estimates)), float(np.std(estimates) / np.sqrt(subsets))


@metric(FEATURES, precision=("precision", 3), recall=("recall", 3), density=("density", 3),
        coverage=("coverage", 3))
def neighborhoods(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBORS) -> dict[str, float]:
    """The overlap of both sets, measured by neighborhoods.

    The sphere of an image reaches to its k-th nearest image of the same set. precision: the share
    of fakes in the sphere of a real; recall: the share of reals in the sphere of a fake
    (Kynkaanniemi et al. 2019, equation 2). density: the mean number of spheres of reals that a fake
    is in, over k, which may exceed 1; coverage: the share of reals with a fake in their sphere
    (Naeem et al. 2020, equations 4 and 5).

    Returns: {"precision", "recall", "density", "coverage"}: floats.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"{k} neighbors need more than {k} faces in each set")
    real_radius, fake_radius = _radius(real, k), _radius(fake, k)
    inside_real = np.zeros(len(fake), int)
    inside_fake, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for part in _parts(len(real)):
        squared = squared_distances(real[part], fake)
        within = squared <= real_radius[part, None]
        inside_real += within.sum(axis=0)
        covered[part] = within.any(axis=1)
        inside_fake[part] = (squared <= fake_radius).any(axis=1)
    return {"precision": float((inside_real > 0).mean()), "recall": float(inside_fake.mean()),
            "density": float(inside_real.mean() / k), "coverage": float(covered.mean())}


@metric(IMAGES, nyquist=("Nyquist energy", 6))
def nyquist_energy(images: np.ndarray) -> float:
    """Share of the images' energy at the Nyquist frequencies: patterns that alternate from pixel to
    pixel.

    The checkerboard of transposed convolutions (Odena et al. 2016) is visible there, since real
    faces have hardly any energy at these frequencies. Computed from gray values minus their mean,
    with a Hann window against the borders.

    Args: images: uint8 (n, size, size, 3), size even.
    Returns: a float in [0, 1]; white noise has about 2 / size.
    """
    size = images.shape[1]
    window = np.hanning(size)[:, None] * np.hanning(size)
    total, at_nyquist = 0.0, 0.0
    for part in _parts(len(images)):
        gray = images[part].mean(axis=3)
        centered = gray - (gray * window).sum(axis=(1, 2), keepdims=True) / window.sum()
        power = (np.abs(np.fft.fft2(centered * window)) ** 2).sum(axis=0)
        line = size // 2
        total += power.sum()
        at_nyquist += power[line].sum() + power[:, line].sum() - power[line, line]
    return float(at_nyquist / total) if total else 0.0


@metric(CLASSES, inception_score=("Inception score", 2))
def inception_score(probabilities, splits=10):
    """exp of the mean divergence of p(class | image) from p(class), averaged over `splits` parts.

    Salimans et al. 2016, section 4.
    """
    scores = []
    for part in np.array_split(np.asarray(probabilities, np.float64),
                               min(splits, len(probabilities))):
        log = np.log(part.clip(min=1e-16))
        marginal = np.log(part.mean(axis=0).clip(min=1e-16))
        scores.append(np.exp((part * (log - marginal)).sum(axis=1).mean()))
    return float(np.mean(scores))


def accuracy(predicted, tags):
    """The share of known tags that the classifier predicts.

    Args: predicted: {axis: probabilities (n, number of its values)}, of all axes of `tags`; tags:
      {axis: int (n,)}, of one axis at least.
    Returns: {axis: share, joint(axes): share, "faces": n}; a share is NaN where no face has a tag.
    """
    known = {axis: column != UNKNOWN for axis, column in tags.items()}
    right = {axis: predicted[axis].argmax(axis=1) == column for axis, column in tags.items()}
    every = np.all(list(known.values()), axis=0)
    share = lambda hits: float(hits.mean()) if hits.size else float("nan")
    return {axis: share(right[axis][known[axis]]) for axis in tags} | {
        joint(tags): share(np.all(list(right.values()), axis=0)[every]), "faces": len(every)}


def confusion(probabilities, requested):
    """int (values, values): the number of faces for each requested value (rows) and predicted value
    (columns)."""
    counts = np.zeros(2 * probabilities.shape[1:], int)
    known = requested != UNKNOWN
    np.add.at(counts, (requested[known], probabilities[known].argmax(axis=1)), 1)
    return counts


def _radius(points, k):
    """Squared distance of each point to its k-th nearest other point."""
    return np.concatenate([np.partition(squared_distances(points[part], points), k, axis=1)[:, k]
                           for part in _parts(len(points))])  # the nearest one is the point itself


def squared_distances(a, b):
    """(len(a), len(b)) squared Euclidean distances between rows."""
    squared = (a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1) - 2 * (a @ b.T)
    return squared.clip(min=0)


def _parts(count):
    return [slice(i, i + _CHUNK) for i in range(0, count, _CHUNK)]
