"""Faces as points: noise and a colour code, which can be drawn, kept, mixed and varied.

A colour code (23,) is the one-hot hair colour, then the one-hot eye colour; between two colours it is a
mixture of them, and zeros are no wish. Only a steerable model's points have one.
"""
import base64
import dataclasses
import pathlib

import keras
import numpy as np

from anime_gan_tf import __version__, attributes, checkpoints, pictures, sampling
from anime_gan_tf.attributes import EYES, HAIR, UNKNOWN
from anime_gan_tf.errors import UserError

MAX_FACES = 1_000_000  # in a file
CODE = len(HAIR) + len(EYES)  # numbers in a colour code
PARTS = {"hair": slice(0, len(HAIR)), "eyes": slice(len(HAIR), CODE)}


@dataclasses.dataclass(frozen=True)
class Points:
    """z: float32 (n, latent_dim); code: float32 (n, 23), or None where the model takes no tags."""
    z: np.ndarray
    code: np.ndarray | None = None

    def __len__(self):
        return len(self.z)

    def __getitem__(self, rows):
        """The points of a slice or an array of indices."""
        return Points(self.z[rows], None if self.code is None else self.code[rows])

    @property
    def tags(self):
        """int32 (n, 2): each axis' strongest colour, UNKNOWN where there is no wish; None without a code."""
        if self.code is None:
            return None
        return np.stack([np.where(self.code[:, axis].any(axis=1), self.code[:, axis].argmax(axis=1), UNKNOWN)
                         for axis in PARTS.values()], axis=1).astype(np.int32)


def encode(tags):
    """Colour codes (n, 23) of tags (n, 2)."""
    return np.concatenate([np.eye(len(names) + 1, dtype=np.float32)[np.asarray(tags)[:, i], :-1]  # -1 is the last row
                           for i, names in enumerate((HAIR, EYES))], axis=1)


def of_seeds(trained, seeds, wanted=(UNKNOWN, UNKNOWN)):
    """The points that --mode infer draws for these seeds and wishes. trained: checkpoints.Trained."""
    z = sampling.latents(trained.recipe, seeds)
    if not trained.steerable:
        return Points(z)
    # A model that was trained with tags needs both; where none is wished for, an untagged one's face stays as it is.
    return Points(z, encode(sampling.wishes(trained.table, seeds, wanted) if trained.recipe.conditional
                            else [wanted] * len(z)))


def recolour(points, wanted):
    """The same faces with the colours of `wanted` = (hair, eyes); UNKNOWN keeps what a face has."""
    return overlaid(points, encode([wanted] * len(points)))


def overlaid(points, code):
    """The same faces with the axes of `code` (n, 23) that are not zeros."""
    if points.code is None:
        return points
    mixed = points.code.copy()
    for axis in PARTS.values():
        known = code[:, axis].any(axis=1)
        mixed[known, axis] = code[known, axis]
    return dataclasses.replace(points, code=mixed)


def joined(parts):
    """One Points of several."""
    code = None if parts[0].code is None else np.concatenate([part.code for part in parts])
    return Points(np.concatenate([part.z for part in parts]), code)


def draw(trained, points, progress=False):
    """Faces as uint8 (n, size, size, 3)."""
    return sampling.draw(from_code(trained.generator), points.z, points.code, progress)


def from_code(generator, end=None):
    """The same generator with the colour code, not the tags, as its second input; end: a tensor in it to stop at."""
    end = generator.output if end is None else end
    if len(generator.inputs) == 1:
        return keras.Model(generator.inputs, end)
    z = next(tensor for tensor in generator.inputs if tensor.name == "z")
    return keras.Model([z, generator.get_layer("code").output], end)


def slerp(a, b, t):
    """From a to b on a great circle, lengths in proportion: noise between two noises is as long as they are.

    Shoemake 1985, as for GANs in White 2016 ("Sampling Generative Networks").
    Args: a, b: (..., d); t: shares (steps,). Returns: (steps, ..., d).
    """
    lengths = [np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b)]
    ua, ub = (x / np.maximum(length, 1e-12) for x, length in zip((a, b), lengths))
    angle = np.arccos(np.clip((ua * ub).sum(axis=-1, keepdims=True), -1, 1))
    t = np.reshape(t, (-1,) + (1,) * np.ndim(a))
    near = np.sin(angle) < 1e-6  # nearly parallel: a straight line is the limit
    safe = np.where(near, 1.0, np.sin(angle))
    direction = np.where(near, (1 - t) * ua + t * ub, (np.sin((1 - t) * angle) * ua + np.sin(t * angle) * ub) / safe)
    return (direction * ((1 - t) * lengths[0] + t * lengths[1])).astype(np.float32)


def vary(points, std, strength, rng):
    """Noise that keeps sqrt(1 - strength^2) of what it was, as long as before on average; 1 is new noise.

    Args: std: the recipe's latent_std; strength: in [0, 1].
    """
    fresh = std * rng.standard_normal(points.z.shape)
    return dataclasses.replace(points, z=(np.sqrt(1 - strength ** 2) * points.z + strength * fresh).astype(np.float32))


def variations(trained, base, num, strength, keep, wanted, seed):
    """`num` points around the first of `base`, which is the first of them.

    Args:
      keep: a set of "hair", "eyes", "noise": what stays; colours that do not are drawn as the data have them.
      strength: as of vary(); wanted: (hair, eyes), which overrule what is kept; seed: of what is new.
    """
    base = base[:1]
    points = vary(base[np.zeros(num, int)], trained.recipe.latent_std, 0.0 if "noise" in keep else strength,
                  np.random.default_rng(seed))
    if base.code is not None:
        fixed = [wish if wish != UNKNOWN else old if axis in keep else UNKNOWN
                 for axis, wish, old in zip(attributes.AXES, wanted, base.tags[0])]
        free = [axis for axis, wish in zip(attributes.AXES, wanted) if axis not in keep and wish == UNKNOWN]
        tags = sampling.wishes(trained.table, range(seed, seed + num), fixed)
        tags = np.where([axis in free for axis in attributes.AXES], tags, wanted)
        points = overlaid(points, encode(tags))
    return joined([base, points[1:]]) if num > 1 else points


# ----- in files: a PNG of this program, or an .npz

def metadata(trained, points):
    """What a picture has to remember of its points, JSON-able, where seeds do not tell it."""
    pack = lambda array: base64.b64encode(np.asarray(array, np.float32).tobytes()).decode()
    return described(trained) | {"num": len(points), "z": pack(points.z)} | (
        {} if points.code is None else {"code": pack(points.code)})


def described(trained):
    """Which model drew."""
    info = trained.info
    return {"version": __version__, "model": info["model"], "run": info["run"], "kimg": round(info["kimg"], 1)}


def write(path, trained, points):
    """Writes points as an .npz that read() takes."""
    arrays = {"z": points.z} | ({} if points.code is None else {"code": points.code})
    checkpoints.write_arrays(path, arrays | {"info": checkpoints.packed(described(trained))})


def read_info(path, flag):
    """({"run", "kimg", ...} of the model that the points in a file are of, whether they have colours).

    Raises:
      UserError: where the file is not of this program.
    """
    info, arrays = _open(pathlib.Path(path), flag)
    return info, "code" in arrays or any(axis in info for axis in attributes.AXES)


def read(path, trained, flag):
    """The Points in a PNG that this program drew, or in an .npz of write().

    Raises:
      UserError: where there are none, or they are of a model of other sizes.
    """
    info, arrays = _open(pathlib.Path(path), flag)
    if "z" in arrays:
        # A picture has its arrays as flat bytes, an .npz as they are.
        z, code = (None if array is None else array.reshape(info["num"] if "num" in info else len(array), -1)
                   for array in (arrays["z"], arrays.get("code")))
        points = Points(z, code)
    else:
        wanted = tuple(attributes.lookup(axis, info.get(axis, attributes.ANY)) for axis in attributes.AXES)
        points = of_seeds(trained, range(info["seed"], info["seed"] + info.get("num", 1)), wanted)
    if points.code is None and trained.steerable and not trained.recipe.conditional:
        points = Points(points.z, encode([(UNKNOWN, UNKNOWN)] * len(points)))
    if points.z.shape[1] != trained.recipe.latent_dim or (points.code is None) == trained.steerable:
        raise UserError(f"{flag}: {path} is of {info['run']}, a {info['model']}; {trained.info['run']} is a "
                        f"{trained.info['model']} of other inputs")
    return points


def _open(path, flag):
    """(info, arrays) of a PNG or an .npz."""
    if path.suffix == ".npz":
        arrays = checkpoints.read_arrays(path)
        if "z" not in arrays:
            raise UserError(f"{flag}: {path} holds no faces; --mode project makes such files")
        info = checkpoints.unpacked(path)
    else:
        info = pictures.read_metadata(path, flag)
        arrays = {}
    try:
        if not arrays:
            arrays = {name: np.frombuffer(base64.b64decode(info[name]), np.float32)
                      for name in ("z", "code") if name in info}
        _check(info, arrays)
    except (ValueError, KeyError, TypeError) as error:  # nothing in a file can be relied on
        raise UserError(f"{flag}: {path} does not say which faces it shows ({error})") from None
    return info, arrays


def _check(info, arrays):
    """Raises ValueError, KeyError or TypeError where a file's content is not what write() or metadata() makes."""
    for name, kind in (("run", str), ("model", str), ("kimg", (int, float))):
        if not isinstance(info[name], kind):
            raise ValueError(f"{name} is {info[name]!r}")
    if "z" not in arrays and "seed" not in info:
        raise KeyError("seed")
    for name, low, high in (("seed", 0, 2 ** 32), ("num", 1, MAX_FACES)):
        if name in info and not (isinstance(info[name], int) and low <= info[name] <= high):
            raise ValueError(f"{name} is {info[name]!r}")
    rows = info.get("num", 1)
    for name, array in arrays.items():
        if name in ("z", "code") and (array.dtype != np.float32 or array.size % rows or not array.size
                                      or not np.isfinite(array).all()):
            raise ValueError(f"{name} is no finite array of {rows} rows")
    for axis in attributes.AXES:
        if not isinstance(info.get(axis, ""), str):
            raise ValueError(f"{axis} is {info[axis]!r}")
