"""Finds the sliders of a generator, without labels: what each number of its noise does to the
picture, on average over its own faces, combined into changes that a person sees as one.

The directions that change pictures most (eigenvectors of the mean of J'J, for J the derivative of
the picture by the noise: an active subspace, Constantine 2015) mix everything that a face has. So
they are taken apart, in the metric of J'J in which two directions are orthogonal where they change
pictures in unrelated ways:

1. motion of the picture's middle, as an affine optical flow (Lucas and Kanade 1981), and its light
   and warmth: for each such number, the direction that changes it most for a given change of the
   picture;
2. the strongest that is left, which is mostly the hair, rotated until each direction changes few
   places, on both sides alike or opposite (a joint diagonalization, Cardoso and Souloumiac 1996);
3. of what is left then, what changes the same way in every face: the eyes.

docs/experiments/sliders.md compares this with others.
"""
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents, sampling, slider_steps, sliders
from anime_gan_tf.generation.sliders import Slider, Sliders
from anime_gan_tf.networks import forward
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.storage.images import LUMINANCE

LONGEST = 6144             # derivatives that are drawn, over all faces
FACES = (8, 96)            # fewest and most of them
EPSILON = 0.1              # step of the differences, of noise with a standard deviation of 1
SIDE, PLACES = 32, 16      # pixels across of the pictures compared, and places among them
RIDGE = 0.3                # added to J'J, of mean eigenvalue 1, so that weak directions stay out
MOTIONS, LIGHTS = 6, 2     # numbers read from a change
STRONGEST, CONSISTENT = 6, 4  # directions of the second and the third kind
SILENT = 1e-5              # length of a readout's slope below which nothing happens
SHORTEST = 1.0             # steps that a slider must reach in one direction to be one


class Changes(NamedTuple):
    """What each number of the noise does to each of n faces. places: float32 (n, latent_dim,
    PLACES^2, 3), colors of mirrored(); readouts: (n, MOTIONS + LIGHTS, latent_dim)."""
    places: np.ndarray
    readouts: np.ndarray


def find(trained, path):
    """The Sliders of a generator.

    Args: trained: loading.Trained; path: of its generator.npz, beside which its discriminator is
      looked for.
    Raises:
      UserError: where there are none.
    """
    found = directions(changes(trained, search_faces(trained)))
    positions, ranges = slider_steps.calibrate(trained, path, found)
    rows = [i for i, (low, high) in enumerate(ranges) if max(-low, high) >= SHORTEST]
    if not rows:
        raise UserError("--run", Fault.TOO_FEW, f"no direction of the noise of "
                        f"{trained.info['run']} changes its faces by a step without spoiling them")
    listed = tuple(Slider(str(number), *ranges[i]) for number, i in enumerate(rows, start=1))
    return Sliders(listed, found[rows].astype(np.float32), positions[rows].astype(np.float32),
                   sliders.digest(checkpoints.weights(path)))


# ----- directions

def search_faces(trained):
    """Latents of the faces that sliders are found on."""
    count = min(max(LONGEST // trained.recipe.latent_dim, FACES[0]), FACES[1])
    seeds = range(slider_steps.FIRST_SEED, slider_steps.FIRST_SEED + count)
    return latents.from_seeds(trained, seeds)


def changes(trained, faces):
    """The Changes of faces of a generator, by differences. faces: Latents."""
    size = trained.recipe.latent_dim
    step, draw = EPSILON * trained.recipe.latent_std, slider_steps.drawer(trained)
    offsets = np.concatenate([np.zeros((1, size)), step * np.eye(size)]).astype(np.float32)
    parts = []
    for i in tqdm(range(len(faces)), "finding directions", unit="face", leave=False, disable=None):
        small = forward.run(
            lambda part: _resized(draw(faces.z[i] + part, faces[np.full(len(part), i)].one_hot)),
            [offsets], sampling.BATCH)
        parts.append(effects(small[0], (small[1:] - small[0]) / step))
    return Changes(*map(np.stack, zip(*parts)))


def effects(image, derivatives):
    """(places (latent_dim, PLACES^2, 3), readouts (MOTIONS + LIGHTS, latent_dim)) of one face.

    The readouts are the affine flow of the picture's middle: to the right, downwards, clockwise,
    larger, wider than high, sheared; and how much lighter and warmer the picture becomes.

    Args: image: (SIDE, SIDE, 3) in [-1, 1]; derivatives: (latent_dim, SIDE, SIDE, 3).
    """
    size, width = len(derivatives), SIDE // PLACES
    places = derivatives.reshape(size, PLACES, width, PLACES, width, 3).mean(axis=(2, 4))
    colors = derivatives.mean(axis=(1, 2)).T  # (3, latent_dim)
    light = np.stack([LUMINANCE @ colors, colors[0] - colors[2]])
    flow = _flow(image @ LUMINANCE, derivatives @ LUMINANCE)
    return (mirrored(places).reshape(size, PLACES ** 2, 3).astype(np.float32),
            np.concatenate([flow, light]).astype(np.float32))


def mirrored(places):
    """What both sides have in common, left, and what they do not, right: sums and differences of
    mirrored places, as large together. places: (..., height, width, channels)."""
    left, right = np.split(places, 2, axis=-2)
    right = right[..., ::-1, :]
    return np.concatenate([left + right, left - right], axis=-2) / np.sqrt(2)


def _flow(gray, derivatives):
    """(MOTIONS, latent_dim): the affine motion that explains a change of gray best.

    A picture I that moves by the flow (u, v) changes by -(I_x u + I_y v); the flow is fitted by
    least squares, which count the middle most.
    Args: gray: (SIDE, SIDE); derivatives: (latent_dim, SIDE, SIDE).
    """
    down, right = np.gradient(gray)
    y, x = np.mgrid[-1:1:SIDE * 1j, -1:1:SIDE * 1j]
    flows = [(1, 0), (0, 1), (-y, x), (x, y), (x, -y), (y, x)]
    basis = -np.stack([right * u + down * v for u, v in flows], axis=-1).reshape(-1, MOTIONS)
    weighted = basis * np.exp(-2 * (x ** 2 + y ** 2)).reshape(-1, 1)
    normal = weighted.T @ basis
    normal += (1e-3 * np.trace(normal) / MOTIONS + 1e-12) * np.eye(MOTIONS)
    return np.linalg.solve(normal, weighted.T @ derivatives.reshape(len(derivatives), -1).T)


def directions(changed):
    """Directions of the noise, (n, latent_dim), of length one.

    Args: changed: Changes. Returns: first those of motion and light, then the strongest of what is
      left, then consistent ones, each kind as many as there are dimensions for.
    """
    count, size = changed.places.shape[:2]
    flat = changed.places.reshape(count, size, -1).astype(np.float64)
    energy = sum(one @ one.T for one in flat) / count
    energy *= size / max(np.trace(energy), 1e-12)
    metric = energy + RIDGE * np.eye(size)
    found = _normalized(np.linalg.solve(metric, _alike(changed.readouts).T).T, metric)
    mean = changed.places.mean(axis=0, dtype=np.float64)
    oriented = len(found)
    found = np.concatenate([found, _strongest(changed.places, energy, metric, found)])
    found = np.concatenate([found, _consistent(mean, metric, found)])
    # Whatever is not oriented by a readout makes faces lighter.
    lighter = found @ (mean.sum(axis=1) @ LUMINANCE)
    lighter[:oriented] = 1
    return found * np.where(lighter < 0, -1, 1)[:, None] / np.linalg.norm(
        found, axis=1, keepdims=True)


def _alike(readouts):
    """The means over faces (up to MOTIONS + LIGHTS, latent_dim) of those readouts that noise
    changes alike in them: chance alone would leave a share 1 / n of the mean square."""
    mean, squares = readouts.mean(axis=0), (readouts ** 2).sum(axis=2).mean(axis=0)
    signal = (mean ** 2).sum(axis=1)
    return mean[(signal > 4 * squares / len(readouts)) & (signal > SILENT ** 2)]


def _strongest(places, energy, metric, found):
    """(STRONGEST, latent_dim), orthogonal to `found` in the metric: what changes pictures most,
    rotated so that each direction changes few places."""
    rest = _orthogonal_to(found, metric)
    if not rest.shape[1]:
        return np.zeros((0, len(metric)))
    basis = rest @ _eigenvectors(rest.T @ energy @ rest, STRONGEST)
    # Rotated as they are, strong directions would hide in all others.
    basis /= np.sqrt(np.maximum(np.einsum("ia,ij,ja->a", basis, energy, basis), 1e-12))
    moved = np.einsum("ia,fipc->fapc", basis, places, optimize=True)
    basis = basis @ joint_diagonalizer(np.einsum("fapc,fbpc->pab", moved, moved, optimize=True))
    return _normalized(_by_strength(basis.T, lambda row: (row @ energy @ row) / (row @ row)),
                       metric)


def _consistent(mean, metric, found):
    """(CONSISTENT, latent_dim), orthogonal to `found` in the metric: where the mean change of the
    picture is largest beside the mean square change."""
    rest = _orthogonal_to(found, metric)
    if not rest.shape[1]:
        return np.zeros((0, len(metric)))
    signal = lambda basis: np.einsum("ia,ipc,jpc,jb->pab", basis, mean, mean, basis, optimize=True)
    root = np.linalg.inv(np.linalg.cholesky(rest.T @ metric @ rest)).T
    basis = rest @ root
    basis = basis @ _eigenvectors(signal(basis).sum(axis=0), CONSISTENT)
    return _by_strength((basis @ joint_diagonalizer(signal(basis))).T,
                        lambda row: np.sum((row @ mean.reshape(len(mean), -1)) ** 2))


def joint_diagonalizer(matrices, sweeps=50):
    """The rotation Q (k, k) for which the matrices Q' M Q are together closest to diagonal.

    By Jacobi rotations of two columns, each the best there is (Cardoso and Souloumiac 1996).
    Args: matrices: symmetric (n, k, k).
    """
    matrices, size = np.array(matrices, np.float64), matrices.shape[1]
    rotation = np.eye(size)
    for _ in range(sweeps):
        largest = 0.0
        for i in range(size):
            for j in range(i + 1, size):
                difference = matrices[:, i, i] - matrices[:, j, j]
                off = 2 * matrices[:, i, j]  # the diagonal
                angle = 0.25 * math.atan2(2 * difference @ off,
                                          difference @ difference - off @ off)
                turn = np.array([[math.cos(angle), -math.sin(angle)],
                                 [math.sin(angle), math.cos(angle)]])
                matrices[:, :, [i, j]] = matrices[:, :, [i, j]] @ turn
                matrices[:, [i, j]] = turn.T @ matrices[:, [i, j]]
                rotation[:, [i, j]] = rotation[:, [i, j]] @ turn
                largest = max(largest, abs(angle))
        if largest < 1e-6:
            break
    return rotation


def _orthogonal_to(found, metric):
    """An orthonormal basis (latent_dim, rest) of what is orthogonal to rows in the metric."""
    _, strengths, basis = np.linalg.svd(found @ metric)
    return basis[int((strengths > 1e-9 * strengths.max(initial=0)).sum()):].T


def _normalized(rows, metric):
    """Rows of length one in the metric, so that a weak effect does not count less than a strong
    one; without rows of zeros, of what no noise changes."""
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", rows, metric, rows))
    return rows[lengths > 1e-9] / lengths[lengths > 1e-9, None]


def _eigenvectors(matrix, count):
    """Those of the largest eigenvalues, (size, up to count), the largest first."""
    return np.linalg.eigh(matrix)[1][:, ::-1][:, :count]


def _by_strength(rows, strength):
    return rows[np.argsort([-strength(row) for row in rows], kind="stable")]


def _resized(images):
    """Images at SIDE pixels, by averaging."""
    return np.asarray(tf.image.resize(images, (SIDE, SIDE), "area"))
