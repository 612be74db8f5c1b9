"""--mode project"""
import dataclasses
import pathlib

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset, deduplication
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.storage.names import Output

loading = runtime.late("networks.loading")
projection = runtime.late("generation.projection")

FACES = 8


@dataclasses.dataclass(frozen=True)
class Request:
    """images: uint8 (n, size, size, 3), to redraw."""
    path: pathlib.Path
    images: np.ndarray
    steps: int
    seed: int
    out: Output


def parse(flags):
    if flags.images and flags.num:
        raise UserError("--num", Fault.CONFLICT, "says how many held-out faces of --data to "
                        "project; with an image leave it out")
    path = (checkpoints.find_generator(flags.run) if flags.run
            else common.default_generator(flags.model))
    info = common.require_generator(path, flags)
    size = info["recipe"]["image_size"]
    subject = ([common.stem(flags.images)] if flags.images
               else ["held_out", common.stem(common.data(flags))])
    run = [info["run"]] if flags.run or flags.model else []
    out = common.output(flags, ("project", *subject, *run), checkpoint=info,
                        defaults={"num": FACES}, companions=(".npz",))
    images = (dataset.load_any(flags.images, size, "--images")[0] if flags.images
              else _held_out(flags, size))
    return Request(path, images, flags.steps, flags.seed, out)


def _held_out(flags, size):
    """Held-out faces, evenly spread."""
    faces = common.faces(flags, size, DEFAULT)
    held_out, num = deduplication.split(faces.images).held_out, flags.num or FACES
    if not len(held_out):
        raise UserError("--data", Fault.TOO_FEW, f"{faces.title} has {len(faces.images):,} faces, "
                        f"too few for a held-out tenth; name an image with --images")
    return faces.images[held_out[::max(1, len(held_out) // num)][:num]]


def run(request):
    trained = loading.load_generator(request.path)
    found, nearest = projection.project(trained, request.path, request.images, request.steps,
                                        request.seed)
    figures = projection.report(trained, request.images, found, nearest,
                                request.out.path)
    latent = request.out.path.with_suffix(".npz")
    latents.write(latent, trained, found)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}",
        f"mean likeness, of {len(request.images):,}: {figures['psnr']:.1f} dB")
    labels = trained.labels if trained.recipe.conditional else checkpoints.classifier_labels()
    axis, values = next(iter(labels.axes.items()))
    if "changed" in figures:
        say(f"with other {axis}, {figures['changed']:.0%} get that and {figures['kept']:.0%} keep "
            f"their other labels, says the classifier")
    say(f"latent: {latent}", f"faces: {request.out.path}",
        f"more:  python main.py --mode infer --latent {latent} "
        f"{common.flag_for(axis, values[min(8, len(values) - 1)])}")
