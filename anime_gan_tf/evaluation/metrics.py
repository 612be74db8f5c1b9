"""How far two sets of images are apart, and attribute accuracy: pure functions of NumPy arrays.

Features are float arrays (images, dimensions); the first argument is the reference, usually real
images, the second those to measure. Nothing here knows which network made the features. A metric of
an evaluation is one decorated function.
"""
from typing import Callable, NamedTuple

import numpy as np

from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage.schema import RESERVED

NEIGHBORS = 5
_CHUNK = 1000

# What a metric is computed from.
FEATURES = "features"  # of real and of generated images
IMAGES = "images"      # the generated ones
CLASSES = "classes"    # probabilities (images, classes) of the generated ones


class Title(NamedTuple):
    """A metric in a table: its name there, and the number of digits behind the point."""
    text: str
    digits: int


TITLES: dict[str, Title] = {}  # of every metric, by name
_FUNCTIONS: dict[str, list[Callable]] = {FEATURES: [], IMAGES: [], CLASSES: []}


def metric(source, **titles):
    """Has an evaluation compute a function.

    Args: source: FEATURES, IMAGES or CLASSES, what it takes; titles: {name: (text, digits)} of the
      metrics that it returns, a dict by these names where there are several.
    """
    for name in titles:
        if name.isalpha() and name not in RESERVED:  # an axis of labels may be called so
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
def frechet_distance(real, fake):
    """|mean difference|^2 + trace(A + B - 2 (A B)^(1/2)) of the two sets' Gaussians.

    Heusel et al. 2017, equation 6. Not comparable between features, and biased upwards for small
    sets (by about trace(A) / faces for each): compare sets of equal size.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    between = real.mean(axis=0) - fake.mean(axis=0)
    a, b = (np.cov(x, rowvar=False).reshape(x.shape[1], x.shape[1]) for x in (real, fake))
    # The eigenvalues of A B are those of the symmetric root(A) B root(A), whose root is
    # well-behaved also where a covariance is singular.
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ b @ root)
    return float(between @ between + np.trace(a) + np.trace(b)
                 - 2 * np.sqrt(cross.clip(min=0)).sum())


@metric(FEATURES, kernel=("kernel distance", 3))
def mean_kernel_distance(real, fake):
    """kernel_distance() without its error."""
    return kernel_distance(real, fake)[0]


def kernel_distance(real, fake, subsets=100, size=1000, seed=0):
    """The squared maximum mean discrepancy under the kernel (x.y / dimensions + 1)^3, unbiased.

    Binkowski et al. 2018, section 4: the mean over random subsets; zero in expectation for equal
    distributions, and can be slightly negative.

    Returns: (mean, standard error over the subsets).
    """
    rng = np.random.default_rng(seed)
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    size = min(size, len(real), len(fake))
    kernel = lambda x, y: (x @ y.T / x.shape[1] + 1.0) ** 3
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
def neighborhoods(real, fake, k=NEIGHBORS):
    """How much of each set lies among the other's neighbors.

    precision: share of the fakes within some real's distance to its k-th nearest real; recall: the
    same with the roles changed (Kynkaanniemi et al. 2019, equation 2). density: how many reals'
    spheres a fake is in, over k, which may exceed 1; coverage: share of the reals with a fake in
    their sphere (Naeem et al. 2020, equations 4 and 5).

    Returns: {"precision", "recall", "density", "coverage"}: floats.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"{k} neighbors need more than {k} faces on each side")
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
def nyquist_energy(images):
    """Share of the images' energy at the Nyquist frequencies: patterns that change every pixel.

    A checkerboard of transposed convolutions (Odena et al. 2016) stands out there, as real faces
    have hardly any. Of gray values without their mean, under a Hann window, so that the borders do
    not count.

    Args: images: uint8 (n, size, size, 3), size even.
    Returns: a float in [0, 1]; white noise has about 2 / size.
    """
    size = images.shape[1]
    window = np.hanning(size)[:, None] * np.hanning(size)
    total, there = 0.0, 0.0
    for part in _parts(len(images)):
        gray = images[part].mean(axis=3)
        centered = gray - (gray * window).sum(axis=(1, 2), keepdims=True) / window.sum()
        power = (np.abs(np.fft.fft2(centered * window)) ** 2).sum(axis=0)
        line = size // 2
        total += power.sum()
        there += power[line].sum() + power[:, line].sum() - power[line, line]
    return float(there / total) if total else 0.0


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


def joint(axes):
    """The name of the figure for faces that are right on every one of some axes."""
    return "both" if len(axes) == 2 else "all"


def accuracy(predicted, tags):
    """Share of the known tags that the classifier agrees with.

    Args: predicted: {axis: probabilities (n, its values)}, of these axes at least; tags: {axis: int
      (n,)}, of one axis at least.
    Returns: {axis, joint(axes): floats, NaN where no face has the tag; "faces": n}.
    """
    known = {axis: column != UNKNOWN for axis, column in tags.items()}
    right = {axis: predicted[axis].argmax(axis=1) == column for axis, column in tags.items()}
    every = np.all(list(known.values()), axis=0)
    share = lambda hits: float(hits.mean()) if hits.size else float("nan")
    return {axis: share(right[axis][known[axis]]) for axis in tags} | {
        joint(tags): share(np.all(list(right.values()), axis=0)[every]), "faces": len(every)}


def confusion(probabilities, wanted):
    """int (colors, colors): faces wanted as the row's color and predicted as the column's."""
    table = np.zeros(2 * probabilities.shape[1:], int)
    known = wanted != UNKNOWN
    np.add.at(table, (wanted[known], probabilities[known].argmax(axis=1)), 1)
    return table


def _radius(points, k):
    """Squared distance of every point to its k-th nearest other one."""
    return np.concatenate([np.partition(squared_distances(points[part], points), k, axis=1)[:, k]
                           for part in _parts(len(points))])  # the nearest of all is itself


def squared_distances(a, b):
    """(len(a), len(b)) squared Euclidean distances between rows."""
    squared = (a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1) - 2 * (a @ b.T)
    return squared.clip(min=0)


def _parts(count):
    return [slice(i, i + _CHUNK) for i in range(0, count, _CHUNK)]
