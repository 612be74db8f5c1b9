"""One picture that shows which faces --mode crop took, and why it left others."""
import collections
import itertools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from anime_gan_tf.data import crop_record, cropping, order
from anime_gan_tf.storage import images as image_files

FACE, PICTURE = 64, 128     # pixels of a face, and of the longest side of a picture
WIDTH = 1056                # of the sheet
MAX_FACES, MAX_PICTURES = 96, 16  # faces that were taken, pictures for each reason
_GAP, _LINE = 4, 22
_GREEN, _RED = (20, 150, 40), (215, 30, 30)
# What is counted in pictures, not in faces.
OF_PICTURES = (crop_record.NO_FACE, crop_record.UNREADABLE, crop_record.COPY)


def counts(record, result):
    """The results of a Record and of the last command, a cropping.Result.

    Returns: {state: count}: faces that were taken, then the reasons why others were not, the most
      frequent first; then the same of whole pictures, which are OF_PICTURES.
    """
    faces = collections.Counter(itertools.starmap(record.state, record.faces()))
    pictures = collections.Counter({state: len(_pictures(record, result, state))
                                    for state in OF_PICTURES})
    taken = faces.pop(crop_record.TAKEN, 0)
    return ({crop_record.TAKEN: taken} | dict(faces.most_common())
            | dict((+pictures).most_common()))


def total(record, result):
    """The number of pictures of a Record, with those of the cropping.Result of the last command
    that cannot be read or are copies."""
    known = {entry["name"] for entry in record.pictures}
    return len(record.pictures) + len(result.copies) + len(result.unreadable.keys() - known)


def line(state, count):
    """A line about an entry of counts(), which says what is counted."""
    return f"{state}: {number(count, 'picture' if state in OF_PICTURES else 'face')}"


def number(count, what):
    """The count of things, such as "1 face" or "1,000 faces"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def draw(source, record, result, title):
    """uint8 (height, width, 3).

    Args: source: the pictures' Source; record, result: as of counts(); title: the first line.
    """
    rows = [title]
    for text, cells in sections(source, record, result):
        rows += [text, *_rows(cells)]
    return _laid_out(rows)


def sections(source, record, result):
    """The parts of the sheet: [(what is counted, and how many of it are shown, [PIL image])]."""
    parts = []
    for state, count in counts(record, result).items():
        if state == crop_record.TAKEN:
            cells = [_face(record, face) for _, face in _spread(record.taken(), MAX_FACES)]
            of, places = count, ""
        else:
            found = _pictures(record, result, state)
            cells = [_outlined(source, name, entry, record, state)
                     for name, entry in _spread(found, MAX_PICTURES)]
            of = len(found)
            places = "" if state in OF_PICTURES else f", in red, in {number(of, 'picture')}"
        cells = [cell for cell in cells if cell]
        shown = "" if len(cells) == of else f"; {len(cells):,} of {of:,} shown"
        parts.append((f"{line(state, count)}{places}{shown}", cells))
    return parts


def _rows(cells):
    """Pictures as rows that fit into WIDTH: [[PIL image]]."""
    rows, left = [], WIDTH
    for cell in cells:
        if left + cell.width + _GAP > WIDTH:
            rows.append([])
            left = _GAP
        rows[-1].append(cell)
        left += cell.width + _GAP
    return rows


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


def _pictures(record, result, state):
    """[(name, entry)] of the pictures with a reason or a face's state. Files that cannot be read or
    are copies have no entry of their own, but None."""
    names = {crop_record.UNREADABLE: result.unreadable, crop_record.COPY: result.copies}
    if state in names:
        return [(name, None) for name in names[state]]
    return [(entry["name"], entry) for entry in record.pictures
            if entry["why"] == state or any(record.state(entry, face) == state
                                            for face in entry["faces"])]


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


def _outlined(source, name, entry, record, state):
    """A small copy of a picture with green boxes around faces that were taken, and red ones around
    those of that state; None if the file cannot be read, or has the content of another entry."""
    try:
        content = source.read(name)
        found = record.find(crop_record.digest(content))
        if not found or entry not in (None, found):
            return None  # another data set, or the picture has changed
        picture = cropping.read(content, "white")
    except Exception:  # pylint: disable=broad-except
        return None  # counted as unreadable
    scale = PICTURE / max(picture.size)
    size = [max(1, round(scale * length)) for length in picture.size]
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    pen = ImageDraw.Draw(small)
    for face in found["faces"]:
        color = {crop_record.TAKEN: _GREEN, state: _RED}.get(record.state(found, face))
        if color:
            pen.rectangle([round(scale * edge) for edge in face["box"]], None, color, 2)
    return small
