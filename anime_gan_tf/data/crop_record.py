"""The record of --mode crop: every picture, the faces that were found in it, and their states."""
import dataclasses
import hashlib
import pathlib
import time

from anime_gan_tf import __version__
from anime_gan_tf.data import listing
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import kinds, npz, pictures, schema
from anime_gan_tf.storage.files import LOCK

MARGIN = 0.025      # on each side of a face's box, as a share of it; that of extra_data
SAVE_SHARE = 0.05   # of the time, which saving the record takes: what is not saved dies with a kill
MAX_BYTES = 2 ** 28  # of the record, some 400 a picture
NO_FACE = "no face found"
AT_EDGE = "cut off by the picture's edge"
SMALL = "too small"
DOUBLE = "a double"
COPY = "a copy of another"  # a picture
NOT_LARGEST = "not the largest"
UNREADABLE = "unreadable"
NEW = "new"                 # taken, and not compared with the other faces yet
TAKEN = "taken"
DELETED = "deleted since"   # a face that was taken, and is not in the folder any more
REPLACED = "replaced since"  # another file has its name


@dataclasses.dataclass(frozen=True)
class Options:
    """size: of the faces, in pixels; margin: as MARGIN; background: a color, None to keep
    transparency; largest: only the largest face of a picture; detector: name of its file, "" for
    the bundled one."""
    size: int
    margin: float = MARGIN
    background: str | None = "white"
    largest: bool = False
    detector: str = ""


class Record:
    """The results for all pictures, stored in the folder of the faces.

    pictures: [{"name": where it was last, "digests": of the bytes that its faces were cut out of,
    of its pixels, and of other files of the same pixels, "why": why it has no face at all, or "",
    "faces": [{"box": [left, top, right, bottom], "score": probability, "state": NEW, TAKEN or a
    reason, "file": of the face}]}]; finder: what finds faces in new pictures; begun_by: what found
    the first ones, None if that is not known; files: all names of files that faces got;
    unreadable: {name of a picture: why}, also of earlier commands.
    """

    def __init__(self, folder, options, finder):
        """Reads the record of an earlier command.

        Args: finder: a digest of the detector.
        Raises:
          UserError: the folder holds something else, or faces of other options.
        """
        self.folder, self.path = pathlib.Path(folder), pathlib.Path(folder) / listing.RECORD
        self.options, self.finder = dataclasses.asdict(options), finder
        self.pictures, self.files, self.unreadable = [], set(), {}
        self._by_digest, self._checked = {}, {}
        self._next_save, self.begun_by = time.monotonic(), finder
        if self.path.is_file():
            entries, self.unreadable, self.begun_by = _read(self.path, self.options)
            for entry in entries:
                self._add_stored(entry)
        else:
            _check_new(self.folder)

    def _add_stored(self, entry):
        """Adds an entry of the file. 0.3.0 knew pictures by their names, so that two may have one
        content."""
        known = self.find(entry["digests"][0])
        if not known:
            self.add(entry)
            return
        known["faces"] += [face for face in entry["faces"] if self.state(known, face) == TAKEN]
        self.files |= {face["file"] for face in entry["faces"]}

    def find(self, digest):
        """The entry of a picture of that content; None if there is none."""
        return self._by_digest.get(digest)

    def add(self, entry):
        """Adds a picture."""
        self.pictures.append(entry)
        self._by_digest |= dict.fromkeys(entry["digests"], entry)
        self.files |= {face["file"] for face in entry["faces"]}

    def add_digest(self, entry, digest):
        """Adds the digest of another file with the pixels of a recorded one."""
        if len(entry["digests"]) < schema.MAX_DIGESTS:
            entry["digests"].append(digest)
        self._by_digest[digest] = entry

    def save(self, now=True):
        """Writes the record: now, or only if saving it takes no more than SAVE_SHARE so."""
        start = time.monotonic()
        if now or start >= self._next_save:
            npz.write_json(self.path, {
                "version": __version__, "options": self.options,
                "pictures": {entry["digests"][0]: entry for entry in self.pictures},
                "unreadable": self.unreadable}
                | ({"finder": self.begun_by} if self.begun_by else {}), indent=None)
            end = time.monotonic()
            self._next_save = end + (end - start) / SAVE_SHARE

    def faces(self):
        """[(entry of a picture, one of its faces), ...]."""
        return [(entry, face) for entry in self.pictures for face in entry["faces"]]

    def state(self, entry, face):
        """TAKEN, if the face is in the folder; or the reason why it is not."""
        return self.of_file(entry, face) if face["state"] in (NEW, TAKEN) else face["state"]

    def of_file(self, entry, face):
        """TAKEN, if a face's file is what was written; else REPLACED or DELETED."""
        path = self.folder / face["file"]
        try:
            found = path.lstat()
        except OSError:
            return DELETED
        key = (face["file"], found.st_mtime_ns, found.st_size)
        if key not in self._checked:
            self._checked[key] = is_cut(path, entry["digests"], face["box"])
        return TAKEN if self._checked[key] else REPLACED

    def taken(self):
        """faces() that are in the folder."""
        return [(entry, face) for entry, face in self.faces() if self.state(entry, face) == TAKEN]


def _read(path, options):
    """(entries, {name: why} of unreadable pictures, begun_by) of a stored record, as in Record.

    Raises:
      UserError: it is damaged, or of other options.
    """
    content = npz.read_json(path, MAX_BYTES)
    kinds.check(path, schema.CROPPED, content)
    for name, value in options.items():
        if content["options"].get(name) != value:
            raise UserError("--out", Fault.CONFLICT, f"{path.parent} holds faces that were cut "
                            f"{_given(name, content['options'].get(name))}, and not "
                            f"{_given(name, value)}; name a new folder")
    entries, unreadable = [], content.get("unreadable", {})
    for name, entry in content["pictures"].items():
        # 0.3.0 had one digest a picture, "" for an unreadable one, the name as the key, another
        # detector and no word of it.
        digests = entry.get("digests", [entry.get("digest", "")])
        if digests[0]:
            entries.append({"name": entry.get("name", name), "digests": digests,
                            "why": entry["why"], "faces": entry["faces"]})
        else:
            unreadable[name] = entry["why"]
    return entries, unreadable, content.get("finder")


def _check_new(folder):
    """Refuses a folder without a record that has more in it than what a command leaves that was
    killed before it wrote one."""
    if folder.is_dir() and not all(path.name == LOCK or path.name.startswith(npz.TEMPORARY)
                                   for path in folder.iterdir()):
        raise UserError("--out", Fault.EXISTS, f"{folder} has something in it that --mode crop did "
                        f"not put there; name a new folder")


def _given(name, value):
    """How a command says an option: "with --size 64"."""
    if name == "largest":
        return "with --largest" if value else "without --largest"
    if name == "background" and value is None:
        return "with --alpha"
    if name == "detector" and not value:
        return "by the bundled detector"
    return f"with --{name} {value}"


def is_cut(path, digests, box):
    """Whether a file is the face in a box of a picture of one of these digests."""
    found = pictures.find_metadata(path) or {}
    return found.get("digest") in digests and found.get("box") == box


def digest(content):
    """A hash of bytes, for entries of a Record."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
