"""--mode evaluate: how good a set of faces is, each figure beside what real faces get."""
import dataclasses
import math

import numpy as np
import tensorflow as tf

from anime_gan_tf import (__version__, attributes, checkpoints, classifier, inception, metrics, perceptual_features,
                          pictures, plots, points, sampling)
from anime_gan_tf.data import twins
from anime_gan_tf.errors import UserError

DIGITS = {"frechet": 2, "kernel": 3, "precision": 3, "recall": 3, "density": 3, "coverage": 3,
          "nyquist": 6, "inception_score": 2, "hair": 3, "eyes": 3, "both": 3}
SMALL = 1000  # faces of an evaluation during training
SHOWN = 100
NAMES = {"frechet": "Frechet distance", "kernel": "kernel distance", "nyquist": "Nyquist energy",
         "inception_score": "Inception score", "hair": "hair as wanted", "eyes": "eyes as wanted",
         "both": "both as wanted"}


@dataclasses.dataclass
class Ruler:
    """A feature network and the real faces that it measures against."""
    look: object          # images -> {"features": ..., and for the classifier "hair", "eyes"}
    name: str             # which features
    real: dict            # what it saw in the real faces
    colours: object       # a Classifier, for agreement with the tags

    def distances(self, seen):
        """The figures that the features alone give. seen: look() of a set of faces."""
        kernel, _ = metrics.kernel_distance(self.real["features"], seen["features"])
        figures = {"frechet": metrics.frechet_distance(self.real["features"], seen["features"]),
                   "kernel": kernel}
        return figures | metrics.neighbourhoods(self.real["features"], seen["features"])

    def measure(self, images, tags=None, colours=None):
        """All figures of a set of faces, uint8 (n, size, size, 3).

        tags: int (n, 2) or None; colours: what the classifier saw in the faces, where that is known.
        """
        seen = self.look(images)
        figures = self.distances(seen)
        figures["nyquist"] = metrics.nyquist_energy(images)
        if "classes" in seen:
            figures["inception_score"] = metrics.inception_score(seen["classes"])[0]
        if tags is not None and (tags != attributes.UNKNOWN).any():
            colours = colours or (seen if "hair" in seen else self.colours.look(images))
            figures |= metrics.accuracy(colours, tags)
            figures["confusion"] = {axis: metrics.confusion(colours[axis], tags[:, i])
                                    for i, axis in enumerate(attributes.AXES)}
        return figures


def make_ruler(faces, rows, features="faces", what="held-out faces (a tenth of it)"):
    """A Ruler whose reference are some rows of `faces`.

    Args: features: perceptual, faces, inception, or the path of a classifier.npz; what: these rows are, for errors.
    Raises:
      UserError: too few faces, no such features.
    """
    if len(rows) <= metrics.NEIGHBOURS:
        raise UserError(f"--data: {faces.title} has {len(rows):,} {what}, and distances need more than "
                        f"{metrics.NEIGHBOURS}")
    real = faces.images[rows]
    colours = classifier.load(features if features.endswith(".npz") else classifier.SHIPPED)
    if features == "perceptual":
        look, seen = perceptual_features.load(real, "features")
        return Ruler(look, perceptual_features.NAME, seen, colours)
    if features == "inception":
        look, name = inception.load(), "inception (keras.applications' ImageNet weights, not the 2015 FID network)"
    else:
        look, name = colours.look, f"{features} (classifier of {colours.info['version']}, {colours.info['data']})"
    return Ruler(look, name, look(real), colours)


def small(ruler, recipe, generator, table):
    """A quick look: {name: figure} of SMALL faces, the same seeds each time."""
    seeds = range(SMALL)
    tags = None if table is None else sampling.wishes(table, seeds)
    figures = ruler.measure(sampling.draw(generator, sampling.latents(recipe, seeds), tags), tags)
    figures.pop("confusion", None)
    return figures


def evaluate_run(path, num, faces, features, seed, out):
    """Draws `num` faces as --mode infer does, of seeds `seed` and up, and evaluates them.

    Args: path: of a generator.npz; the rest as of evaluate().
    """
    trained = checkpoints.load_generator(path)
    shown = points.of_seeds(trained, range(seed, seed + num))
    images, tags = points.draw(trained, shown, progress=True), shown.tags
    if trained.info["data"] != faces.title:
        print(f"note: {trained.info['run']} was trained on {trained.info['data']}, not on {faces.title}")
    against = "a perceptual discriminator on EfficientNet-Lite1" if trained.recipe.perceptual else "no frozen features"
    content = evaluate(trained.describe(), images, tags, faces, features, seed, out, f"trained against {against}")
    if (path.parent / "run.json").exists():  # trained here, so TensorBoard knows the run
        with tf.summary.create_file_writer(str(path.parent)).as_default(step=trained.info.get("step", 0)):
            for name, value in content["judged"].items():
                tf.summary.scalar(f"quality/{name}", value)


def _print_table(name, judged, real):
    print(f"{name + ':':<44}{'judged':>10}{'real':>10}")
    for figure, value in judged.items():
        beside = f"{real[figure]:.{DIGITS[figure]}f}" if figure in real else "-"
        print(f"  {NAMES.get(figure, figure):<42}{value:>10.{DIGITS[figure]}f}{beside:>10}")


def evaluate(title, images, tags, faces, features, seed, out, trained_against=None):
    """Measures faces against the held-out part of a data set; prints, saves and plots the figures.

    Args:
      title: what is measured, for people; images: uint8 (n, size, size, 3); tags: what was wished,
        int (n, 2), or None.
      faces: the real Faces.
      features: as of make_ruler; beside perceptual ones the distances by the classifier's are shown as well.
      seed: of the sample of training faces; trained_against: which frozen features trained the generator, for people.
      out: path of a picture of the first SHOWN faces; beside it go NAME.json and NAME_confusion.png.
    Returns: what the .json holds.
    Raises:
      UserError: too few faces to measure.
    """
    if len(images) <= metrics.NEIGHBOURS:
        raise UserError(f"--num: {len(images):,} faces are too few; distances need more than {metrics.NEIGHBOURS}")
    rows, _, held_out = twins.split(faces.images)
    ruler = make_ruler(faces, held_out, features)
    # No single feature space is to be trusted.
    second = make_ruler(faces, held_out) if features == "perceptual" else None
    colours = second and second.look(images)
    figures = ruler.measure(images, tags, colours)
    # The floor: as many training faces as were judged, where there are so many.
    sample = np.random.default_rng(seed).permutation(rows)[:len(images)]
    real = ruler.measure(faces.images[sample])
    confusion = figures.pop("confusion", None)
    if confusion:
        seen = (second or ruler).real
        seen = seen if "hair" in seen else ruler.colours.look(faces.images[held_out])
        real |= metrics.accuracy(seen, faces.tags[held_out])

    judged, real = ({name: side[name] for name in DIGITS if not math.isnan(side.get(name, math.nan))}
                    for side in (figures, real))  # without tags there is no share of them

    print(f"{len(images):,} faces, {title}, against {len(held_out):,} held-out faces of {faces.title}")
    _print_table(ruler.name, judged, real)
    beside = {}
    if second:
        beside = {"features": second.name, "judged": second.distances(colours),
                  "real": second.distances(second.look(faces.images[sample]))}
        _print_table(second.name, beside["judged"], beside["real"])
    print(f"real: {len(sample):,} training faces; for the colours, the held-out faces under their own tags")
    print(f"seed {seed}; anime_gan_tf {__version__}" + (f"\n{trained_against}" if trained_against else ""))

    content = {"what": title, "faces": len(images), "held_out": len(held_out), "training_sample": len(sample),
               "data": faces.title, "features": ruler.name, "seed": seed, "version": __version__,
               "judged": judged, "real": real, "second_features": beside}
    if confusion:
        content["confusion"] = {axis: table.tolist() for axis, table in confusion.items()}
        plots.confusion(out.with_name(f"{out.stem}_confusion.png"), confusion, title)
        print(f"confusion: {out.with_name(f'{out.stem}_confusion.png')}")
    checkpoints.write_json(out.with_suffix(".json"), content)
    pictures.save_png(out, pictures.grid(images[:SHOWN]))
    print(f"figures: {out.with_suffix('.json')}\nfaces: {out}")
    return content
