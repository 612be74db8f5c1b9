"""Attribute control for a generator that was trained without tags, by directions of its noise.

The mean noise of faces that share something, moved to, gives other faces it (Radford et al. 2015,
section 6.3.2, with faces that a person chose). Here the attribute classifier chooses among the
generator's own faces.
"""
import logging

import keras
import numpy as np
from keras import layers, ops

from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.generation.latents import Latents

log = logging.getLogger(__name__)

FACES = 2048    # that are looked at
# Times the mean, which faces half-way between two colors pull inwards.
STRENGTH = 1.5


def add_attribute_control(trained):
    """Gives a generator of noise alone an attribute code as its second input.

    A value asked for takes the place of the face's own: in the few directions of the noise along
    which the values of that axis differ, the noise becomes STRENGTH times the mean of the faces
    with this value. All other directions, and so the rest of the face, stay.

    Args: trained: loading.Trained of a recipe that is not conditional.
    Returns: a Trained whose generator takes z (batch, latent_dim) and code (batch, sum(sizes)); its
      labels are the classifier's, and its table counts the values of the faces looked at.
    """
    z = latents.noise(trained.recipe, range(FACES))
    predictor = classifier.load()
    predicted = predictor.predict(sampling.generate(trained.generator, z, progress=True))
    labels = predictor.labels
    noise = keras.Input((z.shape[1],), name="z")
    code = keras.Input((sum(labels.sizes),), name="code")
    moved, free, found = noise, z, []
    for axis, asked in labels.split(code).items():
        shares = predicted[axis]  # (FACES, values)
        # Of directions that earlier axes have already, none.
        directions = _directions(shares, free, trained.recipe.latent_std)
        free = free - free @ directions @ directions.T
        means = shares.T @ z @ directions / np.maximum(shares.sum(axis=0)[:, None], 1e-6)
        specified = ops.sum(asked, axis=1, keepdims=True)
        own = ops.matmul(ops.matmul(moved, directions), directions.T)
        moved = moved - specified * own + ops.matmul(asked, STRENGTH * means @ directions.T)
        found.append(f"{directions.shape[1]} for {axis}")
    drawn = trained.generator([layers.Identity(name="moved")(moved)])
    log.info(f"note: {trained.info['run']} was trained without tags; attributes are directions of "
             f"its noise along which its own faces change: {', '.join(found)}")
    tags = np.stack([predicted[axis].argmax(axis=1) for axis in labels.axes], axis=1)
    return trained._replace(generator=keras.Model([noise, code], drawn),
                            info=trained.info | {"axes": labels.to_json(),
                                                 "table": labels.joint_table(tags).tolist()})


def without_attribute_control(trained, faces):
    """What add_attribute_control() was given, with Latents of noise alone; others unchanged."""
    if trained.recipe.conditional or not trained.takes_attributes:
        return trained, faces
    moved = keras.Model(trained.generator.inputs, trained.generator.get_layer("moved").output)
    return (trained._replace(generator=trained.generator.get_layer("generator"),
                             info=trained.info | {"table": None}),
            Latents(np.asarray(moved([faces.z, faces.code]))))


def _directions(shares, z, std):
    """Orthonormal directions (latent_dim, few) along which the mean noise of the colors differs.

    Args: shares: (n, colors), how much each face has of each; z: (n, latent_dim), of deviation
      std.
    """
    # Were colors and noise independent, sums of noise under orthonormal weights would be a matrix
    # of standard normal numbers, whose largest singular value exceeds the sum of the roots of its
    # sides by 3 once in 90 times at most (Davidson and Szarek 2001, theorem 2.13).
    weights = np.linalg.svd(shares - shares.mean(axis=0), full_matrices=False)[0]
    sums = weights.T @ z / std
    _, strengths, directions = np.linalg.svd(sums, full_matrices=False)
    return directions[strengths > sum(np.sqrt(sums.shape)) + 3].T.astype(np.float32)
