"""--mode enlarge"""
import dataclasses
import os
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.cli import outputs
from anime_gan_tf.console import say
from anime_gan_tf.data import sources
from anime_gan_tf.data.sources import Source
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import checkpoints, names

FOLDER = "enlarged"  # of pictures/, where no --out is given


@dataclasses.dataclass(frozen=True)
class Request:
    """path: the enlarger's generator.npz; out: a folder."""
    path: pathlib.Path
    source: Source
    out: pathlib.Path


def parse(flags):
    if not flags.images:
        raise UserError("--images", Fault.MISSING,
                        "name a picture, or a folder or .zip of them, to enlarge")
    path = checkpoints.find_generator(flags.run) if flags.run else checkpoints.ENLARGER
    info = checkpoints.read_info(path)
    if checkpoints.draws(info):
        raise UserError("--run", Fault.CONFLICT, f"{info['run']} draws faces and enlarges none; "
                        f"name an enlarger, or leave it out for the bundled one")
    source = sources.open_any(flags.images, Labels({}), "--images")
    out = pathlib.Path(flags.out or names.PICTURES / names.default_name(
        FOLDER, outputs.stem(flags.images)))
    if os.path.lexists(out) and not out.is_dir():
        raise UserError("--out", Fault.EXISTS, f"{out} is a file; name a folder")
    outputs.check_outside_data(flags, out, flags.out and "--out")
    return Request(path, source, out)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import picture_enlarging
    from anime_gan_tf.networks import loading

    trained = loading.load_generator(request.path)
    done = picture_enlarging.enlarge_source(trained, request.source, request.out)
    for line in done.left_out:
        say(f"note: left out: {line}")
    say(f"enlarger: {trained.describe()}, {trained.recipe.scale} times as large",
        f"faces: {done.written:,} in {request.out}/")
