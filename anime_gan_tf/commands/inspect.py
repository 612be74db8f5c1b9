"""--mode inspect"""
import dataclasses
import pathlib

from anime_gan_tf.commands import common
from anime_gan_tf.data import validation
from anime_gan_tf.data.sources import Source


@dataclasses.dataclass(frozen=True)
class Request:
    source: Source
    out: pathlib.Path
    clean: str | None


def parse(flags):
    return Request(common.source(flags), common.png(flags, "inspect", common.data(flags)), flags.clean)


def run(request):
    validation.inspect(request.source, request.out, request.clean)
    print(f"faces: {request.out}")
