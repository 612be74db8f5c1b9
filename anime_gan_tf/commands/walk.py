"""--mode walk"""
from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.commands.common import Animation
from anime_gan_tf.console import say
from anime_gan_tf.errors import UserError

drawing = runtime.late("generation.drawing")
interpolation = runtime.late("generation.interpolation")

FACES = 6


def parse(flags):
    color_path = common.color_path(flags)
    if flags.num == 1:
        raise UserError("--num: a walk needs two faces at least")
    out = common.animated(flags)
    checkpoint = common.find_checkpoint(flags, steered=bool(color_path))
    default = common.PICTURES / f"{checkpoint.info['run']}_walk_{common.seed_or_latent(flags)}.gif"
    return Animation(checkpoint, color_path, flags.frames, out or default, flags)


def run(request):
    trained = request.checkpoint.load()
    stops = common.first_latents(request.flags, trained, request.flags.num or FACES)
    if len(stops) < 2:
        raise UserError("--latent: a walk needs two faces at least")
    for tags in common.path_tags(request.color_path):
        drawing.warn_unseen(trained, tags)
    sheet = interpolation.walk(trained, stops, request.color_path, request.frames, request.out)
    say(f"checkpoint used: {trained.describe()}", f"walk:  {request.out}",
        f"faces: {sheet}")
