"""The labels of a face: axes such as hair and eyes, each with a few values.

A data set, a checkpoint and a classifier each store their own Labels (the axes and their values).
DEFAULT_AXES is what is read from new data unless --axes names others; it may be changed, and older
checkpoints keep working with their own.

The label values of faces come in two forms: tags, int32 (faces, axes), an index into the values of
each axis or UNKNOWN; and one-hot labels, float32 (faces, sum of the axes' sizes), what a generator
takes.
"""
from __future__ import annotations

import functools
import types
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from anime_gan_tf import tag_grammar
from anime_gan_tf.errors import choose

DEFAULT_AXES = {
    "hair": ("aqua", "black", "blonde", "blue", "brown", "gray", "green", "orange", "pink",
             "purple", "red", "white"),
    "eyes": ("aqua", "black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red",
             "yellow"),
}
UNKNOWN = -1
ANY = "any"
# Words that mean "unknown" in a table of labels, so no value may be called so.
NOT_KNOWN = frozenset({ANY, "unknown", "none", "nan", "null"})

_SPELLINGS = {"grey": "gray", "blond": "blonde", "eye": "eyes"}


class Labels:
    """The axes of a data set's labels, in order, and their values. Immutable.

    Attributes:
      axes: {name: (value, ...)}; sizes: the number of values of each axis; untagged: the tags of a
        face with no known label.
    """

    def __init__(self, axes: Mapping[str, Sequence[str]]):
        """Args: axes: {name: values}; schema.Axes says which names and values are allowed."""
        axes = types.MappingProxyType({name: tuple(values) for name, values in axes.items()})
        words = {*axes, *(value for values in axes.values() for value in values)}
        for name, value in {
                "axes": axes, "sizes": tuple(map(len, axes.values())),
                "untagged": (UNKNOWN,) * len(axes),
                # A word that is itself a name or a value is not corrected.
                "_spellings": {word: right for word, right in _SPELLINGS.items()
                               if right in words and word not in words}}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        raise AttributeError(f"Labels are immutable; {name} cannot be set")

    def __eq__(self, other):
        return isinstance(other, Labels) and self.to_json() == other.to_json()  # in order

    def __hash__(self):
        return hash(tuple(self.axes.items()))

    def __reduce__(self):
        return Labels, (dict(self.axes),)

    def __repr__(self):
        return f"Labels({dict(self.axes)})"

    def to_json(self) -> list:
        """[[name, [value, ...]], ...], the field `axes` of files."""
        return [[name, list(values)] for name, values in self.axes.items()]

    @classmethod
    def from_json(cls, content: list) -> Labels:
        """The Labels of a to_json() that schema.Axes has checked."""
        return cls(dict(content))

    def describe(self) -> str:
        """'hair (aqua, black), eyes (red, blue)'"""
        return ", ".join(f"{name} ({', '.join(values)})" for name, values in self.axes.items())

    # ----- text

    def parse(self, text: str) -> tuple[int, ...]:
        """Reads tags out of free text such as 'aqua hair orange eyes', 'blue_eyes' or 'hair: blue'.

        tag_grammar.py defines what is understood. An axis is UNKNOWN where it is missing, has two
        values, or the text is ambiguous.

        Returns: tags.
        """
        return _parse(self, text)

    def lookup(self, axis: str, value: str, subject: str) -> int:
        """The index of a value that a user names, or UNKNOWN for 'any'.

        Args: axis: a key of axes; subject: what the error names, a flag or a file.
        Raises:
          UserError: there is no such value; with the list of values and the nearest match.
        """
        value = self._spellings.get(value.strip().lower(), value.strip().lower())
        if value == ANY:
            return UNKNOWN
        return self.axes[axis].index(choose(subject, value, self.axes[axis] + (ANY,)))

    def index(self, axis: str, value: str | None) -> int:
        """The index of a value; UNKNOWN where there is no such axis or value."""
        values = self.axes.get(axis, ())
        return values.index(value) if value in values else UNKNOWN

    def names(self, tags: Sequence[int]) -> tuple[str, ...]:
        """('aqua', 'any') for tags (0, UNKNOWN)."""
        return tuple(ANY if index == UNKNOWN else values[index]
                     for index, values in zip(tags, self.axes.values()))

    def phrase(self, tags: Sequence[int]) -> str:
        """'aqua hair orange eyes', which parse() reads; an UNKNOWN axis is left out."""
        return " ".join(f"{value} {axis}" for value, axis in zip(self.names(tags), self.axes)
                        if value != ANY)

    def merged(self, candidates: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], bool]:
        """Merges several tags of one face: an axis with two values is UNKNOWN.

        Returns: (tags, whether there was such an axis).
        """
        values = [{tags[i] for tags in candidates} - {UNKNOWN} for i in range(len(self.axes))]
        return (tuple(next(iter(known)) if len(known) == 1 else UNKNOWN for known in values),
                any(len(known) > 1 for known in values))

    # ----- one-hot labels

    def encode(self, tags: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
        """One-hot labels, float32 (n, sum(sizes)), of tags (n, axes): one axis after the other, all
        zeros for UNKNOWN."""
        return np.concatenate(
            [np.eye(size + 1, dtype=np.float32)[np.asarray(tags)[:, i], :-1]  # -1 is the last row
             for i, size in enumerate(self.sizes)], axis=1)

    def split(self, one_hot):
        """{axis: its columns, a view} of one-hot labels (..., sum(sizes))."""
        edges = np.cumsum((0,) + self.sizes)
        return {axis: one_hot[..., start:end]
                for axis, start, end in zip(self.axes, edges, edges[1:])}

    def decode(self, one_hot: np.ndarray) -> np.ndarray:
        """Tags int32 (n, axes) of one-hot labels (n, sum(sizes)): the largest value of each axis,
        UNKNOWN where all are zero."""
        return np.stack([np.where(part.any(axis=1), part.argmax(axis=1), UNKNOWN)
                         for part in self.split(one_hot).values()], axis=1).astype(np.int32)

    # ----- distributions

    def uniform_distribution(self) -> np.ndarray:
        """The joint_distribution() of data in which every combination occurs equally often."""
        return np.full(self.sizes, 1 / np.prod(self.sizes))

    def joint_distribution(self, tags: np.ndarray) -> np.ndarray | None:
        """The share of faces with each combination of values: float64 of shape `sizes`, sum 1.

        A face with some unknown tags counts as a share of all values of those axes, distributed as
        the known tags of the data are (uniformly where there are none).

        Returns: None where no face has any tag.
        """
        tags = np.asarray(tags)
        known = tags != UNKNOWN
        if not known.any():
            return None
        counted = np.zeros(self.sizes)
        np.add.at(counted, tuple(tags[known.all(axis=1)].T), 1.0)
        counts = [np.bincount(tags[known[:, i], i], minlength=size).astype(float)
                  for i, size in enumerate(self.sizes)]
        shares = [count / count.sum() if count.sum() else np.full(count.size, 1 / count.size)
                  for count in counts]
        partial = tags[known.any(axis=1) & ~known.all(axis=1)]
        for row, times in zip(*np.unique(partial, axis=0, return_counts=True)):
            spread = [share if value == UNKNOWN else np.eye(len(share))[value]
                      for value, share in zip(row, shares)]
            counted += times * functools.reduce(np.multiply.outer, spread)
        return counted / counted.sum()

    def unseen(self, distribution: np.ndarray, tags: Sequence[int]) -> list[str]:
        """Names such as 'gray eyes' of those of the tags that no training face had.

        Args: distribution: of joint_distribution().
        """
        return [f"{values[value]} {axis}"
                for i, ((axis, values), value) in enumerate(zip(self.axes.items(), tags))
                if value != UNKNOWN and not np.take(distribution, value, axis=i).any()]

    # ----- comparison with other Labels

    def shared(self, other: Labels) -> dict[str, int]:
        """{axis: its column in the tags of these Labels} of the axes that other Labels have too,
        with the same values in the same order."""
        return {axis: i for i, (axis, values) in enumerate(self.axes.items())
                if other.axes.get(axis) == values}


def joint(axes: Collection[str]) -> str:
    """The word for all of some axes, the name of the metric of faces that are right on all."""
    return "both" if len(axes) == 2 else "all"


def sample(rng: np.random.Generator, distribution: np.ndarray,
           requested: Sequence[int] | None = None) -> tuple[int, ...]:
    """Draws tags from a joint_distribution(), given the values that `requested` fixes.

    Where a fixed value never occurs, the other axes are drawn from their marginal distribution.

    Args: requested: tags; UNKNOWN axes are drawn.
    """
    weights = distribution
    for i, value in enumerate(() if requested is None else requested):
        if value != UNKNOWN:
            row = np.take(weights, value, axis=i)
            row = row if row.any() else weights.sum(axis=i)
            weights = np.zeros_like(distribution)
            weights[(slice(None),) * i + (value,)] = row
    index = rng.choice(weights.size, p=weights.ravel() / weights.sum())
    return tuple(int(value) for value in np.unravel_index(index, weights.shape))


@functools.lru_cache(4096)
def _parse(labels, text):
    found = tag_grammar.read(text, labels.axes, labels._spellings)
    return tuple(labels.axes[axis].index(min(values))
                 if len(values) == 1 and tag_grammar.OTHER not in values else UNKNOWN
                 for axis, values in found.items())


DEFAULT = Labels(DEFAULT_AXES)
