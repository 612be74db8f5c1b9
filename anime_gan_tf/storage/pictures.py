"""Picture files: grids, labeled sheets, PNGs with metadata of how they were made."""
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
COMMAND = "command"  # key in the metadata of a single face: digest of the command that wrote it
_PNG = b"\x89PNG\r\n\x1a\n"
_PAGE = b"<!DOCTYPE html>"
_HEADER = 33  # bytes of a PNG before its other chunks
_PAGE_END = re.compile(rb"<!-- anime_gan_tf_command: (\w*) -->\n$")


def grid(images: np.ndarray, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Arranges images in rows, on white.

    Args: images: uint8 (n, size, size, 3); columns: number of them, None for as many as rows; gap:
      between images, in pixels.
    Returns: uint8 (height, width, 3).
    """
    images = np.asarray(images)
    if images.ndim != 4 or not images.size:
        raise UserError("images", Fault.INVALID, f"of shape {images.shape}, not (n, size, size, 3)")
    count, size = images.shape[:2]
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    step = size + gap
    sheet = np.full((rows * step + gap, columns * step + gap, 3), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = gap + i // columns * step, gap + i % columns * step
        sheet[top:top + size, left:left + size] = image
    return sheet


def labeled(sheet: np.ndarray, rows: list[str], columns: list[str], gap: int = 2) -> np.ndarray:
    """Adds a name on the left of each row and at the top of each column of a grid()."""
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


def save_png(path, image: np.ndarray, metadata: dict | None = None) -> None:
    """Writes uint8 (height, width, 3 or 4) as a PNG, with `metadata` (JSON-able) in it."""
    chunk = PngImagePlugin.PngInfo()
    if metadata is not None:
        chunk.add_text(METADATA_KEY, json.dumps(metadata))
    npz.write_atomically(
        path, lambda file: Image.fromarray(image).save(file, "PNG", pnginfo=chunk))


def read_metadata(path, flag: str) -> dict:
    """The metadata of a PNG of save_png(). flag: named in errors.

    Raises:
      UserError: it is not a picture of this program.
    """
    require_regular(path, flag)
    info = _metadata(path)
    if info is None:
        raise UserError(flag, Fault.INVALID, f"{path} is not a PNG that this program drew")
    return info


def sign(path, command, files=None):
    """Adds the command that wrote a PNG or a page to it.

    Args: command: digest of the command; files: {name: checksum} of other files of the command.
    Raises:
      UserError: it is neither a PNG nor a page.
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


def signature(path) -> tuple[str | None, dict[str, str]]:
    """(command, {name: checksum}) that sign() wrote into a file. The command is "" if this program
    drew it and did not sign it, None if it is of something else, or a link."""
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
        return None, {}  # for a damaged file Pillow raises many kinds of errors
    if text is None:
        return ("" if drawn else None), {}
    return _signature(text)


def _signature(text):
    """signature() of the text in a PNG."""
    if re.fullmatch(r"\w*", text):  # version 0.2.0 wrote only the command
        return text, {}
    try:
        content = json.loads(text)
        command, files = content["command"], content["files"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None, {}
    if not isinstance(command, str) or not isinstance(files, dict):
        return None, {}
    return command, files


def find_metadata(path) -> dict | None:
    """The metadata of a PNG of save_png(); None if a file is something else, or a link."""
    return _metadata(path) if path.is_file() and not path.is_symlink() else None


def is_face_of(path, command: str) -> bool:
    """Whether a file is a picture of a single face that a command wrote (see COMMAND), and not a
    link to one."""
    return (find_metadata(path) or {}).get(COMMAND) == command


def _metadata(path):
    try:
        with image_files.opened(path) as image:
            return metadata_of(image)
    except Exception:  # pylint: disable=broad-except
        return None  # for a damaged file Pillow raises many kinds of errors


def metadata_of(image: Image.Image) -> dict | None:
    """The metadata of save_png() in an opened PIL image; None if there are none."""
    try:
        info = json.loads(image.info[METADATA_KEY])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return info if isinstance(info, dict) else None


def enlarged(images: np.ndarray, min_height: int = 256) -> np.ndarray:
    """Small images enlarged by a whole factor to at least `min_height`. images: uint8 (n, size,
    size, 3)."""
    factor = -(-min_height // images.shape[1])
    return (images if factor <= 1 else
            resampled(images, factor * images.shape[1], Image.Resampling.BICUBIC))


def resampled(images: np.ndarray, size: int,
              filtering=Image.Resampling.LANCZOS) -> np.ndarray:
    """Images, uint8 (n, height, height, 3), resized to uint8 (n, size, size, 3)."""
    if images.shape[1] == size:
        return images
    return np.stack([np.asarray(Image.fromarray(image).resize((size, size), filtering))
                     for image in images])
