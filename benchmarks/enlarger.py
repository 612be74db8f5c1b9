"""Metrics of enlarged faces that no training saw, and of damaged true ones as a scale for them.

`python -m benchmarks.enlarger --data faces256.zip [--run pretrained_enlarger --run my_enlarger]`
"""
import argparse
import io

import numpy as np
from PIL import Image, ImageFilter

from anime_gan_tf.data import dataset, sources
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import pairs
from anime_gan_tf.generation import enlarging
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import catalog
from benchmarks import options

METRICS = ("psnr", "paired", "kernel", "sharpness")


def rows(true, runs):
    """(name, metrics of pairs.compare()) one by one.

    Args: true: uint8 (n, size, size, 3); runs: {name: loading.Trained of an enlarger}.
    """
    size = true.shape[1]
    small = {scale: pairs.reduced(true, scale)
             for scale in sorted({4} | {trained.recipe.scale for trained in runs.values()})}
    each = lambda images, change: np.stack(
        [np.asarray(change(Image.fromarray(image)).convert("RGB")) for image in images])
    yield "true, JPEG of quality 85", pairs.compare(each(true, _compressed(85)), true)
    blur = ImageFilter.GaussianBlur(0.6)
    yield "true, blurred by 0.6 px", pairs.compare(each(true, lambda x: x.filter(blur)), true)
    yield "bicubic", pairs.compare(
        each(small[4], lambda x: x.resize((size, size), Image.Resampling.BICUBIC)), true)
    for name, trained in runs.items():
        large = enlarging.enlarge(trained.generator, small[trained.recipe.scale])
        yield name, pairs.compare(large, true)
        # True faces are JPEGs, and their artifacts are part of what the kernel distance sees.
        yield f"{name}, JPEG of quality 93", pairs.compare(each(large, _compressed(93)), true)


def _compressed(quality):
    def compressed(image):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, subsampling=0)
        return Image.open(file)
    return compressed


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a folder or .zip of large faces")
    parser.add_argument("--image_size", type=int, default=256, help="of the faces [%(default)s]")
    parser.add_argument("--run", action="append", help="of an enlarger [pretrained_enlarger]")
    chosen = parser.parse_args(argv)
    runs = {}
    for name in chosen.run or ["pretrained_enlarger"]:
        runs[name] = loading.load_generator(catalog.find_generator(name))
        if not runs[name].recipe.enlarges:
            raise UserError("--run", Fault.CONFLICT, f"{name} is no enlarger")
    faces = dataset.load(sources.open_path(chosen.data, DEFAULT), chosen.image_size)
    held_out = faces.split.held_out
    if len(held_out) < 2:
        raise UserError("--data", Fault.TOO_FEW, f"{len(faces.images)} faces leave "
                        f"{len(held_out)} held out; 2 are the least")
    print(f"{len(held_out)} held-out faces of {chosen.image_size} px\n"
          f"| | {' | '.join(METRICS)} |\n|---|{'---|' * len(METRICS)}")
    for name, metrics in rows(faces.images[held_out], runs):
        print(f"| {name} | {' | '.join(f'{metrics[metric]:.3f}' for metric in METRICS)} |",
              flush=True)


if __name__ == "__main__":
    options.run(main)
