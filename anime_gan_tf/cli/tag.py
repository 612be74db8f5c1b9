"""--mode tag"""
import dataclasses
import os
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.cli import datasets, outputs
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import checkpoints, names
from anime_gan_tf.storage.names import Output

SIZE = 64


@dataclasses.dataclass(frozen=True)
class Request:
    dataset: ImageDataset
    threshold: float
    out: pathlib.Path
    picture: Output


def parse(flags):
    source = datasets.source(flags, checkpoints.classifier_labels())
    where = pathlib.Path(datasets.data(flags))
    if flags.out is None and not where.is_dir():
        raise UserError("--out", Fault.MISSING,
                        f"say where the tags of {where} go, as in --out tags.csv")
    out = pathlib.Path(flags.out or where / "tags.csv")
    if os.path.lexists(out):
        raise UserError("--out", Fault.EXISTS, f"{out} exists already, and is not overwritten; "
                        f"move it away, or name another file")
    names.check_writable(out)
    name = names.default_name("tags", where.stem)
    picture = names.default(names.PICTURES / f"{name}.png",
                            names.digest([name, str(where.resolve()), flags.threshold]))
    outputs.check_outside_data(flags, picture.path)
    if source.tagged and flags.out is None:
        raise UserError("--out", Fault.EXISTS, f"{where} has tags already, in {source.origin}, "
                        f"and a tags.csv would take their place; name another file")
    return Request(dataset.load(source, SIZE), flags.threshold, out, picture)


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import tagging

    tagging.tag(request.dataset, request.threshold, request.out, request.picture.path)
    request.picture.sign()
    say(f"faces: {request.picture.path}",
        "note: the classifier knows one style of faces; look at the picture before you train")
