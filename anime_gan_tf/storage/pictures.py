"""Pictures as files: grids, labelled sheets, PNGs that remember how they were made."""
import json
import pathlib
import re

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import images as image_files
from anime_gan_tf.storage import npz
from anime_gan_tf.storage.files import require_regular

METADATA_KEY = "anime_gan_tf"
COMMAND_KEY = "anime_gan_tf_command"
COMMAND = "command"  # in the metadata of a face's own file: digest of the command that wrote it
_PNG = b"\x89PNG\r\n\x1a\n"
_PAGE = b"<!DOCTYPE html>"
_HEADER = 33  # bytes of a PNG in front of its other chunks
_PAGE_END = re.compile(rb"<!-- anime_gan_tf_command: (\w*) -->\n$")


def grid(images, columns=None, gap=2):
    """One picture of many faces, row by row, on white.

    Args: images: uint8 (count, size, size, 3); columns: the squarest where None.
    Returns: uint8 (height, width, 3).
    """
    count, size = len(images), images.shape[1]
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    step = size + gap
    sheet = np.full((rows * step + gap, columns * step + gap, 3), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = gap + i // columns * step, gap + i % columns * step
        sheet[top:top + size, left:left + size] = image
    return sheet


def labelled(sheet, rows, columns, gap=2):
    """Adds a name in front of every row and above every column of a grid()."""
    size = (sheet.shape[1] - gap) // len(columns)
    font = ImageFont.load_default(max(9, min(size // 4, 20)))
    left = max(int(font.getlength(name)) for name in rows) + 12
    top = int(font.size) + 10
    picture = Image.new("RGB", (sheet.shape[1] + left, sheet.shape[0] + top), "white")
    picture.paste(Image.fromarray(sheet), (left, top))
    pen = ImageDraw.Draw(picture)
    for i, name in enumerate(rows):
        pen.text((left - 6, top + i * size + size // 2), name, "black", font, anchor="rm")
    for i, name in enumerate(columns):
        pen.text((left + i * size + size // 2, top - 4), name, "black", font, anchor="ms")
    return np.asarray(picture)


def save_png(path, image, metadata=None):
    """Writes uint8 (height, width, 3 or 4) as a PNG, with `metadata` (JSON-able) inside it."""
    chunk = PngImagePlugin.PngInfo()
    if metadata is not None:
        chunk.add_text(METADATA_KEY, json.dumps(metadata))
    npz.write_atomically(
        path, lambda file: Image.fromarray(image).save(file, "PNG", pnginfo=chunk))


def read_metadata(path, flag):
    """What save_png wrote into a PNG. `flag` is named in errors.

    Raises:
      UserError: where it is not a picture of this program.
    """
    require_regular(path, flag)
    info = _metadata(path)
    if info is None:
        raise UserError(flag, Fault.INVALID, f"{path} is not a PNG that this program drew")
    return info


def sign(path, command, files=None):
    """Adds to a PNG, or to a page, which command wrote it.

    Args: command: a word; files: {name: checksum} of what was written with a PNG.
    Raises:
      UserError: where it is neither.
    """
    path = pathlib.Path(path)
    require_regular(path, path)
    content = path.read_bytes()
    page = path.suffix.lower() == ".html"
    if not content.startswith(_PAGE if page else _PNG):
        raise UserError(path, Fault.INVALID, "not a page" if page else "not a PNG")
    text = json.dumps({"command": command, "files": files or {}})  # ASCII

    def write(file):
        if page:
            file.write(content + f"<!-- {COMMAND_KEY}: {command} -->\n".encode())
            return
        file.write(content[:_HEADER])
        PngImagePlugin.putchunk(file, b"tEXt", COMMAND_KEY.encode() + b"\0" + text.encode())
        file.write(content[_HEADER:])

    npz.write_atomically(path, write)


def signature(path):
    """(command, {name: checksum}) that sign() wrote into a file. The command is "" where this
    program drew it and did not say; None where nothing says that it did, or it is a link."""
    if not path.is_file() or path.is_symlink():
        return None, {}
    if path.suffix.lower() == ".html":
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 100))
            end = _PAGE_END.search(file.read())
        return end and end[1].decode(), {}
    try:
        with image_files.opened(path) as image:
            text = image.info.get(COMMAND_KEY)
            drawn = METADATA_KEY in image.info
    except Exception:  # pylint: disable=broad-except
        return None, {}  # Pillow raises nearly anything for a damaged file
    if text is None:
        return ("" if drawn else None), {}
    return _signature(text)


def _signature(text):
    """signature() of the text in a PNG."""
    if re.fullmatch(r"\w*", text):  # version 0.2.0 wrote the command alone
        return text, {}
    try:
        content = json.loads(text)
        command, files = content["command"], content["files"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None, {}
    if not isinstance(command, str) or not isinstance(files, dict):
        return None, {}
    return command, files


def has_metadata(path):
    """Whether a file is a PNG that this program drew, and no link to one."""
    return path.is_file() and not path.is_symlink() and _metadata(path) is not None


def is_face_of(path, command):
    """Whether a file is a face's own, and no link to one, that a command wrote (see COMMAND)."""
    if not path.is_file() or path.is_symlink():
        return False
    return (_metadata(path) or {}).get(COMMAND) == command


def _metadata(path):
    try:
        with image_files.opened(path) as image:
            return metadata_of(image)
    except Exception:  # pylint: disable=broad-except
        return None  # Pillow raises nearly anything for a damaged file; whoever asked says so


def metadata_of(image):
    """What save_png() wrote into an opened PIL image; None where it did not."""
    try:
        info = json.loads(image.info[METADATA_KEY])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return info if isinstance(info, dict) else None


def enlarged(images, least=256):
    """Faces at least `least` pixels high, for looking at. images: uint8 (n, size, size, 3)."""
    factor = -(-least // images.shape[1])
    return (images if factor <= 1 else
            resampled(images, factor * images.shape[1], Image.Resampling.BICUBIC))


def resampled(images, size, filtering=Image.Resampling.LANCZOS):
    """uint8 (n, own, own, 3) at another size."""
    if images.shape[1] == size:
        return images
    return np.stack([np.asarray(Image.fromarray(image).resize((size, size), filtering))
                     for image in images])
