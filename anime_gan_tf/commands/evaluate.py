"""--mode evaluate"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.commands.common import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset, sources
from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import UserError
from anime_gan_tf.generation import latents

evaluator = runtime.late("evaluation.evaluator")
curves = runtime.late("training.curves")
sampling = runtime.late("generation.sampling")

FACES = 5000


@dataclasses.dataclass(frozen=True)
class Request:
    """generated: the faces to measure; where None, num faces of the checkpoint are drawn."""
    faces: Faces
    features: str
    seed: int
    out: pathlib.Path
    generated: Faces | None
    checkpoint: Checkpoint | None
    num: int


def parse(flags):
    if flags.images and (flags.run or flags.model or flags.num or flags["latent_std"].present):
        raise UserError("--images: the faces are there already; leave --run, --model, --num and "
                        "--latent_std out")
    if (flags.features not in ("perceptual", "faces", "inception")
            and not flags.features.endswith(".npz")):
        raise UserError(f"--features: {flags.features!r} is not perceptual, faces, inception or a "
                        f"classifier.npz")
    if flags.images:
        out, size, checkpoint = common.png(flags, "evaluation", flags.images), 64, None
        generated = dataset.load(sources.open_path(flags.images, "--images"), size)
    else:
        checkpoint, generated = common.find_checkpoint(flags), None
        info = checkpoint.info
        out, size = common.png(flags, "evaluation", info["run"]), info["recipe"]["image_size"]
    return Request(common.faces(flags, size), flags.features, flags.seed, out, generated,
                   checkpoint, flags.num or FACES)


def run(request):
    faces, generated = request.faces, request.generated
    if generated:
        evaluator.evaluate(generated.title, generated.images, generated.tags, faces,
                           request.features, request.seed, request.out)
        return
    trained, std = request.checkpoint.load(), request.checkpoint.latent_std
    shown = latents.from_seeds(trained, range(request.seed, request.seed + request.num))
    images = sampling.draw(trained, shown, progress=True)
    if trained.info["data"] != faces.title:
        say(f"note: {trained.info['run']} was trained on {trained.info['data']}, not on "
            f"{faces.title}")
    against = ("a perceptual discriminator on EfficientNet-Lite1" if trained.recipe.perceptual
               else "no frozen features")
    title = trained.describe() + (f", noise of {std:g}" if std else "")
    content = evaluator.evaluate(title, images, shown.tags, faces, request.features, request.seed,
                                 request.out, f"trained against {against}")
    folder = request.checkpoint.path.parent
    if (folder / "run.json").exists() and not std:  # trained here, so TensorBoard knows the run
        curves.Curves(folder).quality(content["generated"], trained.info.get("step", 0))
