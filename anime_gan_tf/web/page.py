"""One HTML file that draws a generator's faces: operations, weights and a program (assets/)."""
import base64
import dataclasses
import hashlib
import json
import pathlib

import numpy as np

from anime_gan_tf.attributes import AXES
from anime_gan_tf.generation import latents, style_mixing
from anime_gan_tf.networks import operations
from anime_gan_tf.storage import npz

ASSETS = pathlib.Path(__file__).parent / "assets"
WORKER = ("plain.js", "webgl.js", "engine.js")
SCRIPTS = ("random.js", "texts.js", "latents.js", "pictures.js", "store.js",
           "network.js", "large.js", "grid.js", "picked.js", "app.js")
# Bytes of a page. Where it would be larger, the largest layers get weights of eight bits.
LARGEST = 8e6


@dataclasses.dataclass(frozen=True)
class Page:
    """What was written: bytes, of the file; eight_bit: how many layers have weights of eight bits,
    of `layers`."""
    bytes: int
    eight_bit: int
    layers: int


def write(trained, path):
    """Writes the page of a loading.Trained.

    Raises:
      UserError: where it has a layer that the page cannot run, or the file cannot be written.
    """
    layers = _layers(operations.listed(trained.generator))
    for eight_bit in range(len(layers) + 1):
        if _size(layers, eight_bit) <= LARGEST:
            break
    text = html(trained, eight_bit).encode()
    npz.write_atomically(path, lambda file: file.write(text))
    return Page(len(text), eight_bit, len(layers))


def _layers(listed):
    """The operations whose weights are matrices, the largest first."""
    found = [operation for operation in listed if operation.get("weight", np.zeros(0)).ndim > 1]
    return sorted(found, key=lambda operation: -operation["weight"].size)


def _size(layers, eight_bit):
    """About how many bytes a page has whose first so many layers are of eight bits."""
    weights = [layer["weight"].size for layer in layers]
    return 100_000 + 4 / 3 * (sum(weights[:eight_bit]) + 2 * sum(weights[eight_bit:]))


def html(trained, eight_bit=0):
    """The page's text. eight_bit: how many of the largest layers have weights of eight bits; the
    others have halves."""
    listed = operations.listed(trained.generator)
    for layer in _layers(listed)[:eight_bit]:
        layer["eight_bit"] = True
    packed, data = _packed(listed)
    stage = style_mixing.stage(trained.generator, trained.recipe.image_size).name
    model = latents.described(trained) | {
        "data": trained.info["data"], "faces": trained.info["faces"],
        "figures": trained.info.get("figures"), "weights": hashlib.sha256(data).hexdigest(),
        "size": trained.recipe.image_size, "latentDim": trained.recipe.latent_dim,
        "axes": AXES if trained.takes_attributes else {},
        "table": trained.table.ravel().tolist() if trained.takes_attributes else None,
        "mix": next(i for i, operation in enumerate(listed) if operation.get("name") == stage)}
    parts = {"style": _asset("style.css"), "worker": "\n".join(map(_asset, WORKER)),
             "scripts": "\n".join(map(_asset, SCRIPTS)), "model": _json(model),
             "operations": _json(packed), "weights": base64.b64encode(data).decode()}
    page = _asset("page.html")
    for name, content in parts.items():
        page = page.replace("{{" + name + "}}", content)
    return page


def _packed(listed):
    """(operations with {type, at, length} in place of their arrays, the arrays as bytes)."""
    data, packed = bytearray(), []

    def put(array, kind):
        array = np.ascontiguousarray(array, kind)
        data.extend(bytes(-len(data) % 4))  # what JavaScript reads arrays from
        at = len(data)
        data.extend(array.tobytes())
        return {"type": kind, "at": at, "length": array.size}

    for operation in listed:
        if "weight" in operation:
            weight = operation["weight"]
            made = {name: value for name, value in operation.items()
                    if name not in ("weight", "eight_bit")}
            if weight.ndim == 4:
                made |= {"size": weight.shape[0], "inputs_channels": weight.shape[2]}
            if "eight_bit" in operation:
                # A scale for each position in the kernel and each output: the fewer share one, the
                # finer it is.
                scale = np.abs(weight).max(axis=-2, keepdims=True) / 127 + 1e-30
                inputs, outputs = weight.shape[-2:]
                made["weight"] = put(np.rint(weight / scale), "int8") | {
                    "inputs": inputs, "outputs": outputs, "scale": put(scale, "float32")}
            else:
                made["weight"] = put(weight, "float16" if weight.ndim > 1 else "float32")
            operation = made | {"bias": put(operation["bias"], "float32")}
        packed.append(operation)
    return packed, bytes(data)


def _asset(name):
    return (ASSETS / name).read_text(encoding="utf-8")


def _json(value):
    return json.dumps(value).replace("<", "\\u003c")  # or a name could end the element it is in
