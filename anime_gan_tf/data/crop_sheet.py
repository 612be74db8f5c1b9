"""One picture that shows which faces --mode crop took, and why it left others."""
import collections

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from anime_gan_tf.data import cropping, order
from anime_gan_tf.storage import images as image_files

FACE, PICTURE = 64, 128     # pixels of a face, and of the longest side of a picture
WIDTH = 1056                # of the sheet
MAX_FACES, MAX_PICTURES = 96, 16  # faces that were taken, pictures for each reason
_GAP, _LINE = 4, 22
_GREEN, _RED = (20, 150, 40), (215, 30, 30)


def counts(record):
    """The results of a Record.

    Returns: [(state, count)]: faces that were taken, then the reasons why a face or a whole picture
      was not, the most frequent first.
    """
    reasons = collections.Counter(face["state"] for _, face in record.faces())
    reasons.update(_reason(found) for found in record.pictures.values() if found["why"])
    taken = reasons.pop(cropping.TAKEN, 0)
    return [(cropping.TAKEN, taken), *reasons.most_common()]


def draw(source, record, title):
    """uint8 (height, width, 3).

    Args: source: the pictures' Source; record: cropping.Record; title: the first line.
    """
    sections = [(title, [])]
    for what, count in counts(record):
        if what == cropping.TAKEN:
            faces = [_face(record, face) for _, face in _spread(record.taken(), MAX_FACES)]
            sections.append((f"{what}: {count:,} faces", [face for face in faces if face]))
            continue
        names = [name for name, found in record.pictures.items()
                 if what in (_reason(found), *(face["state"] for face in found["faces"]))]
        pictures = [_outlined(source, name, record, what) for name in _spread(names, MAX_PICTURES)]
        sections.append((f"{what}: {count:,}", [each for each in pictures if each]))
    rows = []
    for text, cells in sections:
        rows.append(text)
        row, width = [], _GAP
        for cell in cells:
            if row and width + cell.width + _GAP > WIDTH:
                rows.append(row)
                row, width = [], _GAP
            row.append(cell)
            width += cell.width + _GAP
        rows += [row] if row else []
    return _laid_out(rows)


def _laid_out(rows):
    heights = [_LINE if isinstance(row, str) else max(cell.height for cell in row) + _GAP
               for row in rows]
    sheet = Image.new("RGB", (WIDTH, sum(heights) + _GAP), "white")
    pen, font, top = ImageDraw.Draw(sheet), ImageFont.load_default(14), 0
    for row, height in zip(rows, heights):
        if isinstance(row, str):
            pen.text((_GAP, top + _LINE // 2), row, "black", font, anchor="lm")
        else:
            left = _GAP
            for cell in row:
                sheet.paste(cell, (left, top))
                left += cell.width + _GAP
        top += height
    return np.asarray(sheet)


def _reason(found):
    return found["why"].partition(":")[0]


def _spread(items, most):
    """At most so many of the items, evenly spread."""
    return [items[i] for i in order.spread(np.arange(len(items)), most)]


def _face(record, face):
    """A small copy; None if the file cannot be read."""
    try:
        with image_files.opened(record.folder / face["file"]) as image:
            return image_files.to_srgb(image)[0].resize((FACE, FACE), Image.Resampling.LANCZOS)
    except Exception:  # pylint: disable=broad-except
        return None  # not a file of this program any more


def _outlined(source, name, record, what):
    """A small copy of a picture with green boxes around faces that were taken, and red ones around
    those of the state `what`; None if the file cannot be read."""
    try:
        picture = cropping.read(source.read(name), "white")
    except Exception:  # pylint: disable=broad-except
        return None  # counted as unreadable
    scale = PICTURE / max(picture.size)
    size = [max(1, round(scale * length)) for length in picture.size]
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    pen = ImageDraw.Draw(small)
    for face in record.pictures[name]["faces"]:
        color = {cropping.TAKEN: _GREEN, what: _RED}.get(face["state"])
        if color:
            pen.rectangle([round(scale * edge) for edge in face["box"]], None, color, 2)
    return small
