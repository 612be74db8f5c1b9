"""The labels of a face: axes such as hair and eyes, each with a few values.

A data set, a checkpoint and a classifier each store their own Labels (the axes and their values).
DEFAULT_AXES is what is read from new data unless --axes names others; it may be changed, and older
checkpoints keep working with their own.

The label values of faces come in two forms: tags (faces, axes), an index into the values of each
axis or UNKNOWN; and one-hot labels, float32 (faces, sum of the axes' sizes), what a generator
takes.

A scale is an axis whose values are numbers in increasing order, its levels. Its tags may lie
between two levels: 1.25 is a quarter of the way from the second level to the third, and in the
one-hot labels these levels have the weights 0.75 and 0.25. Tags are int32, and float32 where one of
the axes is a scale.
"""
from __future__ import annotations

import functools
import types
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from anime_gan_tf import tag_grammar
from anime_gan_tf.errors import choose, Fault, UserError

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
        face with no known label; scales: {name: (number, ...)} of the axes that are scales; dtype:
        of arrays of tags.
    """

    def __init__(self, axes: Mapping[str, Sequence[str]]):
        """Args: axes: {name: values}; schema.Axes says which names and values are allowed."""
        axes = types.MappingProxyType({name: tuple(values) for name, values in axes.items()})
        words = {*axes, *(value for values in axes.values() for value in values)}
        scales = types.MappingProxyType({axis: tuple(map(float, values))
                                         for axis, values in axes.items()
                                         if tag_grammar.is_scale(values)})
        for name, value in {
                "axes": axes, "sizes": tuple(map(len, axes.values())),
                "untagged": (UNKNOWN,) * len(axes), "scales": scales,
                "dtype": np.float32 if scales else np.int32,
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

    def parse(self, text: str, is_list: bool = False) -> tuple[float, ...]:
        """Reads tags out of free text such as 'aqua hair orange eyes', 'blue_eyes' or 'hair: blue'.

        tag_grammar.py defines what is understood. An axis is UNKNOWN where it is missing, has two
        values, or the text is ambiguous.

        Args: is_list: whether the text lists everything in a picture, so that a tag that is not
          listed is absent.
        Returns: tags.
        """
        return _parse(self, text, is_list)

    def lookup(self, axis: str, value: str, subject: str) -> float:
        """The tag of a value that a user names, or UNKNOWN for 'any'.

        Args: axis: a key of axes; subject: what the error names, a flag or a file.
        Raises:
          UserError: there is no such value; with the list of values and the nearest match.
        """
        value = self._spellings.get(value.strip().lower(), value.strip().lower())
        if value == ANY:
            return UNKNOWN
        if axis not in self.scales:
            choose(subject, value, self.axes[axis] + (ANY,))
        tag = self.index(axis, value)
        if tag == UNKNOWN:
            raise UserError(subject, Fault.INVALID, f"{value!r} is not a number from "
                            f"{self.axes[axis][0]} to {self.axes[axis][-1]}, as {axis} takes")
        return tag

    def index(self, axis: str, value: str | None) -> float:
        """The tag of a value; UNKNOWN where there is no such axis or value."""
        values = self.axes.get(axis, ())
        number = tag_grammar.number(value) if axis in self.scales and value else None
        if number is None or number in values:
            return values.index(number or value) if (number or value) in values else UNKNOWN
        return float(np.interp(float(number), self.scales[axis], range(len(values)),
                               UNKNOWN, UNKNOWN))

    def name(self, axis: str, tag: float) -> str:
        """The value that a tag means, which index() reads; 'any' for UNKNOWN."""
        if tag == UNKNOWN:
            return ANY
        if axis in self.scales:
            levels = self.scales[axis]
            return tag_grammar.written(np.interp(tag, range(len(levels)), levels))
        return self.axes[axis][int(tag)]

    def names(self, tags: Sequence[float]) -> tuple[str, ...]:
        """('aqua', 'any') for tags (0, UNKNOWN)."""
        return tuple(map(self.name, self.axes, tags))

    def phrase(self, tags: Sequence[float]) -> str:
        """'aqua hair orange eyes, age: 30', which parse() reads; an UNKNOWN axis is left out."""
        known = [(axis, value) for axis, value in zip(self.axes, self.names(tags)) if value != ANY]
        whole = {axis for axis, values in self.axes.items() if tag_grammar.is_whole(values)}
        pairs = " ".join(f"{value} {axis}" for axis, value in known if axis not in whole)
        return ", ".join(filter(None, [pairs, *(f"{axis}: {value}" for axis, value in known
                                                if axis in whole)]))

    def merged(self, candidates: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], bool]:
        """Merges several tags of one face: an axis with two values is UNKNOWN.

        Returns: (tags, whether there was such an axis).
        """
        values = [{tags[i] for tags in candidates} - {UNKNOWN} for i in range(len(self.axes))]
        return (tuple(next(iter(known)) if len(known) == 1 else UNKNOWN for known in values),
                any(len(known) > 1 for known in values))

    # ----- one-hot labels

    def encode(self, tags: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
        """One-hot labels, float32 (n, sum(sizes)), of tags (n, axes): one axis after the other, all
        zeros for UNKNOWN, linear between two levels of a scale."""
        tags = np.asarray(tags, np.float32)
        return np.concatenate(
            [np.maximum(0, 1 - np.abs(tags[:, i, None] - np.arange(size, dtype=np.float32)))
             for i, size in enumerate(self.sizes)], axis=1)

    def split(self, one_hot):
        """{axis: its columns, a view} of one-hot labels (..., sum(sizes))."""
        edges = np.cumsum((0,) + self.sizes)
        return {axis: one_hot[..., start:end]
                for axis, start, end in zip(self.axes, edges, edges[1:])}

    def decode(self, one_hot: np.ndarray) -> np.ndarray:
        """Tags (n, axes) of one-hot labels (n, sum(sizes)): the largest value of each axis, of a
        scale the mean level, UNKNOWN where all are zero."""
        return np.stack([np.where(part.any(axis=1), _mean_level(part) if axis in self.scales
                                  else part.argmax(axis=1), UNKNOWN)
                         for axis, part in self.split(one_hot).items()],
                        axis=1).astype(self.dtype)

    def between(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """One-hot labels (n, sum(sizes)) some way from a to b: mixtures of both, but of a scale the
        levels between them.

        Args: a, b: (n, sum(sizes)); share: (n, 1), in [0, 1].
        """
        mixed = ((1 - share) * a + share * b).astype(np.float32)
        if self.scales:
            ends = self.decode(a), self.decode(b)
            levels = np.where((ends[0] == UNKNOWN) | (ends[1] == UNKNOWN), UNKNOWN,
                              (1 - share) * ends[0] + share * ends[1])
            along = self.split(self.encode(levels))
            for axis, part in self.split(mixed).items():
                known = levels[:, list(self.axes).index(axis)] != UNKNOWN
                if axis in self.scales:
                    part[known] = along[axis][known]
        return mixed

    def nearest(self, tags: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
        """Tags int32 (n, axes), between two levels of a scale those of the nearest."""
        return np.floor(np.asarray(tags) + 0.5).astype(np.int32)

    # ----- distributions

    def uniform_distribution(self) -> np.ndarray:
        """The joint_distribution() of data in which every combination occurs equally often."""
        return np.full(self.sizes, 1 / np.prod(self.sizes))

    def joint_distribution(self, tags: np.ndarray,
                           weights: np.ndarray | None = None) -> np.ndarray | None:
        """The share of faces with each combination of values: float64 of shape `sizes`, sum 1.

        A face with some unknown tags counts as a share of all values of those axes, distributed as
        the known tags of the data are (uniformly where there are none).

        Args: weights: float (n,), how often each face counts, by default once.
        Returns: None where no face has any tag.
        """
        tags = self.nearest(tags)
        weights = np.ones(len(tags)) if weights is None else weights
        known = tags != UNKNOWN
        if not known.any():
            return None
        counted = np.zeros(self.sizes)
        complete = known.all(axis=1)
        np.add.at(counted, tuple(tags[complete].T), weights[complete])
        counts = [np.bincount(tags[known[:, i], i], weights[known[:, i]], minlength=size)
                  for i, size in enumerate(self.sizes)]
        shares = [count / count.sum() if count.sum() else np.full(count.size, 1 / count.size)
                  for count in counts]
        partial = known.any(axis=1) & ~complete
        rows, which = np.unique(tags[partial], axis=0, return_inverse=True)
        for row, times in zip(rows, np.bincount(which.ravel(), weights[partial], len(rows))):
            spread = [share if value == UNKNOWN else np.eye(len(share))[value]
                      for value, share in zip(row, shares)]
            counted += times * functools.reduce(np.multiply.outer, spread)
        return counted / counted.sum()

    def balancing_weights(self, tags: np.ndarray, balance: float) -> np.ndarray | None:
        """Sampling weights of faces, which even out the combinations of their attributes.

        Args: tags: (n, axes); balance: 0 for equal weights, 1 for equal sums of the weights of all
          combinations, UNKNOWN being a value of its own.
        Returns: float (n,), or None for equal weights.
        """
        if not balance:
            return None
        _, which, counts = np.unique(self.nearest(tags), axis=0, return_inverse=True,
                                     return_counts=True)
        return counts[which.ravel()] ** -float(balance)

    def unseen(self, distribution: np.ndarray, tags: Sequence[float]) -> list[str]:
        """The names, such as 'gray eyes', of the requested tags that no training face had.

        Args: distribution: of joint_distribution().
        """
        return [f"{self.name(axis, tag)} {axis}"
                for i, (axis, tag) in enumerate(zip(self.axes, tags))
                if tag != UNKNOWN and not np.take(distribution, int(tag + 0.5), axis=i).any()]

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
           requested: Sequence[float] | None = None) -> tuple[float, ...]:
    """Draws tags from a joint_distribution(), given the values that `requested` fixes.

    Where a fixed value never occurs, the other axes are drawn from their marginal distribution.

    Args: requested: tags; UNKNOWN axes are drawn.
    """
    weights = distribution
    requested = (UNKNOWN,) * distribution.ndim if requested is None else requested
    for i, value in enumerate(requested):
        if value != UNKNOWN:
            value = int(value + 0.5)  # of a scale the nearest level
            row = np.take(weights, value, axis=i)
            row = row if row.any() else weights.sum(axis=i)
            weights = np.zeros_like(distribution)
            weights[(slice(None),) * i + (value,)] = row
    index = rng.choice(weights.size, p=weights.ravel() / weights.sum())
    return tuple(int(drawn) if value == UNKNOWN else value
                 for drawn, value in zip(np.unravel_index(index, weights.shape), requested))


def _mean_level(part):
    """(n,) means of the indices of columns (n, levels), weighted by what is in them."""
    weights = part.clip(min=0)
    return weights @ np.arange(part.shape[1]) / np.maximum(weights.sum(axis=1), 1e-6)


@functools.lru_cache(4096)
def _parse(labels, text, is_list):
    found = tag_grammar.read(text, labels.axes, labels._spellings, is_list)
    if not any(found.values()):  # 'blue hair red eyes', of Labels that have hair alone
        found = tag_grammar.read(text, labels.axes, labels._spellings, is_list, DEFAULT_AXES)
    return tuple(labels.index(axis, min(values))
                 if len(values) == 1 and tag_grammar.OTHER not in values else UNKNOWN
                 for axis, values in found.items())


DEFAULT = Labels(DEFAULT_AXES)
