"""--mode page"""
import dataclasses
import sys

from anime_gan_tf import runtime
from anime_gan_tf.cli import common, outputs
from anime_gan_tf.cli.common import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Request:
    checkpoint: Checkpoint
    out: Output


def parse(flags):
    outputs.with_ending(flags, ".html")
    checkpoint = common.find_checkpoint(flags)
    return Request(checkpoint, outputs.output(flags, (checkpoint.info["run"],), ".html",
                                             checkpoint=checkpoint.info))


def run(request):
    runtime.load()
    from anime_gan_tf.generation import enlarging
    from anime_gan_tf.web import page as writer

    trained = request.checkpoint.load()
    page = writer.write(trained, request.out.path, enlarging.bundled())
    request.out.sign()
    eight_bit = (f", weights of {page.eight_bit} of {page.layers} layers in eight bits"
                 if page.eight_bit else "")
    enlarged = f", faces enlarged to {page.enlarged} px" if page.enlarged else ""
    if page.left_out:
        say(f"note: {', '.join(page.left_out)}: no finite numbers, left out of the page",
            file=sys.stderr)
    say(f"checkpoint used: {trained.describe()}",
        f"page: {request.out.path}, {page.bytes / 1e6:.1f} MB{eight_bit}{enlarged}; open it in a "
        "browser")
