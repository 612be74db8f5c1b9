"""One HTML file that draws a generator's faces: its operations and weights, and the program of assets/."""
import base64
import dataclasses
import hashlib
import json
import pathlib

import numpy as np

from anime_gan_tf.attributes import AXES
from anime_gan_tf.generation import latents, style_mixing
from anime_gan_tf.storage import npz
from anime_gan_tf.networks import operations

ASSETS = pathlib.Path(__file__).parent / "assets"
WORKER = ("plain.js", "webgl.js", "engine.js")
SCRIPTS = ("random.js", "texts.js", "latents.js", "pictures.js", "store.js", "app.js")
LARGEST = 8e6  # bytes of a page in half precision; a larger one gets weights of eight bits


@dataclasses.dataclass(frozen=True)
class Page:
    """What was written. precision: float16 or int8, of the weights; bytes: of the file."""
    precision: str
    bytes: int


def write(trained, path):
    """Writes the page of a loading.Trained, which must have been trained with tags to offer colours.

    Raises:
      UserError: where it has a layer that the page cannot run, or the file cannot be written.
    """
    for precision in ("float16", "int8"):
        text = html(trained, precision).encode()
        if len(text) <= LARGEST:
            break
    npz.write_atomically(path, lambda file: file.write(text))
    return Page(precision, len(text))


def html(trained, precision):
    """The page's text. precision: float16 or int8, of the weights."""
    listed = operations.listed(trained.generator)
    packed, data = _packed(listed, precision)
    stage = style_mixing.stage(trained.generator, trained.recipe.image_size).name
    model = latents.described(trained) | {
        "data": trained.info["data"], "faces": trained.info["faces"], "figures": trained.info.get("figures"),
        "weights": hashlib.sha256(data).hexdigest(), "size": trained.recipe.image_size,
        "latentStd": trained.recipe.latent_std, "latentDim": trained.recipe.latent_dim,
        "axes": AXES if trained.takes_attributes else {},
        "table": trained.table.ravel().tolist() if trained.takes_attributes else None,
        "mix": next(i for i, operation in enumerate(listed) if operation.get("name") == stage)}
    parts = {"style": _asset("style.css"), "worker": "\n".join(map(_asset, WORKER)),
             "scripts": "\n".join(map(_asset, SCRIPTS)), "model": _json(model), "operations": _json(packed),
             "weights": base64.b64encode(data).decode()}
    page = _asset("page.html")
    for name, content in parts.items():
        page = page.replace("{{" + name + "}}", content)
    return page


def _packed(listed, precision):
    """(operations with {type, at, length} in place of their arrays, the arrays as bytes)."""
    data, packed = bytearray(), []

    def put(array, kind):
        array = np.ascontiguousarray(array, kind)
        data.extend(bytes(-len(data) % 4))  # what JavaScript reads arrays from
        at = len(data)
        data.extend(array.tobytes())
        return {"type": kind, "at": at, "length": array.size}

    for operation in listed:
        operation = dict(operation)
        if "weight" in operation:
            weight = operation["weight"]
            if weight.ndim == 4:
                operation |= {"size": weight.shape[0], "inputs_channels": weight.shape[2]}
            if precision == "int8" and weight.ndim > 1:
                scale = np.abs(weight).max(axis=tuple(range(weight.ndim - 1))) / 127 + 1e-30
                operation["weight"] = put(np.rint(weight / scale), "int8") | {"scale": put(scale, "float32")}
            else:
                operation["weight"] = put(weight, "float16" if weight.ndim > 1 else "float32")
            operation["bias"] = put(operation["bias"], "float32")
        packed.append(operation)
    return packed, bytes(data)


def _asset(name):
    return (ASSETS / name).read_text(encoding="utf-8")


def _json(value):
    return json.dumps(value).replace("<", "\\u003c")  # or a name could end the element it is in
