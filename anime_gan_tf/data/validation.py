"""Reports the content and the problems of a data set, and writes a copy without the problems."""
import collections
import dataclasses
import logging

import numpy as np
from tqdm import tqdm

from anime_gan_tf.data import clean_copy, dataset, deduplication, hair_color, order, sources
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import images as image_files
from anime_gan_tf.storage import npz, pictures, plots

log = logging.getLogger(__name__)

SIZE = 64          # in pixels, at which faces are compared and shown
MAX_EXAMPLES = 5   # of a problem that are printed; the .json has all
SHEET = 12         # rows and columns of the contact sheet


@dataclasses.dataclass(frozen=True)
class Findings:
    """What is in a Source, and wrong with it.

    Attributes:
      dataset: its readable faces, an ImageDataset of SIZE, which all indices are of.
      sizes, modes: {"64x64" or "PNG RGB": number of files}.
      same, mirrored: as of deduplication.find(); unique: indices, of each group of twins the one
        with the most tags; disagreeing: [(index, that of a twin with other tags)].
      nearest: tags, of scales the nearest level; joint_counts: array of shape labels.sizes, the
        number of faces of each combination of them.
      hair_names: of hair_color.names(), "" without tags of hair; agreement: of these with the tags.
    """
    source: sources.Source
    dataset: dataset.ImageDataset
    sizes: dict
    modes: dict
    same: np.ndarray
    mirrored: np.ndarray
    unique: np.ndarray
    disagreeing: list
    nearest: np.ndarray
    joint_counts: np.ndarray
    hair_names: np.ndarray
    agreement: dict


def inspect(source, out, clean=None, hair=()):
    """Examines a Source, logs the results and writes them to files.

    Args:
      source: sources.Source; out: as of write_files(); clean: None, or target of write_copy();
      hair: as there.
    Returns: an ImageDataset of SIZE.
    Raises:
      UserError: nothing is readable.
    """
    found = measure(source)
    report(found)
    write_files(found, out)
    if clean is not None:
        write_copy(found, clean, hair)
    return found.dataset


def measure(source):
    """The Findings of a Source. Raises UserError if nothing is readable."""
    faces = dataset.load(source, SIZE)
    images, tags, labels = faces.images, faces.tags, faces.labels
    sizes, modes = collections.Counter(), collections.Counter()
    for name in tqdm(faces.names, "measuring", unit="img", leave=False, disable=None):
        with image_files.opened(source.read(name)) as header:
            sizes[f"{header.width}x{header.height}"] += 1
            modes[f"{header.format} {header.mode}"] += 1
    same, mirrored = deduplication.find(images)
    group = deduplication.representatives(len(images), same, mirrored)
    disagreeing = [(int(root), i) for i, root in enumerate(group) if (tags[i] != tags[root]).any()]
    nearest = labels.nearest(tags)
    joint_counts = np.zeros(labels.sizes, int)
    np.add.at(joint_counts, tuple(nearest[(nearest != UNKNOWN).all(axis=1)].T), 1)
    hair_names = (hair_color.names(images) if hair_color.is_tagged(tags, labels)  # takes seconds
                  else np.full(len(images), ""))
    return Findings(source, faces, sizes, modes, same, mirrored, _most_tagged(group, tags),
                    disagreeing, nearest, joint_counts, hair_names,
                    hair_color.agreement(hair_names, tags, labels))


def report(found):
    """Logs Findings."""
    source, faces, labels = found.source, found.dataset, found.dataset.labels
    log.info(f"{source.title}: {len(source.names):,} images, {len(faces.names):,} readable, "
             f"{len(found.unique):,} unique")
    # Without the note about unreadable files, which are listed below.
    for note in faces.notes:
        if not (faces.broken and faces.broken[0] in note):
            log.info(f"note: {note}")
    if source.origin:
        log.info(f"labels: {source.origin}")
    log.info("sizes: " + _counts(found.sizes))
    log.info("modes: " + _counts(found.modes))
    _list("unreadable", faces.broken)
    _list("equal pictures", [f"{a} = {b}" for a, b in _named(found, found.same)])
    _list("mirrored twins", [f"{a} | {b}" for a, b in _named(found, found.mirrored)])
    tagged = lambda i: f"{faces.names[i]}: {labels.phrase(faces.tags[i]) or 'no tags'}"
    _list("twins with different tags", [f"{tagged(i)}, {tagged(j)}" for i, j in found.disagreeing])
    _print_balance(found.nearest, found.joint_counts, labels)
    _print_agreement(found.agreement)


def write_files(found, out):
    """Writes Findings: the contact sheet to `out`, NAME.png, the balance of tags, if there are any,
    to NAME_balance.png, and all but the pictures to NAME.json."""
    source, faces, labels = found.source, found.dataset, found.dataset.labels
    pictures.save_png(out, _contact_sheet(faces.images[found.unique], found.nearest[found.unique],
                                          labels))
    if faces.tagged:
        plots.balance(out.with_name(f"{out.stem}_balance.png"),
                      _counts_of_values(found.nearest, labels), found.joint_counts,
                      f"{source.title}: faces of each value")
    npz.write_json(out.with_suffix(".json"), {
        "data": source.title, "images": len(source.names), "readable": len(faces.names),
        "unique": len(found.unique), "sizes": found.sizes, "modes": found.modes,
        "unreadable": faces.broken, "equal": _named(found, found.same),
        "mirrored": _named(found, found.mirrored),
        "twins_with_different_tags": _named(found, found.disagreeing),
        "pairs_of_colors": found.joint_counts.tolist(), "hair_as_tagged": found.agreement,
        "labels": source.origin, "label_faults": source.label_faults,
        "left_out": source.left_out, "odd": faces.odd, "notes": faces.notes})


def write_copy(found, target, hair=()):
    """Writes a copy without unreadable files and twins.

    Args: target: a new folder or .zip; hair: keys of hair_color.COLORS, whose tags the copy has
      only where the pixels show them.
    """
    faces, unique = found.dataset, found.unique
    tags, hair_names = faces.tags[unique], found.hair_names[unique]
    if hair and not hair_color.is_tagged(faces.tags, faces.labels):
        log.info("note: no face has a tag of hair that could be left out")
        hair = ()
    _print_loose(hair_names, tags, faces.labels, hair)
    clean_copy.write(found.source, [faces.names[i] for i in unique], tags, target, hair_names, hair)
    log.info(f"clean copy: {target}, {len(unique):,} faces")


def _named(found, pairs):
    """Names of files, [[name, name]], of pairs of indices."""
    return [[found.dataset.names[i] for i in pair] for pair in pairs]


def _most_tagged(group, tags):
    """The picture of each group of twins with the most tags, the first of several."""
    order = np.lexsort((-(tags != UNKNOWN).sum(axis=1), group))
    return np.sort(order[np.unique(group[order], return_index=True)[1]])


def _counts(counter):
    common = sorted(counter.items(), key=lambda item: -item[1])
    more = f", and {len(common) - MAX_EXAMPLES} more" if len(common) > MAX_EXAMPLES else ""
    return ", ".join(f"{name} ({count:,})" for name, count in common[:MAX_EXAMPLES]) + more


def _list(what, lines):
    more = ["  ... all of them in the .json"] if len(lines) > MAX_EXAMPLES else []
    for line in (f"{what}: {len(lines):,}", *(f"  {line}" for line in lines[:MAX_EXAMPLES]), *more):
        log.info(line)


def _counts_of_values(tags, labels):
    """{axis: {value: number of faces}}."""
    return {axis: {value: int((tags[:, i] == j).sum()) for j, value in enumerate(values)}
            for i, (axis, values) in enumerate(labels.axes.items())}


def _print_balance(tags, joint_counts, labels):
    known = tags != UNKNOWN
    if not known.any():
        log.info("tags: none")
        return
    all_tags, some, combinations = {1: ("a tag", "", "values"), 2: ("both", "one", "pairs")}.get(
        len(labels.axes), ("all", "some", "combinations"))
    every, none = known.all(axis=1), ~known.any(axis=1)
    between = f"{int((~every & ~none).sum()):,} with {some}, " if some else ""
    log.info(f"tags: {int(every.sum()):,} faces with {all_tags}, {between}"
             f"{int(none.sum()):,} with none; {int((joint_counts > 0).sum())} of "
             f"{joint_counts.size} {combinations} occur")
    for axis, counts in _counts_of_values(tags, labels).items():
        colon = ":" if axis in labels.scales else ""  # levels are numbers, too
        log.info(f"{axis}: "
                 + ", ".join(f"{value}{colon} {count:,}" for value, count in counts.items()))


def _print_agreement(agreement):
    if agreement:
        log.info("hair that has the name of its tag, by its pixels: "
                 + ", ".join(f"{color} {share:.0%}" for color, share in agreement.items()))


def _print_loose(hair_names, tags, labels, colors):
    loose = hair_color.are_loose(hair_names, tags, labels, colors)
    for color in colors:
        tagged = tags[:, list(labels.axes).index(hair_color.AXIS)] == labels.index(
            hair_color.AXIS, color)
        log.info(f"{color} hair: {(loose & tagged).sum():,} of {tagged.sum():,} tags left out of "
                 f"the copy")


def _contact_sheet(images, tags, labels):
    """A row of faces for each value of the first axis; without tags evenly spaced faces."""
    values = next(iter(labels.axes.values()))
    present = [value for value in range(len(values)) if (tags[:, 0] == value).any()]
    if not present:
        return pictures.grid(images[order.spread(np.arange(len(images)), SHEET ** 2)])
    blank = np.full_like(images[0], 255)
    cells = []
    for value in present:
        row = order.spread(np.flatnonzero(tags[:, 0] == value), SHEET)
        cells += [*images[row], *[blank] * (SHEET - len(row))]
    return pictures.labeled(pictures.grid(np.stack(cells), SHEET),
                             [values[value] for value in present], [""] * SHEET)
