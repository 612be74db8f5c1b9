"""The pictures of --mode walk, fade and mix: ways through the space of faces.

A way is {"hair": [index, ...], "eyes": [index, ...]}: the colours that an axis passes through, in equal
parts. One colour holds an axis, and an axis without any keeps what each face has.
"""
import keras
import numpy as np

from anime_gan_tf import animation, pictures, points, sampling, vectors
from anime_gan_tf.attributes import AXES
from anime_gan_tf.networks import blocks
from anime_gan_tf.points import Points

STEPS = 6  # on a sheet, from one colour to the next


def walk(trained, stops, way, frames, out):
    """A round trip through faces: noise on great circles, colours in straight lines.

    Args:
      stops: Points, in order; way: colours during the trip, which return to the first of them.
      frames: from each stop to the next.
      out: path of the animation; a .png of the stops goes beside it.
    Returns: the path of the .png.
    """
    t = np.arange(frames) / frames
    ahead = stops[np.roll(np.arange(len(stops)), -1)]  # and from the last one back to the first
    z = points.slerp(stops.z, ahead.z, t).swapaxes(0, 1).reshape(-1, stops.z.shape[1])
    shown = Points(z)
    if stops.code is not None:
        code = [(1 - t)[:, None] * a + t[:, None] * b for a, b in zip(stops.code, ahead.code)]
        home = {axis: [*colours, colours[0]] for axis, colours in way.items()}
        shown = _on_way(Points(z, np.concatenate(code).astype(np.float32)), home, np.arange(len(z)) / len(z))
    images = points.draw(trained, shown, progress=True)
    animation.save(out, pictures.enlarged(images))
    sheet = out.with_suffix(".png")
    pictures.save_png(sheet, pictures.grid(images[::frames]), points.metadata(trained, shown[::frames]))
    return sheet


def fade(trained, faces, way, frames, out):
    """Faces while their colours change: there and back as an animation, and as a sheet.

    Args: faces: Points; way: at least one axis has two colours; the rest as of walk().
    Returns: the path of the sheet, a .png beside the animation.
    """
    there = np.linspace(0, 1, (max(map(len, way.values())) - 1) * frames + 1)
    back = np.concatenate([there, there[-2:0:-1]])
    images = points.draw(trained, _on_way(faces[np.repeat(np.arange(len(faces)), len(back))], way,
                                          np.tile(back, len(faces))), progress=True)
    images = pictures.enlarged(images, 256 if len(faces) == 1 else 0)
    animation.save(out, np.stack([pictures.grid(images[moment::len(back)]) for moment in range(len(back))]))

    shown, rows, columns = _sheet(faces, way)
    drawn = pictures.grid(points.draw(trained, shown), len(columns))
    path = out.with_suffix(".png")
    pictures.save_png(path, pictures.labelled(drawn, rows, columns), points.metadata(trained, shown))
    return path


def mix(trained, faces, out):
    """A sheet on which every face has the colours and the light of every other.

    Style mixing for generators that know no styles: inside, in maps of a quarter of the image's size or the largest
    below, each channel of one face gets the mean and the deviation that it has for another (adaptive instance
    normalisation, Huang and Belongie 2017, equation 8). What is where stays.

    Args: faces: Points, down the left with their shapes and along the top with their colours; out: path of a .png.
    """
    trained, faces = vectors.plain(trained, faces)
    generator, most = trained.generator, trained.recipe.image_size // 4
    stages = [layer.output for layer in generator.layers if layer.name.startswith(blocks.STAGE)]  # from small to large
    stage = [stage for stage in stages if stage.shape[1] <= most or stage is stages[0]][-1]
    inputs = [faces.z] + ([] if faces.code is None else [faces.code])
    maps = np.asarray(points.from_code(generator, stage)(inputs, training=False))
    mean, deviation = (of(maps, axis=(1, 2), keepdims=True) for of in (np.mean, np.std))
    shapes = (maps - mean) / (deviation + 1e-6)
    upper = keras.Model(stage, generator.output)
    given, blank = points.draw(trained, faces), np.full((1, *generator.output.shape[1:]), 255, np.uint8)
    rows = [np.concatenate([blank, given])]
    for face, shape in zip(given, shapes):
        rows.append(np.concatenate([face[None], sampling.to_uint8(upper(shape * deviation + mean, training=False))]))
    names = ["colours of", "shape of"] + [""] * (len(faces) - 1)
    sheet = pictures.grid(np.concatenate(rows), len(faces) + 1)
    pictures.save_png(out, pictures.labelled(sheet, names, [""] * (len(faces) + 1)), points.metadata(trained, faces))


def _sheet(faces, way):
    """(Points, names of the rows, names of the columns) of the steps of a fade, and a row for each face.

    Where both axes change and there is one face, hair changes across and eyes down.
    """
    moving = {axis: colours for axis, colours in way.items() if len(colours) > 1}
    if len(moving) == 2 and len(faces) == 1:
        sides = {axis: np.linspace(0, 1, (len(colours) - 1) * STEPS + 1) for axis, colours in moving.items()}
        eyes, hair = (side.ravel() for side in np.meshgrid(sides["eyes"], sides["hair"], indexing="ij"))
        shown = faces[np.zeros(len(hair), int)]
        shown = _on_way(_on_way(shown, {"hair": way["hair"]}, hair), {"eyes": way["eyes"]}, eyes)
        return shown, *(_names(axis, moving[axis]) for axis in ("eyes", "hair"))
    longest = max(moving, key=lambda axis: len(moving[axis]))
    steps = np.linspace(0, 1, (len(moving[longest]) - 1) * STEPS + 1)
    shown = _on_way(faces[np.repeat(np.arange(len(faces)), len(steps))], way, np.tile(steps, len(faces)))
    return shown, [str(i) for i in range(len(faces))], _names(longest, moving[longest])


def _on_way(faces, way, t):
    """Points whose colours stand at the shares t (n,) in [0, 1] of the way."""
    wide = points.encode([(-1, -1)] * len(faces))
    for axis, colours in way.items():
        position = np.asarray(t) * (len(colours) - 1)
        left = np.minimum(position.astype(int), len(colours) - 1)
        right = np.minimum(left + 1, len(colours) - 1)
        share = (position - left)[:, None]
        pairs = [np.full((len(faces), 2), -1), np.full((len(faces), 2), -1)]
        for pair, index in zip(pairs, (left, right)):
            pair[:, list(AXES).index(axis)] = np.asarray(colours)[index]
        wide += ((1 - share) * points.encode(pairs[0]) + share * points.encode(pairs[1])).astype(np.float32)
    return points.overlaid(faces, wide)


def _names(axis, colours):
    """A label for each step of a sheet: the colour's name where it is reached."""
    names = [""] * ((len(colours) - 1) * STEPS + 1)
    names[::STEPS] = [AXES[axis][colour] for colour in colours]
    return names
