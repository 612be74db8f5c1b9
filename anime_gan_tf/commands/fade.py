"""--mode fade"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.attributes import AXES
from anime_gan_tf.commands import common
from anime_gan_tf.commands.common import Checkpoint
from anime_gan_tf.errors import UserError

drawing = runtime.late("generation.drawing")
interpolation = runtime.late("generation.interpolation")


@dataclasses.dataclass(frozen=True)
class Request:
    """flags: for the latents to start from."""
    checkpoint: Checkpoint
    color_path: dict
    frames: int
    out: pathlib.Path
    flags: object


def parse(flags):
    color_path = common.color_path(flags)
    if not any(len(values) > 1 for values in color_path.values()):
        axis, values = next(iter(AXES.items()))
        raise UserError(f"--{axis}: say from where to where a colour fades, as in --{axis} {values[0]}:{values[8]}; or "
                        f"of another of {', '.join(AXES)}")
    common.animated(flags, None)  # before the checkpoint is read
    checkpoint = common.find_checkpoint(flags, steered=True)
    colours = [flags[axis].value.replace(":", "-") for axis in color_path]
    name = "_".join([checkpoint.info["run"], "fade", *colours, common.seed_or_latent(flags)])
    return Request(checkpoint, color_path, flags.frames, common.animated(flags, common.PICTURES / f"{name}.gif"), flags)


def run(request):
    trained = request.checkpoint.load()
    for tags in common.path_tags(request.color_path):
        drawing.warn_unseen(trained, tags)
    faces = common.first_latents(request.flags, trained, request.flags.num or 1)
    sheet = interpolation.fade(trained, faces, request.color_path, request.frames, request.out)
    print(f"checkpoint used: {trained.describe()}\nfade:  {request.out}\nfaces: {sheet}")
