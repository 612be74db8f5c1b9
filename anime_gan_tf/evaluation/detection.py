"""Finds faces in pictures of any size, by the network of networks/detector.py.

The network detects faces of one octave of sizes and a little more, so it is applied to a picture
at several scales, each half as large as the one before. What may be a face is then cut out and
looked at again in several sizes. The mean of both probabilities has half as many false detections.
"""
import dataclasses
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.networks import detector, loading
from anime_gan_tf.networks.detector import MULTIPLE, STRIDE, TYPICAL
from anime_gan_tf.storage import checkpoints, kinds, npz, schema

PRETRAINED = checkpoints.DETECTOR
THRESHOLD = 0.55    # probability of a face
MAX_GAIN = 0.12     # by which second looks may raise a probability; more changed nothing
MAX_SIDE = 640      # pixels of a picture's longer side at its largest scale
MIN_SIDE = 72       # the same at its smallest scale, where a face may fill the picture
MAX_SCALE = 2.0     # by which a small picture is enlarged
LOOKS = (26, 34, 44, 58)  # sides of a face in second looks, in pixels, in the detector's range
WINDOW = 128        # side of a second look, in pixels
# Two boxes are of one face from these on: intersection over union, intersection over the smaller.
MAX_OVERLAP, MAX_INSIDE = 0.3, 0.6
_MIRRORED = np.array([1, -1, 1, 1], np.float32)  # signs of a cell's outputs in a mirrored picture
_SIZES = np.exp(np.array([-2.0, 2.0]))  # limits of a box's side over TYPICAL


class Face(NamedTuple):
    """A square box in pixels of the picture, and the probability that it is a face."""
    x: float            # of the center
    y: float
    side: float
    probability: float

    def overlap(self, other):
        """(intersection over union, intersection over the smaller box)."""
        width, height = (max(0.0, min(a + self.side / 2, b + other.side / 2)
                             - max(a - self.side / 2, b - other.side / 2))
                         for a, b in ((self.x, other.x), (self.y, other.y)))
        areas = self.side ** 2, other.side ** 2
        intersection = width * height
        return intersection / (sum(areas) - intersection), intersection / min(areas)


@dataclasses.dataclass
class Detector:
    """A trained detector. info: the metadata of its file."""
    model: keras.Model
    info: dict

    def __post_init__(self):
        self._forward = tf.function(
            lambda pair: self.model(pair, training=False),
            input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)])

    def find(self, picture, threshold=THRESHOLD):
        """The faces of a PIL image in RGB: [Face], largest first."""
        found, least = [], threshold - MAX_GAIN
        longer = max(picture.size)
        side = min(MAX_SIDE, MAX_SCALE * longer)
        while True:
            found += self._find_at(picture, side / longer, least)
            if side <= MIN_SIDE:
                break
            side = max(side / 2, MIN_SIDE)
        kept = []
        for face in sorted(found, key=lambda face: -face.probability):
            overlaps = [face.overlap(other) for other in kept]
            if all(union < MAX_OVERLAP and inside < MAX_INSIDE for union, inside in overlaps):
                kept.append(face)
        kept = [face._replace(probability=(face.probability + self._look_again(picture, face)) / 2)
                for face in kept]
        return sorted((face for face in kept if face.probability >= threshold),
                      key=lambda face: -face.side)

    def _find_at(self, picture, scale, threshold):
        size = [max(1, round(scale * length)) for length in picture.size]
        scaled = np.asarray(picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))
        height, width = (max(2 * MULTIPLE, -(-length // MULTIPLE) * MULTIPLE)
                         for length in scaled.shape[:2])
        padded = np.zeros((height, width, 3), np.float32)
        padded[:scaled.shape[0], :scaled.shape[1]] = scaled / np.float32(127.5) - 1
        cells = self._cells(padded[None])[0]
        heat = cells[..., 0]
        padded_heat = np.pad(heat, 1)
        highest = np.max([padded_heat[i:i + heat.shape[0], j:j + heat.shape[1]]
                          for i in range(3) for j in range(3)], axis=0)
        faces = []
        for row, column in np.argwhere((heat >= threshold) & (heat == highest)):
            right, down, size = cells[row, column, 1:]
            x, y = STRIDE * (column + 0.5 + right), STRIDE * (row + 0.5 + down)
            side = TYPICAL * np.clip(np.exp(np.clip(size, -9, 9)), *_SIZES)
            if 0 <= x < scaled.shape[1] and 0 <= y < scaled.shape[0]:
                faces.append(Face(*(float(value) / scale for value in (x, y, side)),
                                  float(heat[row, column])))
        return faces

    def _look_again(self, picture, face):
        """The mean probability that the face is one, of windows around it in the sizes of LOOKS."""
        windows = []
        for side in LOOKS:
            half = WINDOW / 2 * face.side / side
            edges = face.x - half, face.y - half, face.x + half, face.y + half
            left, top = (int(np.floor(edge)) for edge in edges[:2])
            right, bottom = (int(np.ceil(edge)) for edge in edges[2:])
            part = Image.new("RGB", (right - left, bottom - top), "gray")
            part.paste(picture, (-left, -top))
            inside = [edge - start for edge, start in zip(edges, (left, top, left, top))]
            windows.append(np.asarray(part.resize((WINDOW, WINDOW), Image.Resampling.BICUBIC,
                                                  inside, reducing_gap=2.0)))
        heat = self._cells(np.stack(windows) / np.float32(127.5) - 1)[..., 0]
        middle = slice(heat.shape[1] // 2 - 2, heat.shape[1] // 2 + 2)
        return float(heat[:, middle, middle].max(axis=(1, 2)).mean())

    def _cells(self, pictures):
        """The network's outputs for pictures, float32 (n, height, width, 3), with probabilities in
        place of logits: the mean of each and its mirror image, which has fewer false detections."""
        cells = self._forward(np.concatenate([pictures, pictures[:, :, ::-1]])).numpy()
        cells[..., 0] = 1 / (1 + np.exp(-np.clip(cells[..., 0], -30, 30)))
        straight, mirrored = np.split(cells, 2)
        return (straight + mirrored[:, :, ::-1] * _MIRRORED) / 2


class Count(NamedTuple):
    """True positives, false positives and false negatives of some pictures."""
    found: int
    false: int
    missed: int


def compare(faces, boxes, overlap=0.5):
    """The Count of one picture.

    Args: faces: [Face]; boxes: float (n, 3), the true centers x, y and sides; overlap: the least
      intersection over union at which a face counts as found.
    """
    waiting = [Face(*map(float, box), 1.0) for box in boxes]
    found = 0
    for face in sorted(faces, key=lambda face: -face.probability):
        best = max(waiting, key=lambda box: face.overlap(box)[0], default=None)
        if best is not None and face.overlap(best)[0] >= overlap:
            waiting.remove(best)
            found += 1
    return Count(found, len(faces) - found, len(waiting))


def measure(find, scenes, count):
    """The Count of the first `count` scenes of data.scenes.Scenes. find: a function of a PIL image
    that returns [Face]."""
    total = np.zeros(3, int)
    for i in range(count):
        image, boxes = scenes.scene(i)
        total += compare(find(Image.fromarray(image)), boxes)
    return Count(*map(int, total))


def count_filled(images, find, least=0.5):
    """The number of pictures with a face of at least this share of their width, whose center is in
    their middle half.

    Args: images: uint8 (n, size, size, 3); find: as in measure().
    """
    size = images.shape[1]
    return sum(any(face.side >= least * size and abs(face.x / size - 0.5) < 0.25
                   and abs(face.y / size - 0.5) < 0.25 for face in find(Image.fromarray(image)))
               for image in images)


def load(path=PRETRAINED):
    """Returns the Detector in a file that training/detector.py wrote.

    Raises:
      UserError: it is missing, truncated or something else.
    """
    arrays, info = npz.read_arrays(path), npz.unpacked(path)
    names = npz.in_order(arrays)
    kinds.check(path, schema.DETECTOR, info)
    kinds.check_arrays(path, dict.fromkeys(names, schema.FLOATS), arrays)
    model = detector.build()
    if not loading.fill(model.weights, [arrays[name] for name in names]):
        raise UserError(path, Fault.UNREADABLE, "not a detector of this version")
    return Detector(model, info)
