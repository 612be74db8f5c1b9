"""--mode evaluate"""
import dataclasses
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.data import dataset, sources
from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import UserError
from anime_gan_tf.generation import latents
from anime_gan_tf.storage import checkpoints

evaluator = runtime.late("evaluation.evaluator")
loading = runtime.late("networks.loading")
curves = runtime.late("training.curves")
sampling = runtime.late("generation.sampling")

FACES = 5000


@dataclasses.dataclass(frozen=True)
class Request:
    """generated: the faces to measure; where None, num faces of the generator at path are drawn."""
    faces: Faces
    features: str
    seed: int
    out: pathlib.Path
    generated: Faces | None
    path: pathlib.Path | None
    num: int


def parse(flags):
    if flags.images and (flags.run or flags.model or flags.num):
        raise UserError("--images: the faces are there already; leave --run, --model and --num out")
    if flags.features not in ("perceptual", "faces", "inception") and not flags.features.endswith(".npz"):
        raise UserError(f"--features: {flags.features!r} is not perceptual, faces, inception or a classifier.npz")
    if flags.images:
        out, size, path = common.png(flags, "evaluation", flags.images), 64, None
        generated = dataset.load(sources.open_path(flags.images, "--images"), size)
    else:
        path, generated = checkpoints.find_generator(flags.run, flags.model), None
        info = checkpoints.read_info(path)
        out, size = common.png(flags, "evaluation", info["run"]), info["recipe"]["image_size"]
    return Request(common.faces(flags, size), flags.features, flags.seed, out, generated, path, flags.num or FACES)


def run(request):
    faces, generated = request.faces, request.generated
    if generated:
        evaluator.evaluate(generated.title, generated.images, generated.tags, faces, request.features, request.seed,
                           request.out)
        return
    trained = loading.load_generator(request.path)
    shown = latents.from_seeds(trained, range(request.seed, request.seed + request.num))
    images = sampling.draw(trained, shown, progress=True)
    if trained.info["data"] != faces.title:
        print(f"note: {trained.info['run']} was trained on {trained.info['data']}, not on {faces.title}")
    against = "a perceptual discriminator on EfficientNet-Lite1" if trained.recipe.perceptual else "no frozen features"
    content = evaluator.evaluate(trained.describe(), images, shown.tags, faces, request.features, request.seed,
                                 request.out, f"trained against {against}")
    if (request.path.parent / "run.json").exists():  # trained here, so TensorBoard knows the run
        curves.Curves(request.path.parent).quality(content["generated"], trained.info.get("step", 0))
