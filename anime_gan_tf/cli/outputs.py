"""Where a command writes: the names of its files, and what they may not replace."""
import hashlib
import os
import pathlib

from anime_gan_tf.cli import common
from anime_gan_tf.cli.flags import MODES
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import ANY, DEFAULT_AXES
from anime_gan_tf.storage import animation, names, npz, schema


def output(flags, parts, ending=".png", *, checkpoint=None, defaults=None, always=(),
           companions=(), check=True):
    """The names.Output of a command: --out, or pictures/PARTS_REQUEST.ENDING.

    Args:
      parts: what the default name begins with.
      checkpoint: info of the generator that draws, if one does; defaults: {flag: value} where a
        flag's own default is none; always: flags that are named though they have their default.
      companions: endings of the files written beside it; check: whether it can be written.
    Raises:
      UserError: where --out has another ending, is a file of somebody else or cannot be written.
    """
    values, companions = _request(flags, defaults or {}), names.beside(*companions)
    command = names.digest([flags.mode, parts, values, _identity(flags), checkpoint])
    if flags.out is None:
        own = {name: None if name.startswith(_LABEL) else flags[name].default
               for name in values} | (defaults or {})
        words = [_word(name, value) for name, value in values.items()
                 if name in always or value != own[name] and value is not None]
        out = names.default(names.PICTURES / f"{names.default_name(*parts, *words)}{ending}",
                            command, companions)
    else:
        path = animated(flags) if ending == ".gif" else with_ending(flags, ending)
        out = names.given(path, command, companions)
    check_outside_data(flags, out.path, flags.out and "--out")
    if check:
        names.check_writable(out.path)
    return out


# Flags that are no part of a picture's name: what draws or where it goes, which PARTS tell, and
# what changes no picture.
_UNNAMED = {"mode", "run", "model", "out", "images", "data", "axes", "label", "format",
            "separate", "clean"}
_PATHS = {"latent", "vary", "features"}
_LABEL = "label "  # begins what stands for an axis that has no flag
_SHORT = {"latent_std": "std", "top_k": "top"}


def _request(flags, defaults):
    """{flag: value} of all that changes what the mode writes; axes first, then where it starts."""
    asked = {axis if axis in DEFAULT_AXES else _LABEL + axis: None if text.lower() == ANY else text
             for axis, text in common.requested(flags).items()}
    given = dict.fromkeys(("matrix", *DEFAULT_AXES, *asked, "latent", "vary", "seed",
                           *MODES[flags.mode].flags))
    taken = {*MODES[flags.mode].flags, *asked, "seed"} - _UNNAMED
    values = {name: asked[name] if name in asked else flags[name].value
              for name in given if name in taken}
    return {name: defaults.get(name) if value is None else value for name, value in values.items()}


def _word(name, value):
    """What a flag adds to a picture's name."""
    if name in DEFAULT_AXES or name.startswith(_LABEL):
        return f"{value.lower().replace(':', '-')}_{name.removeprefix(_LABEL)}"
    if value is True:
        return name
    if isinstance(value, str):
        return f"{name}_{stem(value) if name in _PATHS else value}"
    return f"{_SHORT.get(name, name)}{value if isinstance(value, int) else f'{value:g}'}"


def _identity(flags):
    """What the files are that flags name, which their names do not tell."""
    files = [flags[name].value for name in ("latent", "vary", "axes") if flags[name].value]
    folders = [flags.images] if flags.images else []
    if "data" in MODES[flags.mode].flags:
        folders.append(common.data(flags))
    return [*(hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest() for file in files),
            *map(os.path.abspath, folders)]


def named(flags, *parts):
    """The parts of a picture's name, and the data where --data says which they are."""
    return [*parts, *([stem(flags.data)] if flags.data else [])]


def stem(path):
    """What a path adds to a picture's name."""
    return pathlib.PurePath(path).stem


def animation_output(flags, checkpoint, faces):
    """output() of walk and fade, which draw so many faces by default."""
    return output(flags, (checkpoint.info["run"], flags.mode), ".gif",
                  checkpoint=checkpoint.identity,
                  defaults={"num": None if flags.latent else faces},
                  always=seed_if_first(flags), companions=(".png",))


def seed_if_first(flags):
    """The flags that a picture's name tells even with their default: the seed, where it is what
    the faces begin with."""
    return () if flags.latent else ("seed",)


def with_ending(flags, ending):
    """--out as a path with that ending; None where it is not given."""
    if flags.out is None:
        return None
    if not flags.out.lower().endswith(ending):
        raise UserError("--out", Fault.INVALID, f"{flags.out} does not end in {ending}")
    path = pathlib.Path(flags.out)
    if path.suffix.lower() != ending:
        raise UserError("--out", Fault.INVALID, f"{flags.out} has no name before {ending}")
    return path


def check_weights_file(path, kind, scaling=None):
    """Refuses a path for trained weights where anything but an earlier file of that kind is, or
    that cannot be written.

    Args: kind: of schema, what the file's info is; scaling: arrays that it has beside its weights.
    Raises:
      UserError
    """
    def made_by(file, _):
        if file.is_symlink():
            return None
        try:
            schema.check(file, kind, npz.unpacked(file))
            if scaling:
                schema.check_arrays(file, scaling, npz.read_arrays(file))
        except UserError:
            return None
        return ""

    check_no_run(path)
    names.given(path, None, made_by=made_by)
    names.check_writable(path)


def check_no_run(path):
    """Refuses --out in the folder of a run, whose files are no others' to write.

    Raises:
      UserError
    """
    folder = path.resolve().parent
    if os.path.lexists(folder / "run.json"):
        raise UserError("--out", Fault.CONFLICT, f"{path} is in the folder of a trained run, "
                        f"{folder.name}; name a file elsewhere")


def check_outside_data(flags, path, flag=None):
    """Refuses to write into a folder of faces, where pictures would later be read as faces.

    Args: flag: that names the path; None for one that this program chose.
    Raises:
      UserError
    """
    faces = {"--images": flags.images}
    if "data" in MODES[flags.mode].flags:
        faces["--data"] = common.data(flags)
    for name, folder in faces.items():
        if folder and os.path.isdir(folder) and path.resolve().is_relative_to(
                pathlib.Path(folder).resolve()):
            raise UserError(flag or name, Fault.CONFLICT, f"{path} would be written among the "
                            f"faces in {folder}; "
                            + ("name a path elsewhere" if flag else "run this in another folder"))


def animated(flags):
    """--out as the path of an animation, refused where nothing can write it; None where it is not
    given."""
    if flags.out is None:
        return None
    animation.check(flags.out)
    return pathlib.Path(flags.out)
