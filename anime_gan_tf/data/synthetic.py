"""Built-in data: drawn anime faces, whose hair and eye colors are exact labels.

A face is a pure function of (seed, index); the size is only its resolution. Positions are in head
units: x to the right from the middle of the face, y down from the middle of the eyes, where 1.0 is
the width of the face.
"""
import colorsys
import concurrent.futures
import contextlib
import functools
import logging
import multiprocessing
import os
import sys
import types

import numpy as np
from PIL import Image
from tqdm import tqdm

from anime_gan_tf.data.dataset import CACHE, ImageDataset
from anime_gan_tf.data.pen import COLORS, ellipse, Look, mirror, mix, Pen, shade, smooth, vary
from anime_gan_tf.errors import UserError
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage.kinds import check_arrays
from anime_gan_tf.storage.npz import read_arrays, write_arrays
from anime_gan_tf.storage.schema import drawn_faces

log = logging.getLogger(__name__)

COUNT = 6000
LINE = 1000       # faces from one line of progress to the next, if there is no terminal
VERSION = 1       # in the fingerprint; to be raised with every change of the drawings
_SIZES = tuple(map(len, COLORS.values()))


def face(index, size, seed=0):
    """Draws one face.

    Returns: (uint8 (size, size, 3), indices into the values of COLORS).
    """
    rng = np.random.default_rng([seed, index])
    chosen = tuple(int(rng.integers(count)) for count in _SIZES)
    pen = Pen(size, rng)
    look = Look(rng, *(names[i] for names, i in zip(COLORS.values(), chosen)))
    _background(pen, rng)
    _back_hair(pen, rng, look)
    _body(pen, rng, look)
    _head(pen, rng, look)
    part = rng.choice([0.0, 0.16, -0.16, 0.26, -0.26])
    bangs = np.vstack([_CROWN,
                       _fringe(rng, part, rng.choice(["spiky", "straight", "swept", "open"]))])
    pen.fill(bangs * (0.9, 1) + (0, 0.05), look.skin_shade)  # their shadow on the forehead
    _features(pen, rng, look)
    _front_hair(pen, rng, look, part, bangs)
    _ornament(pen, rng, look)
    return pen.picture(), chosen


def load(size, labels, count=COUNT, seed=0, progress=True):
    """An ImageDataset of `count` drawn faces, from the cache in data/ if it has them.

    If the cache cannot be written there is a note, and the faces are drawn again next time.

    Args: labels: Labels; tags are known for the axes and values that are in COLORS.
    """
    path = CACHE / f"drawn{VERSION}_{size}px_{count}_seed{seed}_{len(COLORS)}axes.npz"
    try:
        arrays = read_arrays(path, ["images", "tags"])
        check_arrays(path, drawn_faces(count, size, _SIZES), arrays)
    except (UserError, KeyError):  # not drawn yet, or the cache is damaged
        images, tags = _draw_all(size, count, seed, progress)
        arrays = {"images": images, "tags": tags}
        try:
            write_arrays(path, arrays)
        except UserError as error:
            log.info(f"note: the faces are drawn again next time: {error}")
    name = f"drawn{VERSION}-{seed}"
    return ImageDataset("drawn", arrays["images"], _tags(arrays["tags"], labels), labels, name, [],
                 listing=name)


def _tags(drawn, labels):
    """Tags of Labels, for indices (n, 2) into the values of COLORS."""
    tags = np.full((len(drawn), len(labels.axes)), UNKNOWN, labels.dtype)
    for i, axis in enumerate(labels.axes):
        if axis in COLORS:
            values = np.array([labels.index(axis, name) for name in COLORS[axis]])
            tags[:, i] = values[drawn[:, list(COLORS).index(axis)]]
    return tags


@contextlib.contextmanager
def _unnamed_main():
    """Processes that are started in this context do not run the user's script again: a spawned
    process imports the __main__ of its parent."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _draw_all(size, count, seed, progress):
    images = np.empty((count, size, size, 3), np.uint8)
    tags = np.empty((count, len(COLORS)), np.int32)
    if progress:
        log.info(f"drawing {count:,} faces of {size} px, once; they are kept in {CACHE}")
    lines = progress and not sys.stderr.isatty()
    chunks = [range(i, min(i + 100, count)) for i in range(0, count, 100)]
    # Processes, because Pillow draws under the interpreter lock; spawned, because TensorFlow's
    # threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with tqdm(total=count, desc="drawing faces", unit="img", disable=None if progress else True,
              leave=False) as bar:
        # The pool only starts processes when it is used.
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), context) as pool:
            spread = pool.map if count > 200 else map
            with _unnamed_main():
                results = spread(functools.partial(_chunk, size=size, seed=seed), chunks)
            for chunk, (part, labels) in zip(chunks, results):
                images[chunk.start:chunk.stop], tags[chunk.start:chunk.stop] = part, labels
                bar.update(len(chunk))
                if lines and chunk.stop % LINE == 0 and chunk.stop < count:
                    log.info(f"  {chunk.stop:,} of {count:,} drawn")
    return images, tags


def _chunk(indices, size, seed):
    drawn = [face(index, size, seed) for index in indices]
    return np.stack([image for image, _ in drawn]), np.array([tag for _, tag in drawn], np.int32)


_CROWN = smooth([(-0.5, -0.1), (-0.58, -0.36), (-0.42, -0.68), (0, -0.82), (0.42, -0.68),
                 (0.58, -0.36), (0.5, -0.1)], False)


# ----- the parts, from back to front

def _background(pen, rng):
    kind = rng.random()
    hsv = rng.random(), rng.uniform(0.05, 0.3), rng.uniform(0.82, 1)
    top = tuple(int(255 * x) for x in colorsys.hsv_to_rgb(*hsv))
    if kind < 0.45:
        top = bottom = (255, 255, 255) if kind < 0.3 else top
    else:
        bottom = mix(top, (255, 255, 255), rng.uniform(0.4, 1))
    ramp = np.linspace(0, 1, pen.side)[:, None, None]
    rows = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
    pen.image.paste(
        Image.fromarray(np.broadcast_to(rows, (pen.side, pen.side, 3)).astype(np.uint8)))


def _back_hair(pen, rng, look):
    fill, line = look.hair_dark, look.hair_line
    if look.length == "twin":
        drop, out = rng.uniform(0.75, 1.1), rng.uniform(0.62, 0.8)
        tail = [(0.46, -0.42), (out, -0.38), (out + 0.14, 0.1), (out + 0.08, drop * 0.7),
                (out - 0.1, drop), (out - 0.14, drop * 0.6), (0.5, 0.05)]
        for side in (tail, mirror(tail)):
            pen.fill(smooth(side), look.hair, line)
            pen.line(smooth([(side[1][0] * 0.97, -0.3), (side[2][0] * 0.95, 0.12),
                             (side[4][0], drop * 0.9)], False),
                     look.hair_dark, 1.4)
    if look.length == "pony":
        side = 1 if rng.random() < 0.5 else -1
        tail = np.array([(0.3, -0.6), (0.68, -0.62), (0.86, -0.1), (0.78, 0.5), (0.62, 0.85),
                         (0.6, 0.3), (0.5, -0.2)])
        pen.fill(smooth(tail * (side, 1)), look.hair, line)
    drop = {"short": rng.uniform(0.3, 0.45), "bob": rng.uniform(0.52, 0.72), "long": 1.3,
            "twin": 0.45, "pony": 0.42}[look.length]
    out = rng.uniform(0.58, 0.68) if look.length in ("bob", "long") else 0.55
    shape = [(0, -0.78), (0.4, -0.68), (0.6, -0.3), (out, 0.1), (out + 0.02, drop * 0.7),
             (out - 0.08, drop), (0.3, drop - 0.05)]
    shape += [(0, drop - 0.08)] + list(mirror(shape[1:])[::-1])
    pen.fill(smooth(shape), fill, line)


def _body(pen, rng, look):
    neck = [(-0.13, 0.3), (0.13, 0.3), (0.14, 0.68), (0.3, 0.8), (-0.3, 0.8), (-0.14, 0.68)]
    slope = rng.uniform(0.72, 0.8)
    body = [(-0.22, slope - 0.06), (0.22, slope - 0.06), (0.6, slope + 0.1), (0.75, 1.4),
            (-0.75, 1.4), (-0.6, slope + 0.1)]
    pen.fill(body, look.clothes, shade(look.clothes, 0.55))
    pen.fill(neck, look.skin_shade)
    pen.fill([(-0.2, slope - 0.06), (0.2, slope - 0.06), (0, slope + 0.16)], look.skin,
             look.skin_line, 0.6)
    kind, light = rng.random(), mix(look.clothes, (255, 255, 255), 0.75)
    if kind < 0.6:  # a collar
        flap = [(0.2, slope - 0.1), (0.4, slope + 0.02), (0.24, slope + 0.2), (0.0, slope + 0.16)]
        for side in (flap, mirror(flap)):
            pen.fill(side, light, shade(light, 0.55), 0.7)
    if kind < 0.3:  # and a bow
        bow = vary(rng, (206, 60, 72) if rng.random() < 0.6 else (70, 90, 170))
        wing = [(0, slope + 0.18), (0.16, slope + 0.1), (0.17, slope + 0.28)]
        for side in (wing, mirror(wing)):
            pen.fill(side, bow, shade(bow, 0.55), 0.7)


def _head(pen, rng, look):
    turn = 0.035 * pen.turn
    ear = ellipse(0.49, 0.08, 0.13, 0.2)
    for side in (ear, mirror(ear)):
        pen.fill(side, look.skin, look.skin_line, 0.8)
    chin, cheek = rng.uniform(0.5, 0.57), rng.uniform(0.4, 0.44)
    half = [(0.3, -0.52), (0.48, -0.2), (0.485, 0.08), (cheek, 0.29), (0.21, chin - 0.09)]
    shape = ([(turn, -0.62)] + half + [(0.05 + turn, chin), (-0.05 + turn, chin)]
             + list(mirror(half)[::-1]))
    pen.fill(smooth(shape), look.skin, look.skin_line, 0.9)
    if rng.random() < 0.65:
        blush = mix(look.skin, (255, 110, 120), rng.uniform(0.18, 0.4))
        for x in (-0.29, 0.29):
            pen.fill(ellipse(x + turn, 0.255, 0.17, 0.07), blush)


def _features(pen, rng, look):
    turn = 0.045 * pen.turn
    apart, height = rng.uniform(0.245, 0.265), rng.uniform(0.31, 0.4)
    width = rng.uniform(0.27, 0.31)
    lift = rng.normal(0, 0.02)        # outer corners up or down
    gaze = rng.normal(0, 0.012)
    for side in (-1, 1):
        _eye(pen, look, side, apart * side + turn, width * (1 - 0.12 * pen.turn * side),
             height, lift, gaze)
    # brows: raised, level or cross
    brow = look.hair_dark if sum(look.hair) > 250 else look.hair_line
    angle, high = rng.normal(0, 0.025), rng.uniform(0.02, 0.07)
    for side in (-1, 1):
        x, y = apart * side + turn, -height / 2 - 0.05 - high
        pen.line(smooth([(x - 0.11 * side, y + 0.02 - angle), (x + 0.02 * side, y - 0.02),
                         (x + 0.13 * side, y + 0.025 + angle)], False),
                 shade(brow, 0.8), 1.8)
    nose = rng.uniform(0.225, 0.25)
    pen.line([(1.5 * turn + 0.008, nose - 0.025), (1.5 * turn - 0.012, nose + 0.008),
              (1.5 * turn + 0.006, nose + 0.014)],
             look.skin_line, 0.9)
    _mouth(pen, rng, look, 1.2 * turn, nose + rng.uniform(0.1, 0.125))


def _eye(pen, look, side, x, width, height, lift, gaze):
    """One eye: white, iris from dark to light, pupil, highlights, lashes, crease."""
    def at(dx, dy):  # dx outwards
        return (x + side * dx * width, dy * height - lift * dx * 2)

    dark, ink = shade(look.eyes, 0.42), mix(shade(look.hair, 0.3), (40, 26, 34), 0.6)
    white = [at(-0.5, 0.08), at(-0.36, -0.32), at(0, -0.5), at(0.36, -0.4), at(0.52, -0.06),
             at(0.36, 0.34), at(0.05, 0.5), at(-0.3, 0.42)]
    pen.fill(smooth(white), (252, 252, 255))
    pen.fill(smooth(white[:5] + [at(0.4, -0.2), at(0, -0.26), at(-0.4, -0.12)]), (214, 216, 232))
    # The iris nearly fills the eye's height, so that the lashes cut it and nothing has to be
    # clipped.
    cx, cy, iw, ih = x + gaze, 0.01 * height, width * 0.66, height * 0.93
    pen.fill(ellipse(cx, cy, iw, ih), dark)
    pen.fill(ellipse(cx, cy + 0.03 * ih, iw * 0.86, ih * 0.88), look.eyes)
    pen.fill(ellipse(cx, cy - 0.2 * ih, iw * 0.76, ih * 0.44), mix(look.eyes, dark, 0.6))
    pen.fill(ellipse(cx, cy + 0.27 * ih, iw * 0.54, ih * 0.3),
             mix(look.eyes, (255, 255, 255), 0.42))
    pen.fill(ellipse(cx, cy - 0.02 * ih, iw * 0.34, ih * 0.42), shade(look.eyes, 0.22))
    pen.fill(ellipse(cx - 0.2 * iw, cy - 0.24 * ih, iw * 0.34, ih * 0.26), (255, 255, 255))
    pen.fill(ellipse(cx + 0.22 * iw, cy + 0.24 * ih, iw * 0.17, ih * 0.13), (255, 255, 255))
    lash = [at(-0.56, 0.0), at(-0.38, -0.4), at(0, -0.57), at(0.38, -0.48), at(0.66, -0.2),
            at(0.58, 0.02), at(0.46, -0.18), at(0.3, -0.32), at(0, -0.41), at(-0.36, -0.26)]
    pen.fill(smooth(lash), ink)
    pen.line(smooth([at(-0.26, 0.5), at(0.06, 0.57), at(0.36, 0.44)], False),
             mix(ink, look.skin_line, 0.5), 0.9)
    pen.line(smooth([at(-0.36, -0.58), at(0, -0.75), at(0.38, -0.65)], False), look.skin_line, 0.7)


def _mouth(pen, rng, look, x, y):
    kind, w = rng.random(), rng.uniform(0.06, 0.1)
    line, inside = mix(look.skin_line, (150, 40, 50), 0.4), (196, 84, 88)
    if kind < 0.45:    # a smile
        pen.line(smooth([(x - w, y), (x, y + 0.026), (x + w, y)], False), line, 1.2)
    elif kind < 0.65:  # a happy open one
        pen.fill(smooth([(x - w, y - 0.012), (x, y - 0.002), (x + w, y - 0.012),
                         (x + w * 0.45, y + 0.06), (x - w * 0.45, y + 0.06)]), inside, line, 0.8)
    elif kind < 0.78:  # a small o
        pen.fill(ellipse(x, y + 0.012, w * 0.8, 0.05), inside, line, 0.8)
    elif kind < 0.9:   # level
        pen.line([(x - w * 0.7, y + 0.008), (x + w * 0.7, y + 0.008)], line, 1.2)
    else:              # a cat's
        pen.line(smooth([(x - w, y), (x - w / 2, y + 0.024), (x, y + 0.002),
                         (x + w / 2, y + 0.024), (x + w, y)], False), line, 1.1)


def _front_hair(pen, rng, look, part, bangs):
    line = look.hair_line
    # side locks, in front of the ears
    drop = rng.uniform(0.2, 0.42) if look.length == "short" else rng.uniform(0.38, 0.8)
    for side in (-1, 1):
        lock = np.array([(0.36, -0.5), (0.57, -0.3), (0.59, 0.06), (0.56, drop * 0.7), (0.47, drop),
                         (0.46, drop * 0.5), (0.42, -0.02)])
        pen.fill(smooth(lock * (side, 1)), look.hair, line)
        pen.line(smooth(np.array([(0.49, -0.3), (0.525, 0.05), (0.49, drop * 0.8)]) * (side, 1),
                        False), look.hair_dark, 1.3)
    pen.fill(bangs, look.hair, line)
    # strands from the parting, and the light on the crown
    for x in np.linspace(-0.42, 0.42, 7) + rng.normal(0, 0.03, 7):
        if abs(x - part) > 0.06:
            pen.line(smooth([(part + (x - part) * 0.25, -0.72), (part + (x - part) * 0.8, -0.5),
                             (x * 1.05, -0.3)], False),
                     look.hair_dark, 1.2)
    xs, wave = np.linspace(-0.43, 0.43, 15), rng.uniform(0.02, 0.045)
    top = -0.58 + 0.55 * xs ** 2
    ring = np.vstack([np.stack([xs, top - wave * (np.arange(15) % 2)], 1),
                      np.stack([xs, top + 0.055 + wave * (np.arange(15) % 2)], 1)[::-1]])
    shine = np.abs(ring[:, 0] - part) > 0.05
    pen.fill(ring[shine], mix(look.hair, look.hair_light, 0.85))


def _fringe(rng, part, style):
    """The lower edge of the bangs, from the right temple to the left one, (points, 2)."""
    count = int(rng.integers(5, 8))
    xs = np.linspace(0.5, -0.5, count + 1)
    low = {"spiky": rng.uniform(-0.2, -0.1), "straight": -0.22, "swept": -0.18, "open": -0.2}[style]
    points = []
    for right, left in zip(xs, xs[1:]):
        middle = (right + left) / 2
        away = np.sign(middle - part) * min(1, abs(middle - part) * 4)
        if style == "straight":
            tip, valley, lean = low + rng.normal(0, 0.008), low - 0.07, 0.01
        else:
            tip, valley, lean = low + rng.normal(0, 0.035), low - rng.uniform(0.14, 0.22), 0.05
        if style == "open":       # a forehead between two curtains
            tip += 0.9 * (abs(middle - part) - 0.24)
            valley = tip - rng.uniform(0.03, 0.1)
        if style == "swept":
            lean = 0.1 * np.sign(part + 1e-9)
            away = 1
            tip += 0.16 * middle * np.sign(part + 1e-9)
        tip_x = middle + away * lean
        tip = min(tip, -0.06 if 0.1 < abs(tip_x) < 0.42 else 0.1)  # the eyes stay in sight
        start, end = np.array((right, valley if points else -0.1)), np.array((left, valley))
        for a, b, bend in ((start, (tip_x, tip), 0.02), ((tip_x, tip), end, -0.02)):
            t = np.linspace(0, 1, 5)[:-1, None]
            control = (np.asarray(a) + b) / 2 + (away * bend, 0.03)
            points.append((1 - t) ** 2 * a + 2 * t * (1 - t) * control + t ** 2 * np.asarray(b))
    points.append([(-0.5, -0.1)])
    return np.vstack(points)


def _ornament(pen, rng, look):
    kind, side = rng.random(), 1 if rng.random() < 0.5 else -1
    color = vary(
        rng, ((220, 60, 80), (250, 210, 80), (90, 130, 220), (250, 250, 252))[rng.integers(4)])
    edge = shade(color, 0.55)
    if look.length == "twin" or kind < 0.1:  # ribbons
        wing = np.array([(0.5, -0.5), (0.66, -0.64), (0.68, -0.4)])
        other = np.array([(0.5, -0.5), (0.36, -0.66), (0.4, -0.42)])
        for s in ((-1, 1) if look.length == "twin" else (side,)):
            for shape in (wing, other):
                pen.fill(shape * (s, 1), color, edge, 0.8)
            pen.fill(ellipse(0.5 * s, -0.5, 0.08, 0.08), edge)
    elif kind < 0.2:                         # a clip
        for dy in (0, 0.06):
            pen.line([(0.3 * side, -0.34 + dy), (0.44 * side, -0.38 + dy)], color, 3)
    elif kind < 0.26:                        # a hairband
        band = smooth([(-0.55, -0.42), (-0.32, -0.68), (0, -0.76), (0.32, -0.68), (0.55, -0.42)],
                      False)
        pen.line(band, edge, 8)
        pen.line(band, color, 6)
