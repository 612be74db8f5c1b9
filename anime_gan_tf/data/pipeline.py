"""tf.data: from decoded faces to augmented batches, as a pure function of (seed, step).

There is no state: the images of a step, and how they are flipped and rotated, are functions of the
seed and the number of the step. A resumed run starts at its step, without a saved iterator.
"""
import keras
import numpy as np
import tensorflow as tf

from anime_gan_tf.data import degradation, order


def batches(dataset, recipe, seed, start=0, rows=None):
    """An endless tf.data.Dataset, whose element i is the data of generator update `start + i`.

    Each pass over the data has an order of its own and contains every image once, or with
    recipe.balance those of rare labels several times; a batch may belong to two passes.

    Args:
      dataset: ImageDataset.
      recipe: a Recipe (batch_size, n_critic, balance, flip, rotation; scale, crop_size of an
        enlarger).
      seed: of order and augmentation; start: the first step.
      rows: indices of the images to use; None for all.

    Returns: elements (images, tags, data_inputs):
      images: float32 (n_critic, batch, size, size, 3) in [-1, 1]; of an enlarger crops;
      tags: (n_critic, batch, axes);
      data_inputs: inputs of the generator that come from the data: {}, or of an enlarger {"small":
        the reduced images (degradation.py)}.
    """
    rows = np.arange(len(dataset.images)) if rows is None else rows
    size, per_step = dataset.images.shape[1], recipe.n_critic * recipe.batch_size
    weights = dataset.labels.balancing_weights(dataset.tags[rows], recipe.balance)
    chosen_at = order.by_step(rows, per_step, seed, weights)

    def fetch(step):
        chosen = chosen_at(int(step))
        return dataset.images[chosen], dataset.tags[chosen]

    def prepare(step):
        images, tags = tf.numpy_function(fetch, [step], (tf.uint8, dataset.tags.dtype),
                                         stateful=False)
        images = tf.ensure_shape(images, (per_step, size, size, 3))
        tags = tf.ensure_shape(tags, (per_step, dataset.tags.shape[1]))
        step_seed = tf.stack([tf.cast(seed, tf.int64), step])
        images = tf.cast(images, tf.float32) / 127.5 - 1.0
        images = augment(images, {name: getattr(recipe, name) for name in AUGMENTATIONS}, step_seed)
        data_inputs = {}
        if recipe.enlarges:
            images, small = degradation.pairs(images, recipe.scale, recipe.crop_size, step_seed)
            data_inputs["small"] = by_update(small)
        return by_update(images), by_update(tags), data_inputs

    def by_update(array):
        return tf.reshape(array, (recipe.n_critic, recipe.batch_size, *array.shape[1:]))

    steps = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
    # There is nothing to tune, and the end of an iterator waits for the thread that would.
    options = tf.data.Options()
    options.autotune.enabled = False
    prepared = steps.map(prepare, num_parallel_calls=2, deterministic=True)
    return prepared.prefetch(2).with_options(options)


def augment(images, settings, seed):
    """Augments images at random.

    Args:
      images: float32 (batch, size, size, 3); settings: {name of AUGMENTATIONS: value}, 0 is off.
      seed: int64 (2,); the same seed gives the same result.
    Returns: float32 (batch, size, size, 3).
    """
    for i, (name, function) in enumerate(AUGMENTATIONS.items()):
        if settings.get(name):
            images = function(images, settings[name], seed + i)
    return images


def _mirror_half(images, _, seed):
    """Mirrors half of the images."""
    chosen = tf.random.stateless_uniform((images.shape[0], 1, 1, 1), seed) < 0.5
    return tf.where(chosen, tf.reverse(images, axis=[2]), images)


def _rotate(images, degrees, seed):
    """Rotates each image by up to `degrees` either way; corners are filled by reflection."""
    limit = degrees * np.pi / 180.0
    angles = tf.random.stateless_uniform((images.shape[0],), seed, -limit, limit)
    return keras.ops.image.affine_transform(images, _about_center(angles, images.shape[1]),
                                            interpolation="bilinear", fill_mode="reflect")


# Of real images, in this order: field of a Recipe -> function of images, the field's value, a seed.
AUGMENTATIONS = {"flip": _mirror_half, "rotation": _rotate}


def _about_center(angles, size):
    """Transforms (batch, 8), from output to input pixels, that rotate about the center."""
    cos, sin, middle = tf.cos(angles), tf.sin(angles), (size - 1) / 2.0
    zero = tf.zeros_like(angles)
    return tf.stack([cos, -sin, middle - cos * middle + sin * middle,
                     sin, cos, middle - sin * middle - cos * middle, zero, zero], axis=1)
