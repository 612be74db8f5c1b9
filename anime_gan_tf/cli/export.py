"""--mode export"""
import dataclasses
import importlib.util
import pathlib
import shlex

from anime_gan_tf import recipes, runtime
from anime_gan_tf.cli import generators, outputs
from anime_gan_tf.console import say
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.generation import named_hair
from anime_gan_tf.storage import catalog, checkpoints, names, npz, schema

ENDINGS = {"npz": ".npz", "onnx": ".onnx", "keras": ".keras"}
ONNX_PACKAGES = ("tf2onnx", "onnx")


@dataclasses.dataclass(frozen=True)
class Request:
    path: pathlib.Path
    out: pathlib.Path
    format: str
    latent_std: float | None
    hair_by_pixels: bool
    seed: int


def parse(flags):
    ending = ENDINGS[choose("--format", flags.format, ENDINGS)]
    if flags.latent_std is not None and flags.format != "npz":
        raise UserError("--latent_std", Fault.CONFLICT, "the noise is an input of such a file; "
                        "multiply that by what it should be")
    if flags.hair_by_pixels and flags.format != "npz":
        raise UserError("--hair_by_pixels", Fault.CONFLICT, f"needs --format npz; a second command "
                        f"with --run FILE.npz --format {flags.format} converts the file it writes")
    missing = [name for name in ONNX_PACKAGES if flags.format == "onnx"
               and not importlib.util.find_spec(name)]
    if missing:
        raise UserError("--format", Fault.UNAVAILABLE, f"onnx needs packages that are missing: "
                        f"pip install {' '.join(missing)}")
    latent_std = generators.latent_std(flags)
    path = (catalog.find_generator(flags.run) if flags.run
            else generators.default_generator(flags.model))
    if flags.hair_by_pixels:
        info = checkpoints.read_info(path)
        named_hair.find(info["run"], recipes.from_saved(info["recipe"]), schema.labels_of(info))
    return Request(path, _output(flags, path, ending, latent_std), flags.format, latent_std,
                   flags.hair_by_pixels, flags.seed)


def _output(flags, path, ending, latent_std):
    """The path to write. Only an .npz export of the same generator, or of another, is replaced.

    Raises:
      UserError: --out is in the folder of a run, or is the exported file itself.
    """
    info = (checkpoints.exported_info(path, latent_std, flags.hair_by_pixels) if ending == ".npz"
            else generators.require_generator(path, flags))
    companions = ((lambda file: (checkpoints.discriminator_path(file),)) if ending == ".npz"
                  else names.ALONE)
    made_by = lambda file, main: (_made_by(file, main)
                                  if file.exists() and not file.samefile(path) else None)
    out = outputs.with_ending(flags, ending)
    if out:
        outputs.check_no_run(out)
        if out.exists() and out.samefile(path):
            raise UserError("--out", Fault.CONFLICT, f"{out} is what is to be exported; name "
                            f"another file")
        out = names.given(out, names.digest(info), companions, made_by).path
    else:
        changes = [f"std{latent_std:g}"] if latent_std else []
        changes += ["hair"] if flags.hair_by_pixels else []
        name = names.default_name(path.resolve().parent.name, *changes)
        out = names.default(pathlib.Path(f"{name}{ending}"), names.digest(info), companions,
                            made_by).path
    names.check_writable(out)
    return out


def _made_by(file, main):
    """names.digest() of the generator in `main`, if `file` is an export of it or of its
    discriminator; "" for a discriminator without a generator; None for any other file."""
    if file != main:
        return (_made_by(main, main) or "") if checkpoints.is_half(file, True) else None
    return names.digest(npz.unpacked(file)) if checkpoints.is_half(file) else None


def run(request):
    runtime.load()
    from anime_gan_tf.generation import hair_calibration
    from anime_gan_tf.networks import loading, standard

    calibrated = None
    if request.hair_by_pixels:
        trained = loading.load_generator(request.path).with_noise(request.latent_std)
        before, after = hair_calibration.calibrate(trained, request.seed)
        say(f"hair of the requested name, by its pixels: {before:.1%} before, {after:.1%} now")
        calibrated = trained.generator.get_weights()
    if request.format == "npz":
        files = checkpoints.export_half(request.path, request.out, request.latent_std, calibrated)
    else:
        standard.write(loading.load_generator(request.path).generator, request.out, request.format)
        files = [request.out]
    for file in files:
        say(f"{file.stem}: {file}, {file.stat().st_size / 1e6:.1f} MB")
    if request.format == "npz" and catalog.draws(checkpoints.read_info(request.path)):
        say(f"draw:  python main.py --mode infer --run {shlex.quote(str(request.out))}")
