"""The labels of a face: axes such as hair and eyes, each with a few values, as one-hot vectors.

A data set, a checkpoint and a classifier each have their own Labels, which travel with them.
DEFAULT_AXES says what is read from new data where nothing else is asked for; it may be changed, and
checkpoints of before go on with their own.

Labels of faces are int32 (faces, axes), here called tags: an index into the values of each axis, or
UNKNOWN.
"""
import functools
import types

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
# Words that say in a table that a label is not known, and so are no values.
NOT_KNOWN = frozenset({ANY, "unknown", "none", "nan", "null"})

_SPELLINGS = {"grey": "gray", "blond": "blonde", "eye": "eyes"}


class Labels:
    """The axes of some labels, in order, and their values. Immutable.

    Attributes:
      axes: {name: (value, ...)}; sizes: how many values each axis has; untagged: the tags of a face
        of which nothing is known.
    """

    def __init__(self, axes):
        """Args: axes: {name: values}; schema.AXES says which names and values there may be."""
        axes = types.MappingProxyType({name: tuple(values) for name, values in axes.items()})
        words = {*axes, *(value for values in axes.values() for value in values)}
        for name, value in {
                "axes": axes, "sizes": tuple(map(len, axes.values())),
                "untagged": (UNKNOWN,) * len(axes),
                # A word that is a name or a value is spelled as it is.
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

    def to_json(self):
        """[[name, [value, ...]], ...], the field `axes` of files."""
        return [[name, list(values)] for name, values in self.axes.items()]

    @classmethod
    def from_json(cls, content):
        """The Labels of a to_json() that schema.AXES has checked."""
        return cls(dict(content))

    def describe(self):
        """'hair (aqua, black), eyes (red, blue)'"""
        return ", ".join(f"{name} ({', '.join(values)})" for name, values in self.axes.items())

    # ----- words

    def parse(self, text):
        """Reads tags out of free text such as 'aqua hair orange eyes', 'blue_eyes' or 'hair: blue'.

        tag_grammar says what is understood. An axis that is missing, is given two values, or may be
        meant in another way, is UNKNOWN.

        Returns: tags, a tuple of ints.
        """
        return _parse(self, text)

    def lookup(self, axis, value, subject):
        """The index of a value that a user names, or UNKNOWN for 'any'.

        Args: axis: a key of axes; subject: of the error, a flag or a file.
        Raises:
          UserError: with the list of values and the nearest match.
        """
        value = self._spellings.get(value.strip().lower(), value.strip().lower())
        if value == ANY:
            return UNKNOWN
        return self.axes[axis].index(choose(subject, value, self.axes[axis] + (ANY,)))

    def index(self, axis, value):
        """The index of a value; UNKNOWN where the axis, or the value, is not among these."""
        values = self.axes.get(axis, ())
        return values.index(value) if value in values else UNKNOWN

    def names(self, tags):
        """('aqua', 'any') for tags (0, UNKNOWN)."""
        return tuple(ANY if index == UNKNOWN else values[index]
                     for index, values in zip(tags, self.axes.values()))

    def phrase(self, tags):
        """'aqua hair orange eyes' for known tags, what parse() reads; an UNKNOWN axis is left
        out."""
        return " ".join(f"{value} {axis}" for value, axis in zip(self.names(tags), self.axes)
                        if value != ANY)

    def merged(self, several):
        """(tags, contradictory) of several tags of one face: an axis with two values is UNKNOWN."""
        values = [{tags[i] for tags in several} - {UNKNOWN} for i in range(len(self.axes))]
        return (tuple(next(iter(known)) if len(known) == 1 else UNKNOWN for known in values),
                any(len(known) > 1 for known in values))

    # ----- one-hot codes

    def encode(self, tags):
        """Attribute codes, float32 (n, sum(sizes)), of tags (n, axes): one-hot values, one axis
        behind the other, all zeros for UNKNOWN."""
        return np.concatenate(
            [np.eye(size + 1, dtype=np.float32)[np.asarray(tags)[:, i], :-1]  # -1 is the last row
             for i, size in enumerate(self.sizes)], axis=1)

    def split(self, code):
        """{axis: its part, a view} of attribute codes (..., sum(sizes))."""
        edges = np.cumsum((0,) + self.sizes)
        return {axis: code[..., start:end] for axis, start, end in zip(self.axes, edges, edges[1:])}

    def decode(self, code):
        """Tags int32 (n, axes) of codes (n, sum(sizes)): each axis' strongest value, UNKNOWN where
        all are zero."""
        return np.stack([np.where(part.any(axis=1), part.argmax(axis=1), UNKNOWN)
                         for part in self.split(code).values()], axis=1).astype(np.int32)

    # ----- distributions

    def even_table(self):
        """The joint table of data in which every combination is as frequent."""
        return np.full(self.sizes, 1 / np.prod(self.sizes))

    def joint_table(self, tags):
        """How often each combination of values occurs: float64 of shape sizes, summing to 1.

        A face with some unknown tags is spread over those axes as the known tags of the data are
        (evenly where there are none). Returns None where no face has any tag.
        """
        tags = np.asarray(tags)
        known = tags != UNKNOWN
        if not known.any():
            return None
        table = np.zeros(self.sizes)
        np.add.at(table, tuple(tags[known.all(axis=1)].T), 1.0)
        counts = [np.bincount(tags[known[:, i], i], minlength=size).astype(float)
                  for i, size in enumerate(self.sizes)]
        shares = [count / count.sum() if count.sum() else np.full(count.size, 1 / count.size)
                  for count in counts]
        partial = tags[known.any(axis=1) & ~known.all(axis=1)]
        for row, times in zip(*np.unique(partial, axis=0, return_counts=True)):
            spread = [share if value == UNKNOWN else np.eye(len(share))[value]
                      for value, share in zip(row, shares)]
            table += times * functools.reduce(np.multiply.outer, spread)
        return table / table.sum()

    def unseen(self, table, wanted):
        """Names such as 'gray eyes' of the wanted values that no training face had."""
        return [f"{values[value]} {axis}"
                for i, ((axis, values), value) in enumerate(zip(self.axes.items(), wanted))
                if value != UNKNOWN and not np.take(table, value, axis=i).any()]

    # ----- beside other Labels

    def shared(self, other):
        """{axis: its column in tags of these} of the axes that other Labels have as well, with the
        same values in the same order."""
        return {axis: i for i, (axis, values) in enumerate(self.axes.items())
                if other.axes.get(axis) == values}


def sample(rng, table, wanted=None):
    """Tags, a tuple of ints, from a joint_table(), given the axes that `wanted` fixes.

    A fixed value that the table never saw leaves the other axes to their overall shares.
    """
    weights = table
    for i, value in enumerate(() if wanted is None else wanted):
        if value != UNKNOWN:
            row = np.take(weights, value, axis=i)
            row = row if row.any() else weights.sum(axis=i)
            weights = np.zeros_like(table)
            weights[(slice(None),) * i + (value,)] = row
    index = rng.choice(weights.size, p=weights.ravel() / weights.sum())
    return tuple(int(value) for value in np.unravel_index(index, table.shape))


@functools.lru_cache(4096)
def _parse(labels, text):
    found = tag_grammar.read(text, labels.axes, labels._spellings)
    return tuple(labels.axes[axis].index(min(values))
                 if len(values) == 1 and tag_grammar.OTHER not in values else UNKNOWN
                 for axis, values in found.items())


DEFAULT = Labels(DEFAULT_AXES)
