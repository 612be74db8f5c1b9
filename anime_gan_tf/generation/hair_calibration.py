"""Gives hair the color of its name, by moving a trained generator's embedding of the labels.

Tags of hair are loose (data/hair_color.py). A generator draws what its training faces have: of
those tagged pink some are brown. Its embedding is a few numbers for each color, so moving these
changes the color and leaves the face.
"""
import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from anime_gan_tf.data import hair_color
from anime_gan_tf.generation import latents, named_hair, sampling
from anime_gan_tf.networks import blocks

STEPS, BATCH = 100, 48
LEARNING_RATE = 0.02  # of Adam, falling to zero by a cosine
MARGIN = 2.0          # of the hinge, in CIELAB
FACE_WEIGHT = 40.0    # of the mean absolute change of the face
FACE = ((0.4, 0.8), (0.25, 0.75))  # rows and columns of eyes and mouth, as shares of the size
MEASURED = 600        # faces of the accuracies


def calibrate(trained, seed):
    """Moves the embedding of the colors of hair by gradient descent on random faces.

    A hinge loss draws the average color of the hair to that side of each plane between the name's
    nearest color and another one where its own is; FACE_WEIGHT * |change| of the face is added.
    Colors that hair_color.py cannot name stay as they are.

    Args: trained: loading.Trained, whose generator is changed; seed: of the faces.
    Returns: (the share of faces whose hair has its name before, the same after).
    Raises:
      UserError: as in named_hair.find().
    """
    generator, labels = trained.generator, trained.labels
    named = named_hair.find(trained.info["run"], trained.recipe, labels)
    column = list(labels.axes).index(hair_color.AXIS)

    def faces(start, count):
        """Random faces whose hair has any color as often as any other."""
        drawn = latents.from_seeds(trained, range(start, start + count))
        tags = np.array(drawn.tags)
        tags[:, column] = np.resize(named, count)
        return drawn.z.astype(np.float32), tags

    def accuracy():
        z, tags = faces(seed + STEPS * BATCH, MEASURED)
        images = sampling.generate(generator, z, tags)
        return hair_color.accuracy(images, tags, labels)[hair_color.METRIC]

    kernel = blocks.embedding_of(generator)
    first = sum(labels.sizes[:column])
    moved = np.zeros((kernel.shape[0], 1), np.float32)  # rows of the embedding
    moved[[first + i for i in named]] = 1
    original = keras.models.clone_model(generator)
    original.set_weights(generator.get_weights())
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(LEARNING_RATE, STEPS), beta_1=0.9, beta_2=0.99)
    optimizer.build([kernel])
    loss = _make_loss(labels.axes[hair_color.AXIS])

    @tf.function
    def draw(model, z, tags):
        return model([z, tags], training=False)

    @tf.function
    def step(z, tags, hair, before):
        with tf.GradientTape() as tape:
            its_hair = tf.cast(tags[:, column], tf.int32)  # beside scales tags are floats
            total = loss(generator([z, tags], training=False), its_hair, hair, before)
        optimizer.apply([tape.gradient(total, kernel) * moved], [kernel])

    share_before = accuracy()
    for i in tqdm(range(STEPS), "calibrating", unit="step", disable=None):
        z, tags = faces(seed + i * BATCH, BATCH)
        hair = hair_color.mask(sampling.to_uint8(draw(generator, z, tags)))
        step(z, tags, hair.astype(np.float32), draw(original, z, tags))
    return share_before, accuracy()


def _make_loss(values):
    """The function loss(images, tags, hair, before) -> mean over the images.

    images: (n, size, size, 3) in [-1, 1]; tags: int (n,), of `values`; hair: masks float32 (n,
    rows, size) of the first rows; before: the images before anything was moved.
    """
    names, colors = hair_color.centers()
    of_value = tf.constant(names == np.array(values)[:, None])
    apart = np.linalg.norm(colors[:, None] - colors, axis=-1)

    def loss(images, tags, hair, before):
        lab = cielab(images[:, :hair.shape[1]] / 2 + 0.5) * hair[..., None]
        average = tf.reduce_sum(lab, (1, 2)) / tf.reduce_sum(hair, (1, 2))[:, None]
        squares = tf.reduce_sum((average[:, None] - colors) ** 2, axis=2)
        own = tf.gather(of_value, tags)
        nearest = tf.argmin(tf.where(own, squares, np.inf), axis=1)
        # How far beyond the plane in the middle between its own color and each other one.
        beyond = ((tf.gather(squares, nearest, batch_dims=1)[:, None] - squares)
                  / tf.where(own, 1.0, 2 * tf.gather(apart, nearest)))
        beyond = tf.where(own, -np.inf, beyond)
        rows, columns = (slice(*(round(share * images.shape[1]) for share in side))
                         for side in FACE)
        change = tf.abs(images - before)[:, rows, columns]
        return (tf.reduce_mean(tf.nn.relu(MARGIN + tf.reduce_max(beyond, axis=1)))
                + FACE_WEIGHT * tf.reduce_mean(change))

    return loss


def cielab(x):
    """hair_color.cielab(), differentiable: sRGB float32 (..., 3) in [0, 1] -> CIELAB."""
    linear = tf.where(x <= 0.04045, x / 12.92, ((tf.maximum(x, 0.04045) + 0.055) / 1.055) ** 2.4)
    xyz = tf.tensordot(linear, hair_color.TO_XYZ, 1)
    root = tf.where(xyz > (6 / 29) ** 3, tf.maximum(xyz, 1e-3) ** (1 / 3),
                    xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = tf.unstack(root, axis=-1)
    return tf.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
