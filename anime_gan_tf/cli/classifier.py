"""--mode classifier"""
import dataclasses
import pathlib

from anime_gan_tf import recipes, runtime
from anime_gan_tf.cli import datasets, outputs
from anime_gan_tf.console import say
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.storage import checkpoints, schema

EPOCHS = 20.0
SIZE = 64


@dataclasses.dataclass(frozen=True)
class Request:
    dataset: ImageDataset
    out: pathlib.Path
    epochs: float
    seed: int


def parse(flags):
    out = outputs.with_ending(flags, ".npz") or checkpoints.ROOT / "classifier.npz"
    outputs.check_weights_file(out, schema.CLASSIFIER, schema.CLASSIFIER_SCALING)
    recipes.resolve("dcgan", {"epochs": flags.epochs})  # checks the range
    return Request(datasets.load_dataset(flags, SIZE, datasets.data_labels(flags)), out,
                   EPOCHS if flags.epochs is None else flags.epochs, flags.seed)


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import classifier

    accuracy = classifier.train(request.dataset, request.out, request.epochs, request.seed)
    shares = ", ".join(f"{name} {value:.1%}" for name, value in accuracy.items() if name != "faces")
    say(f"held out: {accuracy['faces']:,} faces, {shares} right",
        f"classifier: {request.out}, {request.out.stat().st_size / 1e6:.1f} MB")
