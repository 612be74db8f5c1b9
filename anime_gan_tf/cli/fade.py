"""--mode fade"""
from anime_gan_tf import runtime
from anime_gan_tf.cli import attributes, generators, outputs
from anime_gan_tf.cli.flags import NUM
from anime_gan_tf.cli.generators import Animation
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError


def parse(flags):
    outputs.animated(flags)
    checkpoint = generators.find_checkpoint(flags, tuple(attributes.requested(flags)) or None)
    color_path, axes = attributes.color_path(flags, checkpoint), checkpoint.labels.axes
    slides = checkpoint.slide and checkpoint.slide.stops > 1
    if not slides and not any(len(values) > 1 for values in color_path.values()):
        axis, values = next(iter(axes.items()))
        example = attributes.flag_for(axis, f"{values[0]}:{values[min(8, len(values) - 1)]}")
        raise UserError(example.split()[0], Fault.MISSING, f"name the colors that it fades "
                        f"between, as in {example} (of {', '.join(axes)}), or steps of a slider, "
                        f"as in --slide turn=-2:2")
    out = outputs.animation_output(flags, checkpoint, NUM["fade"])
    size = generators.size(flags, checkpoint.path, checkpoint.info,
                       generators.num_faces(flags, NUM["fade"]))
    return Animation(checkpoint, color_path, flags.frames, size, out, flags)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import drawing, interpolation

    trained = request.checkpoint.load()
    for tags in attributes.path_tags(request.color_path, trained.labels):
        drawing.warn_unseen(trained, tags)
    batch = generators.first_latents(request.flags, trained, request.flags.num or NUM["fade"])
    sheet = interpolation.fade(trained, batch, request.color_path, request.frames,
                               request.out.path, request.size, request.checkpoint.slide)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"fade:  {request.out.path}",
        f"faces: {sheet}")
