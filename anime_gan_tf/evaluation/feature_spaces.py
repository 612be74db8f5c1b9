"""The table of feature spaces in which sets of faces are compared. Needs no TensorFlow."""
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.evaluation.metrics import NEIGHBORS
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import checkpoints

FEATURE_SPACES = {
    "perceptual": "an ImageNet network's, and faces as a second opinion",
    "faces": "the attribute classifier's",
    "inception": "InceptionV3's",
}


def check(features: str) -> None:
    """Refuses a value of --features.

    Raises:
      UserError: it is neither a key of FEATURE_SPACES nor the path of a classifier.npz.
    """
    if not _is_classifier(features):
        choose("--features", features, (*FEATURE_SPACES, "a classifier.npz"))


def check_number(count: int, flag: str) -> None:
    """Refuses too few faces to measure. Raises: UserError about `flag`."""
    if count <= NEIGHBORS:
        raise UserError(flag, Fault.TOO_FEW, f"{count} faces are too few; distances need more than "
                        f"{NEIGHBORS}")


def classifier_path(features: str):
    """The classifier.npz of an evaluation: `features` if it is the path of one, else the bundled
    one."""
    return features if _is_classifier(features) else checkpoints.CLASSIFIER


def classifier_labels(features: str) -> Labels:
    """The Labels that this classifier predicts. Raises: as in checkpoints.classifier_labels()."""
    return checkpoints.classifier_labels(classifier_path(features))


def _is_classifier(features):
    return features.lower().endswith(".npz")
