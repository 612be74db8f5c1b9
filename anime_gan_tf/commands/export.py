"""--mode export"""
import dataclasses
import pathlib

from anime_gan_tf import recipes
from anime_gan_tf.commands import common
from anime_gan_tf.storage import checkpoints


@dataclasses.dataclass(frozen=True)
class Request:
    path: pathlib.Path
    out: pathlib.Path
    latent_std: float | None


def parse(flags):
    path = checkpoints.find_generator(flags.run, flags.model)
    recipes.resolve("dcgan", {"latent_std": flags.latent_std})  # is it in range?
    return Request(path, common.ending(flags, ".npz") or pathlib.Path(f"{path.parent.name}.npz"), flags.latent_std)


def run(request):
    for file in checkpoints.export_half(request.path, request.out, request.latent_std):
        print(f"{file.stem}: {file}, {file.stat().st_size / 1e6:.1f} MB")
    print(f"draw:  python main.py --mode infer --run {request.out}")
