"""How good a set of faces is: metrics, and beside each what real faces get."""
import dataclasses
import math
from typing import Callable

import numpy as np

from anime_gan_tf import __version__
from anime_gan_tf.data import deduplication
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.evaluation import classifier, inception, metrics, perceptual_features
from anime_gan_tf.evaluation.classifier import Classifier
from anime_gan_tf.labels import UNKNOWN

FEATURES = ("perceptual", "faces", "inception")  # or a classifier.npz


@dataclasses.dataclass
class Evaluator:
    """A feature network and the real faces that it measures against."""
    extract: Callable       # images -> {"features", and a classifier's probabilities by axis}
    name: str               # which features
    real: dict              # extract() of the real faces
    classifier: Classifier  # for agreement with the tags

    def distances(self, extracted):
        """The metrics of the features alone. extracted: extract() of a set of faces."""
        return metrics.compute(metrics.FEATURES, self.real["features"], extracted["features"])

    def measure(self, images, tags=None, labels=None, predicted=None):
        """All metrics of a set of faces.

        Args: images: uint8 (n, size, size, 3); tags: int (n, axes) of Labels, or None; predicted:
          what the classifier predicts, where that is known.
        Returns: {name: float}, and "confusion": {axis: int (values, values)} where there are tags.
        """
        extracted = self.extract(images)
        figures = self.distances(extracted) | metrics.compute(metrics.IMAGES, images)
        if "classes" in extracted:
            figures |= metrics.compute(metrics.CLASSES, extracted["classes"])
        known = {} if tags is None else self.comparable(tags, labels)
        if any((column != UNKNOWN).any() for column in known.values()):
            predicted = predicted or (extracted if self.classifies
                                      else self.classifier.predict(images))
            figures |= metrics.accuracy(predicted, known)
            figures["confusion"] = {axis: metrics.confusion(predicted[axis], column)
                                    for axis, column in known.items()}
        return figures

    def comparable(self, tags, labels):
        """{axis: int (n,)} of tags (n, axes) of Labels, of the axes that the classifier knows."""
        return {axis: tags[:, i] for axis, i in labels.shared(self.classifier.labels).items()}

    @property
    def classifies(self):
        """Whether extract() predicts attributes as well."""
        return any(axis in self.real for axis in self.classifier.labels.axes)


def make_evaluator(faces, rows, features="faces", what="held-out faces (a tenth of it)"):
    """An Evaluator whose reference are some rows of `faces`.

    Args: features: perceptual, faces, inception, or the path of a classifier.npz; what: these rows
      are, for errors.
    Raises:
      UserError: too few faces, no such features.
    """
    if len(rows) <= metrics.NEIGHBORS:
        raise UserError("--data", Fault.TOO_FEW, f"{faces.title} has {len(rows):,} {what}, and "
                        f"distances need more than {metrics.NEIGHBORS}")
    if not features.lower().endswith(".npz"):
        choose("--features", features, FEATURES)
    real = faces.images[rows]
    predictor = classifier.load(features if features.lower().endswith(".npz")
                                else classifier.PRETRAINED)
    if features == "perceptual":
        extract, extracted = perceptual_features.load(real, "features")
        return Evaluator(extract, perceptual_features.NAME, extracted, predictor)
    if features == "inception":
        extract = inception.load()
        name = "inception (keras.applications' ImageNet weights, not the 2015 FID network)"
    else:
        extract = predictor.predict
        name = f"{features} (classifier of {predictor.info['version']}, {predictor.info['data']})"
    return Evaluator(extract, name, extract(real), predictor)


def evaluate(title, images, tags, labels, faces, features, seed=0, trained_against=None):
    """Measures faces against the held-out part of a data set.

    Args:
      title: what is measured, for people; images: uint8 (n, size, size, 3); tags: what was asked
        for, int (n, axes) of Labels, or None.
      faces: the real Faces.
      features: as of make_evaluator; beside perceptual ones the classifier's are shown as well.
      seed: of the sample of training faces; trained_against: which frozen features trained the
        generator, for people.
    Returns: a dict that JSON can hold: "generated" and "real", metrics by name, and what they are
      of.
    Raises:
      UserError: too few faces to measure.
    """
    if len(images) <= metrics.NEIGHBORS:
        raise UserError("--num", Fault.TOO_FEW, f"{len(images):,} faces are too few; distances "
                        f"need more than {metrics.NEIGHBORS}")
    split = deduplication.split(faces.images)
    evaluator = make_evaluator(faces, split.held_out, features)
    # No single feature space is to be trusted.
    second = make_evaluator(faces, split.held_out) if features == "perceptual" else None
    predicted = second and second.extract(images)
    generated = evaluator.measure(images, tags, labels, predicted)
    # The floor: as many training faces as were generated, where there are so many.
    sample = faces.images[np.random.default_rng(seed).permutation(split.training)[:len(images)]]
    real = evaluator.measure(sample)
    confusion = generated.pop("confusion", None)
    if confusion:
        real |= _accuracy_on_real(second or evaluator, faces, split.held_out)
    figures = (*metrics.TITLES, *labels.axes, "both", "all")
    known = lambda side: {name: side[name] for name in figures
                          if not math.isnan(side.get(name, math.nan))}
    content = {"what": title, "faces": len(images), "held_out": len(split.held_out),
               "training_sample": len(sample), "data": faces.title, "features": evaluator.name,
               "seed": seed, "version": __version__, "trained_against": trained_against,
               # Without tags there is no share of them.
               "generated": known(generated), "real": known(real), "second_features": {}}
    if second:
        content["second_features"] = {
            "features": second.name, "generated": second.distances(predicted),
            "real": second.distances(second.extract(sample))}
    if confusion:
        content["axes"] = labels.to_json()
        content["confusion"] = {axis: table.tolist() for axis, table in confusion.items()}
    return content


def _accuracy_on_real(evaluator, faces, held_out):
    """The classifier's own accuracy, on the held-out faces: the ceiling."""
    predicted = (evaluator.real if evaluator.classifies
                 else evaluator.classifier.predict(faces.images[held_out]))
    known = evaluator.comparable(faces.tags[held_out], faces.labels)
    return metrics.accuracy(predicted, known) if known else {}
