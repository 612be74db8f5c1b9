"""--mode neighbors"""
import dataclasses
from typing import Callable

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.cli import common, outputs
from anime_gan_tf.cli.common import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage.names import Output

FACES = 8
COLUMNS = 7  # of the picture
SIZE = 64    # of faces that are given, to compare them


@dataclasses.dataclass(frozen=True)
class Request:
    """images, names: the faces that are given; where None, those of seeds are drawn. pictured: the
    given ones at `size`, that of the faces in the picture, None for their own; real: of rows of
    `faces`, the same."""
    faces: ImageDataset
    real: Callable
    size: int | None
    out: Output
    pictured: np.ndarray | None
    images: np.ndarray | None
    names: list | None
    checkpoint: Checkpoint | None
    tags: tuple
    seeds: range


def parse(flags):
    asked = common.requested(flags)
    if flags.images and (asked or flags.run or flags.model or flags.num):
        raise UserError("--images", Fault.CONFLICT, f"the faces are there already; leave "
                        f"{', '.join(common.AXIS_FLAGS)}, --num, --run and --model out")
    seeds = range(flags.seed, flags.seed + (flags.num or FACES))
    if flags.images:
        out = outputs.output(flags, outputs.named(flags, "neighbors", outputs.stem(flags.images)))
        images, names = dataset.load_any(flags.images, SIZE, "--images")
        size = flags.size or SIZE
        pictured = (images if size == SIZE
                    else dataset.load_any(flags.images, size, "--images")[0])
        faces = common.faces(flags, SIZE, DEFAULT)
        return Request(faces, _real(flags, faces, size), size, out, pictured, images, names, None,
                       (), seeds)
    checkpoint = common.find_checkpoint(flags, tuple(asked) or None)
    tags = common.tags(flags, checkpoint)
    out = outputs.output(flags, outputs.named(flags, "neighbors", checkpoint.info["run"]),
                        checkpoint=checkpoint.info, defaults={"num": FACES})
    faces = common.faces(flags, checkpoint.info["recipe"]["image_size"], checkpoint.data_labels)
    size = common.size(flags, checkpoint.path, checkpoint.info, (flags.num or FACES) * COLUMNS)
    return Request(faces, _real(flags, faces, size), size, out, None, None, None, checkpoint, tags,
                   seeds)


def _real(flags, faces, size):
    """A function from rows of `faces` to what their files show at a size."""
    return lambda rows: common.real_faces(flags, faces, rows, size)


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import nearest_neighbors
    from anime_gan_tf.generation import enlarging, sampling

    images, names, pictured = request.images, request.names, request.pictured
    if images is None:
        trained = request.checkpoint.load()
        images = sampling.draw(trained, latents.from_seeds(trained, request.seeds, request.tags))
        names = [f"seed {seed}" for seed in request.seeds]
        if trained.info["data"] != request.faces.title:
            say(f"note: {trained.info['run']} was trained on {trained.info['data']}, not on "
                f"{request.faces.title}")
        pictured = enlarging.to_size(images, request.size)
    nearest_neighbors.nearest_neighbors(images, names, request.faces, request.out.path, pictured,
                                        request.real)
    request.out.sign()
    say(f"faces: {request.out.path}")
