"""A generator's inputs: noise and one-hot labels, which can be drawn, stored, mixed and varied.

One-hot labels have one block of columns for each axis of some Labels (labels.py). Between two
values they are a mixture of both, and all zeros mean unspecified. Only latents of a model that
takes attributes have them.
"""
from __future__ import annotations

import base64
import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np

from anime_gan_tf import __version__
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import ANY, Labels, sample, UNKNOWN
from anime_gan_tf.storage import kinds, npz, pictures, schema


@dataclasses.dataclass(frozen=True)
class Latents:
    """z: float32 (n, latent_dim); one_hot: labels, float32 (n, sum(labels.sizes)), or None; labels:
    the Labels that these are of."""
    z: np.ndarray
    one_hot: np.ndarray | None = None
    labels: Labels | None = None

    def __len__(self) -> int:
        return len(self.z)

    def __getitem__(self, rows: slice | Sequence[int] | np.ndarray) -> Latents:
        """The latents of a slice or an array of indices."""
        return dataclasses.replace(self, z=self.z[rows],
                                   one_hot=None if self.one_hot is None else self.one_hot[rows])

    @property
    def tags(self) -> np.ndarray | None:
        """(n, axes), as Labels.decode() has them; None without labels."""
        return None if self.one_hot is None else self.labels.decode(self.one_hot)


def noise(recipe, seeds: Sequence[int]) -> np.ndarray:
    """z, float32 (seeds, latent_dim). The row of a seed does not depend on the others."""
    rows = [np.random.default_rng(seed).standard_normal(recipe.latent_dim) for seed in seeds]
    return (recipe.latent_std * np.stack(rows)).astype(np.float32)


def sample_labels(distribution: np.ndarray, seeds: Sequence[int],
                  requested: Sequence[float] | None = None) -> np.ndarray:
    """Tags (seeds, axes): the values that `requested` fixes, the others drawn from a
    Labels.joint_distribution() by seed."""
    # A random stream of its own ([seed, 1]), so that a label does not change the noise of its face.
    tags = np.array([sample(np.random.default_rng([seed, 1]), distribution, requested)
                     for seed in seeds])
    return tags.astype(np.float32 if tags.dtype.kind == "f" else np.int32)


def from_seeds(trained, seeds: Sequence[int], requested: Sequence[float] | None = None) -> Latents:
    """The latents that --mode infer draws for some seeds.

    Args: trained: loading.Trained; requested: tags, of trained.labels.
    """
    z = noise(trained.recipe, seeds)
    if not trained.takes_attributes:
        return Latents(z)
    # A conditional model needs a value for each axis. A face of another one stays as it is where no
    # value is requested.
    labels = trained.labels
    tags = (sample_labels(trained.label_distribution, seeds, requested)
            if trained.recipe.conditional
            else [labels.untagged if requested is None else requested] * len(z))
    return Latents(z, labels.encode(tags), labels)


def with_tags(latents: Latents, tags: Sequence[float]) -> Latents:
    """The same faces with other tags, one per axis; UNKNOWN keeps what a face has."""
    if latents.one_hot is None:
        return latents
    return with_one_hot(latents, latents.labels.encode([tags] * len(latents)))


def with_one_hot(latents: Latents, one_hot: np.ndarray) -> Latents:
    """The same faces with other one-hot labels (n, sum(labels.sizes)); an axis that is all zeros
    keeps what a face has."""
    merged, split = latents.one_hot.copy(), latents.labels.split
    for old, new in zip(split(merged).values(), split(one_hot).values()):
        known = new.any(axis=1)
        old[known] = new[known]
    return dataclasses.replace(latents, one_hot=merged)


def concatenated(parts: Sequence[Latents]) -> Latents:
    """One Latents of several."""
    one_hot = (None if parts[0].one_hot is None
               else np.concatenate([part.one_hot for part in parts]))
    return Latents(np.concatenate([part.z for part in parts]), one_hot, parts[0].labels)


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Spherical interpolation from a to b, which keeps the length of the noise, unless a and b are
    opposite: then no arc is shorter than others, and it goes through zero.

    Shoemake 1985, for GANs as in White 2016 ("Sampling Generative Networks").

    Args: a, b: (..., d); t: (steps,), in [0, 1].
    Returns: float32 (steps, ..., d).
    """
    lengths = [np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b)]
    ua, ub = (x / np.maximum(length, 1e-12) for x, length in zip((a, b), lengths))
    angle = np.arccos(np.clip((ua * ub).sum(axis=-1, keepdims=True), -1, 1))
    t = np.reshape(t, (-1,) + (1,) * np.ndim(a))
    near = np.sin(angle) < 1e-6  # parallel: linear interpolation is the limit; or opposite
    safe = np.where(near, 1.0, np.sin(angle))
    direction = np.where(near, (1 - t) * ua + t * ub,
                         (np.sin((1 - t) * angle) * ua + np.sin(t * angle) * ub) / safe)
    return (direction * ((1 - t) * lengths[0] + t * lengths[1])).astype(np.float32)


def vary(latents: Latents, std: float, strength: float, rng: np.random.Generator) -> Latents:
    """The same faces with noise sqrt(1 - strength^2) z + strength * new noise, which is as long on
    average.

    Args: std: the recipe's latent_std; strength: in [0, 1].
    """
    fresh = std * rng.standard_normal(latents.z.shape)
    return dataclasses.replace(
        latents, z=(np.sqrt(1 - strength ** 2) * latents.z + strength * fresh).astype(np.float32))


def variations(trained, base: Latents, num: int, strength: float, keep: frozenset,
               requested: Sequence[float], seed: int) -> Latents:
    """`num` latents: the first of `base` and variations of it; if `num` is 1, one variation.

    Args:
      keep: a set of axes and "noise" that stay; other attributes are drawn from the training
        distribution.
      strength: as in vary(); requested: tags, which take precedence over `keep`; seed: of what is
        drawn.
    """
    base = base[:1]
    latents = vary(base[np.zeros(num, int)], trained.recipe.latent_std,
                   0.0 if "noise" in keep else strength, np.random.default_rng(seed))
    if base.one_hot is not None:
        axes = base.labels.axes
        fixed = [tag if tag != UNKNOWN else old if axis in keep else UNKNOWN
                 for axis, tag, old in zip(axes, requested, base.tags[0])]
        drawn = [axis not in keep and tag == UNKNOWN for axis, tag in zip(axes, requested)]
        tags = sample_labels(trained.label_distribution, range(seed, seed + num), fixed)
        latents = with_one_hot(latents, base.labels.encode(np.where(drawn, tags, requested)))
    return concatenated([base, latents[1:]]) if num > 1 else latents


# ----- in files: a PNG of this program, or an .npz

def metadata(trained, latents: Latents) -> dict:
    """The metadata of a picture whose latents are not determined by seeds, JSON-able."""
    pack = lambda array: base64.b64encode(np.asarray(array, np.float32).tobytes()).decode()
    return described(trained) | {"num": len(latents), "z": pack(latents.z)} | (
        {} if latents.one_hot is None else {"code": pack(latents.one_hot)})


def described(trained) -> dict:
    """The checkpoint used, its axes, and the standard deviation of the noise, JSON-able."""
    info = trained.info
    return {"version": __version__, "model": info["model"], "run": info["run"],
            "kimg": round(info["kimg"], 1), "latent_std": trained.recipe.latent_std} | (
                {"axes": trained.labels.to_json()} if trained.takes_attributes else {}) | (
                {schema.CALIBRATED_HAIR: True} if schema.has_calibrated_hair(info) else {})


def write(path, trained, latents: Latents) -> None:
    """Writes latents as an .npz that read() accepts."""
    arrays = {"z": latents.z} | ({} if latents.one_hot is None else {"code": latents.one_hot})
    npz.write_arrays(path, arrays | {"info": npz.packed(described(trained))})


def read_info(path, flag):
    """({"run", "kimg", ...} of the model that a file's latents are of, whether they have labels).

    Raises:
      UserError: the file is not of this program.
    """
    info, arrays = _open(path, flag)
    return info, "code" in arrays or any(axis in info for axis in schema.labels_of(info).axes)


def count(path, flag) -> int:
    """The number of faces in a file. Raises: as in read_info()."""
    info, arrays = _open(path, flag)
    return len(arrays["z"]) if "z" in arrays else info.get("num", 1)


def check_fit(path, info, with_attributes, flag):
    """Refuses a file whose faces a generator cannot draw.

    Args: info: checkpoints.read_info() of the generator; with_attributes: whether it takes one-hot
      labels.
    Raises:
      UserError: the latents have another length or other labels.
    """
    drawn, arrays = _open(path, flag)
    labels = schema.labels_of(info)
    if "code" in arrays and info["recipe"]["conditional"] and schema.labels_of(drawn) != labels:
        raise _other_labels(path, schema.labels_of(drawn), info["run"], labels, flag)
    if "z" in arrays:
        fits = arrays["z"].shape[1] == info["recipe"]["latent_dim"]
        # A generator that was trained without tags can draw latents with labels and without.
        if (not fits or ("code" not in arrays and with_attributes and info["recipe"]["conditional"])
                or ("code" in arrays and not with_attributes)):
            raise _unfit(path, drawn, info, flag)


def read(path, trained, flag: str, limit: int | None = None) -> Latents:
    """The Latents in a PNG that this program drew, or in an .npz of write().

    Args: flag: named in errors; limit: only the first so many; None for all.
    Raises:
      UserError: there are none, or they are of a model with other inputs.
    """
    info, arrays = _open(path, flag)
    drawn, labels = schema.labels_of(info), trained.labels
    if "z" in arrays:
        latents = Latents(arrays["z"], arrays.get("code"), drawn if "code" in arrays else None)
    else:
        requested = {axis: info[axis] for axis in drawn.axes if info.get(axis, ANY) != ANY}
        if any(labels.index(axis, value) == UNKNOWN for axis, value in requested.items()):
            raise _other_labels(path, drawn, trained.info["run"], labels, flag)
        tags = tuple(labels.index(axis, requested.get(axis)) for axis in labels.axes)
        seeds = range(info["seed"], info["seed"] + info.get("num", 1))[:limit]
        latents = from_seeds(trained.with_noise(info.get("latent_std")), seeds, tags)
    if latents.one_hot is None and trained.takes_attributes and not trained.recipe.conditional:
        latents = Latents(latents.z, labels.encode([labels.untagged] * len(latents)), labels)
    if latents.one_hot is not None and trained.takes_attributes and latents.labels != labels:
        raise _other_labels(path, drawn, trained.info["run"], labels, flag)
    if (latents.z.shape[1] != trained.recipe.latent_dim
            or (latents.one_hot is None) == trained.takes_attributes):
        raise _unfit(path, info, trained.info, flag)
    return latents[:limit]


def _other_labels(path, drawn, run, labels, flag):
    return UserError(flag, Fault.CONFLICT, f"{path} is of the labels {drawn.describe()}; {run} has "
                     f"{labels.describe()}")


def _unfit(path, drawn, info, flag):
    return UserError(flag, Fault.CONFLICT, f"{path} is of {drawn['run']}, a {drawn['model']}; "
                     f"{info['run']} is a {info['model']} of other inputs")


def _open(path, flag):
    """(info, {"z", "code": float32 (n, columns)}) of a PNG or an .npz.

    A picture of seeds has no arrays; latents of a model without attributes have no "code".
    """
    path = pathlib.Path(path)
    if path.suffix.lower() == ".npz":
        arrays = npz.read_arrays(path)
        if "z" not in arrays:
            raise UserError(flag, Fault.INVALID,
                            f"{path} holds no latents; --mode project writes such files")
        info = npz.unpacked(path)
        kinds.check(path, schema.LATENTS, info)
    else:
        info = pictures.read_metadata(path, flag)
        kinds.check(path, schema.PICTURE, info)
        if "z" not in info and "seed" not in info:
            raise UserError(path, Fault.UNREADABLE, "does not say which faces it shows")
        arrays = {name: schema.unpacked_rows(path, name, info[name], info.get("num", 1))
                  for name in ("z", "code") if name in info and "z" in info}
    arrays = {name: arrays[name] for name in ("z", "code") if name in arrays}
    declared = {"z": schema.NOISE, "code": schema.one_hot(schema.labels_of(info))}
    kinds.check_arrays(path, {name: declared[name] for name in arrays}, arrays)
    return info, {name: array.astype(np.float32) for name, array in arrays.items()}
