"""Interpolation between faces (walks) and between colors (fades).

A color path is {axis: [index, ...]}: the values that an axis passes through, in equal parts. One
value holds an axis, and an axis without any keeps what each face has.
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
    """The latents of a round trip: noise on great circles, attributes in straight lines.

    Args: stops: Latents (n), in order; color_path: colors during the trip, which return to the
      first of them; frames: from each stop to the next.
    Returns: Latents (n * frames).
    """
    t = np.arange(frames) / frames
    ahead = stops[np.roll(np.arange(len(stops)), -1)]  # and from the last one back to the first
    z = latents.slerp(stops.z, ahead.z, t).swapaxes(0, 1).reshape(-1, stops.z.shape[1])
    if stops.code is None:
        return Latents(z)
    code = [(1 - t)[:, None] * a + t[:, None] * b for a, b in zip(stops.code, ahead.code)]
    home = {axis: [*colors, colors[0]] for axis, colors in color_path.items()}
    return _on_path(Latents(z, np.concatenate(code).astype(np.float32), stops.labels),
                    home, np.arange(len(z)) / len(z))


def fade_latents(faces, color_path, frames, slide=None):
    """Faces while their colors change, or what sliders move, there and back.

    Args: faces: Latents (n); color_path, slide: a sliders.Slide: at least one axis has two colors
      or one slider two stops; frames: from each color or stop to the next.
    Returns: Latents (moments * n): all faces at the first moment, then at the next.
    """
    there = np.linspace(0, 1, (_stops(color_path, slide) - 1) * frames + 1)
    back = np.concatenate([there, there[-2:0:-1]])
    return _on_path(faces[np.tile(np.arange(len(faces)), len(back))], color_path,
                    np.repeat(back, len(faces)), slide)


def walk(trained, stops, color_path, frames, out, size=None):
    """Writes an animation of walk_latents(), and a picture of the stops.

    Args: out: path of the animation; a .png of the stops goes beside it; size: of the faces, as of
      enlarging.to_size(); the rest as of walk_latents().
    Returns: the path of the .png.
    """
    moments = walk_latents(stops, color_path, frames)
    animation.save(out, _frames(trained, moments, size))
    sheet, stops = out.with_suffix(".png"), moments[::frames]
    images = enlarging.to_size(sampling.draw(trained, stops), size)
    pictures.save_png(sheet, pictures.grid(images), latents.metadata(trained, stops))
    return sheet


def fade(trained, faces, color_path, frames, out, size=None, slide=None):
    """Writes an animation of fade_latents(), and a sheet of its steps.

    Args: as of walk() and fade_latents().
    Returns: the path of the sheet, a .png beside the animation.
    """
    moments = fade_latents(faces, color_path, frames, slide)
    images = _frames(trained, moments, size, 256 if len(faces) == 1 else 0)
    animation.save(out, (pictures.grid(np.stack(list(itertools.islice(images, len(faces)))))
                         for _ in range(len(moments) // len(faces))))

    shown, rows, columns = _sheet(faces, color_path, slide)
    images = enlarging.to_size(sampling.draw(trained, shown), size)
    drawn = pictures.grid(images, len(columns))
    path = out.with_suffix(".png")
    pictures.save_png(path, pictures.labelled(drawn, rows, columns),
                      latents.metadata(trained, shown))
    return path


def _frames(trained, shown, size, least=256):
    """Draws latents one by one: uint8 (size, size, 3). least: the height at which small ones are
    still looked at with ease, where no size is wanted."""
    for images in enlarging.draw(trained, shown, size, progress=True):
        yield from images if size else pictures.enlarged(images, least)


def _sheet(faces, color_path, slide):
    """(Latents, names of rows, names of columns) of the steps of a fade, a row for each face.

    Where two axes and no slider change and there is one face, the first of them changes across and
    the second down.
    """
    moving = {axis: colors for axis, colors in color_path.items() if len(colors) > 1}
    if slide is not None and slide.stops == 1:
        faces, slide = slide.moved(faces), None
    if len(moving) == 2 and len(faces) == 1 and slide is None:
        across, down = moving
        steps = {axis: np.linspace(0, 1, (len(colors) - 1) * STEPS + 1)
                 for axis, colors in moving.items()}
        rows, columns = (grid.ravel()
                         for grid in np.meshgrid(steps[down], steps[across], indexing="ij"))
        held = {axis: colors for axis, colors in color_path.items() if axis not in moving}
        shown = _on_path(faces[np.zeros(len(rows), int)], held, np.zeros(len(rows)))
        shown = _on_path(_on_path(shown, {across: moving[across]}, columns),
                         {down: moving[down]}, rows)
        return shown, *(_names(faces.labels.axes[axis], moving[axis]) for axis in (down, across))
    stops = {axis: [faces.labels.axes[axis][color] for color in colors]
             for axis, colors in moving.items()}
    stops |= {name: [f"{count:g}" for count in counts]
              for name, counts in (slide.steps.items() if slide else ())}
    longest = max(stops.values(), key=len)
    steps = np.linspace(0, 1, (len(longest) - 1) * STEPS + 1)
    shown = _on_path(faces[np.repeat(np.arange(len(faces)), len(steps))], color_path,
                     np.tile(steps, len(faces)), slide)
    return shown, [str(i) for i in range(len(faces))], _names(longest, range(len(longest)))


def _stops(color_path, slide):
    return max(*map(len, color_path.values()), slide.stops if slide else 1, 1)


def _on_path(faces, color_path, t, slide=None):
    """Latents whose colors, and what sliders move, stand at the shares t (n,) in [0, 1] of the
    color path and of the slide."""
    if slide is not None:
        faces = dataclasses.replace(faces, z=faces.z + slide.at(t))
    if not color_path:
        return faces
    labels = faces.labels
    code = np.zeros((len(faces), sum(labels.sizes)), np.float32)
    for axis, colors in color_path.items():
        position = np.asarray(t) * (len(colors) - 1)
        left = np.minimum(position.astype(int), len(colors) - 1)
        right = np.minimum(left + 1, len(colors) - 1)
        share = (position - left)[:, None]
        both = [np.full((len(faces), len(labels.axes)), UNKNOWN) for _ in range(2)]
        for tags, index in zip(both, (left, right)):
            tags[:, list(labels.axes).index(axis)] = np.asarray(colors)[index]
        code += ((1 - share) * labels.encode(both[0])
                 + share * labels.encode(both[1])).astype(np.float32)
    return latents.with_code(faces, code)


def _names(values, colors):
    """A label for each step of a sheet: the color's name where it is reached."""
    names = [""] * ((len(colors) - 1) * STEPS + 1)
    names[::STEPS] = [values[color] for color in colors]
    return names
