"""How far along a direction of the noise equal steps are, and how many of them leave faces good."""
import itertools
import math

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from anime_gan_tf.evaluation import pairs
from anime_gan_tf.generation import latents, sampling, sliders
from anime_gan_tf.networks import loading

FIRST_SEED = 1_000_000     # of the faces that sliders are found on
CALIBRATED = 16            # faces that steps and ranges are measured on
FARTHEST = 2.5             # standard deviations of the noise that a slider goes, at most
GRID = 8                   # places in each direction at which it is measured
STEP = 0.25                # perceptual distance (evaluation/pairs.py) of one step
# The mean of the discriminator's logits, in standard deviations over faces, may fall so far within
# a slider's range.
FALL = 0.2
UNJUDGED = 2.0             # FARTHEST where no discriminator is there to judge


def calibrate(trained, path, found):
    """How far along each direction equal steps are, and how many of them leave faces good.

    A step is as far as pictures change by STEP on average. Faces are good as long as the
    discriminator's mean logit has not fallen by FALL standard deviations, and the noise is no
    farther than FARTHEST of its own (without a discriminator UNJUDGED) from where it was.

    Args: trained: loading.Trained; path: of its generator.npz, beside which its discriminator is
      looked for, or None; found: (n, latent_dim), directions.
    Returns: positions (n, len(sliders.STEPS)), [(low, high), ...] in half steps.
    """
    seeds = range(FIRST_SEED - CALIBRATED, FIRST_SEED)
    faces, forward = latents.from_seeds(trained, seeds), drawer(trained)
    judge = path and _judge(trained, path)
    perceive = tf.function(pairs.network("mode sliders"), reduce_retracing=True)
    farthest = trained.recipe.latent_std * (FARTHEST if judge else UNJUDGED)
    places = np.linspace(-farthest, farthest, 2 * GRID + 1)
    positions, ranges = [], []
    for direction in tqdm(found, "measuring steps", unit="slider", leave=False, disable=None):
        maps, lengths, logits = None, [0.0], []
        for place in places:
            images = forward((faces.z + place * direction).astype(np.float32), faces.one_hot)
            before, maps = maps, [np.asarray(x) for x in perceive(images)]
            if before:
                lengths.append(pairs.distances(maps, before).mean())
            if judge:
                logits.append(judge(images, faces.tags))
        steps = np.cumsum(lengths) / STEP
        steps -= steps[GRID]
        positions.append(np.interp(sliders.STEPS, steps, places))
        good = _good(np.array(logits)) if judge else np.ones(len(places), bool)
        ranges.append(usable_range(steps, good))
    return np.array(positions), ranges


def _good(logits):
    """Which places (n,) leave faces good. logits: (n, faces); those in the middle are of unmoved
    faces."""
    middle = logits[len(logits) // 2]
    return (middle - logits).mean(axis=1) <= FALL * middle.std()


def usable_range(steps, good):
    """(low, high), low <= 0 <= high: the last half steps that are reached before the first bad
    place on either side of the middle, or before the last place if none is bad.

    Args: steps: (n,), rising, 0 in the middle; good: bool (n,).
    """
    middle = len(steps) // 2
    ends = []
    for order in (range(middle, -1, -1), range(middle, len(steps))):
        good_ones = list(itertools.takewhile(lambda i: good[i], order))
        farthest = abs(steps[good_ones[-1]]) if good_ones else 0.0
        ends.append(min(math.floor(2 * farthest + 1e-6) / 2, float(sliders.STEPS[-1])))
    low, high = ends
    return 0.0 - low, high  # 0 and not -0, which would be printed so


def _judge(trained, path):
    """A function of images in [-1, 1] and tags to the discriminator's logits (n,); None where
    there is no discriminator."""
    discriminator = loading.load_discriminator(path, trained.recipe, trained.labels)
    if discriminator is None:
        return None
    forward = tf.function(lambda inputs: discriminator(inputs, training=False)["score"],
                          reduce_retracing=True)

    def judge(images, tags):
        return np.asarray(forward([images, tags] if trained.recipe.projection else images))[:, 0]

    return judge


def drawer(trained):
    """A function of z (n, latent_dim) and code (or None) to images (n, size, size, 3) in
    [-1, 1]."""
    generator = sampling.from_one_hot(trained.generator)
    forward = tf.function(lambda inputs: generator(inputs, training=False), reduce_retracing=True)
    return lambda z, code: forward([z] if code is None else [z, code])
