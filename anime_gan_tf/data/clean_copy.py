"""Writes a copy of some pictures of a data set with all their labels, also those of axes that are
not read here."""
import contextlib
import itertools
import json
import logging
import os
import pathlib
import re
import shutil
import sys
import zipfile

from tqdm import tqdm

from anime_gan_tf.data import hair_color, listing, sources, tables
from anime_gan_tf.data import labels as label_files
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import locking, npz

log = logging.getLogger(__name__)

_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = "\x1f"  # cells of a row
_MOST = 6  # words of one color in a text


def write(source, names, tags, target, is_loose=lambda name, tags: False):
    """Copies pictures without changes, in the MLDS layout, with their labels.

    Args:
      source: sources.Source; names: of its pictures that are copied; tags: of these in the copy;
      target: a new folder or .zip; is_loose(name, tags): whether these tags of a picture have one
      of hair that is left out in the copy.
    Raises:
      UserError: there is no space or no permission, or another process writes there.
    """
    to_zip = target.suffix.lower() == ".zip"
    stems_of_tables = {pathlib.PurePath(name).stem for name in label_files.TABLES}
    copies = listing.file_names(names, "utf-8" if to_zip else sys.getfilesystemencoding(),
                                stems_of_tables)  # else a caption would be one
    copies = {name: f"images/{copy}" for name, copy in zip(names, copies)}
    labels = _Labels(source, copies, dict(zip(names, tags)), is_loose).files()
    bar = tqdm(copies.items(), "copying", unit="img", leave=False, disable=None)
    contents = itertools.chain(((path, _read(source, name)) for name, path in bar), labels.items())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(target) as unfinished:
            (_write_zip if to_zip else _write_folder)(unfinished, contents)
    except OSError as error:
        raise UserError("--clean", Fault.UNWRITABLE, f"{target} cannot be written "
                        f"({error.strerror or error})") from None


def _read(source, name):
    try:
        return source.read(name)
    except OSError as error:  # else it would be taken for one of the copy
        raise UserError(source.flag, Fault.UNREADABLE,
                        f"{name} cannot be read ({error.strerror or error})") from None


def _write_zip(path, contents):
    with open(path, "wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in contents:
                archive.writestr(name, content)
        file.flush()
        os.fsync(file.fileno())


def _write_folder(path, contents):
    (path / "images").mkdir(parents=True)
    for name, content in contents:
        (path / name).write_bytes(content)


@contextlib.contextmanager
def _unfinished(target):
    """A path beside a new target, which becomes the target at the end. What a killed process left
    there is removed: it has a lock file beside it."""
    path = target.with_name(f"{npz.TEMPORARY}{target.name}")
    lock_file = target.with_name(f"{path.name}.lock")
    is_own = lock_file.is_file()
    if os.path.lexists(path) and not is_own:
        raise UserError("--clean", Fault.EXISTS, f"{path} exists, and nothing says that this "
                        f"command may replace it; move it away")
    lock = locking.acquire(lock_file, UserError(
        "--clean", Fault.CONFLICT, f"another process writes {target}; name another folder or .zip"))
    try:
        _remove(path)
        if os.path.lexists(target):
            raise UserError("--clean", Fault.EXISTS,
                            f"{target} exists by now; name a new folder or .zip")
        yield path
        path.rename(target)
    finally:
        _remove(path)
        lock_file.unlink(missing_ok=True)
        lock.release()


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class _Labels:
    """The label files of a copy: each form of labels in its own form, so that they are read as
    before. Args: as in write(); copies: {name: path in the copy}; tags: {name: tags}."""

    def __init__(self, source, copies, tags, is_loose):
        self.source, self.copies, self.tags, self.is_loose = source, copies, tags, is_loose
        self.labels = source.labels
        self.not_edited = set()  # names of faces

    def files(self):
        """{path: content}. Says what is left behind."""
        files, axes = {}, " and ".join(self.labels.axes)
        if self.source.listing:
            for form in (self._table, self._stylegan, self._captions):
                found, faces, what = form()
                if faces:
                    log.info(f"labels in the copy: {what} of {faces:,} faces")
                files |= found
        if self.not_edited:
            log.info(f"note: a loose tag of hair could not be taken out of the labels of "
                     f"{len(self.not_edited):,} faces; of these labels the copy has at most {axes}")
        folders = {parent for parent in map(os.path.dirname, self.copies) if parent}
        if len(folders) > 1:
            log.info(f"note: the names of {len(folders):,} folders are not copied")
        # Neither folders nor features of TFDS are copied, only the tags that were read there.
        if not self.source.listing or self.source.origin == label_files.FOLDERS:
            rows = sources.tags_csv(list(self.copies.values()), list(self.tags.values()),
                                    self.labels)
            if rows:
                log.info(f"note: of {self.source.origin} the copy has {axes}, and no other labels")
                if "tags.csv" in files:
                    log.info(f"note: the table is not copied, which says nothing of {axes}")
                files["tags.csv"] = rows
        return files

    def _table(self):
        table, rows = label_files.table_rows(self.source.listing, self.source.names, self.labels,
                                             self.source.flag)
        in_order = table is not None and table.ids is None
        lines, faces = [], 0
        for name, path in self.copies.items():
            its_id = pathlib.PurePosixPath(path).stem
            cells = [list(row) for row in rows.get(name, ())]
            if not in_order:
                for row in cells:
                    row[table.at] = ""
            texts = self._edited(name, [_BETWEEN.join(row) for row in cells],
                                 lambda text: table.parse(text.split(_BETWEEN)))
            for text in texts:
                row = text.split(_BETWEEN) if text is not None else self._phrase_row(name, table)
                if in_order:
                    row = [its_id, *row]
                elif row:
                    row[table.at] = its_id
                lines += [row] if row else []
            faces += bool(texts)
        if not faces:
            return {}, 0, ""
        header = table.header
        if in_order:
            header = ["id", *(header or self.labels.axes)]
        return ({"tags.csv": sources.csv_bytes([*([header] if header else []), *lines])},
                faces, "tags.csv")

    def _phrase_row(self, name, table):
        """A row of the tags alone, where the table has no columns."""
        if table.header or table.ids is None:
            return []
        return ["", self.labels.phrase(self.tags[name])]

    def _stylegan(self):
        found = label_files.stylegan_labels(self.source.listing, self.source.names)
        rows, parse = [], lambda text: self.labels.parse(text, is_list=True)
        for name, path in self.copies.items():
            given = found.get(name, [])
            texts = self._edited(name, [label for label in given if isinstance(label, str)], parse)
            rows += [[path, self.labels.phrase(self.tags[name]) if text is None else text]
                     for text in texts]
            rows += [[path, label] for label in given if not isinstance(label, str)]
        if not rows:
            return {}, 0, ""
        return ({label_files.STYLEGAN: json.dumps({"labels": rows}).encode()},
                len({path for path, _ in rows}), label_files.STYLEGAN)

    def _captions(self):
        found = label_files.caption_paths(self.source.listing, self.source.names)
        files = {}
        for name, path in self.copies.items():
            if name not in found:
                continue
            try:
                content = self.source.listing.read(found[name])
            except Exception:  # pylint: disable=broad-except
                continue  # empty or damaged, without a tag
            text = tables.decodings(content)[0]
            edited, = self._edited(name, [text],
                                   lambda text: self.labels.parse(text, is_list=True))
            if edited != text:
                edited = self.labels.phrase(self.tags[name]) if edited is None else edited
                content = edited.encode(errors="surrogateescape")
            kind = pathlib.PurePosixPath(found[name]).suffix
            files[listing.without_ending(path) + kind] = content
        return files, len(files), "captions"

    def _edited(self, name, texts, parse):
        """The labels of a face without a loose tag of hair; None for one where that fails."""
        tags = [parse(text) for text in texts]
        if not texts or not self.is_loose(name, self.labels.merged(tags)[0]):
            return texts
        column = list(self.labels.axes).index(hair_color.AXIS)
        edited = [text if tag[column] == UNKNOWN else without(text, column, self.labels, parse)
                  for text, tag in zip(texts, tags)]
        if None in edited:
            self.not_edited.add(name)
        return edited


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
    for count in range(1, len(words) + 1):
        for chosen in itertools.combinations(words, count):
            edited = text
            for match in reversed(chosen):
                edited = f"{edited[:match.start()]}unknown{edited[match.end():]}"
            if parse(edited) == wanted:
                return edited
    return None
