"""Sliders: directions of a generator's noise along which a face changes in one way.

slider_search.py finds them. Here is their file, `sliders.npz` beside the generator, and how a face
is moved by them. One step of any slider changes a face as much as one of any other, on average: the
file says how far along its direction each step is. Needs no TensorFlow.
"""
import dataclasses
import hashlib
import math

import numpy as np

from anime_gan_tf import __version__
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage import checkpoints, kinds, npz, schema

STEPS = np.arange(-schema.MAX_STEPS, schema.MAX_STEPS + 1)  # whose positions are in a file


@dataclasses.dataclass(frozen=True)
class Slider:
    """name: what --slide calls it, a number where nobody named it; names: {language: name} for
    people; low, high: the steps between which faces stay good, low <= 0 <= high."""
    name: str
    low: float
    high: float
    names: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Sliders:
    """The sliders of one generator.

    listed: (Slider, ...); directions: float32 (n, latent_dim), of length one; positions: float32
    (n, len(STEPS)), rising: how far along its direction each step is; weights: digest() of the
    generator's.
    """
    listed: tuple
    directions: np.ndarray
    positions: np.ndarray
    weights: str

    def __len__(self):
        return len(self.listed)

    def shift(self, steps):
        """What to add to z: float32 (latent_dim,). steps: {name: number of steps}; names and
        ranges have been checked."""
        rows = {slider.name: i for i, slider in enumerate(self.listed)}
        shift = np.zeros(self.directions.shape[1])
        for name, count in steps.items():
            i = rows[name]
            shift += np.interp(count, STEPS, self.positions[i]) * self.directions[i]
        return shift.astype(np.float32)

    def check(self, steps, subject="slide"):
        """Refuses unknown names and steps out of range.

        Args: steps: {name: [number, ...]}; subject: of the error.
        Raises:
          UserError: with the names or the range that there are.
        """
        sliders = {slider.name: slider for slider in self.listed}
        for name, counts in steps.items():
            slider = sliders[choose(subject, name, sliders)]
            for count in counts:
                if not slider.low <= count <= slider.high:  # which NaN is not
                    raise UserError(subject, Fault.INVALID, f"{name}={count:g} is out of its "
                                    f"range, {slider.low:g} to {slider.high:g}")


@dataclasses.dataclass(frozen=True)
class Slide:
    """Requested steps of sliders. steps: {name: (number of steps, ...)}, which a slider passes
    through in equal parts; with one number it is constant."""
    sliders: Sliders
    steps: dict

    @property
    def stops(self):
        """The most numbers of steps of a slider; 1 if all are constant."""
        return max(map(len, self.steps.values()))

    def at(self, positions):
        """What to add to z at positions (n,) in [0, 1] between the first and the last number of
        steps: float32 (n, latent_dim)."""
        return np.stack([
            self.sliders.shift({name: np.interp(position, np.linspace(0, 1, len(counts)), counts)
                                for name, counts in self.steps.items()})
            for position in positions])

    def applied(self, faces):
        """Latents moved by the first number of steps of each slider."""
        return dataclasses.replace(faces, z=faces.z + self.at([0.0]))


def parse(text, subject="--slide"):
    """{name: (number, ...)} of 'turn=1.5,7=-1:1'.

    Raises:
      UserError: where it is something else, or names a slider twice.
    """
    steps = {}
    for part in text.split(","):
        name, _, counts = (word.strip() for word in part.partition("="))
        try:
            found = tuple(float(count) for count in counts.split(":"))
        except ValueError:
            found = (math.nan,)
        if not name or not all(map(math.isfinite, found)):
            raise UserError(subject, Fault.INVALID, f"{part!r} is not NAME=STEPS, as in turn=1.5")
        if name in steps:
            raise UserError(subject, Fault.CONFLICT, f"{name} is given twice")
        steps[name] = found
    return steps


# ----- the file beside the generator

def digest(weights):
    """A text that tells the weights of generators apart. weights: checkpoints.weights()."""
    hashed = hashlib.sha256()
    for weight in weights:
        hashed.update(repr(weight.shape).encode())
        hashed.update(np.ascontiguousarray(weight, np.float32).tobytes())
    return hashed.hexdigest()


def write(path, sliders, run):
    """Writes Sliders. path: of the generator; run: its name. Returns the file's path.

    Raises:
      UserError: a name or a range is not one that read() accepts.
    """
    listed = [dataclasses.asdict(slider) for slider in sliders.listed]
    info = {"version": __version__, "run": run, "weights": sliders.weights, "sliders": listed}
    file = checkpoints.sliders_path(path)
    kinds.check(file, schema.SLIDERS, info)
    npz.write_arrays(file, {"directions": sliders.directions, "positions": sliders.positions,
                            "info": npz.packed(info)})
    return file


def load(path, latent_dim):
    """read() for the weights that the generator in `path` has now."""
    return read(path, digest(checkpoints.weights(path)), latent_dim)


def read(path, weights, latent_dim):
    """The Sliders beside a generator.

    Args: path: of the generator; weights: digest() of its own; latent_dim: of its noise.
    Raises:
      UserError: where there is no such file, it is damaged or it is of other weights.
    """
    file = checkpoints.sliders_path(path)
    if not file.exists():
        raise UserError(file, Fault.MISSING, "not there; --mode sliders finds the sliders of a "
                        "generator and writes it")
    info = npz.unpacked(file)
    kinds.check(file, schema.SLIDERS, info)
    if info["weights"] != weights:
        raise UserError(file, Fault.CONFLICT, f"found for other weights than {path.name} has now; "
                        f"--mode sliders finds them again")
    arrays, listed = npz.read_arrays(file), info["sliders"]
    kinds.check_arrays(file, schema.slider_arrays(len(listed), latent_dim), arrays)
    if (np.diff(arrays["positions"]) < 0).any():
        raise UserError(file, Fault.UNREADABLE, "positions do not rise")
    return Sliders(tuple(Slider(one["name"], one["low"], one["high"], one["names"])
                         for one in listed),
                   *(arrays[name].astype(np.float32) for name in ("directions", "positions")),
                   weights)


def named(sliders, names):
    """The same sliders with names, in the order of these; those without come last.

    Args: names: {name so far: {language: name}}; the English one ("en"), in lower case and with _
      between words, becomes what --slide calls it.
    Raises:
      UserError: there is no slider of a name so far.
    """
    rows = {slider.name: i for i, slider in enumerate(sliders.listed)}
    order = [rows.pop(choose("names", name, rows)) for name in names] + list(rows.values())
    listed = []
    for slider in (sliders.listed[i] for i in order):
        new = names.get(slider.name)
        listed.append(slider if new is None else dataclasses.replace(
            slider, name=new["en"].lower().replace(" ", "_"), names=new))
    return dataclasses.replace(sliders, listed=tuple(listed), directions=sliders.directions[order],
                               positions=sliders.positions[order])
