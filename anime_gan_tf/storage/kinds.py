"""Kinds of values in files, and the checker of all of them.

Files may be untrusted: they are checked here, by what schema.py declares, before their content is
used for anything. Fields that no schema describes are ignored.

A kind of value is an object with `check(value, name)`, which raises Mismatch.
"""
import dataclasses
import re
import reprlib

import numpy as np

from anime_gan_tf.errors import Fault, UserError

MAX_RUN_NAME = 120  # bytes
# Names that Windows reserves for devices, with any ending.
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT")
                                          for i in range(1, 10))}


class Mismatch(ValueError):
    """Content of a file is not as its schema says. The message follows the file's name."""


def check(subject, kind, content):
    """Checks the content of a file.

    Args: subject: what the error names, a flag or the file; kind: a kind of value; content: JSON.
    Raises:
      UserError: a field is not as described; the first one is named.
    """
    try:
        kind.check(content, "")
    except Mismatch as error:
        raise UserError(subject, Fault.UNREADABLE, str(error)) from None


def check_arrays(subject, kinds, arrays, what=""):
    """Checks the arrays of a file; dimensions of the same name must have the same length.

    Args: kinds: {name: Array}, all of them required; arrays: {name: np.ndarray}, others ignored;
      what: the kind of file, which one without an array is not.
    Raises:
      UserError: an array is not as described; the first one is named.
    """
    lengths = {}
    try:
        for name, kind in kinds.items():
            if name not in arrays:
                raise Mismatch(f"{_not_a(what)}the array {name!r} is missing")
            kind.check(arrays[name], name, lengths)
    except Mismatch as error:
        raise UserError(subject, Fault.UNREADABLE, str(error)) from None


def _not_a(what):
    return f"not a {what}: " if what else ""


def is_device(name):
    """Whether Windows reserves a file name for a device."""
    return name.split(".")[0].upper() in _DEVICES


def is_run_name(text):
    """Whether a run may have this name, which becomes a folder and the prefix of pictures' names.

    Letters, digits, `_`, `-` and `.`, not beginning with `-` or `.`, and not ending in `.`, which
    Windows drops; at most MAX_RUN_NAME bytes; not the name of a device.
    """
    return (re.fullmatch(r"\w[\w.-]*", text) is not None and len(text.encode()) <= MAX_RUN_NAME
            and not text.endswith(".") and not is_device(text))


@dataclasses.dataclass(frozen=True)
class Number:
    """A finite number from low to high, both included."""
    low: float
    high: float
    whole: bool = False

    def check(self, value, name):
        # A bool is an int, and NaN is not between any two numbers.
        if (isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float))
                or not self.low <= value <= self.high):
            low, high = (f"{bound:,}" if self.whole else f"{bound:g}"
                         for bound in (self.low, self.high))
            refuse(name, value, f"a {'whole ' * self.whole}number from {low} to {high}")


@dataclasses.dataclass(frozen=True)
class Text:
    longest: int = 1000

    def check(self, value, name):
        if not isinstance(value, str) or len(value) > self.longest:
            refuse(name, value, f"a text of at most {self.longest:,} characters")


class RunName:
    def check(self, value, name):
        if not isinstance(value, str) or not is_run_name(value):
            refuse(name, value, "a name that a run may have")


@dataclasses.dataclass(frozen=True)
class Choice:
    choices: tuple

    def check(self, value, name):
        if not isinstance(value, str) or value not in self.choices:
            refuse(name, value, f"one of {', '.join(self.choices)}")


@dataclasses.dataclass(frozen=True)
class Nullable:
    kind: object

    def check(self, value, name):
        if value is not None:
            self.kind.check(value, name)


class Plain:
    """A text, a number, true, false or null, or a short list of these."""

    def check(self, value, name, in_list=False):
        if isinstance(value, list) and len(value) <= 16 and not in_list:
            for item in value:
                self.check(item, name, in_list=True)
        elif isinstance(value, str):
            Text().check(value, name)
        elif value is not None and not isinstance(value, bool):
            Number(-1e18, 1e18).check(value, name)


@dataclasses.dataclass(frozen=True)
class Listing:
    """A list of `kind`. length: (lowest, highest). Choices may not be repeated."""
    kind: object
    length: tuple

    def check(self, value, name):
        low, high = self.length
        if not isinstance(value, list) or not low <= len(value) <= high:
            refuse(name, value, f"a list of {low} to {high} values" if low < high
                    else f"a list of {low} values")
        for item in value:
            self.kind.check(item, name)
        if isinstance(self.kind, Choice) and len(set(value)) < len(value):
            refuse(name, value, "a list without repetitions")


@dataclasses.dataclass(frozen=True)
class Mapping:
    """An object of at most 1,000 fields of any names, with values of one kind."""
    kind: object

    def check(self, value, name):
        if not isinstance(value, dict) or len(value) > 1000:
            refuse(name, value, "an object of at most 1,000 fields")
        for key, item in value.items():
            Text(100).check(key, f"a name in {name}")
            self.kind.check(item, f"{name}.{key}")


@dataclasses.dataclass(frozen=True)
class Record:
    """An object with certain fields, of which the optional ones may be missing. what: the kind of
    file of which it is the content, which a file without a field is not."""
    fields: dict
    optional: dict = dataclasses.field(default_factory=dict)
    what: str = ""

    def check(self, value, name):
        if not isinstance(value, dict):
            refuse(name or "the content", value, "an object")
        prefix = f"{name}." if name else ""
        for key, kind in (self.fields | self.optional).items():
            if key in value:
                kind.check(value[key], prefix + key)
            elif key in self.fields:
                raise Mismatch(f"{_not_a(self.what)}{prefix}{key} is missing")


class Anything:
    def check(self, value, name):
        """Not checked here."""


@dataclasses.dataclass(frozen=True)
class Length:
    """Of a dimension, from low to high; the same for all of that name in a file."""
    name: str
    low: int
    high: int


@dataclasses.dataclass(frozen=True)
class Array:
    """An array of finite numbers.

    Attributes: kinds: letters of NumPy's dtype.kind: "f" floats, "iu" integers; shape: numbers or
      Lengths, None for any shape; low, high: limits of the values, numbers or arrays of
      one for each column.
    """
    kinds: str
    shape: tuple | None = None
    low: object = -np.inf
    high: object = np.inf

    def check(self, value, name, lengths=None):
        """lengths: {name: length} of the dimensions of previous arrays, which is extended."""
        lengths = {} if lengths is None else lengths
        if value.dtype.kind not in self.kinds:
            raise Mismatch(f"{name} holds {value.dtype}, not "
                           f"{'floats' if self.kinds == 'f' else 'integers'}")
        if self.shape is not None:
            right = len(self.shape) == value.ndim and all(
                length == expected if isinstance(expected, int)
                else expected.low <= length <= expected.high
                and lengths.setdefault(expected.name, length) == length
                for length, expected in zip(value.shape, self.shape))
            if not right:
                expected = ", ".join(
                    str(lengths.get(expected.name, expected.name)
                        if isinstance(expected, Length) else expected)
                    for expected in self.shape)
                raise Mismatch(f"{name} has the shape {value.shape}, not ({expected})")
        if not np.isfinite(value).all():
            raise Mismatch(f"{name} holds values that are not finite")
        if not ((value >= self.low) & (value <= self.high)).all():
            raise Mismatch(f"{name} holds values out of range")


def refuse(name, value, expected):
    """Raises Mismatch: a value of that name is not what was expected."""
    raise Mismatch(f"{name} is {reprlib.repr(value)}, not {expected}")
