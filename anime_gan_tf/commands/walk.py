"""--mode walk"""
from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.commands.common import Animation
from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError

drawing = runtime.late("generation.drawing")
interpolation = runtime.late("generation.interpolation")

FACES = 6


def parse(flags):
    if flags.num == 1:
        raise UserError("--num", Fault.TOO_FEW, "a walk needs two faces at least")
    common.animated(flags)
    checkpoint = common.find_checkpoint(flags, tuple(common.requested(flags)) or None)
    color_path = common.color_path(flags, checkpoint)
    out = common.animation_output(flags, checkpoint, FACES)
    return Animation(checkpoint, color_path, flags.frames, out, flags)


def run(request):
    trained = request.checkpoint.load()
    stops = common.first_latents(request.flags, trained, request.flags.num or FACES)
    if len(stops) < 2:
        raise UserError("--latent", Fault.TOO_FEW, "a walk needs two faces at least")
    for tags in common.path_tags(request.color_path, trained.labels):
        drawing.warn_unseen(trained, tags)
    sheet = interpolation.walk(trained, stops, request.color_path, request.frames,
                               request.out.path)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"walk:  {request.out.path}",
        f"faces: {sheet}")
