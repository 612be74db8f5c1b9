"""--mode detector"""
import dataclasses
import pathlib

from anime_gan_tf import recipes, runtime
from anime_gan_tf.cli import outputs
from anime_gan_tf.console import say
from anime_gan_tf.data import face_sets, scenes
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import checkpoints, npz, schema

EPOCHS = 3.0
NUM_TESTED = 100  # scenes of held-out faces


@dataclasses.dataclass(frozen=True)
class Request:
    """faces: data sets, each with the side of its faces' boxes over that of their pictures."""
    faces: list[tuple[ImageDataset, float]]
    out: pathlib.Path
    epochs: float
    seed: int
    start_from: str | None


def parse(flags):
    if not flags.data:
        raise UserError("--data", Fault.MISSING, "name the folder or .zip of faces to compose "
                        "scenes from; or several, with commas between them")
    out = outputs.with_ending(flags, ".npz") or checkpoints.ROOT / "detector.npz"
    outputs.check_weights_file(out, schema.DETECTOR)
    recipes.resolve("dcgan", {"epochs": flags.epochs})  # checks the range
    if flags.start_from:
        npz.unpacked(flags.start_from)  # refuses a missing file, or another kind
    return Request(face_sets.load(flags.data, flags.margin), out,
                   EPOCHS if flags.epochs is None else flags.epochs, flags.seed, flags.start_from)


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import detection
    from anime_gan_tf.training import detector

    start = None
    if request.start_from:
        start = detection.load(request.start_from).model.get_weights()
    training, held_out = face_sets.split(request.faces)
    title = ", ".join(faces.title for faces, _ in request.faces)
    detector.train(training, title, request.out, request.epochs, request.seed, start=start)
    trained = detection.load(request.out)
    count = detection.measure(trained.find, scenes.Scenes(held_out, request.seed + 1), NUM_TESTED)
    say(f"{NUM_TESTED} scenes of held-out faces: {count.found:,} of {count.found + count.missed:,} "
        f"faces found, {count.false:,} found that are none",
        f"detector: {request.out}, {request.out.stat().st_size / 1e6:.2f} MB")
