"""Names the color of hair by its pixels, and finds loose tags with it.

Tags are loose: of the MLDS faces tagged aqua hair 9 % have hair of that name here, the others
are slate, dark teal or nearly black. A generator trained with such tags draws the same colors.
"""
import numpy as np

from anime_gan_tf.labels import UNKNOWN

AXIS = "hair"  # of the labels, if they have it
METRIC = "hair_by_pixels"  # name of accuracy() among metrics

# Average colors of hair in CIELAB (L*, a*, b*). The 15,746 MLDS faces were put into 48 groups
# (k-means), one AI judge looked at sixteen faces of each and named it, and split those of aqua,
# sky blue and slate by hand. Where another disagreed about most faces of a group, it is in BETWEEN.
# A color has the name of the nearest one here.
COLORS = {
    "aqua": ((56, -14, -10), (64, -13, -15), (72, -13, -6)),
    "black": ((27, 4, -3), (33, 4, 2), (36, 5, -6)),
    "blonde": ((70, 9, 26), (73, 3, 47), (76, 5, 32), (78, 5, 22)),
    "blue": ((35, 11, -19), (46, 11, -20), (46, 19, -31), (60, 7, -24)),
    "brown": ((40, 11, 10), (46, 14, 19), (52, 13, 10), (60, 12, 20)),
    "gray": ((55, 6, -3), (65, 6, 0)),
    "green": ((57, -17, 12), (70, -22, 18), (72, -12, 4)),
    "orange": ((58, 23, 29), (65, 17, 38), (68, 19, 23)),
    "pink": ((63, 28, 7), (67, 30, -3), (71, 21, 5)),
    "purple": ((45, 23, -19), (52, 17, -10), (61, 21, -19)),
    "red": ((43, 27, 9), (46, 39, 8), (49, 38, 20)),
    "white": ((73, 10, 1), (87, 3, 9)),
}
# Colors that people call by two names, or by none of these: dark red, plum, nearly black, dark
# green, slate, red or pink, gray green, pale slate, beige gray, dull sky blue, salmon, sky blue,
# lavender, cream, beige, silver.
BETWEEN = ((33, 20, 5), (39, 16, -9), (43, 5, -1), (44, -5, 7), (47, 1, -10), (54, 32, 7),
           (57, -7, 1), (60, -1, -9), (60, 5, 11), (62, -3, -13), (64, 23, 15), (66, -6, -17),
           (68, 10, -11), (71, 5, 9), (73, 11, 16), (74, 2, -6))
_BATCH = 500  # images at once
# Linear sRGB (row vectors) to CIE XYZ, each divided by that of white (D65).
_PRIMARIES = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])
TO_XYZ = np.float32(_PRIMARIES / _PRIMARIES.sum(axis=1)[:, None]).T


def names(images):
    """The name of each face's hair, "" for a color between names.

    Args: images: uint8 (n, size, size, 3), faces in the middle that fill most of the picture.
    Returns: array of str (n,), keys of COLORS or "".
    """
    its_names, colors = centers()
    difference = average(images)[:, None] - colors
    return its_names[(difference ** 2).sum(axis=2).argmin(axis=1)]


def centers():
    """(names (n,), colors (n, 3) in CIELAB) of COLORS and, with the name "", of BETWEEN."""
    rows = [(name, color) for name, row in COLORS.items() for color in row]
    rows += [("", color) for color in BETWEEN]
    return np.array([name for name, _ in rows]), np.float32([color for _, color in rows])


def average(images):
    """The average color of the hair: float32 (n, 3) in CIELAB.

    Hair is what in the upper half of the picture is neither white background nor of the skin's
    color, which is that of the middle of the face.

    Args: images: uint8 (n, size, size, 3).
    """
    return np.concatenate([_average(images[start:start + _BATCH])
                           for start in range(0, len(images), _BATCH)])


def _average(images):
    lab, hair = _find(images)
    return (lab * hair[..., None]).sum(axis=(1, 2)) / hair.sum(axis=(1, 2))[:, None]


def mask(images):
    """Where average() finds hair: bool (n, rows, size), at least one pixel of each image; its rows
    are the upper ones of the images."""
    return _find(images)[1]


def _find(images):
    """(CIELAB of the upper rows, mask of the hair in them)"""
    size = images.shape[1]
    images = images[:, :round(0.78 * size)]  # below are mouth, neck and clothes
    rows, columns = ((np.arange(n) + 0.5) / size for n in images.shape[1:3])
    inside = lambda at, low, high: (low < at) & (at < high)
    lab = cielab(images)
    face = lab[:, rows > 0.59][:, :, inside(columns, 0.34, 0.66)]
    skin = np.median(face, axis=(1, 2))[:, None, None]
    difference = (lab - skin) * np.float32((0.5, 1, 1))  # skin has shadows
    light, dark = images.max(axis=3).astype(int), images.min(axis=3).astype(int)
    upper = (rows < 0.53)[:, None] & ~((light > 237) & (light - dark < 0.08 * light))  # not white
    top = inside(rows, 0.02, 0.28)[:, None] & inside(columns, 0.09, 0.91)
    hair = upper & ((difference ** 2).sum(axis=3) > 81)
    top = upper & top
    # If hardly anything is left of the top, the hair is of the skin's color.
    few = (hair & top).sum(axis=(1, 2)) < top.sum(axis=(1, 2)) / 4
    hair[few] = top[few]
    hair[~hair.any(axis=(1, 2))] = True  # a white picture
    return lab, hair


def cielab(images):
    """sRGB uint8 (..., 3) -> CIELAB float32 (..., 3): L* in [0, 100], a*, b* (CIE 1976, D65)."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    xyz = linear.astype(np.float32)[images] @ TO_XYZ
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def is_tagged(tags, labels):
    """Whether a face has a tag of hair. tags: (n, axes) of Labels."""
    return bool((_tagged(tags, labels) != "").any())


def agreement(found, tags, labels):
    """{color: share of the faces with this tag whose hair has this name}. found: of names(); tags:
    (n, axes) of Labels."""
    tagged = _tagged(tags, labels)
    return {color: float((found[tagged == color] == color).mean()) for color in COLORS
            if (tagged == color).any()}


def accuracy(images, tags, labels):
    """{METRIC: share of the faces with a tag of COLORS whose hair has its name}, {} without
    such faces. images: as in names(); tags: (n, axes) of Labels."""
    tagged = _tagged(tags, labels)
    rows = np.isin(tagged, list(COLORS))
    if not rows.any():
        return {}
    return {METRIC: float((names(images[rows]) == tagged[rows]).mean())}


def drop_loose(found, tags, labels, colors):
    """Removes hair tags that the pixels do not confirm.

    A face whose hair has another name keeps none: where tag and pixels differ, a person often
    agrees with neither.

    Args: found: of names(); tags: (n, axes) of Labels; colors: keys of COLORS, the tags to check.
    Returns: tags of the same shape.
    """
    kept = np.array(tags)
    kept[are_loose(found, kept, labels, colors), list(labels.axes).index(AXIS)] = UNKNOWN
    return kept


def are_loose(found, tags, labels, colors):
    """Whether drop_loose() removes the hair tag of each face: bool (n,). Args: as there."""
    tagged = _tagged(tags, labels)
    return np.isin(tagged, colors) & (found != tagged)


def _tagged(tags, labels):
    """The names (n,) of the hair's tags, "" where there is none."""
    if AXIS not in labels.axes:
        return np.full(len(tags), "")
    column = tags[:, list(labels.axes).index(AXIS)].astype(int)  # beside scales tags are floats
    return np.array([*labels.axes[AXIS], ""])[column]  # UNKNOWN is the last one

