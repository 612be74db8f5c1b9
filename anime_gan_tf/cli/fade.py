"""--mode fade"""
from anime_gan_tf import runtime
from anime_gan_tf.cli import common, outputs
from anime_gan_tf.cli.common import Animation
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError

FACES = 1


def parse(flags):
    outputs.animated(flags)
    checkpoint = common.find_checkpoint(flags, tuple(common.requested(flags)) or None)
    color_path, axes = common.color_path(flags, checkpoint), checkpoint.labels.axes
    slides = checkpoint.slide and checkpoint.slide.stops > 1
    if not slides and not any(len(values) > 1 for values in color_path.values()):
        axis, values = next(iter(axes.items()))
        example = common.flag_for(axis, f"{values[0]}:{values[min(8, len(values) - 1)]}")
        raise UserError(example.split()[0], Fault.MISSING, f"say from where to where a color "
                        f"fades, as in {example}; or of another of {', '.join(axes)}")
    out = outputs.animation_output(flags, checkpoint, FACES)
    size = common.size(flags, checkpoint.path, checkpoint.info, flags.num or FACES)
    return Animation(checkpoint, color_path, flags.frames, size, out, flags)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import drawing, interpolation

    trained = request.checkpoint.load()
    for tags in common.path_tags(request.color_path, trained.labels):
        drawing.warn_unseen(trained, tags)
    faces = common.first_latents(request.flags, trained, request.flags.num or FACES)
    sheet = interpolation.fade(trained, faces, request.color_path, request.frames,
                               request.out.path, request.size, request.checkpoint.slide)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"fade:  {request.out.path}",
        f"faces: {sheet}")
