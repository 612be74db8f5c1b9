"""--mode fade"""
from anime_gan_tf import runtime
from anime_gan_tf.attributes import AXES
from anime_gan_tf.commands import common
from anime_gan_tf.commands.common import Animation
from anime_gan_tf.console import say
from anime_gan_tf.errors import UserError

drawing = runtime.late("generation.drawing")
interpolation = runtime.late("generation.interpolation")


def parse(flags):
    color_path = common.color_path(flags)
    if not any(len(values) > 1 for values in color_path.values()):
        axis, values = next(iter(AXES.items()))
        example = f"--{axis} {values[0]}:{values[min(8, len(values) - 1)]}"
        raise UserError(f"--{axis}: say from where to where a colour fades, as in {example}; or of "
                        f"another of {', '.join(AXES)}")
    out = common.animated(flags)
    checkpoint = common.find_checkpoint(flags, steered=True)
    colours = [flags[axis].value.replace(":", "-") for axis in color_path]
    name = "_".join([checkpoint.info["run"], "fade", *colours, common.seed_or_latent(flags)])
    return Animation(checkpoint, color_path, flags.frames,
                     out or common.PICTURES / f"{name}.gif", flags)


def run(request):
    trained = request.checkpoint.load()
    for tags in common.path_tags(request.color_path):
        drawing.warn_unseen(trained, tags)
    faces = common.first_latents(request.flags, trained, request.flags.num or 1)
    sheet = interpolation.fade(trained, faces, request.color_path, request.frames, request.out)
    say(f"checkpoint used: {trained.describe()}", f"fade:  {request.out}",
        f"faces: {sheet}")
