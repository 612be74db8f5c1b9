"""--mode tag"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset
from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import UserError

tagging = runtime.late("evaluation.tagging")

SIZE = 64


@dataclasses.dataclass(frozen=True)
class Request:
    faces: Faces
    threshold: float
    out: pathlib.Path
    picture: pathlib.Path


def parse(flags):
    source, where = common.source(flags), pathlib.Path(common.data(flags))
    if flags.out is None and not where.is_dir():
        raise UserError(f"--out: say where the tags of {where} go, as in --out tags.csv")
    picture = common.PICTURES / f"tags_{common.slug(where.stem)}.png"
    return Request(dataset.load(source, SIZE), flags.threshold,
                   pathlib.Path(flags.out or where / "tags.csv"), picture)


def run(request):
    for note in request.faces.notes:
        say(f"note: {note}")
    say("note: nothing here finds faces; a picture without one gets the colors it resembles")
    tagging.tag(request.faces, request.threshold, request.out, request.picture)
    say(f"faces: {request.picture}")
