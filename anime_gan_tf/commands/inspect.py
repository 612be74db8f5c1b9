"""--mode inspect"""
import dataclasses
import os

from anime_gan_tf.commands import common
from anime_gan_tf.console import say
from anime_gan_tf.data import hair_color, validation
from anime_gan_tf.data.sources import Source
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Request:
    source: Source
    out: Output
    clean: str | None
    hair: str | None


def parse(flags):
    if flags.hair is not None and flags.clean is None:
        raise UserError("--hair", Fault.MISSING, "its tags are put right in a copy; name a new "
                        "folder or .zip for it with --clean")
    if flags.clean is not None and os.path.lexists(flags.clean):
        raise UserError("--clean", Fault.EXISTS,
                        f"{flags.clean} exists already; name a new folder or .zip")
    hair = flags.hair and choose("--hair", flags.hair.strip().lower(), hair_color.HUES)
    source = common.source(flags)
    # Of faces or tags that have changed since, the pictures of before stay.
    out = common.output(flags, ("inspect", common.stem(common.data(flags))),
                        checkpoint=source.fingerprint, companions=(".json", "_balance.png"))
    return Request(source, out, flags.clean, hair)


def run(request):
    validation.inspect(request.source, request.out.path, request.clean, request.hair)
    request.out.sign()
    say(f"faces: {request.out.path}")
