"""Interpolation between faces (walks) and between colors (fades).

A color path is {axis: [tag, ...]}: the values that an axis passes through, in equal parts. With
one value the axis is constant; an axis that is not in it keeps the value of each face.
"""
import dataclasses
import itertools

import numpy as np

from anime_gan_tf.generation import enlarging, latents, sampling
from anime_gan_tf.generation.latents import Latents
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import animation, pictures

STEPS = 6  # on a sheet, from one color to the next


def walk_latents(stops, color_path, frames):
    """The latents of a round trip: noise by spherical interpolation, labels by Labels.between().

    Args: stops: Latents (n), in order; color_path: colors during the trip, which return to the
      first; frames: from each stop to the next.
    Returns: Latents (n * frames).
    """
    t = np.arange(frames) / frames
    following = stops[np.roll(np.arange(len(stops)), -1)]  # that of the last one is the first
    z = latents.slerp(stops.z, following.z, t).swapaxes(0, 1).reshape(-1, stops.z.shape[1])
    if stops.one_hot is None:
        return Latents(z)
    ends = [np.repeat(part.one_hot, frames, axis=0) for part in (stops, following)]
    one_hot = stops.labels.between(*ends, np.tile(t, len(stops))[:, None])
    round_trip = {axis: [*colors, colors[0]] for axis, colors in color_path.items()}
    return _on_path(Latents(z, one_hot, stops.labels), round_trip, np.arange(len(z)) / len(z))


def fade_latents(batch, color_path, frames, slide=None):
    """The latents of faces whose colors change, or which sliders move, forward and back.

    Args: batch: Latents (n); color_path, slide: a sliders.Slide: at least one axis has two colors
      or one slider two stops; frames: from each color or stop to the next.
    Returns: Latents (times * n): all faces at the first time, then at the next.
    """
    forward = np.linspace(0, 1, (_stops(color_path, slide) - 1) * frames + 1)
    t = np.concatenate([forward, forward[-2:0:-1]])
    return _on_path(batch[np.tile(np.arange(len(batch)), len(t))], color_path,
                    np.repeat(t, len(batch)), slide)


def walk(trained, stops, color_path, frames, out, size=None):
    """Writes an animation of walk_latents(), and a picture of the stops.

    Args: out: path of the animation; the .png of the stops has the same name; size: of the faces,
      as in enlarging.to_size(); the others: as in walk_latents().
    Returns: the path of the .png.
    """
    moving = walk_latents(stops, color_path, frames)
    animation.save(out, _frames(trained, moving, size))
    sheet, stops = out.with_suffix(".png"), moving[::frames]
    images = enlarging.to_size(sampling.draw(trained, stops), size)
    pictures.save_png(sheet, pictures.grid(images), latents.metadata(trained, stops))
    return sheet


def fade(trained, batch, color_path, frames, out, size=None, slide=None):
    """Writes an animation of fade_latents(), and a sheet of its steps.

    Args: as in walk() and fade_latents().
    Returns: the path of the sheet, a .png of the animation's name.
    """
    moving = fade_latents(batch, color_path, frames, slide)
    images = _frames(trained, moving, size, 256 if len(batch) == 1 else 0)
    animation.save(out, (pictures.grid(np.stack(list(itertools.islice(images, len(batch)))))
                         for _ in range(len(moving) // len(batch))))

    steps, rows, columns = _sheet(batch, color_path, slide)
    images = enlarging.to_size(sampling.draw(trained, steps), size)
    drawn = pictures.grid(images, len(columns))
    path = out.with_suffix(".png")
    pictures.save_png(path, pictures.labeled(drawn, rows, columns),
                      latents.metadata(trained, steps))
    return path


def _frames(trained, moving, size, min_height=256):
    """Draws latents one by one: uint8 (size, size, 3). min_height: to which small ones are enlarged
    where no size is requested."""
    for images in enlarging.draw(trained, moving, size, progress=True):
        yield from images if size else pictures.enlarged(images, min_height)


def _sheet(batch, color_path, slide):
    """(Latents, names of rows, names of columns) of the steps of a fade, a row for each face.

    Where two axes and no slider change and there is one face, the first of them changes along the
    columns and the second along the rows.
    """
    moving = {axis: colors for axis, colors in color_path.items() if len(colors) > 1}
    named = {axis: [batch.labels.name(axis, color) for color in colors]
             for axis, colors in moving.items()}
    if slide is not None and slide.stops == 1:
        batch, slide = slide.applied(batch), None
    if len(moving) == 2 and len(batch) == 1 and slide is None:
        across, down = moving
        steps = {axis: np.linspace(0, 1, (len(colors) - 1) * STEPS + 1)
                 for axis, colors in moving.items()}
        rows, columns = (grid.ravel()
                         for grid in np.meshgrid(steps[down], steps[across], indexing="ij"))
        constant = {axis: colors for axis, colors in color_path.items() if axis not in moving}
        cells = _on_path(batch[np.zeros(len(rows), int)], constant, np.zeros(len(rows)))
        cells = _on_path(_on_path(cells, {across: moving[across]}, columns),
                         {down: moving[down]}, rows)
        return cells, *(_names(named[axis]) for axis in (down, across))
    stops = dict(named)
    stops |= {name: [f"{count:g}" for count in counts]
              for name, counts in (slide.steps.items() if slide else ())}
    longest = max(stops.values(), key=len)
    steps = np.linspace(0, 1, (len(longest) - 1) * STEPS + 1)
    cells = _on_path(batch[np.repeat(np.arange(len(batch)), len(steps))], color_path,
                     np.tile(steps, len(batch)), slide)
    return cells, [str(i) for i in range(len(batch))], _names(longest)


def _stops(color_path, slide):
    return max(*map(len, color_path.values()), slide.stops if slide else 1, 1)


def _on_path(batch, color_path, t, slide=None):
    """Latents (n) at the positions t (n,), in [0, 1], of a color path and of a slide."""
    if slide is not None:
        batch = dataclasses.replace(batch, z=batch.z + slide.at(t))
    if not color_path:
        return batch
    labels = batch.labels
    one_hot = np.zeros((len(batch), sum(labels.sizes)), np.float32)
    for axis, colors in color_path.items():
        position = np.asarray(t) * (len(colors) - 1)
        left = np.minimum(position.astype(int), len(colors) - 1)
        right = np.minimum(left + 1, len(colors) - 1)
        share = (position - left)[:, None]
        both = [np.full((len(batch), len(labels.axes)), UNKNOWN, labels.dtype) for _ in range(2)]
        for tags, index in zip(both, (left, right)):
            tags[:, list(labels.axes).index(axis)] = np.asarray(colors)[index]
        one_hot += labels.between(*map(labels.encode, both), share)
    return latents.with_one_hot(batch, one_hot)


def _names(stops):
    """A name for each step of a sheet: that of the stop, or "" between two stops."""
    names = [""] * ((len(stops) - 1) * STEPS + 1)
    names[::STEPS] = stops
    return names
