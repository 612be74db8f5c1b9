import numpy as np
import tensorflow as tf

from anime_gan_tf.training import augment


def test_translate_moves_and_fills_with_gray():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 6, 6, 3)).astype(np.float32)
    shift = np.array([(0, 0), (2, 0), (-1, 3)], np.int32)
    moved = augment.translate(tf.constant(images), tf.constant(shift)).numpy()
    assert np.allclose(moved[0], images[0])
    assert np.allclose(moved[1, 2:], images[1, :-2]) and not moved[1, :2].any()
    assert (np.allclose(moved[2, :-1, 3:], images[2, 1:, :-3]) and not moved[2, -1].any()
            and not moved[2, :, :3].any())


def test_the_gradient_goes_back_where_it_came_from():
    images, shift = tf.Variable(tf.zeros((1, 4, 4, 3))), tf.constant([[1, -1]])
    with tf.GradientTape() as tape:
        value = augment.translate(images, shift)[0, 2, 2, 0]
    gradient = tape.gradient(value, images).numpy()
    assert gradient[0, 1, 3, 0] == 1 and gradient.sum() == 1
