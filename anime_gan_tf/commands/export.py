"""--mode export"""
import dataclasses
import importlib.util
import pathlib

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.console import say
from anime_gan_tf.errors import choose, UserError
from anime_gan_tf.storage import checkpoints

loading = runtime.late("networks.loading")
standard = runtime.late("networks.standard")

ENDINGS = {"npz": ".npz", "onnx": ".onnx", "keras": ".keras"}
ONNX_PACKAGES = ("tf2onnx", "onnx")


@dataclasses.dataclass(frozen=True)
class Request:
    path: pathlib.Path
    out: pathlib.Path
    format: str
    latent_std: float | None


def parse(flags):
    ending = ENDINGS[choose("--format", flags.format, ENDINGS)]
    if flags.latent_std is not None and flags.format != "npz":
        raise UserError("--latent_std: the noise is an input of such a file; multiply that by what "
                        "it should be")
    missing = [name for name in ONNX_PACKAGES if flags.format == "onnx"
               and not importlib.util.find_spec(name)]
    if missing:
        raise UserError(f"--format: onnx needs packages that are missing: pip install "
                        f"{' '.join(missing)}")
    path = checkpoints.find_generator(flags.run, flags.model)
    return Request(path,
                   common.ending(flags, ending) or pathlib.Path(f"{path.parent.name}{ending}"),
                   flags.format, common.latent_std(flags))


def run(request):
    if request.format == "npz":
        files = checkpoints.export_half(request.path, request.out, request.latent_std)
    else:
        standard.write(loading.load_generator(request.path).generator, request.out, request.format)
        files = [request.out]
    for file in files:
        say(f"{file.stem}: {file}, {file.stat().st_size / 1e6:.1f} MB")
    if request.format == "npz":
        say(f"draw:  python main.py --mode infer --run {request.out}")
