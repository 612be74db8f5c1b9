"""The values of flags of train and compare."""
import re

from anime_gan_tf import recipes
from anime_gan_tf.cli.flags import overrides
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import catalog


def recipe(flags):
    """(name, Recipe) of the flags."""
    model = flags.model or "dcgan"
    return model, recipes.resolve(model, overrides(), flags.as_published)


def seconds(flags, name):
    """The value of a flag such as --budget 1h30m in seconds."""
    text = flags[name].value
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?",
                         text.strip().lower())
    parts = [float(part or 0) for part in match.groups()] if match else [0.0]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1)))
    if not total:
        raise UserError(f"--{name}", Fault.INVALID,
                        f"{text!r} is not a time; write 30m, 2h, 1h30m or 90s")
    return total


def until(flags, enlarges=False):
    """The value of --until for Recipe.target_metric, or None. enlarges: whether the recipe is an
    enlarger, for which "faces" has no meaning."""
    text = flags.until
    if text is None:
        return None
    if text == "faces" and not enlarges:
        return catalog.RECOGNIZABLE_FRECHET
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not float(text):
        raise UserError("--until", Fault.INVALID,
                        f"{text!r} is not an error above zero, such as 0.6" if enlarges else
                        f"{text!r} is neither a distance above zero, such as 150, nor faces")
    return float(text)
