"""Reports the content and the problems of a data set, and writes a copy without the problems."""
import collections
import logging

import numpy as np
from tqdm import tqdm

from anime_gan_tf.data import clean_copy, dataset, deduplication, hair_color, order
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage import images as image_files
from anime_gan_tf.storage import npz, pictures, plots

log = logging.getLogger(__name__)

SIZE = 64          # in pixels, at which faces are compared and shown
MAX_EXAMPLES = 5   # of a problem that are printed; the .json has all
SHEET = 12         # rows and columns of the contact sheet


def inspect(source, out, clean=None, hair=()):
    """Examines a Source, logs the results and writes them to files.

    Args:
      source: sources.Source.
      out: path of the contact sheet, NAME.png; the others are NAME_balance.png and NAME.json.
      clean: None, or the path of a new folder or .zip for a copy without unreadable files and
        twins.
      hair: keys of hair_color.COLORS, whose tags the copy has only where the pixels show them.
    Returns: an ImageDataset of SIZE.
    Raises:
      UserError: nothing is readable.
    """
    found = dataset.load(source, SIZE)
    names, images, tags, labels = found.names, found.images, found.tags, found.labels
    sizes, modes = collections.Counter(), collections.Counter()
    for name in tqdm(names, "measuring", unit="img", leave=False, disable=None):
        with image_files.opened(source.read(name)) as header:
            sizes[f"{header.width}x{header.height}"] += 1
            modes[f"{header.format} {header.mode}"] += 1
    same, mirrored = deduplication.find(images)
    group = deduplication.representatives(len(images), same, mirrored)
    unique = _most_tagged(group, tags)
    disagreeing = [(int(root), i) for i, root in enumerate(group) if (tags[i] != tags[root]).any()]
    nearest = labels.nearest(tags)
    joint_counts = np.zeros(labels.sizes, int)
    np.add.at(joint_counts, tuple(nearest[(nearest != UNKNOWN).all(axis=1)].T), 1)

    log.info(f"{source.title}: {len(source.names):,} images, {len(names):,} readable, "
             f"{len(unique):,} unique")
    # Without the note about unreadable files, which are listed below.
    for note in found.notes:
        if not (found.broken and found.broken[0] in note):
            log.info(f"note: {note}")
    if source.origin:
        log.info(f"labels: {source.origin}")
    log.info("sizes: " + _counts(sizes))
    log.info("modes: " + _counts(modes))
    _list("unreadable", found.broken)
    _list("equal pictures", [f"{names[i]} = {names[j]}" for i, j in same])
    _list("mirrored twins", [f"{names[i]} | {names[j]}" for i, j in mirrored])
    named = lambda i: f"{names[i]}: {labels.phrase(tags[i]) or 'no tags'}"
    _list("twins with different tags", [f"{named(i)}, {named(j)}" for i, j in disagreeing])
    _print_balance(nearest, joint_counts, labels)
    tagged = hair_color.is_tagged(tags, labels)
    hair_names = hair_color.names(images) if tagged else np.full(len(images), "")  # takes seconds
    agreement = hair_color.agreement(hair_names, tags, labels)
    _print_agreement(agreement)

    pictures.save_png(out, _contact_sheet(images[unique], nearest[unique], labels))
    if found.tagged:
        plots.balance(out.with_name(f"{out.stem}_balance.png"), _counts_of_values(nearest, labels),
                      joint_counts, f"{source.title}: faces of each value")
    content = {"data": source.title, "images": len(source.names), "readable": len(names),
               "unique": len(unique), "sizes": dict(sizes), "modes": dict(modes),
               "unreadable": found.broken, "equal": [[names[i], names[j]] for i, j in same],
               "mirrored": [[names[i], names[j]] for i, j in mirrored],
               "twins_with_different_tags": [[names[i], names[j]] for i, j in disagreeing],
               "pairs_of_colors": joint_counts.tolist(), "hair_as_tagged": agreement,
               "labels": source.origin, "label_faults": source.label_faults,
               "left_out": source.left_out, "odd": found.odd, "notes": found.notes}
    npz.write_json(out.with_suffix(".json"), content)
    if clean is not None:
        if hair and not tagged:
            log.info("note: no face has a tag of hair that could be left out")
            hair = ()
        _print_loose(hair_names[unique], tags[unique], labels, hair)
        clean_copy.write(source, [names[i] for i in unique], tags[unique], clean,
                         hair_names[unique], hair)
        log.info(f"clean copy: {clean}, {len(unique):,} faces")
    return found


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
