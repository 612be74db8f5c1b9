"""--mode crop"""
import dataclasses
import hashlib
import os
import pathlib
import shlex

from PIL import ImageColor

from anime_gan_tf import runtime
from anime_gan_tf.cli import datasets, outputs
from anime_gan_tf.cli.flags import SIZE
from anime_gan_tf.console import say
from anime_gan_tf.data import crop_record, crop_sheet, cropping
from anime_gan_tf.data.sources import Source
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import checkpoints, names, pictures
from anime_gan_tf.storage.files import require_regular
from anime_gan_tf.storage.names import Output

SMALL_SIZE = 64  # of faces, in pixels, which is proposed where most are too small; that of rpgan


@dataclasses.dataclass(frozen=True)
class Request:
    """picture: the contact sheet; detector: path of its file."""
    source: Source
    record: crop_record.Record
    options: crop_record.Options
    picture: Output
    detector: str


def parse(flags):
    if flags.data is None:
        raise UserError("--data", Fault.MISSING, "name the folder or .zip of pictures to cut faces "
                        "out of")
    if flags.out is None:
        raise UserError("--out", Fault.MISSING, "name a folder for the faces, as in --out faces")
    out = pathlib.Path(flags.out)
    if flags.alpha and flags.background is not None:
        raise UserError("--alpha", Fault.CONFLICT, "keeps what is transparent, which --background "
                        "would fill; give one of them")
    margin = crop_record.MARGIN if flags.margin is None else cropping.parse_margin(flags.margin)
    background = "white" if flags.background is None else flags.background
    options = crop_record.Options(flags.size or SIZE, margin,
                                  None if flags.alpha else _color(background), flags.largest,
                                  pathlib.Path(flags.detector or "").name)
    if os.path.lexists(out) and not out.is_dir():
        raise UserError("--out", Fault.EXISTS, f"{out} is no folder; name a new one")
    name = names.default_name("crop", outputs.stem(flags.data))
    picture = names.default(names.PICTURES / f"{name}.png",
                            names.digest([name, str(out.resolve())]))
    if picture.path.resolve().is_relative_to(out.resolve()):
        raise UserError("--out", Fault.CONFLICT, f"the sheet, {picture.path}, would be among the "
                        f"faces in {out}; name a folder of their own, as in --out faces")
    outputs.check_no_run(out / "face.png")
    outputs.check_outside_data(flags, out, "--out")
    source = datasets.source(flags, Labels({}))
    detector = str(checkpoints.DETECTOR if flags.detector is None else flags.detector)
    require_regular(detector, "--detector")
    with open(detector, "rb") as file:
        finder = hashlib.file_digest(file, "sha256").hexdigest()
    record = crop_record.Record(out, options, finder)
    names.check_writable(out / "face.png", named=out)
    outputs.check_outside_data(flags, picture.path)
    names.check_writable(picture.path, str(names.PICTURES))
    return Request(source, record, options, picture, detector)


def _color(text):
    """The color as #rrggbb.

    Raises:
      UserError
    """
    try:
        color = "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(text)[:3])
        ImageColor.getrgb(color)  # rgb(300,0,0) is read, and is none
        return color
    except ValueError:
        raise UserError("--background", Fault.INVALID, f"{text!r} is no color; give a name, such "
                        f"as white, or #rrggbb") from None


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import cascade, detection
    from anime_gan_tf.storage import locking

    record = request.record
    if request.detector.lower().endswith(".xml"):
        detector = cascade.Cascade(request.detector)
    else:
        detector = detection.load(request.detector)
    record.folder.mkdir(parents=True, exist_ok=True)
    lock = locking.lock_folder(record.folder, UserError(
        "--out", Fault.CONFLICT, f"another process is cutting faces out into {record.folder}; wait "
        f"for it, or name another folder"))
    try:
        # Read once more: another process may have written it until now.
        record = crop_record.Record(record.folder, request.options, record.finder)
        _crop(request, record, detector)
    finally:
        lock.release()


def _crop(request, record, detector):
    source, options = request.source, request.options
    say(*(f"note: {note}" for note in source.notes))
    if source.origin:
        say(f"note: labels, as in {source.origin}, are not carried over to the faces; --mode tag "
            f"tags them")
    if record.begun_by != record.finder:
        say(f"note: the faces already in {record.folder} were found by another detector, and are "
            f"kept; for faces of one detector only, name a new --out")
    result = cropping.crop(source, detector.find, record, options)
    counts = crop_sheet.counts(record, result)
    taken, total = counts[crop_record.TAKEN], crop_sheet.total(record, result)
    found = crop_sheet.number(total, "picture")
    title = (f"{source.title}: {found}, {crop_sheet.number(taken, 'face')} of {options.size} px in "
             f"{record.folder}")
    pictures.save_png(request.picture.path, crop_sheet.draw(source, record, result, title),
                      {"data": source.title, "counts": counts})
    request.picture.sign()
    say(f"{found}, {len(result.new):,} of them new",
        *(crop_sheet.line(state, count) for state, count in counts.items()))
    if result.changed:
        say(f"changed since: {crop_sheet.number(len(result.changed), 'picture')}, whose earlier "
            f"faces stay")
    say(*(f"note: {name} is {why}" for name, why in list(result.unreadable.items())[:1]))
    without = sum(counts.get(why, 0) for why in (crop_record.NO_FACE, crop_record.UNREADABLE))
    if 2 * without > total:
        say("note: most pictures have no face that was found; the detector knows drawn faces from "
            "the front, and not photographs, animals or the backs of heads")
    if 2 * counts.get(crop_record.SMALL, 0) > len(record.faces()):
        large_enough = sum(2 * (face["box"][2] - face["box"][0]) >= SMALL_SIZE
                           for _, face in record.faces() if face["state"] == crop_record.SMALL)
        say(f"note: most faces are smaller than half of {options.size} px; a smaller --size, in a "
            f"new folder, takes more of them" + (
                f": --size {SMALL_SIZE} takes {large_enough:,} of those that are too small"
                if large_enough else ""))
    if taken:
        say(f"faces: {record.folder}")
    say(f"sheet: {request.picture.path}")
    if taken:
        say(f"next:  python main.py --mode inspect --data {shlex.quote(str(record.folder))}; "
            f"delete what is wrong, then --mode tag and --mode train with the same --data")
