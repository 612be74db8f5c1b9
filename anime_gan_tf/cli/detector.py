"""--mode detector"""
import dataclasses
import pathlib

from anime_gan_tf import recipes, runtime
from anime_gan_tf.cli import outputs
from anime_gan_tf.console import say
from anime_gan_tf.data import cropping, dataset, deduplication, scenes, sources
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import checkpoints, npz, schema

EPOCHS = 3.0
SIZE = 96
NUM_TESTED = 100  # scenes of held-out faces


@dataclasses.dataclass(frozen=True)
class Request:
    """shares: for each data set, the side of the faces' boxes over that of their pictures."""
    datasets: list[ImageDataset]
    shares: list[float]
    out: pathlib.Path
    epochs: float
    seed: int
    start_from: str | None


def parse(flags):
    if flags.data is None:
        raise UserError("--data", Fault.MISSING, "name the folder or .zip of faces to compose "
                        "scenes from; or several, with commas between them")
    paths = flags.data.split(",")
    margins = (flags.margin or str(cropping.MARGIN)).split(",")
    if len(margins) not in (1, len(paths)):
        raise UserError("--margin", Fault.INVALID, f"has {len(margins)} values for {len(paths)} "
                        f"data sets; give one, or one for each")
    shares = [1 / (1 + 2 * cropping.parse_margin(text)) for text in margins]
    out = outputs.with_ending(flags, ".npz") or checkpoints.ROOT / "detector.npz"
    outputs.check_weights_file(out, schema.DETECTOR)
    recipes.resolve("dcgan", {"epochs": flags.epochs})  # checks the range
    if flags.start_from:
        npz.unpacked(flags.start_from)  # refuses a missing file, or another kind
    listed = [sources.open_path(path, Labels({})) for path in paths]
    return Request([dataset.load(source, SIZE) for source in listed],
                   shares * (len(paths) if len(shares) == 1 else 1), out,
                   EPOCHS if flags.epochs is None else flags.epochs, flags.seed, flags.start_from)


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import detection
    from anime_gan_tf.training import detector

    start = None
    if request.start_from:
        start = detection.load(request.start_from).model.get_weights()
    training, held_out = [], []
    for loaded, share in zip(request.datasets, request.shares):
        rows, _, others = deduplication.split(loaded.images)
        if not len(rows) or not len(others):
            raise UserError("--data", Fault.TOO_FEW, f"{loaded.title} has too few faces to learn "
                            f"from and to test on")
        training.append(scenes.FaceSet(loaded.images[rows], share))
        held_out.append(scenes.FaceSet(loaded.images[others], share))
    title = ", ".join(loaded.title for loaded in request.datasets)
    detector.train(training, title, request.out, request.epochs, request.seed, start=start)
    trained = detection.load(request.out)
    count = detection.measure(trained.find, scenes.Scenes(held_out, request.seed + 1), NUM_TESTED)
    say(f"{NUM_TESTED} scenes of held-out faces: {count.found:,} of {count.found + count.missed:,} "
        f"faces found, {count.false:,} found that are none",
        f"detector: {request.out}, {request.out.stat().st_size / 1e6:.2f} MB")
