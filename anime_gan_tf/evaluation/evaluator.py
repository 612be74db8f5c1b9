"""How good a set of faces is, each figure beside what real faces get."""
import dataclasses
import math
from typing import Callable

import numpy as np

from anime_gan_tf import __version__
from anime_gan_tf.console import say
from anime_gan_tf.data import deduplication
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import classifier, inception, metrics, perceptual_features
from anime_gan_tf.evaluation.classifier import Classifier
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import npz, pictures, plots

SHOWN = 100
# figure -> (title, digits); any other is an accuracy
FIGURES = {"frechet": ("Frechet distance", 2), "kernel": ("kernel distance", 3),
           "precision": ("precision", 3), "recall": ("recall", 3), "density": ("density", 3),
           "coverage": ("coverage", 3), "nyquist": ("Nyquist energy", 6),
           "inception_score": ("Inception score", 2)}


@dataclasses.dataclass
class Evaluator:
    """A feature network and the real faces that it measures against."""
    extract: Callable       # images -> {"features", and a classifier's probabilities by axis}
    name: str               # which features
    real: dict              # extract() of the real faces
    classifier: Classifier  # for agreement with the tags

    def distances(self, extracted):
        """The figures that the features alone give. extracted: extract() of a set of faces."""
        kernel, _ = metrics.kernel_distance(self.real["features"], extracted["features"])
        distance = metrics.frechet_distance(self.real["features"], extracted["features"])
        return ({"frechet": distance, "kernel": kernel}
                | metrics.neighbourhoods(self.real["features"], extracted["features"]))

    def measure(self, images, tags=None, labels=None, predicted=None):
        """All figures of a set of faces, uint8 (n, size, size, 3).

        tags: int (n, axes) of Labels, or None; predicted: by the classifier, where that is known.
        """
        extracted = self.extract(images)
        figures = self.distances(extracted)
        figures["nyquist"] = metrics.nyquist_energy(images)
        if "classes" in extracted:
            figures["inception_score"] = metrics.inception_score(extracted["classes"])[0]
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
    if len(rows) <= metrics.NEIGHBOURS:
        raise UserError("--data", Fault.TOO_FEW, f"{faces.title} has {len(rows):,} {what}, and "
                        f"distances need more than {metrics.NEIGHBOURS}")
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


def evaluate(title, images, tags, labels, faces, features, seed, out, trained_against=None):
    """Measures faces against the held-out part of a data set; prints the figures, then saves them.

    Args:
      title: what is measured, for people; images: uint8 (n, size, size, 3); tags: what was asked
        for, int (n, axes) of Labels, or None.
      faces: the real Faces.
      features: as of make_evaluator; beside perceptual ones the classifier's are shown as well.
      seed: of the sample of training faces; trained_against: which frozen features trained the
        generator, for people.
      out: path of a picture of the first SHOWN faces; beside it go NAME.json and
        NAME_confusion.png.
    Returns: what the .json holds.
    Raises:
      UserError: too few faces to measure, or, once all is printed, a file that cannot be written.
    """
    if len(images) <= metrics.NEIGHBOURS:
        raise UserError("--num", Fault.TOO_FEW, f"{len(images):,} faces are too few; distances "
                        f"need more than {metrics.NEIGHBOURS}")
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
    figures = (*FIGURES, *labels.axes, "both", "all")
    known = lambda side: {name: side[name] for name in figures
                          if not math.isnan(side.get(name, math.nan))}
    generated, real = known(generated), known(real)  # without tags there is no share of them

    say(f"{len(images):,} faces, {title}, against {len(split.held_out):,} held-out faces of "
        f"{faces.title}")
    _print_table(evaluator.name, generated, real)
    second_figures = {}
    if second:
        second_figures = {"features": second.name, "generated": second.distances(predicted),
                          "real": second.distances(second.extract(sample))}
        _print_table(second.name, second_figures["generated"], second_figures["real"])
    say(f"real: {len(sample):,} training faces; for the attributes, the held-out faces under "
        f"their own tags")
    say(f"seed {seed}; anime_gan_tf {__version__}", *[trained_against] * bool(trained_against))

    content = {"what": title, "faces": len(images), "held_out": len(split.held_out),
               "training_sample": len(sample), "data": faces.title, "features": evaluator.name,
               "seed": seed, "version": __version__, "generated": generated, "real": real,
               "second_features": second_figures}
    if confusion:
        content["confusion"] = {axis: table.tolist() for axis, table in confusion.items()}
    npz.write_json(out.with_suffix(".json"), content)
    pictures.save_png(out, pictures.grid(images[:SHOWN]))
    if confusion:
        path = out.with_name(f"{out.stem}_confusion.png")
        plots.confusion(path, confusion, labels.axes, title)
        say(f"confusion: {path}")
    say(f"figures: {out.with_suffix('.json')}", f"faces: {out}")
    return content


def _accuracy_on_real(evaluator, faces, held_out):
    """The classifier's own accuracy, on the held-out faces: the ceiling."""
    predicted = (evaluator.real if evaluator.classifies
                 else evaluator.classifier.predict(faces.images[held_out]))
    known = evaluator.comparable(faces.tags[held_out], faces.labels)
    return metrics.accuracy(predicted, known) if known else {}


def _print_table(name, generated, real):
    say(f"{name + ':':<44}{'generated':>10}{'real':>10}")
    for figure, value in generated.items():
        title, digits = FIGURES.get(figure, (f"{figure} accuracy", 3))
        reference = f"{real[figure]:.{digits}f}" if figure in real else "-"
        say(f"  {title:<42}{value:>10.{digits}f}{reference:>10}")
