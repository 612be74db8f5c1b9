"""The pictures of --mode infer: faces and matrices, with what it takes to make them again."""
import csv
import io
import pathlib
import re
import sys

import numpy as np
from tqdm import tqdm

from anime_gan_tf import __version__, attributes, checkpoints, pictures, sampling
from anime_gan_tf.errors import UserError

MAX_GRID = 400  # faces in one picture


def faces(trained, wanted, seed, num, out=None, separate=False):
    """Draws `num` faces, of seeds `seed` and up, into a grid.

    Args:
      trained: checkpoints.Trained.
      wanted: (hair, eyes); UNKNOWN is drawn from what the model was trained on.
      out: where the grid goes; pictures/<what it shows>.png where None.
      separate: also write every face as a file, and labels.csv (`hair,eyes` a line, in file order),
        into the folder that has the grid's name without its ending.
    Returns: the path of the grid.
    """
    table = trained.table
    seeds = range(seed, seed + num)
    z = sampling.latents(trained.recipe, seeds)
    tags = None if table is None else sampling.wishes(table, seeds, wanted)
    _warn_unseen(trained, wanted)
    asked = dict(zip(attributes.AXES, attributes.names(wanted))) if table is not None else {}
    out = pathlib.Path(out or _default_name(trained, [f"{colour}_{axis}" for axis, colour in asked.items()], seed))

    folder = _own_folder(out.with_suffix("")) if separate else None
    digits = max(5, len(str(num - 1)))  # so that the order of the names is that of labels.csv
    shown, labels = [], []
    bar = tqdm(total=num, unit="img", desc="drawing", leave=False, disable=None if num > sampling.BATCH else True)
    for i in range(0, num, sampling.BATCH):
        part = slice(i, i + sampling.BATCH)
        images = sampling.draw(trained.generator, z[part], None if tags is None else tags[part])
        if len(shown) < MAX_GRID:
            shown.extend(images[:MAX_GRID - len(shown)])
        for j, image in enumerate(images, start=i):
            if folder is None:
                break
            names = {} if tags is None else dict(zip(attributes.AXES, attributes.names(tags[j])))
            labels.append(list(names.values()))
            pictures.save_png(folder / f"{j:0{digits}d}.png", image, _metadata(trained, seeds[j], names))
        bar.update(len(images))
    bar.close()
    if separate and tags is not None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(labels)
        checkpoints.write_atomically(folder / "labels.csv", lambda file: file.write(text.getvalue().encode()))
    pictures.save_png(out, pictures.grid(np.stack(shown)), _metadata(trained, seed, asked | {"num": num}))
    if separate:
        print(f"{num:,} files: {folder}/")
    if num > MAX_GRID:
        print(f"the picture shows the first {MAX_GRID} of {num:,}")
    return out


def matrix(trained, seed, out=None):
    """Draws every hair colour by every eye colour for one noise vector. Returns the path."""
    table = trained.table
    pairs = np.array([(hair, eyes) for hair in range(len(attributes.HAIR))
                      for eyes in range(len(attributes.EYES))], np.int32)
    z = np.repeat(sampling.latents(trained.recipe, [seed]), len(pairs), axis=0)
    images = sampling.draw(trained.generator, z, pairs)
    unseen = dict.fromkeys(name for pair in pairs for name in attributes.unseen(table, pair))
    rows, columns = ([colour + "*" * (f"{colour} {axis}" in unseen) for colour in colours]
                     for axis, colours in attributes.AXES.items())
    if unseen:
        _warn(trained, unseen, " (marked * in the picture)")
    sheet = pictures.labelled(pictures.grid(images, len(columns)), rows, columns)
    out = pathlib.Path(out or _default_name(trained, ["matrix"], seed))
    pictures.save_png(out, sheet, _metadata(trained, seed, {"matrix": True}))
    return out


def _warn_unseen(trained, wanted):
    table = trained.table
    unseen = [] if table is None else attributes.unseen(table, wanted)
    if unseen:
        _warn(trained, unseen)


def _warn(trained, unseen, where=""):
    print(f"warning: {trained.info['run']} never saw {' or '.join(unseen)} in training and can only "
          f"guess{where}", file=sys.stderr)


def _metadata(trained, seed, extra):
    info = trained.info
    return {"version": __version__, "model": info["model"], "run": info["run"],
            "kimg": round(info["kimg"], 1), "seed": seed} | extra


def _default_name(trained, parts, seed):
    return pathlib.Path("pictures") / ("_".join([trained.info["run"], *parts, f"seed{seed}"]) + ".png")


def _own_folder(folder):
    """An empty folder for numbered faces: a new one, or one of an earlier call, emptied of those."""
    entries = list(folder.iterdir()) if folder.is_dir() else []
    faces = [path for path in entries if re.fullmatch(r"\d{5,}\.png|labels\.csv", path.name)]
    if folder.exists() and (not folder.is_dir() or len(faces) < len(entries)):
        raise UserError(f"--out: {folder} holds other files; name a picture whose folder is free")
    for path in faces:
        path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
