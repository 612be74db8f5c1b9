"""--mode fade"""
from anime_gan_tf import runtime
from anime_gan_tf.attributes import AXES
from anime_gan_tf.cli import common, outputs
from anime_gan_tf.cli.common import Animation
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError

FACES = 1


def parse(flags):
    color_path = common.color_path(flags)
    if not any(len(values) > 1 for values in color_path.values()):
        axis, values = next(iter(AXES.items()))
        example = f"--{axis} {values[0]}:{values[min(8, len(values) - 1)]}"
        raise UserError(f"--{axis}", Fault.MISSING, f"say from where to where a color fades, as in "
                        f"{example}; or of another of {', '.join(AXES)}")
    outputs.animated(flags)
    checkpoint = common.find_checkpoint(flags, steered=True)
    out = outputs.animation_output(flags, checkpoint, FACES)
    size = common.size(flags, checkpoint.path, checkpoint.info)
    return Animation(checkpoint, color_path, flags.frames, size, out, flags)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import drawing, interpolation

    trained = request.checkpoint.load()
    for tags in common.path_tags(request.color_path):
        drawing.warn_unseen(trained, tags)
    faces = common.first_latents(request.flags, trained, request.flags.num or FACES)
    sheet = interpolation.fade(trained, faces, request.color_path, request.frames,
                               request.out.path, request.size)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"fade:  {request.out.path}",
        f"faces: {sheet}")
