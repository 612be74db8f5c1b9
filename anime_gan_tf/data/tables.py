"""Parses tables of labels: decoding, cells, headers."""
import collections
import csv
import dataclasses
from typing import Callable

from anime_gan_tf.data.listing import without_ending
from anime_gan_tf.labels import NOT_KNOWN, UNKNOWN
from anime_gan_tf.tag_grammar import is_whole

DELIMITERS = ",;\t|"
_IDS = {"id", "ids", "name", "names", "file", "files", "filename", "filenames", "file name",
        "image", "images", "image id", "image name", "img", "picture", "path", "filepath", "key",
        "index"}
_TEXTS = {"tag", "tags", "label", "labels", "text", "texts", "caption", "captions", "description",
          "attributes", "prompt"}
_NOTHING = NOT_KNOWN | {"", "n/a", "-", "?"}
# Of text that is not UTF-8, tried in turn.
CODE_PAGES = ("cp932", "gbk", "cp949", "big5", "cp1252", "cp437", "latin-1")


@dataclasses.dataclass
class Table:
    """ids: of the rows, None if the rows are in the order of the pictures; tags: of the rows;
    rows: their cells; header: its cells, or None; at: the column of the ids; parse: a function
    from a row to its tags; unknown: names of the columns that are not read; unread: cells of an
    axis' own column that are none of its values, as 'hair: mauve'."""
    ids: list | None
    tags: list
    rows: list = dataclasses.field(default_factory=list)
    header: list | None = None
    at: int = 0
    parse: Callable | None = None
    unknown: list = dataclasses.field(default_factory=list)
    unread: list = dataclasses.field(default_factory=list)

    def row(self, its_id, cells):
        """The row of an id and the other cells."""
        return [*cells[:self.at], its_id, *cells[self.at:]]

    def with_ids(self, labels):
        """A Table that was in the order of the pictures, with a column for ids in front; without
        rows. labels: those that were read."""
        return Table([], [], header=["id", *(self.header or labels.axes)],
                     parse=lambda row: self.parse(row[1:]))


def decodings(content):
    """The possible decodings of a text file, the most likely first. One of them is always UTF-8
    with surrogates for invalid bytes, which is Python's representation of such file names."""
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return [content.decode("utf-32", errors="replace")]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [content.decode("utf-16", errors="replace")]
    if b"\0" in content[:64]:  # UTF-16 without a mark: every other byte of ASCII is zero
        little = content[1:64:2].count(0) >= content[:64:2].count(0)
        return [content.decode("utf-16-le" if little else "utf-16-be", errors="replace")]
    found = [content.decode("utf-8-sig", errors="surrogateescape")]
    if found[0].isascii() or not any("\udc80" <= character <= "\udcff" for character in found[0]):
        return found
    for page in CODE_PAGES:
        try:
            found.append(content.decode(page))
        except UnicodeDecodeError:
            pass
    return found


def read(text, by_order, labels):
    """The Table in a text. by_order: whether rows without header and id, with one value for each
    axis, are allowed; labels: the Labels to be read."""
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
             if line.strip()]
    delimiter = _delimiter(lines)
    rows = [_cells(line, delimiter) for line in lines]
    if not rows:
        return Table([], [])
    columns = _header(rows[0], labels)
    if columns is None:
        if by_order and 2 * sum(_is_in_order(row, labels) for row in rows) >= len(rows):
            parse = lambda row: _by_axis(dict(zip(labels.axes, row)), labels)
            return Table(None, list(map(parse, rows)), rows, parse=parse)
        rows = [_with_whole_id(row, 0, delimiter, lambda row: True) for row in rows]
        parse = lambda row: labels.parse(", ".join(row[1:]), is_list=True)
        return Table([row[0].strip() for row in rows], list(map(parse, rows)), rows, parse=parse)
    header, *rows = rows
    parse = lambda row: _by_header(row, columns, len(header), labels)
    has_id = "id" in columns.values()
    if not has_id and len(columns) == len(header):
        return Table(None, list(map(parse, rows)), rows, header, parse=parse,
                     unread=_unread(rows, columns, labels))
    at = next(i for i in range(len(header)) if columns.get(i) == ("id" if has_id else None))
    followed = columns.get(at + 1) in (*labels.axes, "text")
    rows = [_with_whole_id(row, at, delimiter, lambda row: followed or len(row) > len(header))
            for row in rows]
    return Table([row[at].strip() if at < len(row) else "" for row in rows],
                 list(map(parse, rows)), rows, header, at, parse,
                 [cell for i, cell in enumerate(header) if cell and i != at and i not in columns],
                 _unread(rows, columns, labels))


def _with_whole_id(row, at, delimiter, is_in_doubt):
    """A row in which 'a' and 'b.png' are joined to the name 'a,b.png', whose comma is unquoted."""
    last = at + 1
    while last < len(row) and without_ending(row[last]) == row[last]:
        last += 1
    if last >= len(row) or not is_in_doubt(row):
        return row
    return [*row[:at], delimiter.join(row[at:last + 1]), *row[last + 1:]]


def _delimiter(lines):
    """The delimiter that is the first one in most lines, after an id that may be quoted."""
    first = collections.Counter()
    for line in lines:
        start = line.find('"', 1) + 1 if line.startswith('"') else 0
        first.update([next((c for c in line[start:] if c in DELIMITERS), "")])
    del first[""]
    return max(DELIMITERS, key=lambda delimiter: first[delimiter])


def _cells(line, delimiter):
    """The cells of one line. Unbalanced quotes are ignored, and never extend to the next line."""
    if '"' not in line:
        cells = line.split(delimiter)
    elif line.count('"') % 2:
        cells = line.replace('"', "").split(delimiter)
    else:
        try:
            cells = next(csv.reader([line], delimiter=delimiter))
        except csv.Error:  # a cell of more than 128 KiB
            cells = line.replace('"', "").split(delimiter)
    return [cell.strip() for cell in cells]


def _header(row, labels):
    """{column: an axis, "id" or "text"} of a first row, None if it is not a header."""
    columns = {}
    for i, cell in enumerate(row):
        words = " ".join(cell.lower().replace("_", " ").replace("-", " ").split())
        names = {words, words.removesuffix(" color").removesuffix(" colour")}
        axis = next((axis for axis in labels.axes
                     if names & {axis.replace("_", " "), axis.removesuffix("s") or axis}), None)
        kind = axis or ("id" if words in _IDS else "text" if words in _TEXTS else None)
        if kind and kind not in columns.values():
            columns[i] = kind
    kinds = set(columns.values())
    # '0,hat,smile' without a header are tags.
    sure = "id" in kinds or all(i in columns for i, cell in enumerate(row) if cell)
    axes = {axis for axis, values in labels.axes.items() if sure or not is_whole(values)}
    return columns if kinds & axes or {"id", "text"} <= kinds else None


def _by_header(row, columns, width, labels):
    """Tags of a row under a header of `width` cells."""
    if any(row[width:]) and columns.get(width - 1) in labels.axes:
        return labels.untagged  # an unquoted comma: which cell is whose is not known
    cells = {kind: row[i] for i, kind in columns.items() if i < len(row)}
    if "text" in cells and columns.get(max(columns)) == "text":
        cells["text"] = ", ".join(row[max(columns):])  # its commas are unquoted
    by_axis = _by_axis({axis: cells[axis] for axis in labels.axes if axis in cells}, labels)
    text = cells.get("text", "")
    by_text = tuple(listed if tag == UNKNOWN else stated for tag, stated, listed in zip(
        by_axis, labels.parse(text), labels.parse(text, is_list=True)))
    return labels.merged([by_axis, by_text])[0]


def _unread(rows, columns, labels):
    """Table.unread of rows under a header."""
    return [f"{axis}: {row[i]}" for row in rows for i, axis in columns.items()
            if axis in labels.axes and i < len(row) and _is_unread(axis, row[i], labels)]


def _by_axis(cells, labels):
    """Tags of {axis: 'blue', 'Blue hair' or ''}."""
    texts = {axis: cell if axis.removesuffix("s") in cell.lower() else f"{axis}: {cell}"
             for axis, cell in cells.items() if cell.lower() not in _NOTHING}
    return tuple(labels.parse(texts[axis])[i] if axis in texts else labels.untagged[i]
                 for i, axis in enumerate(labels.axes))


def _is_in_order(row, labels):
    return len(row) == len(labels.axes) and not any(
        _is_unread(axis, cell, labels) for axis, cell in zip(labels.axes, row))


def _is_unread(axis, cell, labels):
    """Whether a cell of an axis says something, and no value of the axis."""
    return cell.lower() not in _NOTHING and _by_axis({axis: cell}, labels) == labels.untagged
