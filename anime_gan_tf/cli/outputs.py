"""The output files of a command: their names, and which files they may replace."""
import hashlib
import os
import pathlib

from anime_gan_tf.cli import attributes, datasets
from anime_gan_tf.cli.flags import MODES
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import ANY, DEFAULT_AXES
from anime_gan_tf.storage import animation, kinds, names, npz


def output(flags, parts, ending=".png", *, checkpoint=None, defaults=None, always=(),
           companions=(), check=True):
    """The names.Output of a command: --out, or pictures/PARTS_REQUEST.ENDING.

    Args:
      parts: first parts of the default name.
      checkpoint: info of the generator that draws, or None; defaults: {flag: value} of flags whose
        own default is None; always: flags that are part of the name even with their defaults.
      companions: endings of the other files that the command writes; check: whether to check that
        the file can be written.
    Raises:
      UserError: --out has another ending, is not a file of this program, or cannot be written.
    """
    values, companions = _request(flags, defaults or {}), names.with_endings(*companions)
    command = names.digest([flags.mode, parts, values, _identity(flags), checkpoint])
    if flags.out is None:
        default = {name: None if name.startswith(_LABEL) else flags[name].default
                   for name in values} | (defaults or {})
        words = [_word(name, value) for name, value in values.items()
                 if name in always or value != default[name] and value is not None]
        out = names.default(names.PICTURES / f"{names.default_name(*parts, *words)}{ending}",
                            command, companions)
    else:
        path = animated(flags) if ending == ".gif" else with_ending(flags, ending)
        out = names.given(path, command, companions)
    check_outside_data(flags, out.path, flags.out and "--out")
    if check:
        names.check_writable(out.path)
    return out


# Flags that are not part of a picture's name: those in `parts`, and those that do not change the
# picture.
_UNNAMED = {"mode", "run", "model", "out", "images", "data", "axes", "label", "format",
            "separate", "clean"}
_PATHS = {"latent", "vary", "features"}
_LABEL = "label "  # prefix of the name of an axis that has no flag
_SHORT = {"latent_std": "std", "top_k": "top"}


def _request(flags, defaults):
    """{flag: value} of all flags that change the output: axes first, then initial latents."""
    labels = {axis if axis in DEFAULT_AXES else _LABEL + axis: None if text.lower() == ANY else text
              for axis, text in attributes.requested(flags).items()}
    ordered = dict.fromkeys(("matrix", *DEFAULT_AXES, *labels, "latent", "vary", "seed",
                             *MODES[flags.mode].flags))
    named = {*MODES[flags.mode].flags, *labels, "seed"} - _UNNAMED
    values = {name: labels[name] if name in labels else flags[name].value
              for name in ordered if name in named}
    return {name: defaults.get(name) if value is None else value for name, value in values.items()}


def _word(name, value):
    """The part of a picture's name for a flag."""
    if name in DEFAULT_AXES or name.startswith(_LABEL):
        return f"{value.lower().replace(':', '-')}_{name.removeprefix(_LABEL)}"
    if value is True:
        return name
    if isinstance(value, str):
        return f"{name}_{stem(value) if name in _PATHS else value}"
    return f"{_SHORT.get(name, name)}{value if isinstance(value, int) else f'{value:g}'}"


def _identity(flags):
    """Hashes and absolute paths of the files of flags, for a digest."""
    files = [flags[name].value for name in ("latent", "vary", "axes") if flags[name].value]
    folders = [flags.images] if flags.images else []
    if "data" in MODES[flags.mode].flags:
        folders.append(datasets.data(flags))
    return [*(hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest() for file in files),
            *map(os.path.abspath, folders)]


def named(flags, *parts):
    """The parts of a picture's name, with the data if --data is given."""
    return [*parts, *([stem(flags.data)] if flags.data else [])]


def stem(path):
    """The part of a picture's name for a path."""
    return pathlib.PurePath(path).stem


def animation_output(flags, checkpoint, default_num):
    """output() of walk and fade. default_num: number of faces."""
    return output(flags, (checkpoint.info["run"], flags.mode), ".gif",
                  checkpoint=checkpoint.identity,
                  defaults={"num": None if flags.latent else default_num},
                  always=seed_if_first(flags), companions=(".png",))


def seed_if_first(flags):
    """Flags that are part of a picture's name even with their defaults: the seed, unless the
    latents are those of a file."""
    return () if flags.latent else ("seed",)


def with_ending(flags, ending):
    """--out as a path with that ending; None if it is not given."""
    if flags.out is None:
        return None
    if not flags.out.lower().endswith(ending):
        raise UserError("--out", Fault.INVALID, f"{flags.out} does not end in {ending}")
    path = pathlib.Path(flags.out)
    if path.suffix.lower() != ending:
        raise UserError("--out", Fault.INVALID, f"{flags.out} has no name before {ending}")
    return path


def check_weights_file(path, kind, scaling=None):
    """Refuses a path for trained weights where another kind of file exists, or which cannot be
    written.

    Args: kind: schema of the file's info; scaling: {name: Array} of further arrays.
    Raises:
      UserError: with the reason.
    """
    def made_by(file, _):
        if file.is_symlink():
            return None
        try:
            kinds.check(file, kind, npz.unpacked(file))
            if scaling:
                kinds.check_arrays(file, scaling, npz.read_arrays(file))
        except UserError:
            return None
        return ""

    check_no_run(path)
    names.given(path, None, made_by=made_by)
    names.check_writable(path)


def check_no_run(path):
    """Refuses --out in the folder of a run.

    Raises:
      UserError: it is.
    """
    folder = path.resolve().parent
    if os.path.lexists(folder / "run.json"):
        raise UserError("--out", Fault.CONFLICT, f"{path} is in the folder of a trained run, "
                        f"{folder.name}; name a file elsewhere")


def check_outside_data(flags, path, flag=None):
    """Refuses to write into a folder of faces, where pictures would later be read as faces.

    Args: flag: of the path; None for one that this program chose.
    Raises:
      UserError: the path is in the folder of --images or --data.
    """
    folders = {"--images": flags.images}
    if "data" in MODES[flags.mode].flags:
        folders["--data"] = datasets.data(flags)
    for name, folder in folders.items():
        if folder and os.path.isdir(folder) and path.resolve().is_relative_to(
                pathlib.Path(folder).resolve()):
            raise UserError(flag or name, Fault.CONFLICT, f"{path} would be written among the "
                            f"faces in {folder}; "
                            + ("name a path elsewhere" if flag else "run this in another folder"))


def animated(flags):
    """--out as the path of an animation; None if it is not given. Refuses unsupported formats."""
    if flags.out is None:
        return None
    animation.check(flags.out)
    return pathlib.Path(flags.out)
