"""--mode sliders"""
import dataclasses
import shlex

from anime_gan_tf import runtime
from anime_gan_tf.cli import generators, outputs
from anime_gan_tf.cli.generators import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents, sliders
from anime_gan_tf.storage import checkpoints, names
from anime_gan_tf.storage.names import Output

FACES = 3  # in the picture


@dataclasses.dataclass(frozen=True)
class Request:
    """run: as the user names it; found: the Sliders that lie beside the generator already, or None;
    size: of the faces, None for their own; seed: of the first of them."""
    checkpoint: Checkpoint
    run: str
    found: sliders.Sliders | None
    size: int | None
    seed: int
    out: Output


def parse(flags):
    outputs.with_ending(flags, ".png")
    checkpoint = generators.find_checkpoint(flags)
    try:
        found = sliders.load(checkpoint.path, checkpoint.info["recipe"]["latent_dim"])
    except UserError as error:
        if error.fault not in (Fault.MISSING, Fault.CONFLICT):  # not sliders, or damaged ones
            raise
        found = None  # none there, or those of earlier weights
        names.check_writable(checkpoints.sliders_path(checkpoint.path), "--run")
    out = outputs.output(flags, (checkpoint.info["run"], "sliders"), checkpoint=checkpoint.info,
                        always=("seed",))
    size = flags.size and generators.size(flags, checkpoint.path, checkpoint.info)
    return Request(checkpoint, flags.run or checkpoint.info["run"], found, size, flags.seed, out)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import drawing, slider_search

    checkpoint = request.checkpoint
    trained, found = checkpoint.load(), request.found
    file = checkpoints.sliders_path(checkpoint.path)
    if found is None:
        found = slider_search.find(trained, checkpoint.path)
        sliders.write(checkpoint.path, found, trained.info["run"])
    else:
        say(f"note: {file} is of this generator already; without it they are found anew")
    faces = latents.from_seeds(trained, range(request.seed, request.seed + FACES))
    drawing.sliders(trained, found, faces, request.out.path, request.size)
    request.out.sign()
    first = found.listed[0]
    say(f"checkpoint used: {trained.describe()}",
        "steps:   " + ", ".join(f"{slider.name} {slider.low:g} to {slider.high:g}"
                                for slider in found.listed),
        f"file:    {file}", f"sliders: {request.out.path}",
        f"more:    python main.py --mode infer --run {shlex.quote(request.run)} "
        f"--slide {first.name}={max(first.low, first.high, key=abs) / 2:g}")
