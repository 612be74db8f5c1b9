"""--mode process"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.cli import outputs
from anime_gan_tf.console import say
from anime_gan_tf.storage import catalog, checkpoints
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Request:
    folder: pathlib.Path
    out: Output


def parse(flags):
    path = catalog.find_generator(flags.run, flags.model, young=True)
    return Request(path.parent, outputs.output(
        flags, (path.parent.resolve().name, "process"), ".gif", companions=(".png",),
        checkpoint=checkpoints.read_info(path)))


def run(request):
    runtime.load()
    from anime_gan_tf.training import history

    curves = history.process(request.folder, request.out.path)
    request.out.sign()
    say(f"process: {request.out.path}", f"curves:  {curves}")
