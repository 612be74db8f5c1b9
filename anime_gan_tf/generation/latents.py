"""Faces as latents: noise and an attribute code, which can be drawn, kept, mixed and varied.

An attribute code is a one-hot value of each axis of some Labels, one axis behind the other. Between
two values it is a mixture of them, and all zeros means unspecified. Only latents of a model that
takes attributes have one.
"""
import base64
import dataclasses
import pathlib

import numpy as np

from anime_gan_tf import __version__
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import ANY, Labels, sample, UNKNOWN
from anime_gan_tf.storage import npz, pictures, schema


@dataclasses.dataclass(frozen=True)
class Latents:
    """z: float32 (n, latent_dim); code: float32 (n, sum(labels.sizes)), None where there is none;
    labels: the Labels of the code."""
    z: np.ndarray
    code: np.ndarray | None = None
    labels: Labels | None = None

    def __len__(self):
        return len(self.z)

    def __getitem__(self, rows):
        """The latents of a slice or an array of indices."""
        return dataclasses.replace(self, z=self.z[rows],
                                   code=None if self.code is None else self.code[rows])

    @property
    def tags(self):
        """int32 (n, axes): each axis' strongest value, or UNKNOWN; None without a code."""
        return None if self.code is None else self.labels.decode(self.code)


def noise(recipe, seeds):
    """z (seeds, latent_dim) float32. A seed's row does not depend on the others."""
    rows = [np.random.default_rng(seed).standard_normal(recipe.latent_dim) for seed in seeds]
    return (recipe.latent_std * np.stack(rows)).astype(np.float32)


def sample_labels(table, seeds, wanted=None):
    """Tags int32 (seeds, axes): what `wanted` fixes, the rest from the joint table by seed."""
    # A stream of its own ([seed, 1]), so that a label does not change the noise of its face.
    return np.array([sample(np.random.default_rng([seed, 1]), table, wanted) for seed in seeds],
                    np.int32)


def from_seeds(trained, seeds, wanted=None):
    """The latents that --mode infer draws for these seeds and tags, of trained.labels. trained:
    loading.Trained."""
    z = noise(trained.recipe, seeds)
    if not trained.takes_attributes:
        return Latents(z)
    # A model that was trained with tags needs all of them; another one's face stays as it is where
    # none is asked for.
    labels = trained.labels
    tags = (sample_labels(trained.table, seeds, wanted) if trained.recipe.conditional
            else [labels.untagged if wanted is None else wanted] * len(z))
    return Latents(z, labels.encode(tags), labels)


def with_tags(latents, wanted):
    """The same faces with the tags `wanted`, one an axis; UNKNOWN keeps what a face has."""
    if latents.code is None:
        return latents
    return with_code(latents, latents.labels.encode([wanted] * len(latents)))


def with_code(latents, code):
    """The same faces with the axes of `code` (n, sum(labels.sizes)) that are not all zeros."""
    mixed, split = latents.code.copy(), latents.labels.split
    for old, new in zip(split(mixed).values(), split(code).values()):
        known = new.any(axis=1)
        old[known] = new[known]
    return dataclasses.replace(latents, code=mixed)


def concatenated(parts):
    """One Latents of several."""
    code = None if parts[0].code is None else np.concatenate([part.code for part in parts])
    return Latents(np.concatenate([part.z for part in parts]), code, parts[0].labels)


def slerp(a, b, t):
    """From a to b on a great circle, so that noise between two noises is as long as they are.

    Shoemake 1985, as for GANs in White 2016 ("Sampling Generative Networks").
    Args: a, b: (..., d); t: shares (steps,). Returns: (steps, ..., d).
    """
    lengths = [np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b)]
    ua, ub = (x / np.maximum(length, 1e-12) for x, length in zip((a, b), lengths))
    angle = np.arccos(np.clip((ua * ub).sum(axis=-1, keepdims=True), -1, 1))
    t = np.reshape(t, (-1,) + (1,) * np.ndim(a))
    near = np.sin(angle) < 1e-6  # nearly parallel: a straight line is the limit
    safe = np.where(near, 1.0, np.sin(angle))
    direction = np.where(near, (1 - t) * ua + t * ub,
                         (np.sin((1 - t) * angle) * ua + np.sin(t * angle) * ub) / safe)
    return (direction * ((1 - t) * lengths[0] + t * lengths[1])).astype(np.float32)


def vary(latents, std, strength, rng):
    """Noise that keeps sqrt(1 - strength^2) of what it was, as long on average; 1 is new noise.

    Args: std: the recipe's latent_std; strength: in [0, 1].
    """
    fresh = std * rng.standard_normal(latents.z.shape)
    return dataclasses.replace(
        latents, z=(np.sqrt(1 - strength ** 2) * latents.z + strength * fresh).astype(np.float32))


def variations(trained, base, num, strength, keep, wanted, seed):
    """`num` latents around the first of `base`, which is the first of them.

    Args:
      keep: a set of axes and "noise": what stays; attributes that do not are drawn as the data have
        them.
      strength: as of vary(); wanted: tags, which overrule what is kept; seed: of what is new.
    """
    base = base[:1]
    latents = vary(base[np.zeros(num, int)], trained.recipe.latent_std,
                   0.0 if "noise" in keep else strength, np.random.default_rng(seed))
    if base.code is not None:
        axes = base.labels.axes
        fixed = [tag if tag != UNKNOWN else old if axis in keep else UNKNOWN
                 for axis, tag, old in zip(axes, wanted, base.tags[0])]
        free = [axis not in keep and tag == UNKNOWN for axis, tag in zip(axes, wanted)]
        tags = sample_labels(trained.table, range(seed, seed + num), fixed)
        latents = with_code(latents, base.labels.encode(np.where(free, tags, wanted)))
    return concatenated([base, latents[1:]]) if num > 1 else latents


# ----- in files: a PNG of this program, or an .npz

def metadata(trained, latents):
    """What a picture has to remember of its latents, JSON-able, where seeds do not tell it."""
    pack = lambda array: base64.b64encode(np.asarray(array, np.float32).tobytes()).decode()
    return described(trained) | {"num": len(latents), "z": pack(latents.z)} | (
        {} if latents.code is None else {"code": pack(latents.code)})


def described(trained):
    """The checkpoint used, its axes, and the noise, which a seed alone does not tell."""
    info = trained.info
    return {"version": __version__, "model": info["model"], "run": info["run"],
            "kimg": round(info["kimg"], 1), "latent_std": trained.recipe.latent_std} | (
                {"axes": trained.labels.to_json()} if trained.takes_attributes else {})


def write(path, trained, latents):
    """Writes latents as an .npz that read() takes."""
    arrays = {"z": latents.z} | ({} if latents.code is None else {"code": latents.code})
    npz.write_arrays(path, arrays | {"info": npz.packed(described(trained))})


def read_info(path, flag):
    """({"run", "kimg", ...} of the model of a file's latents, whether they have attributes).

    Raises:
      UserError: where the file is not of this program.
    """
    info, arrays = _open(path, flag)
    return info, "code" in arrays or any(axis in info for axis in schema.labels_of(info).axes)


def check_fit(path, info, with_attributes, flag):
    """Refuses a file whose faces a generator cannot draw.

    Args: info: checkpoints.read_info() of the generator; with_attributes: whether it takes an
      attribute code.
    """
    drawn, arrays = _open(path, flag)
    labels = schema.labels_of(info)
    if "code" in arrays and info["recipe"]["conditional"] and schema.labels_of(drawn) != labels:
        raise _other_labels(path, schema.labels_of(drawn), info["run"], labels, flag)
    if "z" in arrays:
        fits = arrays["z"].shape[1] == info["recipe"]["latent_dim"]
        # A generator that was trained without tags can draw latents with a code and without.
        if (not fits or ("code" not in arrays and with_attributes and info["recipe"]["conditional"])
                or ("code" in arrays and not with_attributes)):
            raise _unfit(path, drawn, info, flag)


def read(path, trained, flag, most=None):
    """The Latents in a PNG that this program drew, or in an .npz of write().

    Args: most: how many of them, from the first on; None for all.
    Raises:
      UserError: where there are none, or they are of a model of other sizes.
    """
    info, arrays = _open(path, flag)
    drawn, labels = schema.labels_of(info), trained.labels
    if "z" in arrays:
        latents = Latents(arrays["z"], arrays.get("code"), drawn if "code" in arrays else None)
    else:
        requested = {axis: info[axis] for axis in drawn.axes if info.get(axis, ANY) != ANY}
        if any(labels.index(axis, value) == UNKNOWN for axis, value in requested.items()):
            raise _other_labels(path, drawn, trained.info["run"], labels, flag)
        wanted = tuple(labels.index(axis, requested.get(axis)) for axis in labels.axes)
        seeds = range(info["seed"], info["seed"] + info.get("num", 1))[:most]
        latents = from_seeds(trained.with_noise(info.get("latent_std")), seeds, wanted)
    if latents.code is None and trained.takes_attributes and not trained.recipe.conditional:
        latents = Latents(latents.z, labels.encode([labels.untagged] * len(latents)), labels)
    if latents.code is not None and trained.takes_attributes and latents.labels != labels:
        raise _other_labels(path, drawn, trained.info["run"], labels, flag)
    if (latents.z.shape[1] != trained.recipe.latent_dim
            or (latents.code is None) == trained.takes_attributes):
        raise _unfit(path, info, trained.info, flag)
    return latents[:most]


def _other_labels(path, drawn, run, labels, flag):
    return UserError(flag, Fault.CONFLICT, f"{path} is of the labels {drawn.describe()}; {run} has "
                     f"{labels.describe()}")


def _unfit(path, drawn, info, flag):
    return UserError(flag, Fault.CONFLICT, f"{path} is of {drawn['run']}, a {drawn['model']}; "
                     f"{info['run']} is a {info['model']} of other inputs")


def _open(path, flag):
    """(info, {"z", "code": float32 (n, columns)}) of a PNG or an .npz.

    A picture of seeds has no arrays; a file of latents of a model without attributes has no code.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() == ".npz":
        arrays = npz.read_arrays(path)
        if "z" not in arrays:
            raise UserError(flag, Fault.INVALID,
                            f"{path} holds no faces; --mode project makes such files")
        info = npz.unpacked(path)
        schema.check(path, schema.LATENTS, info)
    else:
        info = pictures.read_metadata(path, flag)
        schema.check(path, schema.PICTURE, info)
        if "z" not in info and "seed" not in info:
            raise UserError(path, Fault.UNREADABLE, "does not say which faces it shows")
        arrays = {name: schema.unpacked_rows(path, name, info[name], info.get("num", 1))
                  for name in ("z", "code") if name in info and "z" in info}
    arrays = {name: arrays[name] for name in ("z", "code") if name in arrays}
    kinds = {"z": schema.NOISE, "code": schema.code(schema.labels_of(info))}
    schema.check_arrays(path, {name: kinds[name] for name in arrays}, arrays)
    return info, {name: array.astype(np.float32) for name, array in arrays.items()}
