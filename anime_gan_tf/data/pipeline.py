"""tf.data: from decoded faces to augmented batches, as a pure function of (seed, step).

There is no state: the images of a step, and how they are flipped and rotated, are functions of the
seed and the number of the step. A resumed run starts at its step, without a saved iterator.
"""
import numpy as np
import tensorflow as tf

from anime_gan_tf.data import degradation, order


def batches(dataset, recipe, seed, start=0, rows=None):
    """An endless tf.data.Dataset, whose element i is the data of generator update `start + i`.

    Each pass over the data has an order of its own and contains every image once; a batch may
    belong to two passes.

    Args:
      dataset: ImageDataset.
      recipe: a Recipe (batch_size, n_critic, flip, rotation; scale, crop_size of an enlarger).
      seed: of order and augmentation; start: the first step.
      rows: indices of the images to use; None for all.

    Returns: elements (images, tags, data_inputs):
      images: float32 (n_critic, batch, size, size, 3) in [-1, 1]; of an enlarger crops;
      tags: int32 (n_critic, batch, axes);
      data_inputs: inputs of the generator that come from the data: {}, or of an enlarger {"small":
        the reduced images (degradation.py)}.
    """
    rows = np.arange(len(dataset.images)) if rows is None else rows
    size, per_step = dataset.images.shape[1], recipe.n_critic * recipe.batch_size
    chosen_at = order.by_step(rows, per_step, seed)

    def fetch(step):
        chosen = chosen_at(int(step))
        return dataset.images[chosen], dataset.tags[chosen]

    def prepare(step):
        images, tags = tf.numpy_function(fetch, [step], (tf.uint8, tf.int32), stateful=False)
        images = tf.ensure_shape(images, (per_step, size, size, 3))
        tags = tf.ensure_shape(tags, (per_step, dataset.tags.shape[1]))
        step_seed = tf.stack([tf.cast(seed, tf.int64), step])
        images = tf.cast(images, tf.float32) / 127.5 - 1.0
        images = augment(images, recipe.flip, recipe.rotation, step_seed)
        data_inputs = {}
        if recipe.enlarges:
            images, small = degradation.pairs(images, recipe.scale, recipe.crop_size, step_seed)
            data_inputs["small"] = by_update(small)
        return by_update(images), by_update(tags), data_inputs

    def by_update(array):
        return tf.reshape(array, (recipe.n_critic, recipe.batch_size, *array.shape[1:]))

    steps = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
    return steps.map(prepare, num_parallel_calls=2, deterministic=True).prefetch(2)


def augment(images, flip, rotation, seed):
    """Mirrors half of the images at random, and rotates each by a random angle.

    Args:
      images: float32 (batch, size, size, 3).
      flip: whether to mirror; rotation: the largest angle in degrees, either way.
      seed: int64 (2,); the same seed gives the same result.
    Returns: float32 (batch, size, size, 3); corners are filled by reflection.
    """
    count, size = images.shape[0], images.shape[1]
    if flip:
        chosen = tf.random.stateless_uniform((count, 1, 1, 1), seed) < 0.5
        images = tf.where(chosen, tf.reverse(images, axis=[2]), images)
    if rotation:
        limit = rotation * np.pi / 180.0
        angles = tf.random.stateless_uniform((count,), seed + 1, -limit, limit)
        images = tf.raw_ops.ImageProjectiveTransformV3(
            images=images, transforms=_about_center(angles, size), output_shape=[size, size],
            fill_value=0.0, interpolation="BILINEAR", fill_mode="REFLECT")
    return images


def _about_center(angles, size):
    """Projective transforms (batch, 8), from output to input pixels, that rotate about the
    center."""
    cos, sin, middle = tf.cos(angles), tf.sin(angles), (size - 1) / 2.0
    zero = tf.zeros_like(angles)
    return tf.stack([cos, -sin, middle - cos * middle + sin * middle,
                     sin, cos, middle - sin * middle - cos * middle, zero, zero], axis=1)
