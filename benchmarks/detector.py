"""How well detectors find faces, in composed scenes of faces that were held out, and in whole
pictures whose faces were marked.

`python -m benchmarks.detector --data extra_data.zip,faces.zip,faces256.zip --margin 0.025,0.03,0.16
[--pictures whole.zip --marks benchmarks/whole_drawings.json] [--detector bundled --detector X.xml]`
"""
import argparse
import functools
import math
import time

import numpy as np
from PIL import Image

from anime_gan_tf.data import cropping, face_sets, scenes, sources
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import cascade, detection
from anime_gan_tf.evaluation.detection import Count, Face
from anime_gan_tf.labels import Labels
from anime_gan_tf.storage import npz
from benchmarks import options

SEED = 2        # of the scenes; the bundled detector was trained on those of 0 and 1
SIDE, SMALLEST, LARGEST = 384, 24, 300        # pixels of a scene, and of its faces
CENTER = 0.6    # greatest distance of a found face from its mark, over the mark's side
FACTOR = 2.2    # and how much larger or smaller it may be
THRESHOLDS = (0.5, detection.THRESHOLD, 0.6)  # least probabilities of the network's faces
NEIGHBORS = (1, cascade.NEIGHBORS)            # least overlapping detections of a cascade's
MAX_BYTES = 2 ** 22     # of a file of marks


def read_marks(path, names):
    """{name of a picture: (faces, ignored)}, both [Face]. `ignored` are doubtful faces, which count
    neither as found nor as missed.

    Args: path: a JSON file {name: {"faces": [[x, y, side], ...], "ignored": as faces}}, centers and
      sides in pixels; names: of the pictures, each of which needs an entry.
    Raises:
      UserError
    """
    try:
        content = npz.read_json(path, MAX_BYTES)
        marks = {name: tuple([Face(*map(float, (x, y, side)), 1.0) for x, y, side in entry[kind]]
                             for kind in ("faces", "ignored")) for name, entry in content.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError("--marks", Fault.UNREADABLE, f"{path} is not of the form "
                        f'{{"a.png": {{"faces": [[x, y, side]], "ignored": []}}}}') from error
    missing = [name for name in names if name not in marks]
    if missing:
        raise UserError("--marks", Fault.MISSING, f"{path} has no entry for {missing[0]}")
    return marks


def compare(faces, marks, ignored):
    """The Count of one whole picture. Its marks were made by hand, so they are compared less
    strictly than in detection.compare(): by CENTER and FACTOR."""
    waiting, found, false = list(marks), 0, 0
    for face in sorted(faces, key=lambda face: -face.probability):
        near = [mark for mark in waiting if _is_near(face, mark)]
        if near:
            waiting.remove(min(near, key=lambda mark: _distance(face, mark)))
            found += 1
        elif not any(_is_near(face, mark) for mark in ignored):
            false += 1
    return Count(found, false, len(waiting))


def _distance(face, mark):
    return math.hypot(face.x - mark.x, face.y - mark.y) / mark.side


def _is_near(face, mark):
    return _distance(face, mark) <= CENTER and 1 / FACTOR <= face.side / mark.side <= FACTOR


def settings(detector):
    """[(what a setting is called, a function of a PIL image that returns [Face])]."""
    if isinstance(detector, cascade.Cascade):
        return [(f"neighbors: {count}", functools.partial(detector.find, neighbors=count))
                for count in NEIGHBORS]
    return [(f"from {value}", functools.partial(detector.find, threshold=value))
            for value in THRESHOLDS]


def measure(find, pictures):
    """(Count, milliseconds of CPU time a picture).

    Args: pictures: [(PIL image in RGB, a function of [Face] that returns a Count)].
    """
    total, took = np.zeros(3, int), 0.0
    find(pictures[0][0])  # compiles the network
    for picture, count in pictures:
        start = time.process_time()
        faces = find(picture)
        took += time.process_time() - start
        total += count(faces)
    return Count(*map(int, total)), 1e3 * took / len(pictures)


def composed(held_out, count):
    """[(PIL image, function of [Face])] of scenes, for measure(). held_out: [scenes.FaceSet]."""
    made = scenes.Scenes(held_out, SEED, SIDE, SMALLEST, LARGEST)
    pairs = [made.scene(i) for i in range(count)]
    return [(Image.fromarray(image), functools.partial(detection.compare, boxes=boxes))
            for image, boxes in pairs]


def whole(path, marks):
    """The same of the pictures in a folder or .zip. marks: a path, as in read_marks()."""
    source = sources.open_path(path, Labels({}))
    names = {name: name.rpartition("/")[2] for name in source.names}
    read = read_marks(marks, names.values())
    return [(cropping.read(source.read(name), "white").convert("RGB"),
             functools.partial(compare, marks=read[short][0], ignored=read[short][1]))
            for name, short in names.items()]


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--data", help="folders or .zips of faces to compose scenes from, with "
                        "commas between them")
    parser.add_argument("--margin", help="around their faces, as of --mode detector")
    parser.add_argument("--scenes", type=int, default=200, help="how many [%(default)s]")
    parser.add_argument("--pictures", help="a folder or .zip of whole pictures")
    parser.add_argument("--marks", help="the .json of their faces, see read_marks()")
    parser.add_argument("--detector", action="append", help="a .npz, a cascade's .xml, or bundled, "
                        "which is used if none is named")
    chosen = parser.parse_args(argv)
    if not chosen.data and not chosen.pictures:
        raise UserError("--data", Fault.MISSING, "name faces to compose scenes from, or --pictures")
    if bool(chosen.pictures) != bool(chosen.marks):
        raise UserError("--marks", Fault.MISSING, "belongs to --pictures; give both, or neither")
    if chosen.scenes < 1:
        raise UserError("--scenes", Fault.INVALID, f"is {chosen.scenes}; 1 is the least")
    sets = {}
    if chosen.pictures:
        sets["whole pictures"] = whole(chosen.pictures, chosen.marks)
    if chosen.data:
        _, held_out = face_sets.split(face_sets.load(chosen.data, chosen.margin))
        sets["scenes"] = composed(held_out, chosen.scenes)
    print("| | " + " | ".join(
        f"{len(pictures)} {title}: found, false, missed | ms a picture"
        for title, pictures in sets.items()) + f" |\n|---{'|---' * 2 * len(sets)}|")
    for name in chosen.detector or ["bundled"]:
        try:
            detector = (cascade.Cascade(name) if name.lower().endswith(".xml") else
                        detection.load(detection.PRETRAINED if name == "bundled" else name))
        except UserError as error:
            if error.fault is not Fault.UNAVAILABLE:
                raise
            print(f"| {name}: skipped, {error} |")
            continue
        for setting, find in settings(detector):
            cells = [measure(find, pictures) for pictures in sets.values()]
            print(f"| {name}, {setting} | " + " | ".join(
                f"{count.found}, {count.false}, {count.missed} | {took:.0f}"
                for count, took in cells) + " |", flush=True)


if __name__ == "__main__":
    options.run(main)
