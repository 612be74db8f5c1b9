"""Writes a generator as one HTML file: its operations, its weights and a program (assets/)."""
import base64
import dataclasses
import hashlib
import io
import json
import numbers
import pathlib
import re
import reprlib

import numpy as np
from PIL import Image

from anime_gan_tf.console import printable
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import enlarging, latents, sampling, style_mixing
from anime_gan_tf.networks import operations
from anime_gan_tf.storage import npz
from anime_gan_tf.web import convolution

ASSETS = pathlib.Path(__file__).parent / "assets"
WORKER = ("plain.js", "wasm.js", "webgl.js", "engine.js")
SCRIPTS = ("random.js", "texts_en.js", "texts_zh.js", "texts_ja.js", "texts.js", "settings.js",
           "latents.js", "moves.js", "pictures.js", "png.js", "status.js", "store.js",
           "network.js", "enlarging.js", "transitions.js", "large.js", "swatches.js",
           "sliders.js", "fade.js", "grid.js", "picked.js", "film.js", "recording.js", "saving.js",
           "collection.js", "opening.js", "tabs.js", "about.js", "app.js")
# Metrics of an evaluation that the page shows; faces: the number of measured faces.
METRICS = ("frechet", "precision", "recall", "both", "faces")
MAX_METRIC = 1e300
MAX_WHOLE = 2 ** 53  # the largest exact integer in JavaScript
# Layers whose largest weight is in this range are stored in half precision.
HALF = (1e-3, 65504)
MAX_BYTES = 1e7      # of a page; beyond it the largest layers get weights of eight bits
MAX_ENLARGED = 128   # size of faces that a page enlarges, four times the work of 64 px


@dataclasses.dataclass(frozen=True)
class Page:
    """A page that was written. bytes: of the file; eight_bit: number of the generator's layers, of
    `layers`, with weights of eight bits; enlarged: size of enlarged faces in pixels, or None;
    left_out: names of metrics that are not finite."""
    bytes: int
    eight_bit: int
    layers: int
    enlarged: int | None
    left_out: list


def write(trained, path, enlarger=None, sliders=None):
    """Writes the page of a loading.Trained.

    Args: enlarger: a Trained of an enlarger, which is left out if faces are larger than
      MAX_ENLARGED; or None; sliders: the generator's sliders.Sliders, or None.
    Raises:
      UserError: there is a layer that the page cannot run, a number that is not finite, or the file
        cannot be written.
    """
    if trained.recipe.image_size > MAX_ENLARGED:
        enlarger = None
    layers = _layers(operations.listed(trained.generator))
    second = _layers(operations.listed(enlarger.generator)) if enlarger else []
    for eight_bit in range(len(layers) + 1):
        if _size(layers, eight_bit) + _size(second, len(second)) <= MAX_BYTES:
            break
    text = html(trained, eight_bit, enlarger, sliders).encode()
    npz.write_atomically(path, lambda file: file.write(text))
    return Page(len(text), eight_bit, len(layers), _enlarged(trained, enlarger),
                _metrics(trained.info)[1])


def _layers(listed):
    """The operations with matrices of weights, the largest first."""
    found = [operation for operation in listed if operation.get("weight", np.zeros(0)).ndim > 1]
    return sorted(found, key=lambda operation: -operation["weight"].size)


def _size(layers, eight_bit):
    """The approximate bytes of a network whose first `eight_bit` layers have eight bits."""
    weights = [layer["weight"].size for layer in layers]
    return 100_000 + 4 / 3 * (sum(weights[:eight_bit]) + 2 * sum(weights[eight_bit:]))


def html(trained, eight_bit=0, enlarger=None, sliders=None):
    """The text of the page. eight_bit: number of the largest layers with weights of eight bits; the
    others have half precision or, where that is too coarse, single precision. All layers of the
    enlarger have eight bits."""
    listed, packed, data = _network(trained.generator, eight_bit)
    _, second, second_data = _network(enlarger.generator) if enlarger else ([], [], b"")
    mixed = style_mixing.stage(trained.generator, trained.recipe.image_size).name
    model = _described(trained) | {
        "weights": hashlib.sha256(data).hexdigest(), "enlarged": _enlarged(trained, enlarger),
        "mix": next(i for i, operation in enumerate(listed) if operation.get("name") == mixed),
        "sliders": _described_sliders(sliders)}
    parts = {"style": _asset("style.css"), "worker": "\n".join(map(_asset, WORKER)),
             "convolution": base64.b64encode(convolution.module()).decode(),
             "gif_worker": _asset("gif.js"), "scripts": "\n".join(map(_asset, SCRIPTS)),
             "model": _json(model), "first": _first_picture(trained, enlarger),
             "operations": _json(packed), "weights": base64.b64encode(data).decode(),
             "enlarger": _json(second),
             "enlarger_weights": base64.b64encode(second_data).decode()}
    # In one pass: an inserted text may itself contain "{{weights}}".
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _asset("page.html"))


def _network(generator, eight_bit=None):
    """(operations, packed operations, bytes of their arrays). eight_bit: None for all layers."""
    listed = operations.listed(generator)
    for layer in _layers(listed)[:eight_bit]:
        layer["eight_bit"] = True
    return listed, *_packed(listed)


def _enlarged(trained, enlarger):
    """The width of enlarged faces in pixels, or None."""
    return enlarger and enlarger.recipe.scale * trained.recipe.image_size


def _described(trained):
    """The page's metadata of the model, with finite numbers and untrusted texts.

    "names" has run, model and data as printable lines; "run" and "model" are for files.

    Raises:
      UserError: a number is not finite.
    """
    info, recipe = trained.info, trained.recipe
    for name in ("kimg", "faces"):
        if not _is_number(info[name], 0, MAX_WHOLE):
            raise UserError(name, Fault.INVALID, f"{reprlib.repr(info[name])} in the generator's "
                            f"file is not a number from 0 to {MAX_WHOLE:.0e}")
    return latents.described(trained) | {
        "names": {name: printable(info[name]) for name in ("run", "model", "data")},
        "faces": info["faces"], "figures": _metrics(info)[0],
        "size": recipe.image_size, "latentDim": recipe.latent_dim,
        "axes": trained.labels.to_json() if trained.takes_attributes else [],
        "table": trained.label_distribution.ravel().tolist() if trained.takes_attributes else None}


def _described_sliders(sliders):
    """The page's metadata of sliders.Sliders, or of None, with untrusted names."""
    if sliders is None:
        return []
    rows = zip(sliders.listed, sliders.directions, sliders.positions)
    return [dataclasses.asdict(slider) | {"direction": direction.round(6).tolist(),
                                          "positions": positions.round(6).tolist()}
            for slider, direction, positions in rows]


def _first_picture(trained, enlarger):
    """The face that the page opens with, seed 0, as the text of a JPEG."""
    faces = sampling.draw(trained, latents.from_seeds(trained, [0]))
    if enlarger:
        faces = enlarging.enlarge(enlarger.generator, faces)
    file = io.BytesIO()
    Image.fromarray(faces[0]).save(file, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _metrics(info):
    """({name: float} of METRICS, [name, ...] of those that are not finite)."""
    figures = info.get("figures")
    if figures is None:
        return {}, []
    if not isinstance(figures, dict):
        return {}, ["figures"]
    present = [name for name in METRICS if name in figures]
    finite = {name: float(figures[name]) for name in present
            if _is_number(figures[name], -MAX_METRIC, MAX_METRIC)}
    return finite, [name for name in present if name not in finite]


def _is_number(value, low, high):
    """Whether a value is a number from low to high; NaN and bools are not."""
    return (isinstance(value, numbers.Real) and not isinstance(value, bool)
            and bool(low <= value <= high))


def _packed(listed):
    """(operations with {type, at, length} instead of their arrays, the arrays as bytes)."""
    data, packed = bytearray(), []

    def put(array, kind):
        if not np.isfinite(array).all():
            raise UserError("weights", Fault.INVALID,
                            "some in the generator's file are no finite numbers")
        array = np.ascontiguousarray(array, kind)
        data.extend(bytes(-len(data) % 4))  # the alignment of JavaScript's arrays
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
                # One scale for each position in the kernel and each output channel: with fewer
                # scales the weights would be coarser.
                scale = np.abs(weight).max(axis=-2, keepdims=True) / 127 + 1e-30
                inputs, outputs = weight.shape[-2:]
                made["weight"] = put(np.rint(weight / scale), "int8") | {
                    "inputs": inputs, "outputs": outputs, "scale": put(scale, "float32")}
            else:
                largest = np.abs(weight).max()
                halves = weight.ndim > 1 and (largest == 0 or HALF[0] <= largest <= HALF[1])
                made["weight"] = put(weight, "float16" if halves else "float32")
            operation = made | {"bias": put(operation["bias"], "float32")}
        packed.append(operation)
    return packed, bytes(data)


def _asset(name):
    return (ASSETS / name).read_text(encoding="utf-8")


def _json(value):
    # A "<" in a name could end its HTML element; JavaScript does not read NaN in JSON.
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")
