"""The attributes of a face, hair and eye colour: how faces are described and asked for.

AXES is the only place that names them. A face's tags are one integer an axis, in the order of AXES:
an index into the axis' values, or UNKNOWN. Arrays of tags are int32 of shape (faces, len(AXES)).
"""
import functools

import numpy as np

from anime_gan_tf import tag_grammar
from anime_gan_tf.errors import choose

AXES = {
    "hair": ("aqua", "black", "blonde", "blue", "brown", "gray", "green", "orange", "pink",
             "purple", "red", "white"),
    "eyes": ("aqua", "black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red",
             "yellow"),
}
SIZES = tuple(len(values) for values in AXES.values())
UNKNOWN = -1
UNTAGGED = (UNKNOWN,) * len(AXES)
ANY = "any"

_SPELLINGS = {"grey": "gray", "blond": "blonde", "eye": "eyes"}


@functools.lru_cache(4096)
def parse(text):
    """Reads tags out of free text such as 'aqua hair orange eyes', 'blue_eyes' or 'hair: blue'.

    tag_grammar says what is understood. An axis that is missing, is given two values, or may be
    meant in another way, is UNKNOWN.

    Returns: tags, a tuple of ints.
    """
    found = tag_grammar.read(text, AXES, _SPELLINGS)
    return tuple(AXES[axis].index(min(values)) if len(values) == 1 and tag_grammar.OTHER not in
                 values else UNKNOWN for axis, values in found.items())


def merged(several):
    """(tags, contradictory) of several tags of one face: an axis with two values is UNKNOWN."""
    values = [{tags[i] for tags in several} - {UNKNOWN} for i in range(len(AXES))]
    return (tuple(known.pop() if len(known) == 1 else UNKNOWN for known in map(set, values)),
            any(len(known) > 1 for known in values))


def lookup(axis, value):
    """The index of a value a user asked for, or UNKNOWN for 'any'.

    Args: axis: a key of AXES.
    Raises:
      UserError: with the list of values and the nearest match.
    """
    value = _SPELLINGS.get(value.strip().lower(), value.strip().lower())
    if value == ANY:
        return UNKNOWN
    return AXES[axis].index(choose(f"--{axis}", value, AXES[axis] + (ANY,)))


def names(tags):
    """('aqua', 'any') for tags (0, UNKNOWN)."""
    return tuple(ANY if index == UNKNOWN else values[index]
                 for index, values in zip(tags, AXES.values()))


def phrase(tags):
    """'aqua hair orange eyes' for known tags, what parse() reads; an UNKNOWN axis is left out."""
    return " ".join(f"{value} {axis}" for value, axis in zip(names(tags), AXES) if value != ANY)


def even_table():
    """The joint table of data in which every combination is as frequent."""
    return np.full(SIZES, 1 / np.prod(SIZES))


def joint_table(tags):
    """How often each combination of values occurs: float64 of shape SIZES, summing to 1.

    A face with some unknown tags is spread over those axes as the known tags of the data are
    (evenly where there are none). Returns None where no face has any tag.
    """
    tags = np.asarray(tags)
    known = tags != UNKNOWN
    if not known.any():
        return None
    table = np.zeros(SIZES)
    np.add.at(table, tuple(tags[known.all(axis=1)].T), 1.0)
    counts = [np.bincount(tags[known[:, i], i], minlength=size).astype(float)
              for i, size in enumerate(SIZES)]
    shares = [count / count.sum() if count.sum() else np.full(count.size, 1 / count.size)
              for count in counts]
    partial = tags[known.any(axis=1) & ~known.all(axis=1)]
    for row, times in zip(*np.unique(partial, axis=0, return_counts=True)):
        spread = [share if value == UNKNOWN else np.eye(len(share))[value]
                  for value, share in zip(row, shares)]
        table += times * functools.reduce(np.multiply.outer, spread)
    return table / table.sum()


def draw(rng, table, wanted=UNTAGGED):
    """Tags from the joint table, given the axes that `wanted` fixes.

    A fixed value that the table never saw leaves the other axes to their overall shares.
    """
    weights = table
    for i, value in enumerate(wanted):
        if value != UNKNOWN:
            row = np.take(weights, value, axis=i)
            row = row if row.any() else weights.sum(axis=i)
            weights = np.zeros_like(table)
            weights[(slice(None),) * i + (value,)] = row
    index = rng.choice(weights.size, p=weights.ravel() / weights.sum())
    return tuple(int(value) for value in np.unravel_index(index, table.shape))


def unseen(table, wanted):
    """Names such as 'gray eyes' of the wanted values that no training face had."""
    return [f"{values[value]} {axis}"
            for i, ((axis, values), value) in enumerate(zip(AXES.items(), wanted))
            if value != UNKNOWN and not np.take(table, value, axis=i).any()]


def split_code(code):
    """{axis: its part} of an attribute code (..., sum(SIZES)): one axis behind the other."""
    edges = np.cumsum((0,) + SIZES)
    return {axis: code[..., start:end] for axis, start, end in zip(AXES, edges, edges[1:])}
