"""--mode neighbors"""
import dataclasses
from typing import Callable

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.cli import attributes, datasets, generators, outputs
from anime_gan_tf.cli.flags import NUM
from anime_gan_tf.cli.generators import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage.names import Output

COLUMNS = 7  # of the picture
SIZE = 64    # in pixels, at which given faces are compared


@dataclasses.dataclass(frozen=True)
class Request:
    """images, names: given faces; None to draw those of seeds. size: of the faces in the picture,
    None for that of the generator; pictured: the given faces at that size; read_rows: a function
    from rows of `dataset` to images at that size."""
    dataset: ImageDataset
    read_rows: Callable
    size: int | None
    out: Output
    pictured: np.ndarray | None
    images: np.ndarray | None
    names: list | None
    checkpoint: Checkpoint | None
    tags: tuple
    seeds: range


def parse(flags):
    requested = attributes.requested(flags)
    if flags.images and (requested or flags.run or flags.model or flags.num):
        raise UserError("--images", Fault.CONFLICT, f"the faces are there already; leave "
                        f"{', '.join(attributes.AXIS_FLAGS)}, --num, --run and --model out")
    seeds = range(flags.seed, flags.seed + (flags.num or NUM["neighbors"]))
    if flags.images:
        out = outputs.output(flags, outputs.named(flags, "neighbors", outputs.stem(flags.images)))
        images, names = dataset.load_any(flags.images, SIZE, "--images")
        size = flags.size or SIZE
        pictured = (images if size == SIZE
                    else dataset.load_any(flags.images, size, "--images")[0])
        loaded = datasets.load_dataset(flags, SIZE, DEFAULT)
        return Request(loaded, _row_reader(flags, loaded, size), size, out, pictured, images, names,
                       None, (), seeds)
    checkpoint = generators.find_checkpoint(flags, tuple(requested) or None)
    tags = attributes.tags(flags, checkpoint)
    out = outputs.output(flags, outputs.named(flags, "neighbors", checkpoint.info["run"]),
                        checkpoint=checkpoint.info, defaults={"num": NUM["neighbors"]})
    loaded = datasets.load_dataset(flags, checkpoint.info["recipe"]["image_size"],
                                 checkpoint.data_labels)
    size = generators.size(flags, checkpoint.path, checkpoint.info, len(seeds) * COLUMNS)
    return Request(loaded, _row_reader(flags, loaded, size), size, out, None, None, None,
                   checkpoint, tags, seeds)


def _row_reader(flags, loaded, size):
    """A function from rows of an ImageDataset to images at a size."""
    return lambda rows: datasets.read_rows(flags, loaded, rows, size)


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import nearest_neighbors
    from anime_gan_tf.generation import enlarging, sampling

    images, names, pictured = request.images, request.names, request.pictured
    if images is None:
        trained = request.checkpoint.load()
        images = sampling.draw(trained, latents.from_seeds(trained, request.seeds, request.tags))
        names = [f"seed {seed}" for seed in request.seeds]
        if trained.info["data"] != request.dataset.title:
            say(f"note: {trained.info['run']} was trained on {trained.info['data']}, not on "
                f"{request.dataset.title}")
        pictured = enlarging.to_size(images, request.size)
    nearest_neighbors.nearest_neighbors(images, names, request.dataset, request.out.path,
                                        pictured, request.read_rows)
    request.out.sign()
    say(f"faces: {request.out.path}")
