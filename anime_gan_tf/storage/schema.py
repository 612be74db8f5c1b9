"""The schemas of all kinds of files: one table of fields for each, of the kinds of kinds.py.

Fields that older versions did not write are optional.
"""
import base64
import binascii
import dataclasses
import math
import re
import reprlib

import numpy as np

from anime_gan_tf import recipes, tag_grammar
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import ANY, Labels, NOT_KNOWN, UNKNOWN
from anime_gan_tf.recipes import Recipe
from anime_gan_tf.storage.kinds import (
    Anything,
    Array,
    check,
    Choice,
    Length,
    Listing,
    Mapping,
    Mismatch,
    Nullable,
    Number,
    Plain,
    Record,
    refuse,
    RunName,
    Text,
)

MAX_FACES = 1_000_000           # in a picture or a file
MAX_SEED = 2 ** 32 - 1          # of --seed; face i is that of seed + i, which may be larger
MAX_STEP = 2 ** 31 - 1          # of a training
MAX_NOISE = 1e4                 # of an element of z; of latent_std 100 one in 1e23 is above 1e3
MAX_STEPS = 6                   # of a slider, in one direction
SLIDER_NAME = r"\w[\w-]*"       # what --slide calls it
MAX_DIGESTS = 1000              # of one picture, in a record of --mode crop
MAX_AXES = 8
MIN_VALUES, MAX_VALUES = 2, 200  # of an axis
MAX_COMBINATIONS = 100_000      # of values of all axes, the size of a joint distribution
# The axes of files without axes, of version 0.2.0 and before.
LEGACY = Labels({
    "hair": ("aqua", "black", "blonde", "blue", "brown", "gray", "green", "orange", "pink",
             "purple", "red", "white"),
    "eyes": ("aqua", "black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red",
             "yellow")})
# Field of what a generator says of itself: whether hair_calibration.py moved its labels of hair.
CALIBRATED_HAIR = "hair_by_pixels"
# Names that no axis may have: outputs of networks, columns of tables, fields of pictures, metrics,
# and others that occur together with axes.
RESERVED = {
    "score", "features", "classes", "image", "id", "name", "file", "path", "text", "tag", "tags",
    "label", "labels", "version", "run", "model", "kimg", "seed", "num", "z", "code", "axes",
    "command", "matrix", "latent", "vary", "noise", "faces", "both", "all", "frechet", "kernel",
    "precision", "recall", "density", "coverage", "nyquist", "confusion", "generated", "real",
    "latent_std", "inception_score", "hair_by_pixels"}


class Axes:
    """The axes of labels, in the form of Labels.to_json(): [[name, [value, ...]], ...]."""

    def check(self, value, name):
        if not isinstance(value, list):
            raise Mismatch(f"{name} are not names, each with a list of values")
        if not 1 <= len(value) <= MAX_AXES:
            raise Mismatch(f"there are {len(value):,} {name}, and may be 1 to {MAX_AXES}")
        for axis in value:
            if not isinstance(axis, list) or len(axis) != 2:
                raise Mismatch(f"one of the {name} is not a name with a list of values")
            self._check_values(*axis)
        names, values = [axis for axis, _ in value], [word for _, words in value for word in words]
        for axis, words in value:
            _LabelWord({*values}, tag_grammar.is_whole(tuple(words))).check(
                axis, "the name of an axis")
            if axis in RESERVED:
                raise Mismatch(f"an axis may not be called {axis}, which means something else "
                               f"already")
        if len(set(names)) < len(names):
            raise Mismatch(f"two of the {name} have the same name")
        if math.prod(len(words) for _, words in value) > MAX_COMBINATIONS:
            raise Mismatch(f"the {name} have more than {MAX_COMBINATIONS:,} combinations of values")

    def _check_values(self, axis, values):
        its_name = f"the axis {reprlib.repr(axis)}"
        if not isinstance(values, list):
            raise Mismatch(f"{its_name} has no list of values")
        if not MIN_VALUES <= len(values) <= MAX_VALUES:
            raise Mismatch(f"{its_name} needs {MIN_VALUES} to {MAX_VALUES} values, and has "
                           f"{len(values):,}")
        is_scale = _is_scale(values)
        for value in values:
            (_Level() if is_scale else _LabelWord()).check(value, f"a value of {its_name}")
        if len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise Mismatch(f"{its_name} has the value {twice} twice")
        if is_scale and list(map(float, values)) != sorted(map(float, values)):
            raise Mismatch(f"the numbers of {its_name} are not in increasing order")


class _Level:
    """A value of a scale, a number as tag_grammar.written()."""

    def check(self, value, name):
        if not isinstance(value, str) or tag_grammar.number(value) != value:
            refuse(name, value, f"a number from 0 to {tag_grammar.MAX_NUMBER:,} of six digits at "
                                f"most")


def _is_scale(values):
    """Whether values are meant as those of a scale: the first is a number, or begins as one."""
    return _is_number(values[0]) or (isinstance(values[0], str)
                                     and re.match(r"[-+.]?\d", values[0]) is not None)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclasses.dataclass(frozen=True)
class _LabelWord:
    """The name of an axis or of a value: one word of free text. refused: words that it may not be;
    several: whether it may be several words, joined by underscores."""
    refused: frozenset = frozenset()
    several: bool = False

    def check(self, value, name):
        pattern = "(?=.{1,30}$)[a-z]+(_[a-z]+)*" if self.several else "[a-z]{1,30}"
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            refuse(name, value, "at most 30 lowercase letters, words joined by _" if self.several
                   else "one word of at most 30 lowercase letters")
        if value in self.refused:
            raise Mismatch(f"{value} is an axis and a value; rename one of them")
        if value in NOT_KNOWN or value == tag_grammar.OTHER:
            raise Mismatch(f"{name} is {value}, a word that means something else already")


class RecipeFields:
    """The fields of a Recipe; those that an older version did not have get their defaults."""

    def check(self, value, name):
        if not isinstance(value, dict):
            refuse(name, value, "an object")
        known = {field.name for field in dataclasses.fields(Recipe)} | {*recipes.RETIRED,
                                                                          *recipes.RENAMED}
        for key in value.keys() - known:
            raise Mismatch(f"{name} has a field {reprlib.repr(key)}, which this version does not "
                           f"know")
        for key in ("source", "networks"):
            Text(2000).check(value.get(key), f"{name}.{key}")
        try:
            recipes.from_saved(value)
        except ValueError as error:
            raise Mismatch(f"{name}.{error}") from None


_COUNT = Number(0, 10 ** 9, whole=True)
_KIMG = Number(0, 1e7)  # the longest known training took 2e6
_SECONDS = Number(0, 1e9)
# The model that drew faces, in the metadata of their files.
_MAKER = {"run": RunName(), "model": RunName(), "kimg": _KIMG}
_VERSION = {"version": Text(100)}


def labels_from(axes, subject):
    """The Labels of {name: values} that a user chose. subject: what the error names.

    Raises:
      UserError: names or values are not allowed, or tag_grammar.py cannot read them.
    """
    if not isinstance(axes, dict):
        raise UserError(subject, Fault.INVALID, "not names, each with a list of values")
    content = [[name, [_as_text(value) for value in values] if isinstance(values, (list, tuple))
                else values] for name, values in axes.items()]
    check(subject, Record({"axes": Axes()}), {"axes": content})
    labels = Labels.from_json(content)
    for axis, values in labels.axes.items():
        if values == tag_grammar.PRESENCE[::-1]:  # else they would be read as any two words
            raise UserError(subject, Fault.INVALID, f"the values of {axis} are "
                            f"{' and '.join(values)}; write them in this order: "
                            f"{', '.join(tag_grammar.PRESENCE)}")
        for i, value in enumerate(values):
            if labels.parse(f"{value} {axis}")[list(labels.axes).index(axis)] != i:
                raise UserError(subject, Fault.INVALID, f"'{value} {axis}' would not be understood "
                                f"in the labels of pictures; use another word")
    return labels


def _as_text(value):
    """A value of an axis as files have it: of a number its text, '0.3' for '.30'."""
    if isinstance(value, str):
        return tag_grammar.number(value) or value
    return tag_grammar.written(value) if _is_number(value) and abs(value) < 1e9 else value


def labels_of(info):
    """The Labels of a file whose info has been checked."""
    axes = info.get("axes")
    if axes is None:
        return LEGACY
    # Classifiers of version 0.2.0 name the axes that they know, without values.
    return Labels.from_json([axis if isinstance(axis, list) else [axis, LEGACY.axes[axis]]
                             for axis in axes])


def has_calibrated_hair(info):
    """Whether the generator that an info is of was calibrated."""
    return bool(info.get(CALIBRATED_HAIR))


class _ClassifierAxes:
    def check(self, value, name):
        is_old = isinstance(value, list) and any(isinstance(axis, str) for axis in value)
        (Listing(Choice(tuple(LEGACY.axes)), (1, len(LEGACY.axes))) if is_old else Axes()).check(
            value, name)


class _Generator(Record):
    """With a table, the joint distribution of its labels: nested lists of numbers."""

    def check(self, value, name):
        super().check(value, name)
        kind = Number(0, 1e12)
        for size in reversed(labels_of(value).sizes):
            kind = Listing(kind, (size, size))
        Nullable(kind).check(value["table"], "table")


class _Picture(Record):
    """With the requested value of each axis, under the name of the axis."""

    def check(self, value, name):
        super().check(value, name)
        labels = labels_of(value)
        for axis, values in labels.axes.items():
            if axis in value:
                Text(30).check(value[axis], axis)
                if value[axis] != ANY and labels.index(axis, value[axis]) == UNKNOWN:
                    refuse(axis, value[axis], f"one of {', '.join((*values, ANY))}")


class _Metrics(Mapping):
    """The metrics of an evaluation, with that by which the best generator is chosen."""

    def check(self, value, name):
        super().check(value, name)
        metric = (recipes.ENLARGING_ERROR if recipes.ENLARGING_ERROR in value
                  else recipes.FRECHET)
        Number(0, 1e12).check(value.get(metric), f"{name}.{metric}")


_METRICS = _Metrics(Number(-1e12, 1e12))

# The info of generator.npz and of best.npz, which has an evaluation too.
GENERATOR = _Generator(
    _MAKER | {"data": Text(), "faces": _COUNT, "recipe": RecipeFields(), "table": Anything()},
    _VERSION | {"axes": Axes(), "seed": Number(0, MAX_SEED, whole=True),
                "step": Number(0, MAX_STEP, whole=True), "seconds": _SECONDS, "validation": _COUNT,
                "held_out": _COUNT,
                CALIBRATED_HAIR: Plain(), "figures": _METRICS}, "generator")
BEST = dataclasses.replace(GENERATOR, fields=GENERATOR.fields | {"figures": _METRICS})

# An array of a network or an optimizer, whose shape is compared with that of the variable.
FLOATS = Array("f")
# Weights of a generator: with larger values float32 overflows within a few layers.
WEIGHTS = Array("f", None, np.float32(-1e9), np.float32(1e9))
COUNTS = Array("iu", None, 0, MAX_STEP)

# The other variables of state.npz.
COUNTERS = {"rng": Array("iu", (3,)), "step": Array("iu", (), 0, MAX_STEP),
            "seconds": Array("f", (), 0, 1e9), "rollbacks": Array("iu", (), 0, 2)}


class _Identity(Mapping):
    """What may not change when a run is resumed. Newer fields may be missing, these may not."""

    def check(self, value, name):
        super().check(value, name)
        Record({"model": RunName(), "seed": Number(0, MAX_SEED, whole=True),
                "faces": Listing(Plain(), (2, 2))} | dict.fromkeys(
                    ("networks", "image_size", "width", "latent_dim", "batch_size", "loss",
                     "optimizer", "learning_rate"), Plain())).check(value, name)


RUN = Record({"identity": _Identity(Plain())},
             {"model": RunName(), "data": Text(), "precision": Text(20), "before_kimg": _KIMG,
              "axes": Axes(), "versions": Mapping(Text(100))})

CLASSIFIER = Record({}, _VERSION | {"axes": _ClassifierAxes()}, "classifier")
CLASSIFIER_SCALING = {"centre": Array("f", (256,), -1e6, 1e6),
                      "scale": Array("f", (256,), 1e-9, 1e6)}

DETECTOR = Record({"kind": Choice(("face detector",))}, _VERSION | {"faces": _COUNT}, "detector")

_FILE = re.compile(r"[\w.-]*")


class _FileName(Text):
    """The name of a file in the same folder, or ""."""

    def check(self, value, name):
        super().check(value, name)
        if not _FILE.fullmatch(value) or value.startswith("."):
            refuse(name, value, "the name of a file")


class _Pictures:
    """{name of a picture: a value of one kind}, any number of them."""

    def __init__(self, kind):
        self.kind = kind

    def check(self, value, name):
        if not isinstance(value, dict):
            refuse(name, value, "an object")
        for key, item in value.items():
            self.kind.check(item, f"{name}.{reprlib.repr(key)}")


# The record of --mode crop. That of 0.3.0 had pictures by their names, with one "digest" each.
CROPPED = Record({
    "options": Mapping(Plain()),
    "pictures": _Pictures(Record({
        "why": Text(), "faces": Listing(Record({
            "box": Listing(Number(0, 10 ** 8, whole=True), (4, 4)), "score": Number(0, 1),
            "state": Text(100), "file": _FileName(200)}), (0, 10_000))},
        {"digest": Text(64), "digests": Listing(Text(64), (1, MAX_DIGESTS)),
         "name": Text(2 ** 16)}))},
    _VERSION | {"finder": Text(200), "unreadable": _Pictures(Text())})


class _SliderName(Text):
    def check(self, value, name):
        super().check(value, name)
        if not re.fullmatch(SLIDER_NAME, value):
            refuse(name, value, "the name of a slider")


class _Sliders(Listing):
    """Those of a generator, no two of one name."""

    def check(self, value, name):
        super().check(value, name)
        names = [slider["name"] for slider in value]
        if len(set(names)) < len(names):
            refuse(name, names, "without repetitions")


# The sliders of a generator; weights: sliders.digest() of those that they were found for.
SLIDERS = Record({
    "run": RunName(), "weights": Text(64), "sliders": _Sliders(Record({
        "name": _SliderName(40), "low": Number(-MAX_STEPS, 0), "high": Number(0, MAX_STEPS),
        "names": Mapping(Text(40))}), (1, 200))}, _VERSION, "file of sliders")


def slider_arrays(count, latent_dim):
    """The arrays of a file of so many sliders."""
    return {"directions": Array("f", (count, latent_dim), -1.001, 1.001),
            "positions": Array("f", (count, 2 * MAX_STEPS + 1), -MAX_NOISE, MAX_NOISE)}


# Latents: in an .npz with its info, or in the metadata of a PNG, which may have seeds instead.
LATENTS = Record(_MAKER, _VERSION | {"axes": Axes(), CALIBRATED_HAIR: Plain(),
                                     "latent_std": Number(*recipes.RANGES["latent_std"])})
_FACES = Length("faces", 1, MAX_FACES)
NOISE = Array("f", (_FACES, Length("latent_dim", *recipes.RANGES["latent_dim"])),
              -MAX_NOISE, MAX_NOISE)
PICTURE = _Picture(LATENTS.fields, LATENTS.optional | {
    "seed": Number(0, MAX_SEED + MAX_FACES, whole=True), "num": Number(1, MAX_FACES, whole=True),
    "z": Text(2 ** 26), "code": Text(2 ** 26)})


def one_hot(labels):
    """The array "code" in a file of latents: one-hot labels of these Labels, or mixtures of such,
    rounded."""
    return Array("f", (_FACES, sum(labels.sizes)), -1e-3, 1 + 1e-3)


def drawn_faces(count, size, sizes):
    """The arrays in the cache of drawn faces. sizes: numbers of hair and eye colors."""
    return {"images": Array("u", (count, size, size, 3), 0, 255),
            "tags": Array("i", (count, len(sizes)), 0, np.array(sizes) - 1)}


def unpacked_rows(subject, name, text, rows):
    """float32 (rows, columns) of base64 in a picture's metadata.

    Raises:
      UserError: it is not base64 of so many rows.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content or len(content) % (4 * rows):
        raise UserError(subject, Fault.UNREADABLE, f"{name} is not base64 of {rows:,} rows of "
                                                   f"floats")
    return np.frombuffer(content, np.float32).reshape(rows, -1)
