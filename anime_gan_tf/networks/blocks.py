"""Layers and initializers that more than one network uses."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from anime_gan_tf import losses

_EMBEDDING = "embedding"
ADDED = "added"  # prefix of the names of layers that can be added to a trained network


def batch_norm(x, name=None, affine=True, gamma="ones"):
    """A normalized map. affine: whether it has a learned scale and offset; gamma: initializer of
    the scale."""
    # Momentum and epsilon are PyTorch's; Keras's 0.99 is too slow for the statistics of a GAN.
    return BatchNorm(momentum=0.9, epsilon=1e-5, center=affine, scale=affine,
                     gamma_initializer=gamma, name=name)(x)


def dcgan_gamma():
    """The initializer of BatchNorm's scale in the DCGAN of pytorch/examples."""
    return keras.initializers.RandomNormal(mean=1.0, stddev=0.02)


def torch_uniform(fan_in):
    """PyTorch's default initializer of the weights and biases of dense and convolution layers:
    uniform within 1 / sqrt(fan_in). fan_in: inputs of a unit; of a transposed convolution its
    output channels times the positions of its kernel."""
    return keras.initializers.RandomUniform(-fan_in ** -0.5, fan_in ** -0.5)


def norm(x, kind, gamma="ones"):
    """A map x, normalized with a learned scale and offset.

    Args: kind: a value of Recipe.discriminator_norm: "none", "batch" or "instance" (each channel of
      each image); gamma: initializer of the scale.
    """
    if kind == "none":
        return x
    if kind == "batch":
        return batch_norm(x, gamma=gamma)
    return layers.GroupNormalization(groups=-1, epsilon=1e-5, gamma_initializer=gamma)(x)


@keras.saving.register_keras_serializable("anime_gan_tf")
class BatchNorm(layers.BatchNormalization):
    """keras.layers.BatchNormalization with TensorFlow's fused kernel for training on one device,
    which on a CPU takes a third to a seventh of the time of Keras's separate operations."""

    def call(self, inputs, training=None, mask=None):
        if (not training or not self.trainable or self.synchronized  # over several devices
                or len(inputs.shape) != 4):
            return super().call(inputs, training=training, mask=mask)
        gamma = self.gamma if self.scale else ops.ones(inputs.shape[-1:])
        beta = self.beta if self.center else ops.zeros(inputs.shape[-1:])
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, beta, epsilon=self.epsilon, is_training=True)
        count = ops.cast(ops.size(inputs) // inputs.shape[-1], "float32")
        for moving, value in ((self.moving_mean, mean),
                              (self.moving_variance,
                               variance * (count - 1) / count)):  # to the biased one, as in Keras
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return outputs


class Stage(layers.Identity):
    """Marks a feature map that the whole image passes through, where --mode mix can change it."""


class OneHotLabels(layers.Concatenate):
    """Marks one-hot labels (batch, sum of the axes' sizes), which can be given instead of tags."""


def stage(x):
    """A feature map as a Stage."""
    return Stage(name=f"stage_{x.shape[1]}")(x)


def latent_inputs(recipe, labels):
    """The generator's inputs, and z concatenated with one-hot labels or their embedding.

    Returns: ([keras.Input, ...], a tensor (batch, latent_dim [+ sum(labels.sizes) or
      embedding_dim])).
    """
    z = keras.Input((recipe.latent_dim,), name="z")
    if not recipe.conditional:
        return [z], z
    tags = tags_input(labels)
    embedding = one_hot(tags, labels)
    if recipe.embedding_dim:
        # The sum of one row of each axis has the variance of a standard normal z.
        embedding = layers.Dense(
            recipe.embedding_dim, use_bias=False, name=_EMBEDDING,
            kernel_initializer=keras.initializers.RandomNormal(
                stddev=len(labels.axes) ** -0.5))(embedding)
    return [z, tags], layers.Concatenate()([z, embedding])


def tags_input(labels):
    """The input of tags (batch, axes)."""
    return keras.Input((len(labels.axes),), dtype=np.dtype(labels.dtype).name, name="tags")


def one_hot(tags, labels):
    """tags (batch, axes) -> one-hot labels (batch, sum(labels.sizes)), one axis after the other;
    all zeros for UNKNOWN (-1)."""
    return OneHotLabels(name="code")([losses.one_hot(tags[:, i], size)
                                      for i, size in enumerate(labels.sizes)])


def one_hot_of(model):
    """The tensor of one-hot labels in a model that takes tags; None in others."""
    return next((layer.output for layer in model.layers if isinstance(layer, OneHotLabels)), None)


def embedding_of(model):
    """The embedding of the labels in a generator, a variable (sum(labels.sizes), embedding_dim): a
    row for each value."""
    return model.get_layer(_EMBEDDING).kernel


def freeze_all_but_embedding(model):
    """Makes the embedding of the labels the only trainable weights of a generator. BatchNorm keeps
    its statistics, and uses them."""
    for layer in model.layers:
        layer.trainable = layer.name == _EMBEDDING


def _largest_singular_value(kernel, u, training):
    """sigma of a kernel, by one power iteration from u (Miyato et al. 2018, algorithm 1).

    It is differentiable, with constant singular vectors.
    """
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))  # (inputs, outputs)
    fixed = ops.stop_gradient(matrix)
    v = _unit(ops.matmul(fixed, u))
    if training:
        new_u = _unit(ops.matmul(v, fixed))
        u.assign(new_u)
    else:
        new_u = _unit(ops.convert_to_tensor(u))  # not a unit vector before the first training step
    return ops.sum(v * ops.matmul(matrix, new_u))


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)


@keras.saving.register_keras_serializable("anime_gan_tf")
class SpectralConv2D(layers.Conv2D):
    """Conv2D with the kernel w / sigma, where sigma is the spectral norm of w.

    Keras's SpectralNormalization assigns w / sigma to w in every training call, and does not
    differentiate sigma. This layer divides in `call` and leaves w unchanged.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.u = self.add_weight(name="u", shape=(self.filters,), trainable=False,
                                 initializer="random_normal", aggregation="only_first_replica")

    def call(self, inputs, training=False):
        kernel = ops.convert_to_tensor(self.kernel)
        # Outputs are divided, not kernels: in the inner layers there are far fewer of them.
        outputs = self.convolution_op(inputs, kernel) * (
            1 / _largest_singular_value(kernel, self.u, training))
        return outputs + self.bias if self.use_bias else outputs


@keras.saving.register_keras_serializable("anime_gan_tf")
class ICNR(keras.initializers.GlorotUniform):
    """Initializer of a convolution in front of depth_to_space: the same kernel for all factor^2
    pixels of a block.

    Initially both layers are equal to a convolution and nearest-neighbor upsampling, which have no
    checkerboard (Aitken et al. 2017).
    """

    def __init__(self, factor, seed=None):
        super().__init__(seed)
        self.factor = factor

    def __call__(self, shape, dtype=None):
        channels = shape[-1] // self.factor ** 2
        # The channels of depth_to_space: first those of a block's first pixel, then of its second.
        return ops.tile(super().__call__((*shape[:-1], channels), dtype),
                        (1,) * (len(shape) - 1) + (self.factor ** 2,))

    def get_config(self):
        return super().get_config() | {"factor": self.factor}


@keras.saving.register_keras_serializable("anime_gan_tf")
class UpConv2D(layers.Layer):
    """Nearest-neighbor upsampling by `factor` and a 3x3 convolution, as one transposed convolution.

    Upsampling is a transposed convolution with a box kernel, so both together are one transposed
    convolution, with the 3x3 kernel filtered by the box: for a factor of two a kernel of 4x4, 4
    products per pixel instead of 9. On constant input all pixels of a block are equal, so there is
    no initial checkerboard (Odena et al. 2016).
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
    """Kernels (3, 3, ...) -> (factor + 2, factor + 2, ...), the full convolution with a box of
    ones."""
    size = factor + 2
    box = np.array([[0 <= i - j < factor for j in range(3)] for i in range(size)])
    # A matrix product over the nine kernel positions: with nine slices the gradient would take a
    # tenth of a step.
    filtered = ops.matmul(ops.cast(np.kron(box, box), kernel.dtype), ops.reshape(kernel, (9, -1)))
    return ops.reshape(filtered, (size, size, *kernel.shape[2:]))
