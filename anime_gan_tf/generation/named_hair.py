"""Which colors of hair a generator can be calibrated for. Needs no TensorFlow, so that others are
refused before it is loaded."""
from anime_gan_tf.data import hair_color
from anime_gan_tf.errors import Fault, UserError


def find(run, recipe, labels):
    """The indices of the colors of hair that hair_color.py can name and hair_calibration.py move.

    Args: of a generator: name of its run, its Recipe and its Labels.
    Raises:
      UserError: it has no labels of hair that can be named, or no embedding of them.
    """
    values = labels.axes.get(hair_color.AXIS, ()) if recipe.conditional else ()
    named = [i for i, value in enumerate(values) if value in hair_color.COLORS]
    if not named:
        raise UserError(run, Fault.CONFLICT,
                        f"it has no labels of hair such as {', '.join(hair_color.COLORS)}")
    if not recipe.embedding_dim:
        raise UserError(run, Fault.CONFLICT, "its labels have no embedding; train with "
                        "--embedding_dim 64, as rpgan has")
    return named
