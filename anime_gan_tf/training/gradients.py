"""The gradient of a function by its input, in Keras's backend."""
import keras

if keras.backend.backend() == "jax":
    import jax
else:
    import tensorflow as tf


def gradient(function, x):
    """d function(x) / d x, differentiable once more. function: of a tensor, to a scalar."""
    if keras.backend.backend() == "jax":
        return jax.grad(function)(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)
