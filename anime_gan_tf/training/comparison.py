"""Every recipe trained for the same wall time, one after the other, in one table."""
import subprocess
import sys

import numpy as np
from PIL import Image

from anime_gan_tf import attributes, MAIN, networks
from anime_gan_tf.data import deduplication
from anime_gan_tf.errors import UserError
from anime_gan_tf.evaluation import evaluator
from anime_gan_tf.generation import latents, sampling
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints, npz, pictures
from anime_gan_tf.training.run import Diverged

FACES = 1000  # of each that are measured
SIZE = 64    # what all are measured and shown at
SHOWN = 12   # faces of each
COLUMNS = ("recipe", "px", "weights G + D", "images/s", "kimg", "Frechet", "precision", "recall", "Nyquist",
           *attributes.AXES)


def compare(models, words, faces, out):
    """Trains each recipe in a process of its own, unless it has been, measures all and prints a table.

    Args:
      models: names of recipes.
      words: the command line of each training, beside --mode, --model and --run.
      faces: the Faces of SIZE px that all are measured with.
      out: path of the picture, a row of faces for each recipe; the table goes beside it as .md.
    Raises:
      UserError: where a training fails; those before it are kept and not repeated.
    """
    rows, _, held_out = deduplication.split(faces.images)
    measure = evaluator.make_evaluator(faces, held_out)
    rows = np.random.default_rng(0).permutation(rows)[:FACES]
    sample = faces.images[rows]
    real = measure.measure(sample, faces.tags[rows])
    lines, sheet = [_line("real faces", SIZE, "", "", "", real, real)], [sample[:SHOWN]]
    for model in models:
        run = f"compare_{model}"
        done = subprocess.run([sys.executable, str(MAIN), "--mode", "train", "--model", model, "--run", run, *words])
        if done.returncode == Diverged.exit_code:  # a result too, and not the end of the others
            lines.append(f"| `{model}` | diverged |" + " |" * (len(COLUMNS) - 2))
            sheet.append(np.full_like(sheet[0], 255))
            continue
        if done.returncode:
            raise UserError(f"--model: {model} stopped with exit code {done.returncode}; the same command goes on")
        trained = loading.load_generator(checkpoints.ROOT / run / "generator.npz")
        figures, images = _measure(measure, trained)
        counts = [sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
                  for network in networks.build(trained.recipe)]
        info = trained.info
        weights = " + ".join(f"{count / 1e6:.2f} M" for count in counts)
        rate = 1000 * info["kimg"] / info["seconds"]
        lines.append(_line(f"`{model}`", trained.recipe.image_size, weights, f"{rate:.1f}", f"{info['kimg']:.1f}",
                           figures, real))
        sheet.append(images[:SHOWN])
    table = "\n".join(["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|", *lines]) + "\n"
    npz.write_atomically(out.with_suffix(".md"), lambda file: file.write(table.encode()))
    pictures.save_png(out, pictures.labelled(
        pictures.grid(np.concatenate(sheet), SHOWN), ["real", *models], [""] * SHOWN))
    print(f"{FACES:,} faces of each against {len(held_out):,} held-out faces of {faces.title}, at {SIZE} px; "
          f"features: {measure.name}; Nyquist energy as a multiple of real faces'\n{table}"
          f"table: {out.with_suffix('.md')}\nfaces: {out}")


def _measure(measure, trained):
    """(figures, faces at SIZE px) of what a generator draws."""
    shown = latents.from_seeds(trained, range(FACES))
    images, tags = sampling.draw(trained, shown), shown.tags
    if trained.recipe.image_size == SIZE:
        return measure.measure(images, tags), images
    images = np.stack([np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BOX))
                       for image in images])
    return measure.measure(images, tags) | {"nyquist": None}, images  # resampling decides what is there


def _line(name, size, weights, rate, kimg, figures, real):
    nyquist = figures["nyquist"]
    shares = [f"{figures[axis]:.0%}" if axis in figures else "" for axis in attributes.AXES]
    return "| " + " | ".join([
        name, str(size), weights, rate, kimg, f"{figures['frechet']:.1f}", f"{figures['precision']:.3f}",
        f"{figures['recall']:.3f}", "" if nyquist is None else f"{nyquist / real['nyquist']:.2f}", *shares]) + " |"
