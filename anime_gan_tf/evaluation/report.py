"""The results of evaluator.evaluate(), as lines of text and as files."""
import numpy as np

from anime_gan_tf.evaluation.metrics import TITLES
from anime_gan_tf.storage import npz, pictures, plots

PICTURED = 100  # faces in the picture


def lines(content):
    """A table of the metrics, of generated and of real faces. content: of evaluate()."""
    second, against = content["second_features"], content["trained_against"]
    yield (f"{content['faces']:,} faces, {content['what']}, against {content['held_out']:,} "
           f"held-out faces of {content['data']}")
    yield from _table(content)
    if second:
        yield from _table(second)
    yield (f"real: {content['training_sample']:,} training faces; for the attributes, the held-out "
           f"faces under their own tags")
    yield f"seed {content['seed']}; anime_gan_tf {content['version']}"
    if against:
        yield f"trained against {against}"


def _table(part):
    generated, real = part["generated"], part["real"]
    yield f"{part['features'] + ':':<44}{'generated':>10}{'real':>10}"
    for name, value in generated.items():
        title, digits = TITLES.get(name, (f"{name.replace('_', ' ')} accuracy", 3))
        reference = f"{real[name]:.{digits}f}" if name in real else "-"
        yield f"  {title:<42}{value:>10.{digits}f}{reference:>10}"


def save(content, images, out):
    """Writes a picture of the first PICTURED faces, NAME.json and, with tags, NAME_confusion.png.

    Args: content: of evaluate(); images: uint8 (n, size, size, 3); out: path of the picture.
    Returns: {what it holds: path}.
    Raises:
      UserError: a file cannot be written.
    """
    written = {"metrics": out.with_suffix(".json"), "faces": out}
    npz.write_json(written["metrics"], content)
    pictures.save_png(out, pictures.grid(images[:PICTURED]))
    if "confusion" in content:
        path = out.with_name(f"{out.stem}_confusion.png")
        plots.confusion(path, {axis: np.array(counts)
                               for axis, counts in content["confusion"].items()},
                        dict(content["axes"]), content["what"])
        written = {"confusion": path} | written
    return written
