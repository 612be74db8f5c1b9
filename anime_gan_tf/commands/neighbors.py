"""--mode neighbors"""
import dataclasses

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.commands.common import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset
from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.generation import latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage.names import Output

nearest_neighbors = runtime.late("evaluation.nearest_neighbors")
sampling = runtime.late("generation.sampling")

FACES = 8
SIZE = 64  # of faces that are given


@dataclasses.dataclass(frozen=True)
class Request:
    """images, names: the faces that are given; where None, those of seeds are drawn."""
    faces: Faces
    out: Output
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
        out = common.output(flags, common.named(flags, "neighbors", common.stem(flags.images)))
        images, names = dataset.load_any(flags.images, SIZE, "--images")
        faces = common.faces(flags, SIZE, DEFAULT)
        return Request(faces, out, images, names, None, (), seeds)
    checkpoint = common.find_checkpoint(flags, tuple(asked) or None)
    tags = common.tags(flags, checkpoint)
    out = common.output(flags, common.named(flags, "neighbors", checkpoint.info["run"]),
                        checkpoint=checkpoint.info, defaults={"num": FACES})
    faces = common.faces(flags, checkpoint.info["recipe"]["image_size"], checkpoint.data_labels)
    return Request(faces, out, None, None, checkpoint, tags, seeds)


def run(request):
    images, names = request.images, request.names
    if images is None:
        trained = request.checkpoint.load()
        images = sampling.draw(trained, latents.from_seeds(trained, request.seeds, request.tags))
        names = [f"seed {seed}" for seed in request.seeds]
        if trained.info["data"] != request.faces.title:
            say(f"note: {trained.info['run']} was trained on {trained.info['data']}, not on "
                f"{request.faces.title}")
    nearest_neighbors.nearest_neighbors(images, names, request.faces, request.out.path)
    request.out.sign()
    say(f"faces: {request.out.path}")
