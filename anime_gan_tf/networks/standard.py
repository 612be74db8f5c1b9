"""A generator of standard Keras layers, to be loaded by keras.saving.load_model or as ONNX."""
import pathlib
import tempfile
import warnings

import keras
import numpy as np
from keras import layers

from anime_gan_tf.networks import blocks, operations
from anime_gan_tf.storage import npz


def write(generator, path, kind):
    """Writes standard(generator) as a .keras or an .onnx file. kind: "keras" or "onnx"."""
    model = standard(generator)
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder) / f"generator.{kind}"
        if kind == "keras":
            model.save(made)
        else:
            # Keras only exports a model that has been called.
            model([np.zeros((1, x.shape[-1]), np.float32) for x in model.inputs])
            with warnings.catch_warnings(action="ignore"):  # of Keras, about NumPy
                model.export(made, format="onnx", verbose=False)
        npz.write_atomically(path, lambda file: file.write(made.read_bytes()))


def standard(generator):
    """The same generator with BatchNorm folded into its convolutions, in float32.

    Args: generator: a functional keras.Model of z, or of z and tags.
    Returns: a keras.Model of z (batch, latent_dim) and, if the generator takes tags, "code" (batch,
      sum(sizes)): one-hot labels, one axis after the other. Its output are images (batch, size,
      size, 3) in [-1, 1].
    Raises:
      UserError: a layer, which is named, cannot be exported.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        results, inputs = [], {}
        for operation in operations.listed(generator):
            if operation["op"] == "input":
                x = inputs[operation["name"]] = keras.Input(operation["shape"][-1:],
                                                            name=operation["name"])
            else:
                x = _apply(operation, [results[i] for i in operation["inputs"]])
            results.append(_activated(operation, x))
    finally:
        keras.config.set_dtype_policy(policy)
    return keras.Model([inputs[name] for name in ("z", "code") if name in inputs], results[-1],
                       name="generator")


def _apply(operation, inputs):
    """The result of an operation before its activation: a vector (batch, channels) or a map."""
    op, (height, width, channels) = operation["op"], operation["shape"]
    if op in ("identity", "add", "multiply", "concatenate"):
        layer = {"identity": layers.Identity, "add": layers.Add, "multiply": layers.Multiply,
                 "concatenate": layers.Concatenate}[op]()
        inputs = [layers.Reshape((1, 1, channels))(x) if len(x.shape) == 2 and height > 1 else x
                  for x in inputs]
        return layer(inputs[0] if op == "identity" else inputs)
    x = inputs[0]
    if op == "dense":
        x = _loaded(layers.Dense(height * width * channels), x, operation["weight"],
                    operation["bias"])
        return layers.Reshape((height, width, channels))(x) if height > 1 else x
    if op == "conv_transpose":
        kernel = operation["weight"].transpose(0, 1, 3, 2)
        if "box" in operation:
            kernel = np.asarray(blocks.box_filtered(kernel.astype(np.float32), operation["box"]))
        layer = layers.Conv2DTranspose(channels, kernel.shape[0], operation["stride"], "same")
        return _loaded(layer, x, kernel, operation["bias"])
    if op == "affine":
        return _loaded(layers.DepthwiseConv2D(1), x, operation["weight"].reshape(1, 1, channels, 1),
                       operation["bias"])
    factor = operation["factor"]
    if op in ("upsample", "upsample_bilinear"):
        return layers.UpSampling2D(factor, interpolation=op.partition("_")[2] or "nearest")(x)
    # depth_to_space
    x = layers.Reshape((height // factor, width // factor, factor, factor, channels))(x)
    return layers.Reshape((height, width, channels))(layers.Permute((1, 3, 2, 4, 5))(x))


def _activated(operation, x):
    activation = operation.get("activation")
    if activation is None:
        return x
    if activation in ("relu", "tanh"):
        return layers.Activation(activation)(x)
    return layers.LeakyReLU(activation[1])(x)


def _loaded(layer, x, kernel, bias):
    """layer(x), with these weights."""
    result = layer(x)
    layer.set_weights([kernel, bias])
    return result
