"""--mode walk"""
from anime_gan_tf import runtime
from anime_gan_tf.cli import attributes, generators, outputs
from anime_gan_tf.cli.flags import NUM
from anime_gan_tf.cli.generators import Animation
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError


def parse(flags):
    if flags.num == 1:
        raise UserError("--num", Fault.TOO_FEW, "a walk needs two faces at least")
    outputs.animated(flags)
    checkpoint = generators.find_checkpoint(flags, tuple(attributes.requested(flags)) or None)
    color_path = attributes.color_path(flags, checkpoint)
    out = outputs.animation_output(flags, checkpoint, NUM["walk"])
    size = generators.size(flags, checkpoint.path, checkpoint.info)
    return Animation(checkpoint, color_path, flags.frames, size, out, flags)


def run(request):
    runtime.load()
    from anime_gan_tf.generation import drawing, interpolation

    trained = request.checkpoint.load()
    stops = request.checkpoint.with_slide(
        generators.first_latents(request.flags, trained, request.flags.num or NUM["walk"]))
    if len(stops) < 2:
        raise UserError("--latent", Fault.TOO_FEW, "a walk needs two faces at least")
    for tags in attributes.path_tags(request.color_path, trained.labels):
        drawing.warn_unseen(trained, tags)
    sheet = interpolation.walk(trained, stops, request.color_path, request.frames,
                               request.out.path, request.size)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"walk:  {request.out.path}",
        f"faces: {sheet}")
