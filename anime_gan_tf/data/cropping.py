"""Faces cut out of whole pictures."""
import math

from anime_gan_tf.errors import Fault, UserError

MARGIN = 0.025


def parse_margin(text, flag="--margin"):
    """The number in a text: what is left free on each side of a face's box, as a share of it.

    Raises:
      UserError
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 2:
        raise UserError(flag, Fault.INVALID, f"{text!r} is not a share of a face's box from 0 to 2")
    return value
