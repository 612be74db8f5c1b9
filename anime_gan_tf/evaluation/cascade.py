"""Finds faces by a cascade file that the user supplies. Only this module needs OpenCV 4."""
import importlib
import pathlib

import numpy as np
from PIL import Image

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation.detection import Face
from anime_gan_tf.storage.files import require_regular

MAX_SIDE = 1280     # pixels of a picture's longer side
MAX_SCALE = 2.0     # by which a small picture is enlarged; finds a fifth more faces
STEP = 1.1          # factor from one size of faces to the next
NEIGHBORS = 3       # overlapping detections that count as one face
MIN_FACE = 24       # pixels
_FLAG = "--detector"


class Cascade:
    """A cascade of decision stumps (Viola and Jones 2001), as OpenCV 4 reads it."""

    def __init__(self, path):
        """
        Raises:
          UserError: there is no OpenCV with cascades, or no such file.
        """
        require_regular(path, _FLAG, 2 ** 24)
        try:
            self._cv2 = importlib.import_module("cv2")
        except ImportError:
            self._cv2 = None
        if not hasattr(self._cv2, "CascadeClassifier"):
            raise UserError(_FLAG, Fault.UNAVAILABLE, "a cascade needs OpenCV 4, whose later "
                            "versions have none: pip install \"opencv-python-headless<5\"")
        try:
            self._cascade = self._cv2.CascadeClassifier(str(pathlib.Path(path)))
            empty = self._cascade.empty()
        except self._cv2.error:
            empty = True
        if empty:
            raise UserError(_FLAG, Fault.UNREADABLE, f"{path} is not a cascade that OpenCV reads")

    def find(self, picture, neighbors=NEIGHBORS):
        """The faces of a PIL image in RGB: [Face], largest first, all of probability 1."""
        scale = min(MAX_SIDE / max(picture.size), MAX_SCALE)
        size = [max(1, round(scale * length)) for length in picture.size]
        gray = picture.convert("L").resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
        boxes = self._cascade.detectMultiScale(
            self._cv2.equalizeHist(np.asarray(gray)), STEP, neighbors, minSize=(MIN_FACE,) * 2)
        faces = [Face(float(left + side / 2) / scale, float(top + side / 2) / scale,
                      float(side) / scale, 1.0) for left, top, side, _ in boxes]
        return sorted(faces, key=lambda face: -face.side)
