"""--mode mix"""
import dataclasses

from anime_gan_tf import runtime
from anime_gan_tf.cli import common, outputs
from anime_gan_tf.cli.common import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage.names import Output

FACES = 6
MOST = 20


@dataclasses.dataclass(frozen=True)
class Request:
    """size: of the faces, None for their own; flags: for the latents to start from."""
    checkpoint: Checkpoint
    size: int | None
    out: Output
    flags: object


def parse(flags):
    _check(flags.num or FACES)
    outputs.with_ending(flags, ".png")
    checkpoint = common.find_checkpoint(flags)
    out = outputs.output(flags, (checkpoint.info["run"], "mix"), checkpoint=checkpoint.identity,
                        defaults={"num": FACES}, always=outputs.seed_if_first(flags))
    num = flags.num or FACES
    return Request(checkpoint, common.size(flags, checkpoint.path, checkpoint.info, num ** 2), out,
                   flags)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import style_mixing

    trained = request.checkpoint.load()
    faces = request.checkpoint.slid(
        common.first_latents(request.flags, trained, request.flags.num or FACES))
    _check(len(faces))
    style_mixing.mix(trained, faces, request.out.path, request.size)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"faces: {request.out.path}")


def _check(count):
    if not 2 <= count <= MOST:
        raise UserError("--num", Fault.INVALID, f"a mix is of 2 to {MOST} faces, not {count:,}")
