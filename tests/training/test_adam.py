import keras
import numpy as np

from anime_gan_tf.training.adam import Adam


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
