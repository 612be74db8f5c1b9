"""--mode process"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.console import say
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.storage.names import Output

history = runtime.late("training.history")


@dataclasses.dataclass(frozen=True)
class Request:
    folder: pathlib.Path
    out: Output


def parse(flags):
    path = checkpoints.find_generator(flags.run, flags.model, young=True)
    return Request(path.parent, common.output(
        flags, (path.parent.resolve().name, "process"), ".gif", companions=(".png",),
        checkpoint=checkpoints.read_info(path)))


def run(request):
    curves = history.process(request.folder, request.out.path)
    request.out.sign()
    say(f"process: {request.out.path}", f"curves:  {curves}")
