"""Attribute control for a generator that was trained without labels, by directions of its noise.

Noise that is shifted to the mean noise of faces with an attribute draws that attribute (Radford et
al. 2015, section 6.3.2, where a person selected the faces). Here the attribute classifier selects
them among the generator's own faces.
"""
import logging

import keras
import numpy as np
from keras import layers, ops

from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.generation.latents import Latents

log = logging.getLogger(__name__)

NUM_FACES = 2048  # that are classified
# A factor on the mean noise, which is too short: faces between two colors count for both.
STRENGTH = 1.5
_SHIFTED = "shifted_z"  # name of the layer


def add_attribute_control(trained):
    """Gives a generator that takes noise alone one-hot labels as its second input.

    A requested value replaces that of the face: in the few directions of the noise along which the
    values of the axis differ, the noise becomes STRENGTH times the mean of the faces with this
    value. All other directions, and so the rest of the face, stay.

    Args: trained: loading.Trained of a recipe that is not conditional.
    Returns: a Trained whose generator takes z (batch, latent_dim) and one-hot labels (batch,
      sum(sizes)); its labels are the classifier's, and its label_distribution is that of the
      classified faces.
    """
    z = latents.noise(trained.recipe, range(NUM_FACES))
    predictor = classifier.bundled()
    predicted = predictor.predict(sampling.generate(trained.generator, z, progress=True))
    labels = predictor.labels
    noise = keras.Input((z.shape[1],), name="z")
    one_hot = keras.Input((sum(labels.sizes),), name="code")
    shifted_z, remaining, found = noise, z, []
    for axis, requested in labels.split(one_hot).items():
        shares = predicted[axis]  # (NUM_FACES, values)
        # The directions of an axis are orthogonal to those of the axes before it.
        directions = _directions(shares, remaining, trained.recipe.latent_std)
        remaining = remaining - remaining @ directions @ directions.T
        means = shares.T @ z @ directions / np.maximum(shares.sum(axis=0)[:, None], 1e-6)
        specified = ops.sum(requested, axis=1, keepdims=True)
        current = ops.matmul(ops.matmul(shifted_z, directions), directions.T)
        shifted_z = (shifted_z - specified * current
                     + ops.matmul(requested, STRENGTH * means @ directions.T))
        found.append(f"{directions.shape[1]} for {axis}")
    drawn = trained.generator([layers.Identity(name=_SHIFTED)(shifted_z)])
    log.info(f"note: {trained.info['run']} was trained without tags; attributes are directions of "
             f"its noise along which its own faces change: {', '.join(found)}")
    tags = np.stack([predicted[axis].argmax(axis=1) for axis in labels.axes], axis=1)
    return trained._replace(generator=keras.Model([noise, one_hot], drawn),
                            info=trained.info | {"axes": labels.to_json(),
                                                 "table": labels.joint_distribution(tags).tolist()})


def without_attribute_control(trained, batch):
    """Undoes add_attribute_control(): returns the Trained that it was given, and Latents of noise
    alone that draw the same faces. Other models and their latents stay as they are."""
    if trained.recipe.conditional or not trained.takes_attributes:
        return trained, batch
    shift = keras.Model(trained.generator.inputs, trained.generator.get_layer(_SHIFTED).output)
    return (trained._replace(generator=trained.generator.get_layer("generator"),
                             info=trained.info | {"table": None}),
            Latents(np.asarray(shift([batch.z, batch.one_hot]))))


def _directions(shares, z, std):
    """Orthonormal directions (latent_dim, few) along which the mean noise of the colors differs.

    Args: shares: (n, colors), the probability of each color; z: (n, latent_dim); std: standard
      deviation of z.
    """
    # If colors and noise were independent, sums of noise with orthonormal weights would be a matrix
    # of standard normal numbers. Its largest singular value exceeds sqrt(rows) + sqrt(columns) by 3
    # in at most one of 90 cases (Davidson and Szarek 2001, theorem 2.13).
    weights = np.linalg.svd(shares - shares.mean(axis=0), full_matrices=False)[0]
    sums = weights.T @ z / std
    _, strengths, directions = np.linalg.svd(sums, full_matrices=False)
    return directions[strengths > sum(np.sqrt(sums.shape)) + 3].T.astype(np.float32)
