"""Names of the files that this program writes, and what may be written over.

No text of a file or of a flag becomes more than a part of a file's name, and no file is written
over that does not say that this program made it. A picture or page holds a digest of the command
that wrote it; a picture also names the files that were written with it, with their checksums.
"""
import dataclasses
import hashlib
import itertools
import json
import logging
import os
import pathlib
import re
import sys
import tempfile

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import npz, pictures, schema

log = logging.getLogger(__name__)

PICTURES = pathlib.Path("pictures")
LONGEST = schema.MAX_RUN_NAME  # bytes, which leaves room for endings and for npz.TEMPORARY


@dataclasses.dataclass(frozen=True)
class Output:
    """Where a command writes. path: of its main file; command: digest() of what was asked;
    companions: the paths of the files that may be written beside it."""
    path: pathlib.Path
    command: str
    companions: tuple = ()

    def sign(self):
        """Puts the digest, and the checksums of the other files, into the picture or page: the
        last thing to do, once all of them are written."""
        signed = _signed(self.path)
        others = [file for file in (self.path, *self.companions)
                  if file != signed and file.is_file()]
        pictures.sign(signed, self.command, {file.name: _checksum(file) for file in others})


def slug(text):
    """The text as a part of a file's name."""
    encoding = sys.getfilesystemencoding()
    text = str(text).encode(encoding, "replace").decode(encoding)
    return re.sub(r"[^\w.-]+", "_", text).strip("._-")


def default_name(*parts):
    """The parts as the name of a file, without an ending: not empty, hidden, too long or reserved
    on any system."""
    name = "_".join(filter(None, map(slug, parts))) or "data"
    name = name.encode()[:LONGEST].decode(errors="ignore").rstrip("._-")
    return f"{name}_" if schema.is_device(name) else name


def digest(content):
    """A short text that tells JSON-able contents apart."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def numbered(path):
    """path, then the same with _2, _3, ... behind its name."""
    return itertools.chain([path], (path.with_name(f"{path.stem}_{i}{path.suffix}")
                                    for i in itertools.count(2)))


def beside(*endings):
    """A function of a path: the paths with each of the endings in place of its own."""
    return lambda path: tuple(path.with_name(path.stem + ending) for ending in endings)


ALONE = beside()  # without companions


def default(path, command, companions=ALONE, made_by=None):
    """The Output for a name that this program chose.

    Args: path: as wanted; it gets a number where files of another command are; command: digest();
      companions: a function of the path that returns those of the files written beside it;
      made_by: a function of a file and of the path it is written with, that returns the command
      that wrote the file, or None where nothing says that this program did; where it is None,
      the signed picture or page says so.
    """
    path = next(each for each in numbered(path)
                if set(_makers(each, companions(each), made_by).values()) <= {command})
    return Output(path, command, companions(path))


def given(path, command, companions=ALONE, made_by=None, flag="--out"):
    """The Output for a name that the user chose. It replaces what this program made, and says so.

    Args: as of default(); flag: named in errors.
    Raises:
      UserError: where there is anything else.
    """
    path = pathlib.Path(path)
    makers = _makers(path, companions(path), made_by)
    for file, maker in makers.items():
        if maker is None:
            raise UserError(flag, Fault.EXISTS, f"{file} exists, and nothing says that this "
                            f"command may replace it; move it away, or name another file")
    if not set(makers.values()) <= {command}:
        log.info(f"note: {path}, of another command, is replaced")
    return Output(path, command, companions(path))


def check_writable(path, flag="--out"):
    """Refuses a path that cannot be written, before the work is done that would be lost.

    Raises:
      UserError: naming what is in the way.
    """
    folder = pathlib.Path(os.path.abspath(path)).parent
    try:
        while not os.path.lexists(folder):  # a link to nowhere is in the way
            folder = folder.parent
        # Named as the real one will be at first: a name may be too long.
        prefix = f"{npz.TEMPORARY}{pathlib.Path(path).name}."
        with tempfile.NamedTemporaryFile(dir=folder, prefix=prefix) as file:
            file.write(bytes(2 ** 16))  # a full disk takes the file and not its content
            file.flush()
    except OSError as error:
        raise UserError(flag, Fault.UNWRITABLE,
                        f"{path} cannot be written ({error.strerror})") from None


def _signed(path):
    """The file that says which command wrote `path`: itself, or the picture beside it."""
    return path if path.suffix.lower() in (".png", ".html") else path.with_suffix(".png")


def _makers(path, companions, made_by):
    """{file: the command that wrote it, None where nothing says that this program did}, of those
    of path and companions that exist."""
    files = [file for file in (path, *companions) if os.path.lexists(file)]
    if not files or made_by:
        return {file: made_by(file, path) for file in files}
    signed = _signed(path)
    command, recorded = pictures.signature(signed)
    return {file: command if file == signed or _is_recorded(file, recorded) else None
            for file in files}


def _is_recorded(file, recorded):
    """Whether a file is what the checksums {name: checksum} say."""
    return (file.name in recorded and file.is_file() and not file.is_symlink()
            and _checksum(file) == recorded[file.name])


def _checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
