"""--mode project"""
import dataclasses
import pathlib
import shlex

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.cli import attributes, datasets, generators, outputs
from anime_gan_tf.cli.flags import NUM
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage import catalog, checkpoints
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Request:
    """images: uint8 (n, size, size, 3), of the generator's size; given: the same at the size of the
    picture; size: of its faces, None for that of the generator."""
    path: pathlib.Path
    images: np.ndarray
    given: np.ndarray
    size: int | None
    steps: int
    seed: int
    out: Output


def parse(flags):
    if flags.images and flags.num:
        raise UserError("--num", Fault.CONFLICT, "says how many held-out faces of --data to "
                        "project; with an image leave it out")
    if not flags.images and not flags.num and flags.data is None:
        raise UserError("--images", Fault.MISSING, "name the picture of a face, as in --mode "
                        "project FACE.jpg, or with --num how many held-out faces of --data to take")
    path = (catalog.find_generator(flags.run) if flags.run
            else generators.default_generator(flags.model))
    info = generators.require_generator(path, flags)
    own = info["recipe"]["image_size"]
    size = generators.size(flags, path, info)
    subject = ([outputs.stem(flags.images)] if flags.images
               else ["held_out", outputs.stem(datasets.data(flags))])
    run = [info["run"]] if flags.run or flags.model else []
    out = outputs.output(flags, ("project", *subject, *run), checkpoint=info,
                        defaults={"num": NUM["project"]}, companions=(".npz",))
    if flags.images:
        images, _ = given, _ = dataset.load_any(flags.images, own, "--images")
        if size not in (None, own):
            given, _ = dataset.load_any(flags.images, size, "--images")
    else:
        loaded = datasets.load_dataset(flags, own, DEFAULT)
        rows = _held_out(loaded, flags.num or NUM["project"])
        images, given = loaded.images[rows], datasets.read_rows(flags, loaded, rows, size)
    return Request(path, images, given, size, flags.steps, flags.seed, out)


def _held_out(loaded, num):
    """Rows of held-out faces, evenly spaced."""
    held_out = loaded.split.held_out
    if not len(held_out):
        raise UserError("--data", Fault.TOO_FEW, f"{loaded.title} has {len(loaded.images):,} "
                        f"faces, too few for a held-out tenth; name an image with --images")
    return held_out[::max(1, len(held_out) // num)][:num]


def run(request):
    runtime.load()
    from anime_gan_tf.generation import projection
    from anime_gan_tf.networks import loading

    trained = loading.load_generator(request.path)
    found, nearest = projection.project(trained, request.path, request.images, request.steps,
                                        request.seed)
    measured = projection.report(trained, request.images, found, nearest, request.out.path,
                                request.given, request.size)
    latent = request.out.path.with_suffix(".npz")
    latents.write(latent, trained, found)
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}",
        f"mean likeness, of {len(request.images):,}: {measured['psnr']:.1f} dB")
    labels = trained.labels if trained.recipe.conditional else checkpoints.classifier_labels()
    axis, values = next(iter(labels.axes.items()))
    if "changed" in measured:
        say(f"with other {axis}, {measured['changed']:.0%} get that and {measured['kept']:.0%} "
            f"keep their other labels, by the classifier")
    say(f"latent: {latent}", f"faces: {request.out.path}",
        f"more:  python main.py --mode infer --latent {shlex.quote(str(latent))} "
        f"{attributes.flag_for(axis, values[min(8, len(values) - 1)])}")
