"""Trains recipes for the same wall time, or to the same quality, and measures all in one table."""
import logging
import math
import subprocess

import numpy as np
from PIL import Image

from anime_gan_tf import networks, runtime
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import evaluator
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints, npz, pictures
from anime_gan_tf.training.run import Diverged

log = logging.getLogger(__name__)

NUM_FACES = 1000  # of each recipe that are measured
SIZE = 64         # in pixels, at which all are measured
PICTURED = 12     # faces of each recipe in the picture
COLUMNS = ("recipe", "px", "weights G + D", "images/s", "minutes", "kimg", "Frechet", "precision",
           "recall", "`faces` Frechet", "Nyquist")


def compare(models, argv, dataset, out, until=None):
    """Trains each recipe in a process of its own, measures all generators and logs a table.

    A run that is finished already is not trained again.

    Args:
      models: names of recipes.
      argv: further command-line arguments of each training, beyond --mode, --model and --run.
      dataset: the ImageDataset of SIZE px that all are compared with.
      out: path of the picture, a row of faces for each recipe; the table has the same name and the
        ending .md.
      until: the Frechet distance at which a training ends, as in argv; the best generator of each
        recipe is measured then, not the last.
    Raises:
      UserError: a training fails; those before it are kept and not repeated.
    """
    rows, _, held_out = dataset.split
    evaluators = [evaluator.make_evaluator(dataset, held_out, features)
                  for features in ("perceptual", "faces")]
    rows = np.random.default_rng(0).permutation(rows)[:NUM_FACES]
    sample = dataset.images[rows]
    real = _measure(*evaluators, sample, dataset.tags[rows], dataset.labels)
    columns = (*COLUMNS, *dataset.labels.axes)
    lines = [_line(columns, {"recipe": "real faces", "px": str(SIZE)}, real, real)]
    sheet = [sample[:PICTURED]]
    names = ["real"]
    for model in models:
        path, name = _train(model, argv, until), model
        if not path:  # a result as well; the other recipes follow
            lines.append(f"| `{model}` | diverged |" + " |" * (len(columns) - 2))
            sheet.append(np.full_like(sheet[0], 255))
        else:
            trained = loading.load_generator(path)
            images, tags = _draw(trained)
            measured = _measure(*evaluators, images, tags, trained.labels)
            lines.append(_line(columns, _costs(trained, until), measured, real))
            sheet.append(images[:PICTURED])
            if until:
                name = f"{model}: {_minutes(trained.info, until, ' min')}"
        names.append(name)
    header = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    table = [*header, *lines]
    text = "\n".join([*table, ""]).encode()
    npz.write_atomically(out.with_suffix(".md"), lambda file: file.write(text))
    pictures.save_png(out, pictures.labeled(pictures.grid(np.concatenate(sheet), PICTURED), names,
                                            [""] * PICTURED))
    for line in (f"{NUM_FACES:,} faces of each against {len(held_out):,} held-out faces of "
                 f"{dataset.title}, at {SIZE} px; features: {evaluators[0].name}; Nyquist energy "
                 f"relative to real faces",
                 *table, f"table: {out.with_suffix('.md')}", f"faces: {out}"):
        log.info(line)


def _train(model, argv, until):
    """The path of the generator to measure; None if the training diverged."""
    run = f"compare_{model}"
    program, environment = runtime.program()
    done = subprocess.run([*program, "--mode", "train", "--model", model, "--run", run, *argv],
                          env=environment)
    if done.returncode == Diverged.exit_code:
        return None
    if done.returncode:
        raise UserError("--model", Fault.STOPPED,
                        f"{model} stopped with exit code {done.returncode}; the same "
                        f"command goes on")
    best = checkpoints.ROOT / run / checkpoints.BEST
    return best if until and best.exists() else checkpoints.ROOT / run / "generator.npz"


def _draw(trained):
    """(images of SIZE px, their tags or None)."""
    batch = latents.from_seeds(trained, range(NUM_FACES))
    images = sampling.draw(trained, batch)
    if trained.recipe.image_size != SIZE:
        images = np.stack(
            [np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BOX))
             for image in images])
    return images, batch.tags


def _measure(first, second, images, tags, labels):
    """The metrics of the first Evaluator and, as "faces", the Frechet distance of the second, that
    of the classifier's features."""
    predicted = second.extract(images)
    return (first.measure(images, tags, labels, predicted)
            | {"faces": second.distances(predicted)["frechet"]})


def _costs(trained, until):
    """The cells of a row that are not metrics: {column: text}."""
    counts = [sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
              for network in networks.build(trained.recipe, trained.labels)]
    info = trained.info
    return {"recipe": f"`{info['model']}`", "px": str(trained.recipe.image_size),
            "weights G + D": " + ".join(f"{count / 1e6:.2f} M" for count in counts),
            "images/s": f"{1000 * info['kimg'] / info['seconds']:.1f}",
            "minutes": _minutes(info, until), "kimg": f"{info['kimg']:.1f}"}


def _minutes(info, until, unit=""):
    """Minutes of training, and whether they did not reach the distance `until`."""
    missed = until and info.get("figures", {"frechet": math.inf})["frechet"] > until
    return f"{info['seconds'] / 60:.{1 if info['seconds'] < 600 else 0}f}{unit}" + (
        ", not reached" if missed else "")


def _line(columns, cells, measured, real):
    """A row of the table. cells: {column: text} that is not measured; measured, real: metrics."""
    cells = cells | {"Frechet": f"{measured['frechet']:.1f}",
                     "precision": f"{measured['precision']:.3f}",
                     "recall": f"{measured['recall']:.3f}",
                     "`faces` Frechet": f"{measured['faces']:.1f}"}
    if cells["px"] == str(SIZE):  # resampling changes it
        cells["Nyquist"] = f"{measured['nyquist'] / real['nyquist']:.2f}"
    cells |= {axis: f"{measured[axis]:.0%}" for axis in columns[len(COLUMNS):] if axis in measured}
    return "| " + " | ".join(cells.get(column, "") for column in columns) + " |"
