"""Pictures of faces, and of a face in every colour, with what it takes to make them again."""
import csv
import io
import pathlib
import re
import sys

import numpy as np
from tqdm import tqdm

from anime_gan_tf import attributes
from anime_gan_tf.console import say
from anime_gan_tf.errors import UserError
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.storage import npz, pictures

MAX_GRID = 400  # faces in one picture
LABELS = "labels.csv"


def faces(trained, shown, seeds=None, asked=None, out=None, separate=False):
    """Draws latents into a grid.

    Args:
      trained: loading.Trained; shown: Latents.
      seeds: their seeds, where they have some; else the pictures carry the latents themselves.
      asked: {axis: value}, what the user asked for; {} of a model without attributes.
      out: where the grid goes; pictures/<what it shows>.png where None.
      separate: also write every face as a file, and labels.csv (`hair,eyes` a line, in the order of
        the files), into the folder that has the grid's name without its ending.
    Returns: the path of the grid.
    """
    num, asked = len(shown), asked or {}
    tags = shown.tags
    parts = [f"{colour}_{axis}" for axis, colour in asked.items()]
    parts.append(f"seed{seeds[0]}" if seeds is not None else "latent")
    out = pathlib.Path(out or default_name(trained, parts))
    folder = _own_folder(out.with_suffix("")) if separate else None
    digits = max(5, len(str(num - 1)))  # so that the order of the names is that of labels.csv
    generator, grid, labels = sampling.from_code(trained.generator), [], []
    bar = tqdm(total=num, unit="img", desc="drawing", leave=False,
               disable=None if num > sampling.BATCH else True)
    for i in range(0, num, sampling.BATCH):
        part = shown[i:i + sampling.BATCH]
        images = sampling.generate(generator, part.z, part.code)
        if len(grid) < MAX_GRID:
            grid.extend(images[:MAX_GRID - len(grid)])
        for j, image in enumerate(images, start=i):
            if folder is None:
                break
            names = {} if tags is None else dict(zip(attributes.AXES, attributes.names(tags[j])))
            labels.append(list(names.values()))
            made = (latents.described(trained) | {"seed": int(seeds[j])} | names
                    if seeds is not None else latents.metadata(trained, shown[j:j + 1]))
            pictures.save_png(folder / f"{j:0{digits}d}.png", image, made)
        bar.update(len(images))
    bar.close()
    if separate and tags is not None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(labels)
        npz.write_atomically(folder / LABELS, lambda file: file.write(text.getvalue().encode()))
    made = (latents.described(trained) | {"seed": seeds[0], "num": num} | asked
            if isinstance(seeds, range) else latents.metadata(trained, shown[:MAX_GRID]))
    pictures.save_png(out, pictures.grid(np.stack(grid)), made)
    if separate:
        say(f"{num:,} files: {folder}/")
    if num > MAX_GRID:
        say(f"the picture shows the first {MAX_GRID} of {num:,}")
    return out


def matrix(trained, face, seed=None, out=None):
    """Draws every value of the first axis by every value of the second for one face: hair by eyes.

    Args: face: Latents, of which the first counts; seed: its seed, where it has one.
    Returns: the path of the picture.
    """
    axes = list(attributes.AXES.items())[:2]
    pairs = np.stack(np.meshgrid(*(range(len(values)) for _, values in axes), indexing="ij"),
                     axis=-1).reshape(-1, 2)
    others = np.full((len(pairs), len(attributes.AXES) - 2), attributes.UNKNOWN)
    tags = np.concatenate([pairs, others], axis=1)
    shown = latents.with_code(face[np.zeros(len(tags), int)], latents.encode(tags))
    images = sampling.draw(trained, shown)
    unseen = dict.fromkeys(name for row in tags for name in attributes.unseen(trained.table, row))
    rows, columns = ([value + "*" * (f"{value} {axis}" in unseen) for value in values]
                     for axis, values in axes)
    if unseen:
        _warn(trained, unseen, " (marked * in the picture)")
    sheet = pictures.labelled(pictures.grid(images, len(columns)), rows, columns)
    parts = ["matrix", "latent" if seed is None else f"seed{seed}"]
    out = pathlib.Path(out or default_name(trained, parts))
    pictures.save_png(out, sheet, latents.metadata(trained, shown))
    return out


def warn_unseen(trained, wanted):
    """Says on stderr that attributes are asked for that no training face had."""
    unseen = [] if trained.table is None else attributes.unseen(trained.table, wanted)
    if unseen:
        _warn(trained, unseen)


def _warn(trained, unseen, where=""):
    never = "saw {} in training" if trained.recipe.conditional else "drew {} by itself"
    say(f"warning: {trained.info['run']} never {never.format(' or '.join(unseen))} and can only "
        f"guess{where}", file=sys.stderr)


def default_name(trained, parts, ending=".png"):
    return pathlib.Path("pictures") / ("_".join([trained.info["run"], *parts]) + ending)


def _own_folder(folder):
    """An empty folder for numbered faces: a new one, or one of an earlier call, emptied of those.

    Raises:
      UserError: where anything in it was not made by this program; then nothing is deleted.
    """
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    labels = [path for path in entries if path.name == LABELS]
    faces = [path for path in entries if path not in labels]
    ours = lambda path: re.fullmatch(r"\d{5,}\.png", path.name) and pictures.has_metadata(path)
    if folder.exists() and not (folder.is_dir() and all(map(ours, faces))
                                and all(_are_labels(path, len(faces)) for path in labels)):
        raise UserError(f"--out: {folder} holds files that this program did not make; name a "
                        f"picture whose folder is free")
    # The labels first: without all of their faces they would be someone else's.
    for path in labels + faces:
        path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _are_labels(path, count):
    """Whether a file is the labels.csv of that many faces."""
    if not path.is_file() or path.is_symlink():
        return False
    lines = path.read_text(errors="replace").splitlines()
    known = [(*colours, attributes.ANY) for colours in attributes.AXES.values()]
    return len(lines) == count and all(
        len(words) == len(known) and all(word in colours for word, colours in zip(words, known))
        for words in (line.split(",") for line in lines))
