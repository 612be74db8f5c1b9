"""Forward passes in parts against one of all rows."""
import numpy as np
import tensorflow as tf

from anime_gan_tf.networks import forward


def test_parts_join_to_what_one_pass_gives():
    a, b = np.random.default_rng(0).normal(size=(2, 10, 3)).astype(np.float32)
    function = lambda x, y: {"sum": tf.constant(x) + y, "list": [x * y, tf.reduce_sum(x, axis=1)]}
    joined = forward.run(function, [a, b], 4)
    np.testing.assert_array_equal(joined["sum"], a + b)
    np.testing.assert_array_equal(joined["list"][0], a * b)
    np.testing.assert_allclose(joined["list"][1], a.sum(axis=1), rtol=1e-6)


def test_a_stream_computes_a_part_when_it_is_requested():
    sizes = []
    parts = forward.stream(lambda x: sizes.append(len(x)) or x, [np.arange(10)], 4)
    assert next(parts).tolist() == [0, 1, 2, 3] and sizes == [4]
    assert [len(part) for part in parts] == [4, 2] and sizes == [4, 4, 2]
