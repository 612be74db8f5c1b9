"""Drawing tools of synthetic.py: a pen in head units, the colors of a face, curves."""
import colorsys
import functools

import numpy as np
from PIL import Image, ImageDraw

SUPERSAMPLE = 4   # factor of the resolution before averaging: Pillow's polygons are not antialiased

HAIR_RGB = {
    "aqua": (98, 205, 205), "black": (52, 48, 62), "blonde": (243, 217, 133),
    "blue": (82, 118, 212), "brown": (134, 88, 58), "gray": (150, 151, 160), "green": (88, 168, 92),
    "orange": (238, 142, 62), "pink": (246, 160, 190), "purple": (146, 98, 192),
    "red": (205, 56, 60), "white": (236, 236, 244)}
EYES_RGB = {
    "aqua": (70, 205, 210), "black": (52, 46, 52), "blue": (58, 108, 225), "brown": (138, 84, 48),
    "gray": (146, 150, 156), "green": (66, 172, 80), "orange": (242, 130, 34),
    "pink": (242, 120, 172), "purple": (148, 86, 205), "red": (218, 42, 48),
    "yellow": (248, 224, 74)}
# The names of colors, by axis. Drawn faces have no labels of other axes.
COLORS = {"hair": tuple(HAIR_RGB), "eyes": tuple(EYES_RGB)}
_SKIN_RGB = ((255, 233, 217), (254, 224, 204), (249, 214, 190), (236, 193, 162), (203, 151, 116))
_CLOTHES_RGB = ((58, 66, 104), (240, 240, 244), (176, 52, 62), (72, 72, 78), (122, 158, 196),
                (214, 178, 120), (120, 92, 140), (92, 142, 112))


class Pen:
    """Draws shapes in head units on a large canvas, in one pose."""

    def __init__(self, size, rng):
        self.side = size * SUPERSAMPLE
        self.image = Image.new("RGB", (self.side, self.side))
        self.drawing = ImageDraw.Draw(self.image)
        tilt, self.turn = np.radians(rng.normal(0, 4)), float(np.clip(rng.normal(0, 0.5), -1, 1))
        scale = self.side * rng.uniform(0.58, 0.68)
        cos, sin = scale * np.cos(tilt), scale * np.sin(tilt)
        self.matrix = np.array([[cos, sin], [-sin, cos]])
        self.origin = self.side * np.array([0.5 + rng.normal(0, 0.015),
                                            0.53 + rng.normal(0, 0.015)])
        self.line_width = max(1, round(self.side * 0.006))

    def pixels(self, points):
        return list(map(tuple, (np.asarray(points) @ self.matrix + self.origin).tolist()))

    def fill(self, points, color, outline=None, width=1.0):
        points = self.pixels(points)
        self.drawing.polygon(points, fill=color)
        if outline is not None:
            self.drawing.line(points + points[:1], outline,
                              max(1, round(self.line_width * width)), "curve")

    def line(self, points, color, width=1.0):
        self.drawing.line(self.pixels(points), color,
                          max(1, round(self.line_width * width)), "curve")

    def picture(self):
        return np.asarray(self.image.reduce(SUPERSAMPLE))


class Look:
    """The colors of one face."""

    def __init__(self, rng, hair, eyes):
        self.hair = vary(rng, HAIR_RGB[hair])
        self.hair_dark = shade(self.hair, 0.78)
        self.hair_light = mix(self.hair, (255, 255, 255), 0.45)
        self.hair_line = shade(self.hair, 0.52)
        self.eyes = vary(rng, EYES_RGB[eyes])
        self.skin = vary(rng, _SKIN_RGB[rng.choice(5, p=(0.4, 0.32, 0.18, 0.07, 0.03))], 0.015)
        self.skin_shade = mix(self.skin, (214, 120, 112), 0.27)
        self.skin_line = mix(self.skin, (92, 42, 42), 0.62)
        self.clothes = vary(rng, _CLOTHES_RGB[rng.integers(len(_CLOTHES_RGB))])
        self.length = rng.choice(["short", "bob", "long", "twin", "pony"],
                                 p=(0.2, 0.25, 0.3, 0.15, 0.1))


def vary(rng, rgb, amount=0.04):
    """A random color close to rgb, with the same name: the hue varies least."""
    h, s, v = colorsys.rgb_to_hsv(*(np.array(rgb) / 255))
    off = np.clip(rng.normal(size=3), -2, 2) * amount
    h = (h + 0.2 * off[0]) % 1
    s, v = (float(np.clip(x * (1 + 1.2 * y), 0, 1)) for x, y in zip((s, v), off[1:]))
    return tuple(int(255 * x) for x in colorsys.hsv_to_rgb(h, s, v))


def mix(a, b, share):
    return tuple(int(x + (y - x) * share) for x, y in zip(a, b))


def shade(rgb, factor):
    """A darker and slightly bluer color, as in cel shading."""
    return tuple(int(x * f)
                 for x, f in zip(rgb, (factor * 0.97, factor * 0.97, min(1, factor * 1.06))))


def smooth(points, closed=True, steps=6):
    """A Catmull-Rom curve through the points."""
    p = np.asarray(points, float)
    if closed:
        places = np.arange(len(p))
        before, start, after, after2 = (p.take(places + i, 0, mode="wrap") for i in (-1, 0, 1, 2))
    else:
        padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
        before, start, after, after2 = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = _between(0, 1, steps)[:, None]
    a, b, c, d = (x[:, None] for x in (before, start, after, after2))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2
                   + (3 * b - a - 3 * c + d) * t ** 3)
    curve = curve.reshape(-1, 2)
    return curve if closed else np.vstack([curve, p[-1:]])


def ellipse(x, y, width, height, steps=28):
    t = _between(0, 2 * np.pi, steps)
    return np.stack([x + width / 2 * np.cos(t), y + height / 2 * np.sin(t)], axis=1)


@functools.cache  # dozens of curves a face
def _between(start, end, steps):
    return np.linspace(start, end, steps, endpoint=False)


def mirror(points):
    return np.asarray(points) * (-1, 1)
