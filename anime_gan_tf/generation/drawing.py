"""Pictures of faces, and of a face in every color, with metadata from which they can be redrawn."""
import collections
import csv
import dataclasses
import io
import itertools
import logging
import os
import re

import numpy as np

from anime_gan_tf.generation import enlarging, latents, sampling
from anime_gan_tf.labels import ANY, UNKNOWN
from anime_gan_tf.storage import names, npz, pictures

log = logging.getLogger(__name__)

MAX_GRID = 400  # faces in one picture
LABELS = "labels.csv"
SLIDER_STEPS = 3


def faces(trained, batch, out, seeds=None, requested=None, command=None, size=None):
    """Draws latents into a grid, the first MAX_GRID of them.

    Args:
      trained: loading.Trained; batch: Latents; out: path of the grid.
      seeds: of the latents; None where they are of no seeds, and the pictures store them.
      requested: {axis: value} that the user requested; {} for a model without attributes.
      command: names.digest() of the command, to write each face as a file too, and labels.csv (one
        line for each face, in the order of the files), into a folder next to the grid; or None.
      size: of the faces, as in enlarging.to_size().
    Returns: that folder, or None.
    """
    num, requested, tags = len(batch), requested or {}, batch.tags
    folder = command and _own_folder(out.with_suffix(""), command, trained.labels)
    needed = num if folder else min(num, MAX_GRID)
    digits = max(5, len(str(num - 1)))  # so that the names sort in the order of labels.csv
    grid, labels = [], []
    # The last part is drawn whole: rounding depends on the number of faces in a forward pass.
    whole = batch[:-(-needed // sampling.BATCH) * sampling.BATCH]
    parts = enlarging.draw(trained, whole, size, progress=needed > sampling.BATCH)
    for i, images in zip(itertools.count(0, sampling.BATCH), parts):
        grid.extend(images[:MAX_GRID - len(grid)])
        for j, image in enumerate(images if folder else (), start=i):
            values = ({} if tags is None
                      else dict(zip(batch.labels.axes, batch.labels.names(tags[j]))))
            labels.append(list(values.values()))
            made = (latents.described(trained) | {"seed": int(seeds[j])} | values
                    if seeds is not None else latents.metadata(trained, batch[j:j + 1]))
            made |= {pictures.COMMAND: command}
            pictures.save_png(folder / f"{j:0{digits}d}.png", image, made)
    if folder and tags is not None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(labels)
        npz.write_atomically(folder / LABELS, lambda file: file.write(text.getvalue().encode()))
    made = (latents.described(trained) | {"seed": seeds[0], "num": num} | requested
            if isinstance(seeds, range) else latents.metadata(trained, batch[:MAX_GRID]))
    pictures.save_png(out, pictures.grid(np.stack(grid)), made)
    return folder


def matrix(trained, face, out, size=None):
    """Draws one face with every value of the first axis (rows) and, where there is one, of the
    second (columns).

    Args: face: Latents, of which the first is drawn; out: path of the picture; size: of the faces,
      as in enlarging.to_size().
    """
    labels = trained.labels
    axes = list(labels.axes.items())[:2]
    values = np.stack(np.meshgrid(*(range(len(values)) for _, values in axes), indexing="ij"),
                      axis=-1).reshape(-1, len(axes))
    tags = np.full((len(values), len(labels.axes)), UNKNOWN)
    tags[:, :len(axes)] = values
    batch = latents.with_one_hot(face[np.zeros(len(tags), int)], labels.encode(tags))
    images = enlarging.to_size(sampling.draw(trained, batch), size)
    never = unseen(trained, tags)
    names = [[value + "*" * (f"{value} {axis}" in never) for value in values]
             for axis, values in axes]
    rows, columns = names if len(names) == 2 else ([""], *names)
    warn(trained, never, " (marked * in the picture)")
    sheet = pictures.labeled(pictures.grid(images, len(columns)), rows, columns)
    pictures.save_png(out, sheet, latents.metadata(trained, batch))


def sliders(trained, found, faces, out, size=None):
    """Draws a row for each slider: every face as it is, and at SLIDER_STEPS places of the range to
    either side.

    Args: found: sliders.Sliders; faces: Latents; out: path of the picture; size: of the faces, as
      of enlarging.to_size().
    """
    count = 2 * SLIDER_STEPS + 1
    parts = []
    for slider in found.listed:
        steps = np.interp(np.arange(count), [0, SLIDER_STEPS, count - 1],
                          [slider.low, 0, slider.high])
        shifts = np.stack([found.shift({slider.name: step}) for step in steps])
        parts += [dataclasses.replace(faces[np.full(count, i)], z=faces.z[i] + shifts)
                  for i in range(len(faces))]
    batch = latents.concatenated(parts)
    images = np.concatenate(list(enlarging.draw(trained, batch, size, progress=True)))
    rows = [f"{slider.name}, {slider.low:g} to {slider.high:g}" for slider in found.listed]
    columns = [""] * (count * len(faces))
    pictures.save_png(out, pictures.labeled(pictures.grid(images, len(columns)), rows, columns),
                      latents.metadata(trained, batch))


def warn_unseen(trained, tags):
    """Warns where no training face had some of the requested tags."""
    warn(trained, unseen(trained, [tags]))


def unseen(trained, rows):
    """Counts the tags (faces, axes) that no training face had: {'gray eyes': faces}."""
    distribution = trained.label_distribution
    if distribution is None:
        return {}
    return collections.Counter(name for tags in rows
                               for name in trained.labels.unseen(distribution, tags))


def warn(trained, names, where=""):
    """Warns of the names of unseen(), if there are any."""
    if names:
        never = "saw {} in training" if trained.recipe.conditional else "drew {} by itself"
        log.warning(f"warning: {trained.info['run']} never {never.format(' or '.join(names))} and "
                    f"can only guess{where}")


def _own_folder(folder, command, labels):
    """A folder for numbered faces: a new one, with a number appended to its name if necessary, or
    that of an earlier call of the same command, whose files are replaced."""
    folder = next(each for each in names.numbered(folder)
                  if not os.path.lexists(each) or _is_of(each, command, labels))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_of(folder, command, labels):
    """Whether a folder holds only what faces() wrote for that command."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    entries = list(folder.iterdir())
    label_files = [path for path in entries if path.name == LABELS]
    drawn = [path for path in entries if path not in label_files]
    return (all(re.fullmatch(r"\d{5,}\.png", path.name) and pictures.is_face_of(path, command)
                for path in drawn)
            and all(_are_labels(path, len(drawn), labels) for path in label_files))


def _are_labels(path, count, labels):
    """Whether a file is a labels.csv of that many faces."""
    if not path.is_file() or path.is_symlink():
        return False
    lines = path.read_text(errors="replace").splitlines()
    return len(lines) == count and all(
        len(words) == len(labels.axes) and all(word == ANY or labels.index(axis, word) != UNKNOWN
                                               for axis, word in zip(labels.axes, words))
        for words in (line.split(",") for line in lines))
