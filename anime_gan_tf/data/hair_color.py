"""Whether hair is of the color that its tag names, by its pixels.

Tags are loose: of the MLDS faces tagged aqua hair one in five has hair that a person calls aqua,
the rest is slate, dark teal or nearly black. A generator trained on such tags draws as loosely.
Only hues that skin does not have are told apart: neither brown, orange, blonde, red and pink, nor
black, gray and white.
"""
import numpy as np

from anime_gan_tf.labels import UNKNOWN

# Hues in degrees, neighbors in turn.
HUES = {"green": (80, 174), "aqua": (174, 206), "blue": (206, 250), "purple": (250, 310)}
SATURATION, VALUE = 0.25, 0.45  # the least that is a color rather than gray or black
UPPER = 11 / 16                 # of the picture, where hair is and clothes are not
CLEAR = 0.28                    # the least share of a hair's pixels at which a tag is right
OTHERS = 0.40                   # and at which it replaces that of a neighboring hue
AXIS = "hair"                   # of the labels, where they have it
_CHUNK = 1000


def shares(images):
    """The share of hair that is of each color of HUES.

    Hair is what is neither skin nor white background in the upper part of the picture.

    Args: images: uint8 (n, size, size, 3).
    Returns: {color: float32 (n,) in [0, 1]}.
    """
    found = {color: np.empty(len(images), np.float32) for color in HUES}
    for start in range(0, len(images), _CHUNK):
        hue, saturation, value = _hsv(images[start:start + _CHUNK, :round(UPPER * images.shape[1])])
        skin = ((hue < 45) | (hue > 340)) & (value > 0.75)
        hair = ~skin & ~((value > 0.93) & (saturation < 0.08))
        colored = hair & (saturation > SATURATION) & (value > VALUE)
        count = np.maximum(hair.sum(axis=(1, 2)), 1)
        for color, (low, high) in HUES.items():
            found[color][start:start + _CHUNK] = (colored & (hue > low)
                                                  & (hue < high)).sum(axis=(1, 2)) / count
    return found


def clear(found, tags, labels):
    """{color: share of the faces tagged with it that have at least CLEAR of it}. tags: int32 (n,
    axes) of Labels."""
    if AXIS not in labels.axes:
        return {}
    hair = tags[:, list(labels.axes).index(AXIS)]
    tagged = {color: hair == labels.index(AXIS, color) for color in HUES
              if color in labels.axes[AXIS]}
    return {color: float((found[color][rows] >= CLEAR).mean()) for color, rows in tagged.items()
            if rows.any()}


def retag(found, tags, labels, color):
    """The tags, with `color` hair only where the pixels show it.

    Faces tagged with it that have less than CLEAR lose their hair tag; those of a neighboring hue
    that have OTHERS or more get this one.

    Args: found: of shares(); tags: int32 (n, axes) of Labels; color: a key of HUES, which these
      have.
    """
    value, column, tags = labels.index(AXIS, color), list(labels.axes).index(AXIS), np.array(tags)
    hair, place = tags[:, column].copy(), list(HUES).index(color)
    neighbors = [labels.index(AXIS, name) for i, name in enumerate(HUES)
                  if abs(i - place) == 1 and name in labels.axes[AXIS]]
    tags[(hair == value) & (found[color] < CLEAR), column] = UNKNOWN
    tags[np.isin(hair, neighbors) & (found[color] >= OTHERS), column] = value
    return tags


def _hsv(images):
    """Hue in degrees, saturation and value in [0, 1] of uint8 images."""
    scaled = images.astype(np.float32) / 255
    red, green, blue = np.moveaxis(scaled, -1, 0)
    value = scaled.max(axis=-1)
    spread = value - scaled.min(axis=-1)
    span = np.maximum(spread, 1e-6)
    hue = np.where(value == red, ((green - blue) / span) % 6,
                   np.where(value == green, (blue - red) / span + 2, (red - green) / span + 4))
    return 60 * hue, spread / np.maximum(value, 1e-6), value
