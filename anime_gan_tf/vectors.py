"""Attribute vectors: hair and eye colours for a generator that was trained without tags.

The mean noise of faces that share something, moved to, gives other faces it (Radford et al. 2015, section 6.3.2,
with faces that a person chose). Here the attribute classifier chooses among the generator's own faces.
"""
import keras
import numpy as np
from keras import layers, ops

from anime_gan_tf import attributes, classifier, points, sampling
from anime_gan_tf.points import Points

FACES = 2048    # that are looked at
STRENGTH = 1.5  # times the mean: faces half-way between two colours are as many as clear ones, and pull it inwards


def steerable(trained):
    """Gives an untagged generator a colour code as its second input.

    A wished colour takes the place of the face's own: in the few directions of the noise along which the colours of
    that axis differ, the noise becomes STRENGTH times the mean of the faces with this colour. All other directions,
    and so the rest of the face, stay.

    Args: trained: checkpoints.Trained of a recipe that is not conditional.
    Returns: a Trained whose generator takes z (batch, latent_dim) and code (batch, 23); its table counts the colours
      of the faces looked at.
    """
    z = sampling.latents(trained.recipe, range(FACES))
    seen = classifier.load().look(sampling.draw(trained.generator, z, progress=True))
    noise, code = keras.Input((z.shape[1],), name="z"), keras.Input((points.CODE,), name="code")
    moved, free, found = noise, z, []
    for axis, part in points.PARTS.items():
        shares = seen[axis]  # (FACES, colours)
        # Of directions that other colours have already, none: hair is larger, and comes first.
        directions = _directions(shares, free, trained.recipe.latent_std)
        free = free - free @ directions @ directions.T
        means = shares.T @ z @ directions / np.maximum(shares.sum(axis=0)[:, None], 1e-6)
        wished = ops.sum(code[:, part], axis=1, keepdims=True)
        own = ops.matmul(ops.matmul(moved, directions), directions.T)
        moved = moved - wished * own + ops.matmul(code[:, part], STRENGTH * means @ directions.T)
        found.append(f"{directions.shape[1]} for {axis}")
    drawn = trained.generator([layers.Identity(name="moved")(moved)])
    print(f"note: {trained.info['run']} was trained without tags; it is steered by directions of its noise along which "
          f"its own faces' colours change: {', '.join(found)}")
    tags = np.stack([seen[axis].argmax(axis=1) for axis in attributes.AXES], axis=1)
    return trained._replace(generator=keras.Model([noise, code], drawn),
                            info=trained.info | {"table": attributes.joint_table(tags).tolist()})


def plain(trained, faces):
    """What steerable() was given, and the same Points as noise alone; anything else as it is."""
    if trained.recipe.conditional or not trained.steerable:
        return trained, faces
    moved = keras.Model(trained.generator.inputs, trained.generator.get_layer("moved").output)
    return (trained._replace(generator=trained.generator.get_layer("generator"), info=trained.info | {"table": None}),
            Points(np.asarray(moved([faces.z, faces.code]))))


def _directions(shares, z, std):
    """Orthonormal directions (latent_dim, few) along which the mean noise of the colours differs.

    Args: shares: (n, colours), how much each face has of each; z: (n, latent_dim), of deviation std.
    """
    # Were colours and noise strangers, sums of noise under orthonormal weights would be a matrix of standard normal
    # numbers, whose largest singular value exceeds the sum of the roots of its sides by 3 once in 90 times at most
    # (Davidson and Szarek 2001, theorem 2.13).
    weights = np.linalg.svd(shares - shares.mean(axis=0), full_matrices=False)[0]
    sums = weights.T @ z / std
    _, strengths, directions = np.linalg.svd(sums, full_matrices=False)
    return directions[strengths > sum(np.sqrt(sums.shape)) + 3].T.astype(np.float32)
