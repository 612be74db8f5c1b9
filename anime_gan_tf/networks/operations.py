"""A functional Keras generator as a list of operations, for programs without this package.

standard.py builds a model of standard layers from it, web/assets/ draws with it. An operation is a
dict:
  op          kind of the operation
  inputs      indices of the previous operations whose results it takes
  shape       [height, width, channels] of its result; [1, 1, channels] of a vector; [None, None,
              channels] in a network of any size: that of its input times stride or factor
  activation  of the result: absent, "relu", "tanh", or ["leaky_relu", slope]
and, depending on op:
  input            name: "z" or "code"; of an enlarger "small"
  concatenate      of vectors
  dense            weight (inputs, outputs), bias (outputs); the outputs are the shape's, row by row
  conv_transpose   weight (size, size, inputs, outputs), bias, stride; "same" padding; an ordinary
                   convolution is one of stride 1 with a flipped kernel; box: the kernel has to be
                   convolved with a box of ones of this side
  affine           weight, bias: a factor and a summand for each channel
  add, multiply    of two maps, or of a map and a vector
  upsample         factor: nearest pixels
  upsample_bilinear  factor
  depth_to_space   factor
  identity         name: of a map that --mode mix may change
BatchNorm is folded into the operation before it if that has no other use, and else is an affine.
"""
import keras
import numpy as np
from keras import layers

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.networks.blocks import OneHotLabels

_WEIGHTED = ("dense", "conv_transpose")


def listed(generator):
    """[operation, ...] of a generator, in order; the last result is the image in [-1, 1].

    Args: generator: a functional keras.Model of z, or of z and tags; in the operations one-hot
      labels replace the tags.
    Raises:
      UserError: there is no operation for a layer, which is named.
    """
    needed, operations, results = _needed(generator), [], {}
    uses = {}
    for layer in needed:
        for tensor in _inputs(layer):
            uses[id(tensor)] = uses.get(id(tensor), 0) + 1
    for layer in needed:
        sources = [results[id(tensor)] for tensor in _inputs(layer)]
        alone = len(sources) == 1 and uses[id(_inputs(layer)[0])] == 1
        results[id(layer.output)] = _add(operations, layer, sources, alone)
    return operations


def _needed(generator):
    """The layers between the inputs (z and one-hot labels) and the image, in order."""
    needed_tensors, needed = {id(generator.output)}, []
    for layer in reversed(generator.operations):
        if id(layer.output) in needed_tensors:
            needed.append(layer)
            needed_tensors |= {id(tensor) for tensor in _inputs(layer)}
    return needed[::-1]


def _inputs(layer):
    if isinstance(layer, (layers.InputLayer, OneHotLabels)):
        return []
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _add(operations, layer, sources, alone):
    """Appends the operation of a layer, or merges it into that of its only source. Returns the
    index of its result.

    Args: alone: whether it has one source, which has no other use.
    """
    kind = type(layer).__name__
    if kind not in _LAYERS:
        raise UserError(f"layer {layer.name}", Fault.INVALID,
                        f"a {kind} cannot be exported; what can is "
                        f"{', '.join(_LAYERS)}")
    made = _LAYERS[kind](layer)
    shape = list(layer.output.shape[1:])
    made |= {"inputs": sources, "shape": [1] * (3 - len(shape)) + shape}
    before = operations[sources[0]] if alone else {}
    if _merge(before, made):
        return sources[0]
    if made["op"] == "reshape":
        made["op"] = "identity"
        if sources and operations[sources[0]]["shape"] != made["shape"]:
            raise UserError(f"layer {layer.name}", Fault.INVALID,
                            "only what a dense layer makes can be reshaped in "
                            "an export")
    operations.append(made)
    return len(operations) - 1


def _merge(before, made):
    """Merges an operation into the one before, if possible; returns whether it was."""
    if not before or "activation" in before:
        return False
    if made["op"] == "reshape" and before["op"] == "dense":
        before["shape"] = made["shape"]
    elif made["op"] == "affine" and before["op"] in _WEIGHTED:
        # A dense layer's outputs are pixel by pixel.
        repeats = before["weight"].shape[-1] // len(made["weight"])
        scale, offset = np.tile(made["weight"], repeats), np.tile(made["bias"], repeats)
        before["weight"], before["bias"] = before["weight"] * scale, before["bias"] * scale + offset
    elif made["op"] == "identity" and "activation" in made and before["op"] != "input":
        pass
    else:
        return False
    if "activation" in made:
        before["activation"] = made["activation"]
    return True


def _activation(function):
    """{"activation": ...} of a Keras activation; {} of the linear one."""
    name = keras.activations.serialize(function)
    if name in ("relu", "tanh"):
        return {"activation": name}
    if name != "linear":
        raise UserError(f"activation {name}", Fault.INVALID,
                        "cannot be exported; relu, tanh, leaky_relu and "
                        "linear can")
    return {}


def _weighted(op, layer, weight, **more):
    bias = getattr(layer, "bias", None)
    outputs = weight.shape[-1]
    activation = _activation(layer.activation) if hasattr(layer, "activation") else {}
    bias = np.zeros(outputs) if bias is None else np.asarray(bias, np.float64)
    return {"op": op, "weight": np.asarray(weight, np.float64), "bias": bias} | more | activation


def _conv(layer):
    size = layer.kernel_size[0]
    if (set(layer.strides) | set(layer.dilation_rate) != {1} or size % 2 == 0
            or (layer.padding != "same" and size > 1)):
        raise UserError(f"layer {layer.name}", Fault.INVALID,
                        "only convolutions of odd size, same padding and "
                        "stride 1 can be exported")
    return _weighted("conv_transpose", layer, np.asarray(layer.kernel)[::-1, ::-1], stride=1)


def _conv_transpose(layer):
    return _weighted("conv_transpose", layer, np.asarray(layer.kernel).transpose(0, 1, 3, 2),
                     stride=layer.strides[0])


def _up_conv(layer):
    return _weighted("conv_transpose", layer, np.asarray(layer.kernel).transpose(0, 1, 3, 2),
                     stride=layer.factor, box=layer.factor)


def _upsampling(layer):
    op = {"nearest": "upsample", "bilinear": "upsample_bilinear"}.get(layer.interpolation)
    if op is None:
        raise UserError(f"layer {layer.name}", Fault.INVALID,
                        f"{layer.interpolation} interpolation cannot be exported; nearest and "
                        "bilinear can")
    return {"op": op, "factor": layer.size[0]}


def _batch_norm(layer):
    mean = np.asarray(layer.moving_mean, np.float64)
    variance = np.asarray(layer.moving_variance, np.float64)
    gamma = np.asarray(layer.gamma, np.float64) if layer.scale else 1
    beta = np.asarray(layer.beta, np.float64) if layer.center else 0
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return {"op": "affine", "weight": scale, "bias": beta - mean * scale}


_LAYERS = {
    "InputLayer": lambda layer: {"op": "input", "name": layer.output.name},
    "OneHotLabels": lambda layer: {"op": "input", "name": "code"},
    "Concatenate": lambda layer: {"op": "concatenate"},
    "Dense": lambda layer: _weighted("dense", layer, np.asarray(layer.kernel)),
    "Conv2D": _conv,
    "Conv2DTranspose": _conv_transpose,
    "UpConv2D": _up_conv,
    "BatchNorm": _batch_norm,
    "Add": lambda layer: {"op": "add"},
    "Multiply": lambda layer: {"op": "multiply"},
    "UpSampling2D": _upsampling,
    "DepthToSpace": lambda layer: {"op": "depth_to_space", "factor": layer.block_size},
    "Reshape": lambda layer: {"op": "reshape"},
    "Identity": lambda layer: {"op": "identity", "name": layer.name},
    "Stage": lambda layer: {"op": "identity", "name": layer.name},
    "Activation": lambda layer: {"op": "identity"} | _activation(layer.activation),
    "ReLU": lambda layer: {"op": "identity", "activation": "relu"},
    "LeakyReLU": lambda layer: {"op": "identity",
                                "activation": ["leaky_relu", float(layer.negative_slope)]},
}
