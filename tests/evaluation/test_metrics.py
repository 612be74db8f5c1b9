"""Estimators against known distances of distributions, and formulas written another way."""
import math

import numpy as np
import pytest

from anime_gan_tf.evaluation import metrics


def normal(count, mean=0.0, scale=1.0, dimensions=8, seed=0):
    return mean + scale * np.random.default_rng(seed).normal(size=(count, dimensions))


def test_frechet_distance_of_gaussians_is_the_closed_form():
    # Between N(0, I) and N(m, s^2 I): d m^2 + d (1 - s)^2.
    a, b = normal(200_000), normal(200_000, 0.5, 2.0, seed=1)
    assert metrics.frechet_distance(a, b) == pytest.approx(8 * 0.25 + 8 * 1.0, rel=0.02)
    assert metrics.frechet_distance(a, normal(200_000, seed=2)) == pytest.approx(0, abs=0.002)


def test_frechet_distance_with_covariances_that_do_not_commute():
    rng = np.random.default_rng(3)
    a, b = (rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6)) for _ in range(2))
    x, y = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # The trace of a matrix' root is the sum of the roots of its eigenvalues; x @ y is not
    # symmetric.
    root = np.sqrt(np.linalg.eigvals(x @ y).astype(complex)).real.sum()
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(x) + np.trace(y) - 2 * root
    assert metrics.frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_a_singular_set_is_finite_and_zero_to_itself():
    flat = normal(50, dimensions=100)  # fewer faces than dimensions
    assert metrics.frechet_distance(flat, flat) == pytest.approx(0, abs=1e-4)


def test_kernel_distance_of_equal_distributions_is_zero_in_the_mean():
    estimates = [metrics.kernel_distance(normal(300, seed=i), normal(300, seed=100 + i), 5, 200,
                                         i)[0] for i in range(40)]
    assert abs(np.mean(estimates)) < 3 * np.std(estimates) / math.sqrt(len(estimates))
    assert min(estimates) < 0  # unbiased, so it must be able to be negative


def test_kernel_distance_against_its_expectation():
    # One dimension, k(x, y) = (x y + 1)^3, so E k depends on the moments alone:
    # E (xy + 1)^3 = 1 + 3 E[x]E[y] + 3 E[x^2]E[y^2] + E[x^3]E[y^3].
    moments = lambda m, s: np.array([1, m, m * m + s * s, m ** 3 + 3 * m * s * s])
    p, q = moments(0.0, 1.0), moments(1.0, 0.5)
    expected = (np.array([1, 3, 3, 1]) * (p - q) ** 2).sum()
    estimate, error = metrics.kernel_distance(normal(20_000, 0.0, 1.0, 1),
                                              normal(20_000, 1.0, 0.5, 1, seed=1), 20, 1000)
    assert estimate == pytest.approx(expected, rel=0.03) and error < 0.1 * expected


def test_neighborhoods_by_brute_force():
    real, fake, k = normal(60, seed=1), normal(50, 0.7, 0.8, seed=2), 3
    distance = lambda a, b: np.array([[np.linalg.norm(x - y) for y in b] for x in a])
    radius = lambda points: np.sort(distance(points, points), axis=1)[:, k]
    inside_real = distance(real, fake) <= radius(real)[:, None]
    inside_fake = distance(real, fake) <= radius(fake)
    assert metrics.neighborhoods(real, fake, k) == pytest.approx({
        "precision": inside_real.any(axis=0).mean(), "recall": inside_fake.any(axis=1).mean(),
        "density": inside_real.sum() / (k * 50), "coverage": inside_real.any(axis=1).mean()})


def test_neighborhoods_of_known_cases():
    real = normal(1500, dimensions=2)
    same = metrics.neighborhoods(real, normal(1500, dimensions=2, seed=1))
    assert (min(same["precision"], same["recall"]) > 0.97
            and same["density"] == pytest.approx(1, abs=0.1))
    # The expected coverage of equal sets is 1 - 2^-k for k << faces (Naeem et al. 2020, section
    # 3.2).
    assert same["coverage"] == pytest.approx(1 - 2 ** -metrics.NEIGHBORS, abs=0.02)
    collapsed = metrics.neighborhoods(real, normal(1500, scale=0.05, dimensions=2, seed=1))
    assert (collapsed["precision"] > 0.97 and collapsed["recall"] < 0.2
            and collapsed["coverage"] < 0.2)
    away = metrics.neighborhoods(real, normal(1500, 50.0, dimensions=2, seed=1))
    assert max(away.values()) == 0


def test_neighborhoods_want_more_faces_than_neighbors():
    with pytest.raises(ValueError, match=str(metrics.NEIGHBORS)):
        metrics.neighborhoods(normal(5), normal(50))


def test_inception_score_of_known_cases():
    certain = np.tile(np.eye(10), (20, 1))
    assert metrics.inception_score(certain) == pytest.approx(10)          # sure, and every class
    assert metrics.inception_score(np.full((200, 10), 0.1)) == pytest.approx(1)   # unsure
    # A single class.
    assert metrics.inception_score(np.tile(np.eye(10)[:1], (200, 1))) == pytest.approx(1)


def test_accuracy_and_confusion_leave_unknown_tags_out():
    hair, eyes = np.eye(12)[[0, 1, 2, 3]], np.eye(11)[[5, 5, 5, 5]]
    tags = np.array([(0, 5), (1, 4), (-1, 5), (4, -1)])
    named = lambda tags: {"hair": tags[:, 0], "eyes": tags[:, 1]}
    told = metrics.accuracy({"hair": hair, "eyes": eyes}, named(tags))
    assert told == pytest.approx({"hair": 2 / 3, "eyes": 2 / 3, "both": 1 / 2, "faces": 4})
    table = metrics.confusion(hair, tags[:, 0])
    assert table.sum() == 3 and table[0, 0] == table[1, 1] == table[4, 3] == 1
    nothing = metrics.accuracy({"hair": hair, "eyes": eyes}, named(np.full((4, 2), -1)))
    assert all(math.isnan(nothing[name]) for name in ("hair", "eyes", "both"))


def test_nyquist_energy():
    noise = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    assert metrics.nyquist_energy(noise) == pytest.approx(2 / 32, rel=0.1)
    smooth = np.tile((100 + 50 * np.cos(np.linspace(0, 4 * np.pi, 32)))[:, None, None],
                     (3, 1, 32, 3)).astype(np.uint8)
    board = 10 * (np.indices((32, 32)).sum(axis=0) % 2).astype(np.uint8)[..., None]
    # The window spreads a line over three: a cosine of 50 has 2 * 25^2, a checkerboard of +-5 has
    # 5^2 of energy.
    assert metrics.nyquist_energy(smooth) < 1e-4
    assert metrics.nyquist_energy(smooth + board) == pytest.approx(25 / (1250 + 25), rel=0.35)
