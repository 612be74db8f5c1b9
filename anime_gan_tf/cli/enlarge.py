"""--mode enlarge"""
import dataclasses
import os
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.cli import outputs
from anime_gan_tf.console import say
from anime_gan_tf.data import sources
from anime_gan_tf.data.listing import IMAGE_ENDINGS
from anime_gan_tf.data.sources import Source
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import picture_enlarging
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import catalog, checkpoints, names

FOLDER = "enlarged"  # of pictures/, where no --out is given


@dataclasses.dataclass(frozen=True)
class Request:
    """path: the enlarger's generator.npz; files: paths of the enlarged pictures of `source`, all in
    one folder; command: digest of the command."""
    path: pathlib.Path
    source: Source
    files: list
    command: str


def parse(flags):
    if not flags.images:
        raise UserError("--images", Fault.MISSING,
                        "name a picture, or a folder or .zip of them, to enlarge")
    path = catalog.find_generator(flags.run) if flags.run else checkpoints.ENLARGER
    info = checkpoints.read_info(path)
    if catalog.draws(info):
        raise UserError("--run", Fault.CONFLICT, f"{info['run']} draws faces and enlarges none; "
                        f"name an enlarger, or leave it out for the bundled one")
    source = sources.open_any(flags.images, Labels({}), "--images")
    command = names.digest([flags.mode, os.path.abspath(flags.images), info])
    if flags.out is None:
        name = names.default_name(FOLDER, outputs.stem(flags.images))
        files = next(files for files in (picture_enlarging.target_files(source, folder)
                                         for folder in names.numbered(names.PICTURES / name))
                     if not picture_enlarging.others(files, command))
    else:
        out = pathlib.Path(flags.out)
        if out.suffix.lower() in IMAGE_ENDINGS:
            raise UserError("--out", Fault.INVALID, f"{out} is the name of a picture; name a "
                            f"folder, where enlarged pictures keep their names")
        if os.path.lexists(out) and not out.is_dir():
            raise UserError("--out", Fault.EXISTS, f"{out} is a file; name a folder")
        files = picture_enlarging.target_files(source, out)
        if others := picture_enlarging.others(files, command):
            raise UserError("--out", Fault.EXISTS, f"{others[0]} exists, and this command did not "
                            f"write it; name another folder")
    outputs.check_outside_data(flags, files[0], flags.out and "--out")
    names.check_writable(files[0])
    return Request(path, source, files, command)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import enlarging
    from anime_gan_tf.networks import loading

    trained = loading.load_generator(request.path)
    done = picture_enlarging.enlarge_source(
        lambda image: enlarging.enlarge(trained.generator, image[None])[0], trained.info["run"],
        request.source, request.files, request.command)
    say(*(f"note: {note}" for note in request.source.notes))
    for line in done.left_out:
        say(f"note: left out: {line}")
    say(f"enlarger: {trained.describe()}, {trained.recipe.scale} times as large",
        f"faces: {done.written:,} in {request.files[0].parent}/")
