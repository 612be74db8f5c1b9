"""Checks by the pixels whether hair has the color of its tag.

Tags are inexact: of the MLDS faces tagged aqua hair only one in five has hair that a person calls
aqua; the others are slate, dark teal or nearly black. A generator that is trained with such tags
draws the same colors. Only hues that skin does not have are distinguished: not brown, orange,
blonde, red and pink, nor black, gray and white.
"""
import numpy as np
from matplotlib.colors import rgb_to_hsv

from anime_gan_tf.labels import UNKNOWN

# Ranges of hues in degrees, in the order of the color circle.
HUES = {"green": (80, 174), "aqua": (174, 206), "blue": (206, 250), "purple": (250, 310)}
MIN_SATURATION, MIN_VALUE = 0.25, 0.45  # of a pixel with a color, not gray or black
UPPER = 11 / 16    # part of the picture with hair and without clothes
CLEAR = 0.28       # least share of the hair's pixels with the color of its tag
OTHERS = 0.40      # least share at which the color replaces the tag of a neighboring hue
AXIS = "hair"      # of the labels, if they have it
_BATCH = 1000      # images at once


def shares(images):
    """The share of the hair's pixels with each color of HUES.

    Hair is everything in the upper part of the picture that is not skin or white background.

    Args: images: uint8 (n, size, size, 3).
    Returns: {color: float32 (n,) in [0, 1]}.
    """
    found = {color: np.empty(len(images), np.float32) for color in HUES}
    for start in range(0, len(images), _BATCH):
        upper = images[start:start + _BATCH, :round(UPPER * images.shape[1])]
        hsv = rgb_to_hsv(upper.astype(np.float32) / 255)
        hue, saturation, value = 360 * hsv[..., 0], hsv[..., 1], hsv[..., 2]
        skin = ((hue < 45) | (hue > 340)) & (value > 0.75)
        hair = ~skin & ~((value > 0.93) & (saturation < 0.08))
        colored = hair & (saturation > MIN_SATURATION) & (value > MIN_VALUE)
        count = np.maximum(hair.sum(axis=(1, 2)), 1)
        for color, (low, high) in HUES.items():
            found[color][start:start + _BATCH] = (colored & (hue > low)
                                                  & (hue < high)).sum(axis=(1, 2)) / count
    return found


def clear(found, tags, labels):
    """{color: share of the faces with its tag that have at least CLEAR of it}. found: of shares();
    tags: int32 (n, axes) of Labels."""
    if AXIS not in labels.axes:
        return {}
    hair = tags[:, list(labels.axes).index(AXIS)]
    tagged = {color: hair == labels.index(AXIS, color) for color in HUES
              if color in labels.axes[AXIS]}
    return {color: float((found[color][rows] >= CLEAR).mean()) for color, rows in tagged.items()
            if rows.any()}


def retag(found, tags, labels, color):
    """Corrects the tags of one hair color by the pixels.

    Faces with this tag and less than CLEAR of the color lose their hair tag; those with the tag of
    a neighboring hue and at least OTHERS of this color get this tag.

    Args: found: of shares(); tags: int32 (n, axes) of Labels; color: a key of HUES and a value of
      the Labels.
    """
    value, column, tags = labels.index(AXIS, color), list(labels.axes).index(AXIS), np.array(tags)
    hair, place = tags[:, column].copy(), list(HUES).index(color)
    neighbors = [labels.index(AXIS, name) for i, name in enumerate(HUES)
                  if abs(i - place) == 1 and name in labels.axes[AXIS]]
    tags[(hair == value) & (found[color] < CLEAR), column] = UNKNOWN
    tags[np.isin(hair, neighbors) & (found[color] >= OTHERS), column] = value
    return tags
