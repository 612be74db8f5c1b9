"""--mode process"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.console import say
from anime_gan_tf.storage import checkpoints

history = runtime.late("training.history")


@dataclasses.dataclass(frozen=True)
class Request:
    folder: pathlib.Path
    out: pathlib.Path


def parse(flags):
    out = common.animated(flags)
    folder = checkpoints.find_generator(flags.run, flags.model).parent
    return Request(folder, out or common.PICTURES / f"{folder.name}_process.gif")


def run(request):
    curves = history.process(request.folder, request.out)
    say(f"process: {request.out}", f"curves:  {curves}")
