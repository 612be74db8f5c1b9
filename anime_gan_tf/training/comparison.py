"""Every recipe trained for the same wall time, or until it draws faces, in one table."""
import logging
import math
import subprocess

import numpy as np
from PIL import Image

from anime_gan_tf import networks, runtime
from anime_gan_tf.data import deduplication
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import evaluator
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints, npz, pictures
from anime_gan_tf.training.run import Diverged

log = logging.getLogger(__name__)

FACES = 1000  # of each that are measured
SIZE = 64    # what all are measured and shown at
SHOWN = 12   # faces of each
COLUMNS = ("recipe", "px", "weights G + D", "images/s", "minutes", "kimg", "Frechet", "precision",
           "recall", "`faces` Frechet", "Nyquist")


def compare(models, words, faces, out, until=None):
    """Trains each recipe in its own process, unless it has been, measures all, prints a table.

    Args:
      models: names of recipes.
      words: the command line of each training, beside --mode, --model and --run.
      faces: the Faces of SIZE px that all are measured with.
      out: path of the picture, a row of faces for each recipe; the table goes beside it as .md.
      until: the Frechet distance at which a training ends, which the words name as well. Each
        recipe is then shown at its best.
    Raises:
      UserError: where a training fails; those before it are kept and not repeated.
    """
    rows, _, held_out = deduplication.split(faces.images)
    evaluators = [evaluator.make_evaluator(faces, held_out, features)
                  for features in ("perceptual", "faces")]
    rows = np.random.default_rng(0).permutation(rows)[:FACES]
    sample = faces.images[rows]
    real = _measure(*evaluators, sample, faces.tags[rows], faces.labels)
    columns = (*COLUMNS, *faces.labels.axes)
    lines = [_line(columns, {"recipe": "real faces", "px": str(SIZE)}, real, real)]
    sheet = [sample[:SHOWN]]
    names = ["real"]
    for model in models:
        path, name = _train(model, words, until), model
        if not path:  # a result too, and not the end of the others
            lines.append(f"| `{model}` | diverged |" + " |" * (len(columns) - 2))
            sheet.append(np.full_like(sheet[0], 255))
        else:
            trained = loading.load_generator(path)
            images, tags = _draw(trained)
            figures = _measure(*evaluators, images, tags, trained.labels)
            lines.append(_line(columns, _costs(trained, until), figures, real))
            sheet.append(images[:SHOWN])
            if until:
                name = f"{model}: {_minutes(trained.info, until, ' min')}"
        names.append(name)
    header = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    table = [*header, *lines]
    text = "\n".join([*table, ""]).encode()
    npz.write_atomically(out.with_suffix(".md"), lambda file: file.write(text))
    pictures.save_png(out, pictures.labelled(pictures.grid(np.concatenate(sheet), SHOWN), names,
                                             [""] * SHOWN))
    for line in (f"{FACES:,} faces of each against {len(held_out):,} held-out faces of "
                 f"{faces.title}, at {SIZE} px; features: {evaluators[0].name}; Nyquist energy as "
                 f"a multiple of real faces'",
                 *table, f"table: {out.with_suffix('.md')}", f"faces: {out}"):
        log.info(line)


def _train(model, words, until):
    """The path of the generator to measure; None where the training diverged."""
    run = f"compare_{model}"
    program, environment = runtime.program()
    done = subprocess.run([*program, "--mode", "train", "--model", model, "--run", run, *words],
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
    """(faces at SIZE px, their tags or None)."""
    shown = latents.from_seeds(trained, range(FACES))
    images = sampling.draw(trained, shown)
    if trained.recipe.image_size != SIZE:
        images = np.stack(
            [np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BOX))
             for image in images])
    return images, shown.tags


def _measure(first, second, images, tags, labels):
    """The first Evaluator's figures and, as "faces", the second's (the classifier's) distance."""
    predicted = second.extract(images)
    return (first.measure(images, tags, labels, predicted)
            | {"faces": second.distances(predicted)["frechet"]})


def _costs(trained, until):
    """The cells of a row that its figures are not in."""
    counts = [sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
              for network in networks.build(trained.recipe, trained.labels)]
    info = trained.info
    return {"recipe": f"`{info['model']}`", "px": str(trained.recipe.image_size),
            "weights G + D": " + ".join(f"{count / 1e6:.2f} M" for count in counts),
            "images/s": f"{1000 * info['kimg'] / info['seconds']:.1f}",
            "minutes": _minutes(info, until), "kimg": f"{info['kimg']:.1f}"}


def _minutes(info, until, unit=""):
    """Of training, and whether the distance was not reached by then."""
    missed = until and info.get("figures", {"frechet": math.inf})["frechet"] > until
    return f"{info['seconds'] / 60:.{1 if info['seconds'] < 600 else 0}f}{unit}" + (
        ", not reached" if missed else "")


def _line(columns, cells, figures, real):
    """A row of the table: cells by column, and those of the figures."""
    cells = cells | {"Frechet": f"{figures['frechet']:.1f}",
                     "precision": f"{figures['precision']:.3f}",
                     "recall": f"{figures['recall']:.3f}",
                     "`faces` Frechet": f"{figures['faces']:.1f}"}
    if cells["px"] == str(SIZE):  # else resampling decides what is there
        cells["Nyquist"] = f"{figures['nyquist'] / real['nyquist']:.2f}"
    cells |= {axis: f"{figures[axis]:.0%}" for axis in columns[len(COLUMNS):] if axis in figures}
    return "| " + " | ".join(cells.get(column, "") for column in columns) + " |"
