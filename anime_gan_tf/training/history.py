"""The progress of a run as an animation and as curves."""
import logging
import math
import re

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from anime_gan_tf.console import printable
from anime_gan_tf.errors import Fault, reason, UserError
from anime_gan_tf.storage import animation, images, plots
from anime_gan_tf.storage.files import require_regular

log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 8
LAST_SECONDS = 2          # for which the last picture stays
MAX_PIXELS = 2066 ** 2    # of a picture: 8 x 8 faces of 256 px and their gaps
MAX_BYTES = 2 ** 29       # of all pictures in the animation
MAX_PLOTS, MAX_LINES, MAX_NAME = 24, 24, 60  # plots, lines in each, characters of a name
MAX_VALUE = 1e30          # matplotlib cannot draw an axis of larger values
NAME = re.compile(r"step_([0-9]{1,18})\.png")


def process(folder, out):
    """Animates the fixed-noise pictures of a run and plots its curves.

    Args: folder: of the run; out: path of the animation; the curves have the same name, and the
      ending .png.
    Returns: the path of the curves.
    Raises:
      UserError: the run has no pictures, or its files cannot be read.
    """
    steps, frames = read_pictures(folder)
    groups, sheet = _grouped(read_curves(folder)), out.with_suffix(".png")
    if not groups:
        log.warning(f"note: {folder} has no curves that TensorBoard's files show")
    animation.save(out, np.stack(frames + frames[-1:] * (FRAMES_PER_SECOND * LAST_SECONDS)),
                   FRAMES_PER_SECOND)
    plots.curves(sheet, groups,
                 f"{folder.name}: {len(steps)} pictures from step {steps[0]:,} to {steps[-1]:,}")
    return sheet


def read_pictures(folder):
    """The pictures in grids/: ([step, ...], [uint8 (height, width, 3), ...]), in order.

    Pictures of another size than the last one, and files that cannot be read, are left out with a
    note. If all would take more than MAX_BYTES, only one in several is read.

    Raises:
      UserError: there is none.
    """
    grids = folder / "grids"
    found = sorted((int(match[1]), path) for path in grids.glob("step_*.png")
                   if (match := NAME.fullmatch(path.name)))
    pictures, problems, every = [], [], 1
    for i, (step, path) in enumerate(reversed(found)):
        if i % every:
            continue
        picture = _read(path, pictures[0][1].shape if pictures else None)
        if isinstance(picture, str):
            problems.append(f"{path.name} ({picture})")
            continue
        pictures.append((step, picture))
        every = max(1, math.ceil(len(found) * picture.nbytes / MAX_BYTES))
    if not pictures:
        what = f"that can be read; the first: {problems[0]}" if problems else "as your own have"
        raise UserError("--run", Fault.UNREADABLE if problems else Fault.MISSING,
                        f"{folder.name} has no pictures in {grids}, {what}")
    if problems:
        log.warning(f"note: left out: {len(problems):,} of {len(found):,} pictures; the first: "
                    f"{problems[0]}")
    if every > 1:
        log.warning(f"note: shows one in {every:,} of {len(found):,} pictures")
    steps, frames = zip(*reversed(pictures))
    return steps, list(frames)


def _read(path, shape):
    """A PNG as uint8 (height, width, 3), or a text that says what is wrong with it. shape: the one
    that it must have, None for any."""
    try:
        require_regular(path, path.name)
        with images.opened(path) as image:
            if image.width * image.height > MAX_PIXELS:
                return f"too large: {image.width:,} x {image.height:,} pixels"
            picture = np.asarray(images.to_srgb(image)[0])
    except Exception as error:  # pylint: disable=broad-except
        return reason(error)  # Pillow raises nearly anything for a broken PNG
    if shape and picture.shape != shape:
        height, width = picture.shape[:2]
        return f"{width} x {height} pixels, the last one {shape[1]} x {shape[0]}"
    return picture


def read_curves(folder):
    """{tag: (steps, values)} of the scalars in a run's TensorBoard files, in the order of steps.

    Raises:
      UserError: these are damaged, or not regular files.
    """
    for path in folder.glob("*tfevents*"):
        require_regular(path, path)
    try:
        events = EventAccumulator(
            str(folder), size_guidance={"scalars": 0, "tensors": 0, "images": 1}).Reload()
        return {tag: _curve(events.Tensors(tag)) for tag in events.Tags()["tensors"]
                if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"}
    except (DecodeError, tf.errors.OpError, ValueError, TypeError) as error:
        raise UserError(folder, Fault.UNREADABLE, f"its TensorBoard files cannot be read "
                                                  f"({error})") from None


def _curve(events):
    """(steps, values) of the events of one scalar."""
    # A run that was killed repeats the steps after its last save: the later values count.
    values = {}
    for event in events:
        if event.tensor_proto.tensor_shape.dim:  # a few bytes could declare a huge array
            raise ValueError("a scalar is an array")
        value = float(tf.make_ndarray(event.tensor_proto))
        values[event.step] = value if abs(value) < MAX_VALUE else math.nan  # a gap
    return sorted(values), [values[step] for step in sorted(values)]


def _grouped(curves):
    """{plot: {line: (steps, values)}} of read_curves()."""
    groups, left_out = {}, 0
    for tag, points in curves.items():
        group, _, name = tag.rpartition("/")
        if tag in ("loss/d_loss", "loss/g_loss"):  # weighted sums, much larger than their terms
            group = "loss, weighted sum"
        group, name = (printable(part)[:MAX_NAME] for part in (group or "other", name))
        lines = groups.get(group, {})
        if (group not in groups and len(groups) == MAX_PLOTS) or len(lines) == MAX_LINES:
            left_out += 1
            continue
        groups.setdefault(group, {})[name] = points
    if left_out:
        log.warning(f"note: left out: {left_out:,} of {len(curves):,} curves, more than a picture "
                    f"holds")
    return groups
