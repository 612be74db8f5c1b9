"""Composed pictures with faces in known places, on which the face detector is trained and measured.

A scene consists of a background, clutter, and figures without and with a face, with random effects
of cameras and styles on all of it. Everything but the faces is drawn, or cut out of a picture of a
face without leaving a whole face, since detectors most easily mistake such parts for faces. A scene
is a pure function of the pictures, the seed and its index.
"""
import dataclasses
import io

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from anime_gan_tf.storage import images as image_files

SIDE = 128                  # of a scene, in pixels
SMALLEST, LARGEST = 16, 76  # sides of the boxes of faces in a scene, in pixels
EMPTY = 0.12                # share of scenes without a face
MAX_FACES = 4               # in a scene
_WHITE = (255, 255, 255)
_BILINEAR, _BICUBIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC


@dataclasses.dataclass(frozen=True)
class FaceSet:
    """Pictures of one face each. images: uint8 (n, size, size, 3); share: side of the face's box,
    which is square and centered, over the size."""
    images: np.ndarray
    share: float


class Scenes:
    """An endless sequence of scenes.

    Args: sets: [FaceSet], with equal probabilities; seed: of all scenes; side: of a scene, in
      pixels; smallest, largest: limits of the side of a face's box, in pixels.
    """

    def __init__(self, sets, seed, side=SIDE, smallest=SMALLEST, largest=LARGEST):
        self.sets, self.seed, self.side = sets, seed, side
        self.smallest, self.largest = smallest, largest

    def scene(self, index):
        """(uint8 (side, side, 3), float32 (faces, 3) of centers x, y and sides in pixels)."""
        rng = np.random.default_rng([self.seed, index])
        picture = self._background(rng)
        for _ in range(rng.integers(0, 7)):
            self._clutter(rng, picture)
        boxes = self._boxes(rng)
        for _ in range(rng.poisson(0.7)):  # bodies without a face
            size = rng.uniform(self.smallest, self.largest)
            _body(rng, picture, *rng.uniform(0, self.side, 2), size)
        figures = [self._figure(rng, box) for box in boxes]
        for figure in figures:
            if figure.body:
                _body(rng, picture, *figure.box)
                if rng.random() < 0.6:  # clothes
                    x, y, size = figure.box
                    self._paste_scrambled(rng, picture, x + rng.normal(0, 0.3 * size),
                                          y + size * rng.uniform(0.9, 1.8),
                                          size * rng.uniform(0.5, 1.6))
        for figure in figures:
            figure.paste(rng, picture)
        for box in boxes:
            if rng.random() < 0.12:
                _cross(rng, picture, box)
        return _finish(rng, picture), np.array(boxes, np.float32).reshape(-1, 3)

    def batch(self, index, count):
        """`count` scenes from index * count on: (uint8 (count, side, side, 3), [boxes of each])."""
        found = [self.scene(i) for i in range(index * count, (index + 1) * count)]
        return np.stack([image for image, _ in found]), [boxes for _, boxes in found]

    def _face(self, rng):
        """(PIL picture, FaceSet.share)."""
        chosen = self.sets[rng.integers(len(self.sets))]
        picture = Image.fromarray(chosen.images[rng.integers(len(chosen.images))])
        if rng.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return picture, chosen.share

    def _boxes(self, rng):
        """Boxes of faces that hardly overlap and are mostly inside: [(x, y, side)]."""
        boxes = []
        if rng.random() < EMPTY:
            return boxes
        for _ in range(rng.integers(1, MAX_FACES + 1)):
            size = np.exp(rng.uniform(*np.log([self.smallest, self.largest])))
            low = size * rng.uniform(0.3, 0.6)
            x, y = rng.uniform(min(low, self.side / 2), max(self.side - low, self.side / 2), 2)
            if all(max(abs(x - a), abs(y - b)) > 0.47 * (size + other) for a, b, other in boxes):
                boxes.append((x, y, size))
        return boxes

    def _figure(self, rng, box):
        picture, share = self._face(rng)
        return _Figure.of(rng, box, picture, share)

    # ----- what is not a face

    def _background(self, rng):
        kind, side = rng.random(), self.side
        if kind < 0.25:
            color = _WHITE if rng.random() < 0.7 else _color(rng)
            return Image.new("RGB", (side, side), color)
        if kind < 0.45:
            corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
            return Image.fromarray(corners).resize((side, side), _BILINEAR)
        if kind < 0.57:
            cells = int(rng.choice([4, 8, 16, 32, side]))
            noise = rng.normal(128, rng.uniform(10, 70), (cells, cells, 3)).clip(0, 255)
            return Image.fromarray(noise.astype(np.uint8)).resize((side, side), _BICUBIC)
        if kind < 0.65:  # a part of a face that is too large for this scale
            picture, _ = self._face(rng)
            width = picture.width * rng.uniform(0.25, 0.65)
            left, top = rng.uniform(0, picture.width - width, 2)
            return picture.resize((side, side), _BICUBIC, (left, top, left + width, top + width))
        make = self._piece if rng.random() < 0.5 else self._scrambled
        parts = int(rng.choice([1, 1, 2, 3, 4]))
        picture, edges = Image.new("RGB", (side, side)), np.linspace(0, side, parts + 1).astype(int)
        for left, right in zip(edges, edges[1:]):
            for top, bottom in zip(edges, edges[1:]):
                piece = make(rng)
                picture.paste(piece.resize((int(right - left), int(bottom - top)), _BICUBIC),
                              (int(left), int(top)))
        return picture

    def _piece(self, rng):
        """A part of a picture that is too small, or too far from the face, to show it."""
        picture, share = self._face(rng)
        size, box = picture.width, picture.width * share
        side = size * rng.uniform(0.12, 0.42)
        left, top = rng.uniform(0, size - side, 2)
        middle = (size - box) / 2
        inside = [max(0.0, min(start + side, middle + box) - max(start, middle))
                  for start in (left, top)]
        if inside[0] * inside[1] > 0.16 * box ** 2:  # both eyes, or most of a face
            left, top = (side and rng.choice([0, size - side]) for _ in range(2))
            side = min(side, 0.3 * size)
        piece = picture.crop((int(left), int(top), int(left + side) + 1, int(top + side) + 1))
        return piece.rotate(90 * int(rng.integers(4)))

    def _scrambled(self, rng):
        """A picture with its parts rearranged: lines, colors and shades of a drawing, without a
        face."""
        picture, _ = self._face(rng)
        size, kind = picture.width, rng.random()
        if kind < 0.25:
            return picture.rotate(90 * int(rng.integers(1, 4)))
        parts = int(rng.integers(2, 6))
        edges = [size * i // parts for i in range(parts + 1)]
        tiles = [(left, top, right, bottom) for left, right in zip(edges, edges[1:])
                 for top, bottom in zip(edges, edges[1:])]
        if kind < 0.65:  # permuted and rotated tiles
            result = Image.new("RGB", picture.size)
            for box, source in zip(tiles, rng.permutation(len(tiles))):
                tile = picture.crop(tiles[source]).rotate(90 * int(rng.integers(1, 4)), expand=True)
                result.paste(tile.resize((box[2] - box[0], box[3] - box[1])), box[:2])
            return result
        # A mesh with its corners at random places.
        corners = {(x, y): rng.uniform(0, size - 1, 2) for x in edges for y in edges}
        mesh = [((left, top, right, bottom), np.concatenate(
            [corners[left, top], corners[left, bottom], corners[right, bottom],
             corners[right, top]]).tolist()) for left, top, right, bottom in tiles]
        return picture.transform(picture.size, Image.Transform.MESH, mesh, _BILINEAR)

    def _paste_scrambled(self, rng, picture, x, y, size):
        size = max(6, int(size))
        part = self._scrambled(rng).resize((size, size), _BICUBIC, reducing_gap=2.0)
        picture.paste(part, (int(x - size / 2), int(y - size / 2)), _mask(rng, size))

    def _clutter(self, rng, picture):
        kind, side = rng.random(), self.side
        if rng.random() < 0.4:
            self._paste_scrambled(rng, picture, *rng.uniform(0, side, 2),
                                  np.exp(rng.uniform(*np.log([self.smallest, self.largest]))))
            return
        if kind < 0.3:
            size = int(np.exp(rng.uniform(np.log(8), np.log(0.7 * side))))
            piece = self._piece(rng).resize((size, size), _BICUBIC)
            mask = _mask(rng, size)
            angle = rng.uniform(0, 360)
            picture.paste(piece.rotate(angle, _BILINEAR), tuple(rng.integers(-size // 2, side, 2)),
                          mask.rotate(angle, _BILINEAR))
            return
        pen = ImageDraw.Draw(picture)
        x, y = rng.uniform(0, side, 2)
        size, color = np.exp(rng.uniform(np.log(3), np.log(side))), _color(rng)
        line = _color(rng) if rng.random() < 0.5 else None
        if kind < 0.45:
            points = np.array([x, y]) + rng.normal(0, size / 2, (int(rng.integers(3, 8)), 2))
            pen.polygon([tuple(point) for point in points], color, line)
        elif kind < 0.6:  # also rings and dots, like eyes and buttons
            for _ in range(int(rng.integers(1, 4))):
                w, h = size * rng.uniform(0.3, 1, 2) / 2
                pen.ellipse((x - w, y - h, x + w, y + h), color, line, int(rng.integers(1, 3)))
                color, size = _color(rng), size * 0.7
                if rng.random() < 0.4:
                    x += size * rng.uniform(0.8, 2)
        elif kind < 0.72:
            text = "".join(chr(code) for code in rng.integers(33, 127, int(rng.integers(1, 12))))
            pen.text((x - size, y), text, color, _font(int(np.clip(size / 2, 6, 40))))
        elif kind < 0.8:
            step = int(rng.integers(3, 12))
            for left in range(int(x), int(min(side, x + size)), step):
                for top in range(int(y), int(min(side, y + size)), step):
                    pen.ellipse((left, top, left + step / 2, top + step / 2), color)
        elif kind < 0.88:
            pen.rectangle((x, y, x + size, y + size * rng.uniform(0.2, 2)), color, line)
        else:
            _strokes(rng, pen, x, y, size, color)


@dataclasses.dataclass(frozen=True)
class _Figure:
    """A face to be pasted into a scene. box: x, y, side; body: whether to draw one below it; hair:
    color of hair to draw around it, or None; shape: of the mask."""
    box: tuple
    picture: Image.Image
    share: float
    body: bool
    hair: tuple | None
    shape: str

    @classmethod
    def of(cls, rng, box, picture, share):
        if rng.random() < 0.06:  # hair and eyes of other colors
            picture = Image.merge("RGB", [picture.getchannel(int(i)) for i in rng.permutation(3)])
        if rng.random() < 0.35:
            return cls(box, picture, share, False, None, str(rng.choice(["square", "rounded",
                                                                        "circle"])))
        hair = None
        if share > 0.85 or rng.random() < 0.2:
            pixels = np.asarray(picture)[:picture.height // 5]
            hair = tuple(int(value) for value in np.median(pixels, axis=(0, 1)))
        return cls(box, picture, share, rng.random() < 0.8, hair, "soft")

    def paste(self, rng, picture):
        x, y, size = self.box
        if self.hair is not None:
            _hair(rng, picture, x, y, size, self.hair)
        width = max(4, round(size / self.share))
        stretch = rng.uniform(0.93, 1.07)
        face = self.picture.resize((round(width * stretch), round(width / stretch)), _BICUBIC,
                                   reducing_gap=2.0)
        angle = rng.normal(0, 11 if rng.random() < 0.8 else 28)
        mask = _shape(rng, self.shape, face.size, self.hair is not None or self.share > 0.85)
        if abs(angle) > 2:
            face, mask = (part.rotate(angle, _BICUBIC, expand=True) for part in (face, mask))
        if rng.random() < 0.4:
            gain = rng.uniform(0.75, 1.2, 3) if rng.random() < 0.5 else rng.uniform(0.6, 1.2)
            face = Image.fromarray((np.asarray(face) * gain).clip(0, 255).astype(np.uint8))
        picture.paste(face, (round(x - face.width / 2), round(y - face.height / 2)), mask)


def _shape(rng, kind, size, tight):
    """A mask of that size. tight: whether the face fills the picture."""
    width, height = size
    if kind == "square":
        return Image.new("L", size, 255)
    mask = Image.new("L", (2 * width, 2 * height))
    pen = ImageDraw.Draw(mask)
    if kind == "rounded":
        pen.rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), 0.4 * width, 255)
    elif kind == "circle":
        pen.ellipse((0, 0, 2 * width - 1, 2 * height - 1), 255)
    else:
        inset = rng.uniform(0, 0.08, 4) * 2 * width
        t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radius = 1 / (np.abs(np.cos(t)) ** 3 + np.abs(np.sin(t)) ** 3) ** (1 / 3)
        radius = radius * (0.97 + 0.06 * rng.standard_normal(24)).clip(0.85, 1)
        if tight:
            inset += 0.04 * width
        points = np.stack([width + (width - inset[0]) * radius * np.cos(t),
                           height + (height - inset[1]) * radius * np.sin(t)], axis=1)
        pen.polygon([tuple(point) for point in points], 255)
        mask = mask.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.06) * width))
    return mask.reduce(2)


def _mask(rng, size):
    kind = rng.choice(["square", "rounded", "circle", "soft"])
    return _shape(rng, str(kind), (size, size), False)


def _hair(rng, picture, x, y, size, color):
    """Hair behind a face: a blob, strands and sometimes ears."""
    pen = ImageDraw.Draw(picture)
    line = tuple(int(0.5 * value) for value in color)
    t = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    radius = size * rng.uniform(0.5, 0.66) * (1 + 0.07 * rng.standard_normal(20))
    length = rng.uniform(0.9, 1.6)
    points = np.stack([x + radius * np.cos(t), y - 0.05 * size + radius * np.sin(t)
                       * np.where(np.sin(t) > 0, length, 1)], axis=1)
    pen.polygon([tuple(point) for point in points], color, line if rng.random() < 0.5 else None)
    if rng.random() < 0.3:  # ears, ribbons, tails
        other = color if rng.random() < 0.5 else _color(rng)
        for sign in (-1, 1):
            tip = (x + sign * size * rng.uniform(0.4, 0.9), y - size * rng.uniform(-1, 0.9))
            pen.polygon([tip, (x + sign * size * 0.2, y - size * 0.45),
                         (x + sign * size * 0.5, y)], other, line)
    for _ in range(int(rng.integers(0, 6))):
        start = np.array([x, y - 0.3 * size])
        end = np.array([x, y]) + rng.normal(0, 0.6 * size, 2)
        pen.line([*start, *end], line, 1)


def _body(rng, picture, x, y, size):
    """Neck, trunk and limbs of a figure whose face is at x, y."""
    pen = ImageDraw.Draw(picture)
    skin = tuple(int(value) for value in rng.uniform(0.55, 1) * np.array([255, 224, 200]))
    cloth, line = _color(rng), _color(rng) if rng.random() < 0.6 else None
    top, wide = y + 0.45 * size, size * rng.uniform(0.35, 1.0)
    bottom = top + size * rng.uniform(1, 3.5)
    pen.rectangle((x - 0.12 * size, y, x + 0.12 * size, top + 0.15 * size), skin)
    lean = rng.normal(0, 0.4 * size)
    pen.polygon([(x - wide * 0.6, top + 0.1 * size), (x + wide * 0.6, top + 0.1 * size),
                 (x + lean + wide, bottom), (x + lean - wide, bottom)], cloth, line)
    for sign in (-1, 1):
        elbow = (x + sign * wide * rng.uniform(0.6, 2), top + size * rng.uniform(-0.5, 1.2))
        hand = (elbow[0] + rng.normal(0, 0.6 * size), elbow[1] + rng.normal(0, 0.8 * size))
        width = max(1, round(size * rng.uniform(0.08, 0.25)))
        pen.line([(x + sign * wide * 0.55, top + 0.2 * size), elbow, hand],
                 cloth if rng.random() < 0.5 else skin, width, "curve")
        pen.ellipse((hand[0] - width, hand[1] - width, hand[0] + width, hand[1] + width), skin)
        leg = (x + lean + sign * wide * 0.5, bottom)
        pen.line([leg, (leg[0] + rng.normal(0, 0.3 * size), bottom + size * rng.uniform(1, 3))],
                 skin if rng.random() < 0.5 else _color(rng), max(1, round(0.25 * size)))
    for _ in range(int(rng.integers(0, 5))):  # folds, ribbons, buttons
        place = np.array([x, (top + bottom) / 2]) + rng.normal(0, 0.5 * size, 2)
        _strokes(rng, pen, *place, 0.5 * size, _color(rng))


def _strokes(rng, pen, x, y, size, color):
    """Curved lines, like hair, folds and writing."""
    for _ in range(int(rng.integers(1, 8))):
        steps = rng.normal(0, size / 4, (int(rng.integers(2, 7)), 2)).cumsum(axis=0)
        points = [tuple(point) for point in np.array([x, y]) + rng.normal(0, size / 3, 2) + steps]
        pen.line(points, color, int(rng.integers(1, 4)), "curve")


def _cross(rng, picture, box):
    """A thin line in front of a face."""
    x, y, size = box
    ends = np.array([x, y]) + rng.normal(0, 0.7 * size, (2, 2))
    ImageDraw.Draw(picture).line([tuple(end) for end in ends], _color(rng),
                                 max(1, round(size * rng.uniform(0.02, 0.12))))


def _finish(rng, picture):
    """A scene with random effects of styles, cameras and compression: uint8 (side, side, 3)."""
    kind = rng.random()
    if kind < 0.10:
        picture = _sketch(rng, picture)
    elif kind < 0.20:
        picture = picture.convert("L").convert("RGB")
    elif kind < 0.32:
        hue, saturation, value = picture.convert("HSV").split()
        turn = int(rng.integers(256))
        picture = Image.merge("HSV", (hue.point([(i + turn) % 256 for i in range(256)]),
                                      saturation, value)).convert("RGB")
    pixels = np.asarray(picture, np.float32)
    if rng.random() < 0.6:
        pixels = 255 * (pixels / 255) ** np.exp(rng.normal(0, 0.35))
        pixels = (pixels - 128) * rng.uniform(0.6, 1.25) + 128 + rng.normal(0, 18)
    if rng.random() < 0.2:
        pixels = pixels * (1 - (weight := rng.uniform(0, 0.45))) + weight * np.array(_color(rng))
    if rng.random() < 0.2:
        pixels = pixels + rng.normal(0, rng.uniform(2, 14), pixels.shape)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.2)))
    if rng.random() < 0.5:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(30, 95)))
        with image_files.opened(file.getvalue()) as again:
            return np.array(again.convert("RGB"))
    return np.asarray(picture)


def _sketch(rng, picture):
    """Lines on paper: gray values over their own blur (a "dodge")."""
    gray = picture.convert("L")
    around = np.asarray(gray.filter(ImageFilter.GaussianBlur(rng.uniform(1, 4))), np.float32)
    lines = np.asarray(gray, np.float32) / (around + 8)
    lines = (255 * lines.clip(0, 1) ** rng.uniform(1.5, 5)).astype(np.uint8)
    paper = Image.new("RGB", picture.size, _WHITE if rng.random() < 0.6 else _color(rng, 180))
    return ImageChops.multiply(Image.fromarray(lines).convert("RGB"), paper)


def _color(rng, least=0):
    return tuple(int(value) for value in rng.integers(least, 256, 3))


_FONTS = {}


def _font(size):
    if size not in _FONTS:
        _FONTS[size] = ImageFont.load_default(size)
    return _FONTS[size]
