"""How a run came to its faces, as an animation and as curves."""
import re

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import animation, images, plots

RATE = 8    # pictures a second
LINGER = 2  # seconds on the last one


def process(folder, out):
    """Plays the fixed-noise pictures of a run and plots its curves.

    Args: folder: of the run; out: path of the animation; the curves go beside it as .png.
    Returns: the path of the curves.
    Raises:
      UserError: where the run left no pictures.
    """
    paths = sorted((folder / "grids").glob("step_*.png"))
    if not paths:
        raise UserError("--run", Fault.MISSING, f"{folder.name} has no pictures in "
                        f"{folder / 'grids'}, as your own have")
    frames = [_pixels(path) for path in paths]
    frames += frames[-1:] * (RATE * LINGER)
    animation.save(out, np.stack(frames), RATE)
    curves, sheet = read_curves(folder), out.with_suffix(".png")
    groups = {}
    for tag, points in curves.items():
        group, name = tag.split("/", 1)
        if tag in ("loss/d_loss", "loss/g_loss"):  # with their weights they would dwarf the terms
            group = "loss, weighted sum"
        groups.setdefault(group, {})[name] = points
    first, last = (re.sub(r"\D", "", path.stem).lstrip("0") or "0"
                   for path in (paths[0], paths[-1]))
    plots.curves(sheet, groups,
                 f"{folder.name}: {len(paths)} pictures from step {int(first):,} to {int(last):,}")
    return sheet


def _pixels(path):
    """A picture as uint8 (height, width, 3)."""
    try:
        with images.opened(path) as image:
            return np.asarray(images.to_srgb(image)[0])
    except Exception as error:  # pylint: disable=broad-except
        # Pillow raises nearly anything for a damaged file.
        raise UserError(path, Fault.UNREADABLE, f"not a readable picture ({error})") from None


def read_curves(folder):
    """{tag: (steps, values)} of the scalars in a run's TensorBoard files, by step."""
    events = EventAccumulator(str(folder),
                              size_guidance={"scalars": 0, "tensors": 0, "images": 1}).Reload()
    curves = {}
    for tag in events.Tags()["tensors"]:
        if events.SummaryMetadata(tag).plugin_data.plugin_name != "scalars":
            continue
        # What a killed run had done after its last save it did again: the later one counts.
        values = {event.step: float(tf.make_ndarray(event.tensor_proto))
                  for event in events.Tensors(tag)}
        curves[tag] = (sorted(values), [values[step] for step in sorted(values)])
    return curves
