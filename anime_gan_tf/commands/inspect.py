"""--mode inspect"""
import dataclasses
import pathlib

from anime_gan_tf.commands import common
from anime_gan_tf.console import say
from anime_gan_tf.data import hair_color, validation
from anime_gan_tf.data.sources import Source
from anime_gan_tf.errors import choose, Fault, UserError


@dataclasses.dataclass(frozen=True)
class Request:
    source: Source
    out: pathlib.Path
    clean: str | None
    hair: str | None


def parse(flags):
    if flags.hair is not None and flags.clean is None:
        raise UserError("--hair", Fault.MISSING, "its tags are put right in a copy; name a new "
                        "folder or .zip for it with --clean")
    hair = flags.hair and choose("--hair", flags.hair.strip().lower(), hair_color.HUES)
    return Request(common.source(flags), common.png(flags, "inspect", common.data(flags)),
                   flags.clean, hair)


def run(request):
    validation.inspect(request.source, request.out, request.clean, request.hair)
    say(f"faces: {request.out}")
