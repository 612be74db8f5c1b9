"""--mode page"""
import dataclasses
import sys

from anime_gan_tf import runtime
from anime_gan_tf.cli import generators, outputs
from anime_gan_tf.cli.generators import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.errors import UserError
from anime_gan_tf.generation import sliders
from anime_gan_tf.generation.sliders import Sliders
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Request:
    """sliders: those of the generator, or None; note: why they are left out, or None."""
    checkpoint: Checkpoint
    out: Output
    sliders: Sliders | None
    note: str | None


def parse(flags):
    outputs.with_ending(flags, ".html")
    checkpoint = generators.find_checkpoint(flags)
    found, note = _sliders(checkpoint)
    return Request(checkpoint, outputs.output(flags, (checkpoint.info["run"],), ".html",
                                             checkpoint=checkpoint.info), found, note)


def _sliders(checkpoint):
    """(Sliders beside the generator or None, why they are left out or None): a run that goes on
    has those of earlier weights, and its page has none."""
    if not checkpoints.sliders_path(checkpoint.path).exists():
        return None, None
    try:
        return sliders.load(checkpoint.path, checkpoint.info["recipe"]["latent_dim"]), None
    except UserError as error:
        return None, f"note: {error}; the page has no sliders"


def run(request):
    runtime.load()
    from anime_gan_tf.generation import enlarging
    from anime_gan_tf.web import page as writer

    trained = request.checkpoint.load()
    if request.note:
        say(request.note, file=sys.stderr)
    page = writer.write(trained, request.out.path, enlarging.bundled(), request.sliders)
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
