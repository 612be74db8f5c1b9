"""--mode mix"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.commands.common import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.errors import UserError

style_mixing = runtime.late("generation.style_mixing")

FACES = 6
MOST = 20


@dataclasses.dataclass(frozen=True)
class Request:
    """flags: for the latents to start from."""
    checkpoint: Checkpoint
    out: pathlib.Path
    flags: object


def parse(flags):
    _check(flags.num or FACES)
    out = common.ending(flags, ".png")
    checkpoint = common.find_checkpoint(flags)
    default = common.PICTURES / f"{checkpoint.info['run']}_mix_{common.seed_or_latent(flags)}.png"
    return Request(checkpoint, out or default, flags)


def run(request):
    trained = request.checkpoint.load()
    faces = common.first_latents(request.flags, trained, request.flags.num or FACES)
    _check(len(faces))
    style_mixing.mix(trained, faces, request.out)
    say(f"checkpoint used: {trained.describe()}", f"faces: {request.out}")


def _check(count):
    if not 2 <= count <= MOST:
        raise UserError(f"--num: a mix is of 2 to {MOST} faces, not {count:,}")
