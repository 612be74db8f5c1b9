"""Reads the tags of the pictures of a Listing from a table, dataset.json, captions or folder names.

The first of these with a tag for any picture is used, and its problems are counted.
"""
import collections
import dataclasses
import json
import pathlib
import re

from anime_gan_tf.data import listing as listings
from anime_gan_tf.data import matching, tables
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels

TABLES = tuple(f"{stem}.{kind}" for stem in ("tags", "labels") for kind in ("csv", "tsv", "txt"))
CAPTIONS = (".txt", ".caption")
STYLEGAN = "dataset.json"
FOLDERS = "the names of folders"  # an origin of tags


@dataclasses.dataclass
class Found:
    """faces: the pictures of the data set, in order; tags: of each face, of `known`, the Labels to
    be read; origin: what they were read from (without axes, would be), or ""; used: the label
    files; notes: lines for the user; counts: {problem: count}."""
    faces: list
    tags: list
    known: Labels
    origin: str = ""
    used: set = dataclasses.field(default_factory=set)
    notes: list = dataclasses.field(default_factory=list)
    counts: dict = dataclasses.field(default_factory=dict)

    @property
    def axes(self):
        """'hair or eyes'"""
        return " or ".join(self.known.axes)

    def note(self, what, count, text, more=""):
        """Counts a problem and adds a note: text, count and more."""
        if count:
            self.counts[what] = count
            self.notes.append(f"{text}: {count:,}{more}")


def find(listing, pictures, known, flag):
    """The labels Found in a Listing.

    Args: pictures: paths of its pictures; known: the Labels to be read; flag: named in errors.
    Raises:
      UserError: a table cannot be read, there are several, or it does not fit the pictures.
    """
    if not known.axes:  # as for --mode crop, to which labels mean nothing
        found = _tables(listing.files)
        return Found(sorted(pictures, key=_natural), [()] * len(pictures), known,
                     min(found, default=""), set(found))
    table, other_tables = _find_table(listing.files, flag)
    base = _folder(table or "")
    labels = Found(_inside(pictures, table, base), [], known)
    labels.faces.sort(key=_natural)
    labels.note("pictures_elsewhere", len(pictures) - len(labels.faces),
                f"pictures that are left out, outside the folder of {table}")
    labels.note("tables_not_read", len(other_tables),
                f"label files that are not read in addition to {table}", _list(other_tables))
    untagged = [known.untagged] * len(labels.faces)
    labels.tags = _from_table(labels, listing, table, base, flag) if table else untagged
    for read in (_from_stylegan, _from_captions, _from_folders):
        if labels.faces and not any(tag != known.untagged for tag in labels.tags):
            labels.tags = read(labels, listing, flag) or untagged
    if labels.origin:
        labels.counts["without_tags"] = labels.tags.count(known.untagged)
    return labels


def is_label_file(name):
    """Whether find() reads a file of this name in the top folder."""
    return name.lower() in (*TABLES, STYLEGAN)


def _natural(name):
    """A sorting key that puts 2.jpg before 10.jpg."""
    stem = pathlib.PurePosixPath(name).stem
    return (0, _value(stem), name) if stem.isascii() and stem.isdigit() else (1, (), name)


def _by_numbers(name):
    """The same, and face_2.jpg before face_10.jpg."""
    parts = re.split("([0-9]+)", name)
    parts[1::2] = map(_value, parts[1::2])
    return (*_natural(name)[:2], parts, name)


def _value(digits):
    """A sorting key of a string of digits, of any length, by its value."""
    digits = digits.lstrip("0")
    return len(digits), digits


def _inside(pictures, table, base):
    """The pictures of a table: for tags.csv those in images/ of its folder, if there are some; else
    all in its folder."""
    below = [name for name in pictures if name.startswith(base)]
    if not table or pathlib.PurePosixPath(table).stem.lower() != "tags":
        return below
    if base.count("/") > 1:  # a table so deep does not exclude other folders
        return list(pictures)
    return [name for name in below if name.startswith(f"{base}images/")] or below


def _folder(path):
    """'a/b/' of 'a/b/c', '' of 'c'."""
    return path[:path.rfind("/") + 1]


# ----- tables

def _tables(files):
    return [name for name in files if pathlib.PurePosixPath(name).name.lower() in TABLES]


def _find_table(files, flag):
    """(path of the table, other tables of its folder); (None, []) if there is none."""
    found = _tables(files)
    if not found:
        return None, []

    def rank(name):
        its_name, depth = pathlib.PurePosixPath(name).name, name.count("/")
        return (depth > 1, TABLES.index(its_name.lower()) >= len(TABLES) / 2, depth,
                TABLES.index(its_name.lower()), its_name not in TABLES)

    found.sort(key=rank)
    best = found[0]
    rivals = [name for name in found if rank(name)[:3] == rank(best)[:3]]
    folders = {str(pathlib.PurePosixPath(name).parent): name for name in reversed(rivals)}
    if len(folders) > 1:
        raise UserError(flag, Fault.CONFLICT, f"more than one label file "
                        f"({', '.join(sorted(folders.values())[:5])}); name the folder of one")
    return best, found[1:]


def _from_table(labels, listing, path, base, flag):
    labels.origin, labels.used = path, {path}
    read = _read_table(listing, path, labels.known, flag)
    if read[0].ids is None:
        return _in_order(labels, read[0], path, flag)
    return _matched(labels, read, path, base, listing.spellings)


def _read_table(listing, path, known, flag):
    """A tables.Table for each of its possible decodings."""
    try:
        texts = tables.decodings(listing.read(path))
    except Exception as error:  # pylint: disable=broad-except
        # Damaged and encrypted zip members raise many kinds of errors.
        raise UserError(flag, Fault.UNREADABLE, f"{path} cannot be read ({error})") from None
    in_order = pathlib.PurePosixPath(path).stem.lower() == "labels"
    return [tables.read(text, in_order, known) for text in texts]


def _in_order(labels, table, path, flag):
    tags = table.tags
    if len(tags) != len(labels.faces):
        raise UserError(flag, Fault.CONFLICT, f"{path} has {len(tags):,} lines without an id for "
                        f"{len(labels.faces):,} pictures")
    by_numbers = sorted(labels.faces, key=_by_numbers)
    reordered = [name for name, other in zip(by_numbers, labels.faces) if name != other]
    labels.faces = by_numbers
    labels.note("order_by_numbers", len(reordered),
                f"the lines of {path} are taken in the order of the numbers in the names "
                f"(x_2 before x_10); in the order of the letters these would be other pictures",
                _example(reordered))
    _note_unknown(labels, table, path)
    labels.note("lines_without_tag", tags.count(labels.known.untagged),
                f"lines of {path} that name no {labels.axes} that is understood")
    return tags


def _note_unknown(labels, table, path):
    labels.note("columns_not_read", len(table.unknown),
                f"columns of {path} that are not read", _list(table.unknown))
    labels.note("cells_not_read", len(table.unread),
                f"cells of {path} that are no value of their column", _example(table.unread))


def _matched(labels, read, path, base, spellings):
    """Tags by the ids of a tables.Table, the one of several decodings that fits most pictures."""
    outcomes = []
    for table in read:
        given = collections.defaultdict(list)
        for table_id, tags in zip(table.ids, table.tags):
            if table_id and tags != labels.known.untagged:
                given[table_id].append(tags)
        outcomes.append((table, given, *matching.match(given, labels.faces, base, spellings)))
    table, given, found, doubtful, missing = max(outcomes, key=lambda outcome: len(outcome[2]))
    _note_unknown(labels, table, path)
    labels.note("lines_without_tag", table.tags.count(labels.known.untagged),
                f"lines of {path} that name no {labels.axes} that is understood",
                _example(its_id for its_id, tags in zip(table.ids, table.tags)
                         if tags == labels.known.untagged))
    labels.note("lines_without_id",
                sum(not its_id and tags != labels.known.untagged
                    for its_id, tags in zip(table.ids, table.tags)),
                f"lines of {path} without an id")
    return _joined(labels, path, given, found, doubtful, missing)


def _joined(labels, path, given, found, doubtful, missing):
    """Tags of the faces by {id: [tags]} and what matching.match() found."""
    differing = [its_id for its_id, several in given.items() if len(set(several)) > 1]
    labels.note("ids_with_differing_tags", len(differing),
                f"ids that are in {path} again with other tags, of which what contradicts is left "
                f"out", _example(differing))
    labels.note("ambiguous_ids", len(doubtful),
                f"ids of {path} that are not used because they fit several pictures, or one that "
                f"another id fits as well", _example(doubtful))
    first = f"; the first picture is {labels.faces[0]}" if labels.faces else ""
    labels.note("ids_without_picture", len(missing),
                f"ids of {path} without a picture", _example(missing) + first)
    return [labels.known.merged(given[found[name]])[0] if name in found else labels.known.untagged
            for name in labels.faces]


def _list(names):
    return f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"


def _example(strings):
    first = next(iter(strings), None)
    return "" if first is None else f", such as {first[:80]!r}"


# ----- dataset.json, captions, folders

def _from_stylegan(labels, listing, flag):
    """StyleGAN's {"labels": [["00000/img.png", 3], ...]}; only labels that are text have tags."""
    del flag
    path = _find_stylegan(listing)
    if path is None:
        return None
    labels.used.add(path)
    labels.origin = labels.origin or path
    try:
        rows = [(name, label if isinstance(label, str) else "")
                for name, label in _read_stylegan(listing, path)]
    except Exception as error:  # pylint: disable=broad-except
        # Damaged zip members and JSON of another form raise many kinds of errors.
        labels.counts["dataset_json_not_read"] = 1
        labels.notes.append(f'{path} is not read: it is not {{"labels": [[path, label], ...]}} '
                            f"({type(error).__name__})")
        return None
    given = collections.defaultdict(list)
    for name, label in rows:
        if (tags := labels.known.parse(label, is_list=True)) != labels.known.untagged:
            given[name].append(tags)
    if not given:
        labels.counts["dataset_json_not_read"] = 1
        labels.notes.append(f"{path} is not used: its labels name no {labels.axes}; numbers of "
                            f"classes do not say which")
        return None
    labels.origin = path
    return _joined(labels, path, given,
                   *matching.match(given, labels.faces, _folder(path), listing.spellings))


def _find_stylegan(listing):
    return next((name for name in sorted(listing.files, key=lambda name: name.count("/"))
                 if pathlib.PurePosixPath(name).name.lower() == STYLEGAN), None)


def _read_stylegan(listing, path):
    """[(path of a picture, label), ...]. Raises many kinds of errors."""
    rows = json.loads(tables.decodings(listing.read(path))[0])["labels"]
    return [(str(name), label) for name, label in rows or ()]


def _find_captions(listing, used):
    """({id: path of a caption}, [(id, path of a second one), ...]). used: other label files."""
    ids, second = {}, []
    for kind in CAPTIONS:
        for name in listing.files:
            if listings.ending(name) == kind and name not in used:
                its_id = name.removesuffix(pathlib.PurePosixPath(name).suffix)
                if ids.setdefault(its_id, name) != name:
                    second.append((its_id, name))
    return ids, second


def _from_captions(labels, listing, flag):
    """x.txt for x.png."""
    del flag
    ids, second = _find_captions(listing, labels.used)
    found, doubtful, _ = matching.match(ids, labels.faces, "", listing.spellings)
    tags, unread = [], 0
    for name in labels.faces:
        try:
            text = listing.read(ids[found[name]]) if name in found else b""
        except Exception:  # pylint: disable=broad-except
            # An empty file, or a damaged member of a zip, counts as a caption without a tag.
            text = b""
        tags.append(labels.known.parse(tables.decodings(text)[0], is_list=True))
        unread += name in found and tags[-1] == labels.known.untagged
    labels.used.update(ids[its_id] for its_id in doubtful)
    labels.note("ambiguous_captions", len(doubtful),
                "captions that are not used because they fit several pictures, or one that another "
                "caption fits as well", _example(ids[its_id] for its_id in doubtful))
    if doubtful:
        labels.origin = labels.origin or "captions (.txt)"
    if not found:
        return None
    read = set(found.values())
    second = [name for its_id, name in second if its_id in read]
    labels.used.update(second)
    labels.note("second_captions", len(second), f"second captions of a picture, which are not read "
                f"beside its {CAPTIONS[0]}", _example(second))
    labels.used.update(ids[its_id] for its_id in found.values())
    labels.origin = labels.origin or "captions (.txt)"
    labels.note("captions_without_tag", unread,
                f"captions beside the pictures that name no {labels.axes}", f" of {len(found):,}")
    if unread == len(found):
        return None
    labels.origin = "captions (.txt)"
    labels.note("pictures_without_caption", len(tags) - len(found),
                "pictures without a caption beside them")
    return tags


def _from_folders(labels, listing, flag):
    """Folders as classes: 'aqua_hair/0.png', 'blue hair red eyes/0.png', 'hair/aqua/0.png'."""
    del listing, flag
    tags = [_of_folders(name, labels.known) for name in labels.faces]
    colors = {word for values in labels.known.axes.values() for word in values}
    folders = {name.rsplit("/", 1)[0].rsplit("/", 1)[-1] for name, tag in zip(labels.faces, tags)
               if "/" in name and tag == labels.known.untagged}
    unclear = sorted(folder for folder in folders if folder.lower() in colors)
    labels.note("folders_of_colors", len(unclear), f"folders with the name of a color, which says "
                f"no {labels.axes} ('red_hair' would)", _list(unclear))
    if all(tag == labels.known.untagged for tag in tags):
        return None
    labels.origin = FOLDERS
    return tags


def _of_folders(name, known):
    parts = list(pathlib.PurePosixPath(name).parent.parts)
    for i, part in enumerate(parts[:-1]):
        if part.lower() in known.axes or f"{part.lower()}s" in known.axes:
            parts[i:i + 2] = [f"{part}: {parts[i + 1]}", ""]
    return known.parse(", ".join(parts))


# ----- all labels, for a copy

def table_rows(listing, faces, known, flag):
    """All rows of the table, whatever axes they are of. Args: as in find(); faces: those Found.

    Returns: (tables.Table, {face: [cells of a row without its id, ...]}); (None, {}) without a
      table. One that is in the order of the pictures gets a column for ids.
    """
    path, _ = _find_table(listing.files, flag)
    if not path:
        return None, {}
    read = _read_table(listing, path, known, flag)
    if read[0].ids is None:
        return read[0].with_ids(known), {face: [row] for face, row in zip(faces, read[0].rows)}
    base, outcomes = _folder(path), []
    for table in read:
        given, tagged = collections.defaultdict(list), {}
        for table_id, row, tags in zip(table.ids, table.rows, table.tags):
            if table_id:
                given[table_id].append([*row[:table.at], *row[table.at + 1:]])
                if tags != known.untagged:
                    tagged[table_id] = None
        # First as find() does, which ignores the others.
        found = matching.match(given, faces, base, listing.spellings)[0] | matching.match(
            tagged, faces, base, listing.spellings)[0]
        outcomes.append((table, {face: given[table_id] for face, table_id in found.items()}))
    return max(outcomes, key=lambda outcome: len(outcome[1]))


def stylegan_labels(listing, faces):
    """{face: [label, ...]} of dataset.json: texts, numbers or whatever it has."""
    path, given = _find_stylegan(listing), collections.defaultdict(list)
    try:
        for name, label in _read_stylegan(listing, path) if path else ():
            given[name].append(label)
    except Exception:  # pylint: disable=broad-except
        return {}  # as in _from_stylegan(), which says it
    found = matching.match(given, faces, _folder(path or ""), listing.spellings)[0]
    return {face: given[name] for face, name in found.items()}


def caption_paths(listing, faces):
    """{face: path of its caption}."""
    ids, _ = _find_captions(listing, _tables(listing.files))
    found, _, _ = matching.match(ids, faces, "", listing.spellings)
    return {face: ids[its_id] for face, its_id in found.items()}
