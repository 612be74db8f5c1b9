"""Pieces that more than one network is made of."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

ADDED = "added"  # begins the names of layers that a trained network can be given
STAGE = "stage"  # begins the names of stage()s


def batch_norm(x, name=None, affine=True, gamma="ones"):
    """gamma: initializer of the scale."""
    # Momentum and epsilon of the PyTorch originals; Keras's 0.99 lags far behind a GAN's
    # statistics.
    return BatchNorm(momentum=0.9, epsilon=1e-5, center=affine, scale=affine,
                     gamma_initializer=gamma, name=name)(x)


def dcgan_gamma():
    """BatchNorm's scale as pytorch/examples begins its DCGAN with, and who follows it."""
    return keras.initializers.RandomNormal(mean=1.0, stddev=0.02)


def torch_uniform(fan_in):
    """What PyTorch begins weights and biases of dense and convolution layers with: uniform numbers
    within 1 / sqrt(fan_in). fan_in: inputs of a unit; of a transposed convolution, its outputs
    times its kernel's positions."""
    return keras.initializers.RandomUniform(-fan_in ** -0.5, fan_in ** -0.5)


def norm(x, kind, gamma="ones"):
    """A map x normalized as Recipe.discriminator_norm says, with a learned scale and offset.

    kind: "none", "batch" or "instance" (the channels of each image by themselves); gamma:
    initializer of the scale.
    """
    if kind == "none":
        return x
    if kind == "batch":
        return batch_norm(x, gamma=gamma)
    return layers.GroupNormalization(groups=-1, epsilon=1e-5, gamma_initializer=gamma)(x)


@keras.saving.register_keras_serializable("anime_gan_tf")
class BatchNorm(layers.BatchNormalization):
    """keras.layers.BatchNormalization that trains on one device by TensorFlow's fused kernel, on a
    CPU in a third to a seventh of the time. Keras computes the moments step by step, in float32."""

    def call(self, inputs, training=None, mask=None):
        if (not training or not self.trainable or self.synchronized  # by several devices
                or len(inputs.shape) != 4):
            return super().call(inputs, training=training, mask=mask)
        gamma = self.gamma if self.scale else ops.ones(inputs.shape[-1:])
        beta = self.beta if self.center else ops.zeros(inputs.shape[-1:])
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, beta, epsilon=self.epsilon, is_training=True)
        count = ops.cast(ops.size(inputs) // inputs.shape[-1], "float32")
        for moving, value in ((self.moving_mean, mean),
                              (self.moving_variance,
                               variance * (count - 1) / count)):  # the kernel's is unbiased
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return outputs


def stage(x):
    """Names a map that all of the image flows through, for --mode mix to change."""
    return layers.Identity(name=f"{STAGE}_{x.shape[1]}")(x)


def latent_inputs(recipe, labels):
    """The generator's inputs, and the vector to start from: z, with the tags behind it.

    Returns: (a list of keras.Input, a tensor (batch, latent_dim [+ sum(labels.sizes) or
      embedding_dim])).
    """
    z = keras.Input((recipe.latent_dim,), name="z")
    if not recipe.conditional:
        return [z], z
    tags = tags_input(labels)
    code = one_hot(tags, labels)
    if recipe.embedding_dim:
        # A sum of two rows; each of half of z's variance, so that the two weigh the same.
        code = layers.Dense(
            recipe.embedding_dim, use_bias=False, name="embedding",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.5 ** 0.5))(code)
    return [z, tags], layers.Concatenate()([z, code])


def tags_input(labels):
    return keras.Input((len(labels.axes),), dtype="int32", name="tags")


def one_hot(tags, labels):
    """tags (batch, axes) -> attribute code (batch, sum(labels.sizes)): one axis behind the other.
    UNKNOWN (-1) is all zeros: unspecified."""
    return layers.Concatenate(name="code")([ops.one_hot(tags[:, i], size)
                                            for i, size in enumerate(labels.sizes)])


def _largest_singular_value(kernel, u, training):
    """sigma of a kernel by one power iteration from u (Miyato et al. 2018, algorithm 1).

    Gradients flow through sigma, but not through the singular vectors.
    """
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))  # (inputs, outputs)
    fixed = ops.stop_gradient(matrix)
    v = _unit(ops.matmul(fixed, u))
    if training:
        new_u = _unit(ops.matmul(v, fixed))
        u.assign(new_u)
    else:
        new_u = _unit(ops.convert_to_tensor(u))  # before any training step it is not a unit vector
    return ops.sum(v * ops.matmul(matrix, new_u))


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)


@keras.saving.register_keras_serializable("anime_gan_tf")
class SpectralConv2D(layers.Conv2D):
    """Conv2D whose kernel w counts as w / sigma, its spectral norm.

    Keras's SpectralNormalization overwrites the kernel on every training call and does not
    differentiate through sigma; this divides in `call` and leaves w alone.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.u = self.add_weight(name="u", shape=(self.filters,), trainable=False,
                                 initializer="random_normal", aggregation="only_first_replica")

    def call(self, inputs, training=False):
        kernel = ops.convert_to_tensor(self.kernel)
        # The outputs are divided: of late layers they are far fewer than the kernel's weights.
        outputs = self.convolution_op(inputs, kernel) * (
            1 / _largest_singular_value(kernel, self.u, training))
        return outputs + self.bias if self.use_bias else outputs


@keras.saving.register_keras_serializable("anime_gan_tf")
class ICNR(keras.initializers.GlorotUniform):
    """For a convolution in front of depth_to_space: one kernel for all factor^2 pixels of a block.

    The two begin as a convolution and nearest upsampling, which have no checkerboard (Aitken et al.
    2017).
    """

    def __init__(self, factor, seed=None):
        super().__init__(seed)
        self.factor = factor

    def __call__(self, shape, dtype=None):
        channels = shape[-1] // self.factor ** 2
        # depth_to_space takes the channels of a block's first pixel, then those of its second, ...
        return ops.tile(super().__call__((*shape[:-1], channels), dtype),
                        (1,) * (len(shape) - 1) + (self.factor ** 2,))

    def get_config(self):
        return super().get_config() | {"factor": self.factor}


@keras.saving.register_keras_serializable("anime_gan_tf")
class UpConv2D(layers.Layer):
    """Nearest upsampling by `factor` and a 3x3 convolution, as one transposed convolution.

    Upsampling is a transposed convolution with a box, so the two together are one transposed
    convolution whose kernel is the 3x3 one filtered by the box: for a factor of two 4x4, 4 products
    a pixel in place of 9. Such a kernel treats all pixels of a block alike where its input is even,
    so it has no checkerboard to unlearn (Odena et al. 2016).
    """

    def __init__(self, filters, factor=2, use_bias=False, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.filters, self.factor, self.use_bias = filters, factor, use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(3, 3, self.filters, input_shape[-1]),
                                      initializer=self.kernel_initializer)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,),
                                        initializer=self.bias_initializer)

    def call(self, inputs):
        kernel = box_filtered(self.kernel, self.factor)
        outputs = ops.conv_transpose(inputs, kernel, strides=self.factor, padding="same")
        return outputs + self.bias if self.use_bias else outputs

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.factor * input_shape[1], self.factor * input_shape[2],
                self.filters)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters, "factor": self.factor, "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer)}


def box_filtered(kernel, factor):
    """(3, 3, ...) -> (factor + 2, factor + 2, ...): the full convolution with a box of ones."""
    size = factor + 2
    box = np.array([[0 <= i - j < factor for j in range(3)] for i in range(size)])
    # As one product with the nine kernel positions: the gradient of nine slices takes a tenth of a
    # step.
    filtered = ops.matmul(ops.cast(np.kron(box, box), kernel.dtype), ops.reshape(kernel, (9, -1)))
    return ops.reshape(filtered, (size, size, *kernel.shape[2:]))
