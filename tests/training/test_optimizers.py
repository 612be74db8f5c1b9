import keras
import numpy as np
import pytest
from conftest import tiny

from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.training.adam import Adam
from anime_gan_tf.training.state import make_state


def test_the_fused_kernel_is_keras_adam():
    """Weights and both moments after five updates, the learning rate changing in between."""
    rng = np.random.default_rng(0)
    first, gradients = rng.normal(size=(3, 4)), rng.normal(size=(5, 3, 4))
    found = []
    for kind in (Adam, keras.optimizers.Adam):
        weight = keras.Variable(first, dtype="float32")
        optimizer = kind(0.1, 0.5, 0.99, epsilon=1e-8)
        optimizer.build([weight])
        for i, gradient in enumerate(gradients):
            optimizer.learning_rate.assign(0.1 / (i + 1))
            optimizer.apply([gradient.astype(np.float32)], [weight])
        found.append([weight.numpy(), *(variable.numpy() for variable in optimizer.variables)])
    for fused, plain in zip(*found, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-5, atol=1e-6)
    assert np.abs(found[0][0] - first).max() > 0.1


def torch_rmsprop(value, gradients):
    """torch.optim.RMSprop with its own alpha and eps."""
    square = 0.0
    for gradient in gradients:
        square = 0.99 * square + 0.01 * gradient ** 2
        value = value - 5e-5 * gradient / (np.sqrt(square) + 1e-8)
    return value


def keras_rmsprop(value, gradients):
    square = 0.0
    for gradient in gradients:
        square = 0.9 * square + 0.1 * gradient ** 2
        value = value - 5e-5 * gradient / np.sqrt(square + 1e-7)
    return value


@pytest.mark.parametrize("name, rule", [("rmsprop", keras_rmsprop),
                                        ("torch_rmsprop", torch_rmsprop)])
def test_rmsprop_is_keras_or_pytorchs(name, rule):
    """From gradients of 1 to those that are as small as what keeps a root from zero."""
    state = make_state(tiny("resnet_wgan", as_published=True, optimizer=name), 0, DEFAULT)
    gradients = [[0 * weight.numpy() for weight in state.generator.trainable_variables]
                 for _ in range(5)]
    sizes = np.random.default_rng(0).normal(size=(5, 4)) * 10.0 ** np.array([0, -3, -5, -8])
    for each, size in zip(gradients, sizes):
        each[1].ravel()[:4] = size
    before = state.generator.trainable_variables[1].numpy().ravel()[:4]
    for each in gradients:
        state.g_optimizer.apply(each, state.generator.trainable_variables)
    moved = state.generator.trainable_variables[1].numpy().ravel()[:4] - before
    np.testing.assert_allclose(moved, rule(np.zeros(4), sizes), rtol=1e-3, atol=1e-7)
