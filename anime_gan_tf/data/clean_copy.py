"""Writes a copy of some pictures of a data set with all their labels, also those of axes that are
not read here."""
import functools
import itertools
import json
import logging
import os
import pathlib
import re
import sys

import numpy as np
from tqdm import tqdm

from anime_gan_tf.data import hair_color, listing, sources, tables
from anime_gan_tf.data import labels as label_files
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import file_sets

log = logging.getLogger(__name__)

_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = "\n"  # cells of a row; tables.read() reads lines, so that no cell has any
_MOST = 50  # words of one color in a text, which is read once for each


def write(source, names, tags, target, hair_names=(), colors=()):
    """Copies pictures without changes, in the MLDS layout, with their labels.

    Args:
      source: sources.Source; names: of its pictures that are copied; tags: (n, axes) of these.
      target: a new folder or .zip.
      hair_names: (n,) of hair_color.names(); colors: keys of hair_color.COLORS, whose tags the copy
        has only where the pixels show them.
    Raises:
      UserError: as in file_sets.write(), or a picture cannot be read.
    """
    encoding = "utf-8" if file_sets.is_zip(target) else sys.getfilesystemencoding()
    stems_of_tables = {pathlib.PurePath(name).stem for name in label_files.TABLES}
    # Without those of tables, for which their captions would be taken.
    copies = listing.file_names(names, encoding, stems_of_tables)
    copies = {name: f"images/{copy}" for name, copy in zip(names, copies)}
    if colors:
        tags = hair_color.drop_loose(hair_names, tags, source.labels, colors)
    labels = _label_files(source, copies, tags,
                          _Editor(source.labels, dict(zip(names, hair_names)), colors))
    bar = tqdm(copies.items(), "copying", unit="img", leave=False, disable=None)
    contents = itertools.chain(((path, _read(source, name)) for name, path in bar), labels.items())
    file_sets.write(target, contents, "--clean")


def _read(source, name):
    try:
        return source.read(name)
    except OSError as error:  # else it would be taken for one of the copy
        raise UserError(source.flag, Fault.UNREADABLE,
                        f"{name} cannot be read ({error.strerror or error})") from None


def _label_files(source, copies, tags, editor):
    """{path: content}: each form of labels in its own form, so that it is read as before. Says what
    is left behind. Args: copies: {name: path in the copy}; tags: of these."""
    files, axes = {}, " and ".join(source.labels.axes)
    if source.listing:
        for form, what in ((_table, "tags.csv"), (_stylegan, label_files.STYLEGAN),
                           (_captions, "captions")):
            found, faces = form(source, copies, editor.edit)
            if faces:
                log.info(f"labels in the copy: {what} of {faces:,} faces")
            files |= found
    if editor.failed:
        log.info(f"note: a loose tag of hair could not be taken out of the labels of "
                 f"{len(editor.failed):,} faces, which are not copied")
    folders = {parent for parent in map(os.path.dirname, copies) if parent}
    if len(folders) > 1:
        log.info(f"note: the names of {len(folders):,} folders are not copied")
    # Neither folders nor features of TFDS are copied, only the tags that were read there.
    if not source.listing or source.origin == label_files.FOLDERS:
        rows = sources.tags_csv(list(copies.values()), tags, source.labels)
        if rows:
            log.info(f"note: of {source.origin} the copy has {axes}, and no other labels")
            if "tags.csv" in files:
                log.info(f"note: the table is not copied, which says nothing of {axes}")
            files["tags.csv"] = rows
    return files


# ----- the forms of labels: ({path: content}, number of faces)

def _table(source, copies, edit):
    table, rows = label_files.table_rows(source.listing, source.names, source.labels, source.flag)
    parse = lambda text: table.parse(table.row("", text.split(_BETWEEN)))
    lines, faces = [], 0
    for name, path in copies.items():
        texts = edit(name, [_BETWEEN.join(cells) for cells in rows.get(name, ())], parse)
        lines += [table.row(pathlib.PurePosixPath(path).stem, text.split(_BETWEEN))
                  for text in texts]
        faces += bool(texts)
    if not faces:
        return {}, 0
    return {"tags.csv": sources.csv_bytes(filter(None, [table.header, *lines]))}, faces


def _stylegan(source, copies, edit):
    found = label_files.stylegan_labels(source.listing, source.names)
    parse, rows = functools.partial(source.labels.parse, is_list=True), []
    for name, path in copies.items():
        given = found.get(name, ())
        texts = edit(name, [label for label in given if isinstance(label, str)], parse)
        others = [label for label in given if not isinstance(label, str)]
        rows += [[path, label] for label in (*texts, *others)]
    files = {label_files.STYLEGAN: json.dumps({"labels": rows}).encode()} if rows else {}
    return files, len({path for path, _ in rows})


def _captions(source, copies, edit):
    found = label_files.caption_paths(source.listing, source.names)
    parse, files = functools.partial(source.labels.parse, is_list=True), {}
    for name in filter(found.get, copies):
        try:
            content = source.listing.read(found[name])
        except Exception:  # pylint: disable=broad-except
            continue  # empty or damaged, without a tag
        ending = pathlib.PurePosixPath(found[name]).suffix
        text = tables.decodings(content)[0]
        for edited in edit(name, [text], parse):
            files[listing.without_ending(copies[name]) + ending] = (
                content if edited == text else edited.encode(errors="surrogateescape"))
    return files, len(files)


# ----- loose tags

class _Editor:
    """Takes loose tags of hair out of labels.

    Args: hair_names: {name of a picture: of hair_color.names()}; colors: as in write().
    Attributes: failed: names of the pictures of which some labels are left out whole.
    """

    def __init__(self, labels, hair_names, colors):
        self.labels, self.hair_names, self.colors, self.failed = labels, hair_names, colors, set()

    def edit(self, name, texts, parse):
        """The texts of a picture without a loose tag. parse: a function from a text to its tags."""
        tags = [parse(text) for text in texts]
        merged, _ = self.labels.merged(tags)
        if not hair_color.are_loose(self.hair_names.get(name), np.array([merged]), self.labels,
                                    self.colors)[0]:
            return texts
        column = list(self.labels.axes).index(hair_color.AXIS)
        edited = [text if tag[column] == UNKNOWN else without(text, column, self.labels, parse)
                  for text, tag in zip(texts, tags)]
        if None in edited:
            self.failed.add(name)
        return [text for text in edited if text is not None]


def without(text, column, labels, parse):
    """A text of labels in which the words of a value are 'unknown', as few as possible, so that
    nothing else of it is read in another way; None if there are no such words.

    Args: column: of the axis, in the tags of Labels `labels`; parse: a function from a text to its
      tags.
    """
    before, axis = parse(text), list(labels.axes)[column]
    wanted = (*before[:column], UNKNOWN, *before[column + 1:])
    words = [match for match in _WORD.finditer(text)
             if labels.parse(f"{match[0]} {axis}")[column] == before[column]][:_MOST]
    for word in words:
        others = [other for other in words if other is not word]
        if parse(_with_unknown(text, others))[column] == UNKNOWN:
            words = others
    edited = _with_unknown(text, words)
    return edited if parse(edited) == wanted else None


def _with_unknown(text, words):
    """A text with 'unknown' in place of words, re.Match objects in order."""
    for word in reversed(words):
        text = f"{text[:word.start()]}unknown{text[word.end():]}"
    return text
