"""Pictures of faces, and of a face in every color, with what it takes to make them again."""
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


def faces(trained, shown, out, seeds=None, asked=None, command=None, size=None):
    """Draws latents into a grid, the first MAX_GRID of them.

    Args:
      trained: loading.Trained; shown: Latents; out: path of the grid.
      seeds: their seeds, where they have some; else the pictures carry the latents themselves.
      asked: {axis: value}, what the user asked for; {} of a model without attributes.
      command: names.digest() of what was asked, to write every face as a file too, and labels.csv
        (the values of a face a line, in the order of the files), into a folder beside the grid.
      size: of the faces, as of enlarging.to_size().
    Returns: that folder, or None.
    """
    num, asked, tags = len(shown), asked or {}, shown.tags
    folder = command and _own_folder(out.with_suffix(""), command, trained.labels)
    needed = num if folder else min(num, MAX_GRID)
    digits = max(5, len(str(num - 1)))  # so that the order of the names is that of labels.csv
    grid, labels = [], []
    # The others of the last part are drawn too: rounding depends on its size.
    whole = shown[:-(-needed // sampling.BATCH) * sampling.BATCH]
    parts = enlarging.draw(trained, whole, size, progress=needed > sampling.BATCH)
    for i, images in zip(itertools.count(0, sampling.BATCH), parts):
        grid.extend(images[:MAX_GRID - len(grid)])
        for j, image in enumerate(images if folder else (), start=i):
            values = ({} if tags is None
                      else dict(zip(shown.labels.axes, shown.labels.names(tags[j]))))
            labels.append(list(values.values()))
            made = (latents.described(trained) | {"seed": int(seeds[j])} | values
                    if seeds is not None else latents.metadata(trained, shown[j:j + 1]))
            made |= {pictures.COMMAND: command}
            pictures.save_png(folder / f"{j:0{digits}d}.png", image, made)
    if folder and tags is not None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(labels)
        npz.write_atomically(folder / LABELS, lambda file: file.write(text.getvalue().encode()))
    made = (latents.described(trained) | {"seed": seeds[0], "num": num} | asked
            if isinstance(seeds, range) else latents.metadata(trained, shown[:MAX_GRID]))
    pictures.save_png(out, pictures.grid(np.stack(grid)), made)
    return folder


def matrix(trained, face, out, size=None):
    """Draws every value of the first axis by every value of the second, where there is one, for one
    face.

    Args: face: Latents, of which the first counts; out: path of the picture; size: of the faces, as
      of enlarging.to_size().
    """
    labels = trained.labels
    axes = list(labels.axes.items())[:2]
    values = np.stack(np.meshgrid(*(range(len(values)) for _, values in axes), indexing="ij"),
                      axis=-1).reshape(-1, len(axes))
    tags = np.full((len(values), len(labels.axes)), UNKNOWN)
    tags[:, :len(axes)] = values
    shown = latents.with_code(face[np.zeros(len(tags), int)], labels.encode(tags))
    images = enlarging.to_size(sampling.draw(trained, shown), size)
    unseen = dict.fromkeys(name for row in tags for name in labels.unseen(trained.table, row))
    names = [[value + "*" * (f"{value} {axis}" in unseen) for value in values]
             for axis, values in axes]
    rows, columns = names if len(names) == 2 else ([""], *names)
    if unseen:
        _warn(trained, unseen, " (marked * in the picture)")
    sheet = pictures.labelled(pictures.grid(images, len(columns)), rows, columns)
    pictures.save_png(out, sheet, latents.metadata(trained, shown))


def sliders(trained, found, faces, out, size=None):
    """Draws a row for each slider: every face as it is, and at SLIDER_STEPS places of the range to
    either side.

    Args: found: sliders.Sliders; faces: Latents; out: path of the picture; size: of the faces, as
      of enlarging.to_size().
    """
    count = 2 * SLIDER_STEPS + 1
    moved = []
    for slider in found.listed:
        steps = np.interp(np.arange(count), [0, SLIDER_STEPS, count - 1],
                          [slider.low, 0, slider.high])
        shifts = np.stack([found.shift({slider.name: step}) for step in steps])
        moved += [dataclasses.replace(faces[np.full(count, i)], z=faces.z[i] + shifts)
                  for i in range(len(faces))]
    shown = latents.concatenated(moved)
    images = np.concatenate(list(enlarging.draw(trained, shown, size, progress=True)))
    rows = [f"{slider.name}, {slider.low:g} to {slider.high:g}" for slider in found.listed]
    columns = [""] * (count * len(faces))
    pictures.save_png(out, pictures.labelled(pictures.grid(images, len(columns)), rows, columns),
                      latents.metadata(trained, shown))


def warn_unseen(trained, wanted):
    """Says on stderr that attributes are asked for that no training face had."""
    unseen = [] if trained.table is None else trained.labels.unseen(trained.table, wanted)
    if unseen:
        _warn(trained, unseen)


def _warn(trained, unseen, where=""):
    never = "saw {} in training" if trained.recipe.conditional else "drew {} by itself"
    log.warning(f"warning: {trained.info['run']} never {never.format(' or '.join(unseen))} and can "
                f"only guess{where}")


def _own_folder(folder, command, labels):
    """A folder for numbered faces: a new one, with a number behind its name where need be, or that
    of an earlier call of the same command, whose files are written again."""
    folder = next(each for each in names.numbered(folder)
                  if not os.path.lexists(each) or _is_of(each, command, labels))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_of(folder, command, labels):
    """Whether a folder has nothing in it but what faces() wrote for that command."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    entries = list(folder.iterdir())
    tables = [path for path in entries if path.name == LABELS]
    drawn = [path for path in entries if path not in tables]
    return (all(re.fullmatch(r"\d{5,}\.png", path.name) and pictures.is_face_of(path, command)
                for path in drawn)
            and all(_are_labels(path, len(drawn), labels) for path in tables))


def _are_labels(path, count, labels):
    """Whether a file is the labels.csv of that many faces."""
    if not path.is_file() or path.is_symlink():
        return False
    lines = path.read_text(errors="replace").splitlines()
    known = [(*values, ANY) for values in labels.axes.values()]
    return len(lines) == count and all(
        len(words) == len(known) and all(word in values for word, values in zip(words, known))
        for words in (line.split(",") for line in lines))
