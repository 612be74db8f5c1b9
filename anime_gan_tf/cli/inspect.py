"""--mode inspect"""
import dataclasses
import os
import pathlib

from anime_gan_tf.cli import advice, datasets, outputs
from anime_gan_tf.console import say
from anime_gan_tf.data import hair_color, sources, validation
from anime_gan_tf.data.sources import Source
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.labels import ANY, DEFAULT_AXES
from anime_gan_tf.storage import names
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Request:
    source: Source
    data: str
    out: Output
    clean: pathlib.Path | None
    hair: list[str]  # colors whose tags are checked for the copy


def parse(flags):
    clean = None if flags.clean is None else _new(pathlib.Path(flags.clean))
    labels = datasets.data_labels(flags)
    hair = _colors(flags, labels)
    source = datasets.source(flags, labels)
    if clean is not None:
        outputs.check_outside_data(flags, clean, "--clean")
        folder = sources.surrounding(clean, labels)
        if folder:
            raise UserError("--clean", Fault.CONFLICT, f"{clean} is within {folder}, which has "
                            f"pictures or labels of its own; name a path elsewhere")
    # If faces or tags have changed, the pictures of an earlier call are kept.
    out = outputs.output(flags, ("inspect", outputs.stem(datasets.data(flags))),
                        checkpoint=source.fingerprint, companions=(".json", "_balance.png"))
    return Request(source, datasets.data(flags), out, clean, hair)


def _colors(flags, labels):
    """The colors of --hair, all that pixels can show for 'any', [] without it."""
    hair = flags.hair if hair_color.AXIS in DEFAULT_AXES else None  # else the flag does not exist
    if hair is None:
        return []
    if flags.clean is None:
        raise UserError("--hair", Fault.MISSING, "tags are left out in a copy; name a new "
                        "folder or .zip for it with --clean")
    there = [color for color in hair_color.COLORS if color in labels.axes.get(hair_color.AXIS, ())]
    if not there:
        raise UserError("--hair", Fault.CONFLICT,
                        "the labels have no color of hair that pixels could show")
    color = choose("--hair", hair.strip().lower(), [*there, ANY])
    return there if color == ANY else [color]


def _new(path):
    """The path. Refuses an existing one, such as a broken link, or one that cannot be written."""
    if os.path.lexists(path):
        raise UserError("--clean", Fault.EXISTS,
                        f"{path} exists already; name a new folder or .zip")
    names.check_writable(path, "--clean")
    return path


def run(request):
    dataset = validation.inspect(request.source, request.out.path, request.clean, request.hair)
    request.out.sign()
    advice.suggest_crop(dataset, request.data)
    say(f"faces: {request.out.path}")
