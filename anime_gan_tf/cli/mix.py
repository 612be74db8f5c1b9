"""--mode mix"""
import dataclasses

from anime_gan_tf import runtime
from anime_gan_tf.cli import generators, outputs
from anime_gan_tf.cli.flags import NUM
from anime_gan_tf.cli.generators import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage.names import Output

MAX_NUM = 20


@dataclasses.dataclass(frozen=True)
class Request:
    """size: of the faces, None for that of the generator; flags: for generators.first_latents()."""
    checkpoint: Checkpoint
    size: int | None
    out: Output
    flags: object


def parse(flags):
    _check(flags.num or NUM["mix"])
    outputs.with_ending(flags, ".png")
    checkpoint = generators.find_checkpoint(flags)
    out = outputs.output(flags, (checkpoint.info["run"], "mix"), checkpoint=checkpoint.identity,
                        defaults={"num": NUM["mix"]}, always=outputs.seed_if_first(flags))
    num = generators.num_faces(flags, NUM["mix"])
    size = generators.size(flags, checkpoint.path, checkpoint.info, num ** 2)
    return Request(checkpoint, size, out, flags)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import style_mixing

    trained = request.checkpoint.load()
    batch = request.checkpoint.with_slide(
        generators.first_latents(request.flags, trained, request.flags.num or NUM["mix"]))
    _check(len(batch))
    style_mixing.mix(trained, batch, request.out.path, request.size)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"faces: {request.out.path}")


def _check(count):
    if not 2 <= count <= MAX_NUM:
        raise UserError("--num", Fault.INVALID, f"a mix is of 2 to {MAX_NUM} faces, not {count:,}")
