"""Measures a set of faces, and real faces for comparison."""
from __future__ import annotations

import dataclasses
import math
from typing import Callable

import numpy as np

from anime_gan_tf import __version__
from anime_gan_tf.data import hair_color
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import (
    classifier,
    feature_spaces,
    inception,
    metrics,
    perceptual_features,
)
from anime_gan_tf.evaluation.classifier import Classifier
from anime_gan_tf.labels import UNKNOWN


@dataclasses.dataclass
class Evaluator:
    """A feature network and the real faces that others are compared with."""
    extract: Callable       # images -> {"features"[, "classes"][, probabilities by axis]}
    name: str               # of the features, for reports
    real: dict              # extract() of the real faces
    classifier: Classifier  # for agreement with the tags

    def distances(self, extracted):
        """The metrics of the features alone. extracted: extract() of a set of faces."""
        return metrics.compute(metrics.FEATURES, self.real["features"], extracted["features"])

    def measure(self, images, tags=None, labels=None, predicted=None):
        """All metrics of a set of faces.

        Args: images: uint8 (n, size, size, 3); tags: (n, axes) of Labels, or None; predicted:
          what the classifier predicts, where that is known.
        Returns: {name: float}, and "confusion": {axis: int (values, values)} where there are tags.
        """
        extracted = self.extract(images)
        measured = self.distances(extracted) | metrics.compute(metrics.IMAGES, images)
        if "classes" in extracted:
            measured |= metrics.compute(metrics.CLASSES, extracted["classes"])
        known = {} if tags is None else self.comparable(tags, labels)
        if any((column != UNKNOWN).any() for column in known.values()):
            predicted = predicted or (extracted if self.classifies
                                      else self.classifier.predict(images))
            measured |= metrics.accuracy(predicted, known)
            measured["confusion"] = {axis: metrics.confusion(predicted[axis], column)
                                     for axis, column in known.items()}
        return measured

    def comparable(self, tags, labels):
        """{axis: tags int32 (n,)} of tags (n, axes) of Labels, for the axes that the classifier
        has; of a scale the nearest levels."""
        return {axis: labels.nearest(tags[:, i])
                for axis, i in labels.shared(self.classifier.labels).items()}

    @property
    def classifies(self):
        """Whether extract() also predicts attributes."""
        return any(axis in self.real for axis in self.classifier.labels.axes)


def make_evaluator(dataset, rows, features="faces",
                   description="held-out faces (a tenth of it)") -> Evaluator:
    """An Evaluator that compares with some rows of an ImageDataset.

    Args: features: a key of feature_spaces.FEATURE_SPACES, or the path of a classifier.npz;
      description: of these rows, for errors.
    Raises:
      UserError: there are too few faces, or no such features.
    """
    if len(rows) <= metrics.NEIGHBORS:
        raise UserError("--data", Fault.TOO_FEW, f"too few {description} in "
                        f"{dataset.title}: {len(rows):,}; distances need more than "
                        f"{metrics.NEIGHBORS}")
    feature_spaces.check(features)
    real = dataset.images[rows]
    predictor = classifier.load(feature_spaces.classifier_path(features))
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


def evaluate(title, images, tags, labels, dataset, features, seed=0, trained_against=None) -> dict:
    """Compares faces with the held-out part of a data set.

    Args:
      title: of what is measured, for reports; images: uint8 (n, size, size, 3); tags: the requested
        ones, (n, axes) of Labels `labels`, or None.
      dataset: ImageDataset of real faces.
      features: as in make_evaluator(); with perceptual ones those of the classifier are measured as
        well.
      seed: of the sample of training faces; trained_against: the frozen features that the generator
        was trained with, for reports.
    Returns: a JSON-able dict: "generated" and "real", {metric: value}, and what they are of.
    Raises:
      UserError: there are too few faces to measure.
    """
    feature_spaces.check_number(len(images), "--images")
    split = dataset.split
    evaluator = make_evaluator(dataset, split.held_out, features)
    # A second feature space: none is to be trusted alone.
    second = make_evaluator(dataset, split.held_out) if features == "perceptual" else None
    predicted = second and second.extract(images)
    generated = evaluator.measure(images, tags, labels, predicted)
    # The best that can be expected: as many training faces as generated ones, if there are so many.
    sample = dataset.images[np.random.default_rng(seed).permutation(split.training)[:len(images)]]
    real = evaluator.measure(sample)
    confusion = generated.pop("confusion", None)
    if tags is not None:
        generated |= hair_color.accuracy(images, tags, labels)
        real |= hair_color.accuracy(dataset.images[split.held_out], dataset.tags[split.held_out],
                                    dataset.labels)
    if confusion:
        real |= _accuracy_on_real(second or evaluator, dataset, split.held_out)
    names = (*metrics.TITLES, *labels.axes, "both", "all", hair_color.METRIC)
    # Without tags there is no share of them.
    known = lambda values: {name: values[name] for name in names
                            if not math.isnan(values.get(name, math.nan))}
    content = {"what": title, "faces": len(images), "held_out": len(split.held_out),
               "training_sample": len(sample), "data": dataset.title, "features": evaluator.name,
               "seed": seed, "version": __version__, "trained_against": trained_against,
               "generated": known(generated), "real": known(real), "second_features": {}}
    if second:
        content["second_features"] = {
            "features": second.name, "generated": second.distances(predicted),
            "real": second.distances(second.extract(sample))}
    if confusion:
        content["axes"] = labels.to_json()
        content["confusion"] = {axis: counts.tolist() for axis, counts in confusion.items()}
    return content


def _accuracy_on_real(evaluator, dataset, held_out):
    """The accuracy of the held-out faces' own tags, by the classifier."""
    predicted = (evaluator.real if evaluator.classifies
                 else evaluator.classifier.predict(dataset.images[held_out]))
    known = evaluator.comparable(dataset.tags[held_out], dataset.labels)
    return metrics.accuracy(predicted, known) if known else {}
