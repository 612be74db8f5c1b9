"""Hair and eye colours: the language in which faces are described and asked for.

A face's tags are two integers (hair, eyes): indices into HAIR and EYES, or UNKNOWN. Arrays of tags
are int32 of shape (faces, 2).
"""
import re

import numpy as np

from anime_gan_tf.errors import choose

HAIR = ("aqua", "black", "blonde", "blue", "brown", "gray", "green", "orange", "pink", "purple",
        "red", "white")
EYES = ("aqua", "black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red",
        "yellow")
AXES = {"hair": HAIR, "eyes": EYES}
UNKNOWN = -1
ANY = "any"

_SPELLINGS = {"grey": "gray", "blond": "blonde", "eye": "eyes"}


def parse(text):
    """Reads tags out of free text such as 'aqua hair orange eyes' or 'blue_eyes, long_hair'.

    A colour counts when the word 'hair', 'eye' or 'eyes' follows it; the order does not matter and
    other words are ignored. An axis that is missing, or is given two colours, is UNKNOWN.

    Returns: (hair, eyes), two ints.
    """
    words = [_SPELLINGS.get(word, word) for word in re.findall(r"[a-z]+", text.lower())]
    found = {"hair": set(), "eyes": set()}
    for colour, axis in zip(words, words[1:]):
        if colour in AXES.get(axis, ()):
            found[axis].add(colour)
    return tuple(AXES[axis].index(colours.pop()) if len(colours) == 1 else UNKNOWN
                 for axis, colours in found.items())


def lookup(axis, colour):
    """The index of a colour a user asked for, or UNKNOWN for 'any'.

    Args: axis: 'hair' or 'eyes'.
    Raises:
      UserError: with the list of colours and the nearest match.
    """
    colour = _SPELLINGS.get(colour.strip().lower(), colour.strip().lower())
    if colour == ANY:
        return UNKNOWN
    return AXES[axis].index(choose(f"--{axis}", colour, AXES[axis] + (ANY,)))


def names(tags):
    """('aqua', 'any') for tags (0, UNKNOWN)."""
    return tuple(ANY if index == UNKNOWN else axis[index]
                 for index, axis in zip(tags, AXES.values()))


def phrase(tags):
    """'aqua hair orange eyes' for known tags, what parse() reads; an UNKNOWN axis is left out."""
    return " ".join(f"{colour} {axis}" for colour, axis in zip(names(tags), AXES) if colour != ANY)


def even_table():
    """The joint table of data in which every pair of colours is as frequent."""
    return np.full((len(HAIR), len(EYES)), 1 / (len(HAIR) * len(EYES)))


def joint_table(tags):
    """How often each pair of colours occurs, as a (12, 11) float64 array that sums to 1.

    A face with one unknown tag is spread over that axis as the fully known tags of the data are
    (evenly where there are none). Returns None where no face has any tag.
    """
    tags = np.asarray(tags)
    sizes = (len(HAIR), len(EYES))
    known = tags != UNKNOWN
    if not known.any():
        return None
    table = np.zeros(sizes)
    np.add.at(table, tuple(tags[known.all(axis=1)].T), 1.0)
    counts = [np.bincount(tags[known[:, axis], axis], minlength=sizes[axis]).astype(float)
              for axis in (0, 1)]
    shares = [c / c.sum() if c.sum() else np.full(c.size, 1 / c.size) for c in counts]
    for axis in (0, 1):
        half = tags[known[:, axis] & ~known[:, 1 - axis], axis]
        extra = np.outer(np.bincount(half, minlength=sizes[axis]), shares[1 - axis])
        table += extra if axis == 0 else extra.T
    return table / table.sum()


def draw(rng, table, wanted=(UNKNOWN, UNKNOWN)):
    """One (hair, eyes) pair from the joint table, given the axes that `wanted` fixes.

    A fixed colour that the table never saw leaves the other axis to its overall shares.
    """
    weights = table.copy()
    hair, eyes = wanted
    if hair != UNKNOWN:
        weights = np.zeros_like(table)
        weights[hair] = table[hair] if table[hair].any() else table.sum(axis=0)
    if eyes != UNKNOWN:
        column = weights[:, eyes].copy()
        if not column.any():
            column = weights.sum(axis=1)
        weights = np.zeros_like(table)
        weights[:, eyes] = column
    index = rng.choice(weights.size, p=weights.ravel() / weights.sum())
    return divmod(int(index), table.shape[1])


def unseen(table, wanted):
    """Names such as 'gray eyes' of the wanted colours that no training face had."""
    hair, eyes = wanted
    missing = []
    if hair != UNKNOWN and not table[hair].any():
        missing.append(f"{HAIR[hair]} hair")
    if eyes != UNKNOWN and not table[:, eyes].any():
        missing.append(f"{EYES[eyes]} eyes")
    return missing
