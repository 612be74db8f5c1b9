"""Interpolation between faces (walks) and between colours (fades).

A color path is {axis: [index, ...]}: the values that an axis passes through, in equal parts. One
value holds an axis, and an axis without any keeps what each face has.
"""
import numpy as np

from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.generation.latents import Latents
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import animation, pictures

STEPS = 6  # on a sheet, from one colour to the next


def walk(trained, stops, color_path, frames, out):
    """A round trip through faces: noise on great circles, colours in straight lines.

    Args:
      stops: Latents, in order; color_path: colours during the trip, which return to the first of
        them.
      frames: from each stop to the next.
      out: path of the animation; a .png of the stops goes beside it.
    Returns: the path of the .png.
    """
    t = np.arange(frames) / frames
    ahead = stops[np.roll(np.arange(len(stops)), -1)]  # and from the last one back to the first
    z = latents.slerp(stops.z, ahead.z, t).swapaxes(0, 1).reshape(-1, stops.z.shape[1])
    shown = Latents(z)
    if stops.code is not None:
        code = [(1 - t)[:, None] * a + t[:, None] * b for a, b in zip(stops.code, ahead.code)]
        home = {axis: [*colours, colours[0]] for axis, colours in color_path.items()}
        shown = _on_path(Latents(z, np.concatenate(code).astype(np.float32), stops.labels), home,
                         np.arange(len(z)) / len(z))
    images = sampling.draw(trained, shown, progress=True)
    animation.save(out, pictures.enlarged(images))
    sheet = out.with_suffix(".png")
    pictures.save_png(sheet, pictures.grid(images[::frames]),
                      latents.metadata(trained, shown[::frames]))
    return sheet


def fade(trained, faces, color_path, frames, out):
    """Faces while their colours change: there and back as an animation, and as a sheet.

    Args: faces: Latents; color_path: at least one axis has two colours; the rest as of walk().
    Returns: the path of the sheet, a .png beside the animation.
    """
    there = np.linspace(0, 1, (max(map(len, color_path.values())) - 1) * frames + 1)
    back = np.concatenate([there, there[-2:0:-1]])
    images = sampling.draw(trained, _on_path(faces[np.repeat(np.arange(len(faces)), len(back))],
                                             color_path, np.tile(back, len(faces))), progress=True)
    images = pictures.enlarged(images, 256 if len(faces) == 1 else 0)
    animation.save(
        out, np.stack([pictures.grid(images[moment::len(back)]) for moment in range(len(back))]))

    shown, rows, columns = _sheet(faces, color_path)
    drawn = pictures.grid(sampling.draw(trained, shown), len(columns))
    path = out.with_suffix(".png")
    pictures.save_png(path, pictures.labelled(drawn, rows, columns),
                      latents.metadata(trained, shown))
    return path


def _sheet(faces, color_path):
    """(Latents, names of rows, names of columns) of the steps of a fade, a row for each face.

    Where two axes change and there is one face, the first of them changes across and the second
    down.
    """
    moving = {axis: colours for axis, colours in color_path.items() if len(colours) > 1}
    if len(moving) == 2 and len(faces) == 1:
        across, down = moving
        steps = {axis: np.linspace(0, 1, (len(colours) - 1) * STEPS + 1)
                 for axis, colours in moving.items()}
        rows, columns = (grid.ravel()
                         for grid in np.meshgrid(steps[down], steps[across], indexing="ij"))
        held = {axis: colours for axis, colours in color_path.items() if axis not in moving}
        shown = _on_path(faces[np.zeros(len(rows), int)], held, np.zeros(len(rows)))
        shown = _on_path(_on_path(shown, {across: moving[across]}, columns),
                         {down: moving[down]}, rows)
        return shown, *(_names(faces.labels.axes[axis], moving[axis]) for axis in (down, across))
    longest = max(moving, key=lambda axis: len(moving[axis]))
    steps = np.linspace(0, 1, (len(moving[longest]) - 1) * STEPS + 1)
    shown = _on_path(faces[np.repeat(np.arange(len(faces)), len(steps))], color_path,
                     np.tile(steps, len(faces)))
    columns = _names(faces.labels.axes[longest], moving[longest])
    return shown, [str(i) for i in range(len(faces))], columns


def _on_path(faces, color_path, t):
    """Latents whose colours stand at the shares t (n,) in [0, 1] of the color path."""
    labels = faces.labels
    code = np.zeros((len(faces), sum(labels.sizes)), np.float32)
    for axis, colours in color_path.items():
        position = np.asarray(t) * (len(colours) - 1)
        left = np.minimum(position.astype(int), len(colours) - 1)
        right = np.minimum(left + 1, len(colours) - 1)
        share = (position - left)[:, None]
        both = [np.full((len(faces), len(labels.axes)), UNKNOWN) for _ in range(2)]
        for tags, index in zip(both, (left, right)):
            tags[:, list(labels.axes).index(axis)] = np.asarray(colours)[index]
        code += ((1 - share) * labels.encode(both[0])
                 + share * labels.encode(both[1])).astype(np.float32)
    return latents.with_code(faces, code)


def _names(values, colours):
    """A label for each step of a sheet: the colour's name where it is reached."""
    names = [""] * ((len(colours) - 1) * STEPS + 1)
    names[::STEPS] = [values[colour] for colour in colours]
    return names
