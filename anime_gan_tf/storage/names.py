"""The names of the files that this program writes, and which files it may replace.

Text of a file or a flag only becomes a part of a file's name, never a path, and only files that
this program wrote are replaced. A picture or page contains a digest of the command that wrote it; a
picture also has the names and checksums of the files that were written with it.
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
from anime_gan_tf.storage import kinds, npz, pictures

log = logging.getLogger(__name__)

PICTURES = pathlib.Path("pictures")
MAX_BYTES = kinds.MAX_RUN_NAME  # of a name, which leaves room for endings and npz.TEMPORARY


@dataclasses.dataclass(frozen=True)
class Output:
    """Where a command writes. path: of its main file; command: digest() of the command; companions:
    paths of the other files that it may write."""
    path: pathlib.Path
    command: str
    companions: tuple = ()

    def sign(self):
        """Adds the digest and the checksums of the other files to the picture or page, once all
        files are written."""
        signed = _signed(self.path)
        others = [file for file in (self.path, *self.companions)
                  if file != signed and file.is_file()]
        pictures.sign(signed, self.command, {file.name: _checksum(file) for file in others})


def slug(text) -> str:
    """The text as a part of a file's name."""
    encoding = sys.getfilesystemencoding()
    text = str(text).encode(encoding, "replace").decode(encoding)
    return re.sub(r"[^\w.-]+", "_", text).strip("._-")


def default_name(*parts) -> str:
    """A file name without ending of some parts: not empty, hidden, too long or reserved on any
    system."""
    name = "_".join(filter(None, map(slug, parts))) or "data"
    name = name.encode()[:MAX_BYTES].decode(errors="ignore").rstrip("._-")
    return f"{name}_" if kinds.is_device(name) else name


def digest(content) -> str:
    """A hash of JSON-able content, 16 characters."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def numbered(path):
    """path, then the same with _2, _3, ... appended to its name."""
    return itertools.chain([path], (path.with_name(f"{path.stem}_{i}{path.suffix}")
                                    for i in itertools.count(2)))


def with_endings(*endings):
    """A function from a path to the paths with each of these endings instead of its own."""
    return lambda path: tuple(path.with_name(path.stem + ending) for ending in endings)


ALONE = with_endings()  # without companions


def default(path, command: str, companions=ALONE, made_by=None) -> Output:
    """The Output for a name that this program chose.

    Args: path: preferred one, which gets a number if a file of another command exists; command:
      of digest(); companions: a function from the path to those of the files written with it;
      made_by: a function of a file and the main path that returns the command that wrote the file,
      or None if this program did not; None to read that from the signed picture or page.
    """
    path = next(each for each in numbered(path)
                if set(_makers(each, companions(each), made_by).values()) <= {command})
    return Output(path, command, companions(path))


def given(path, command: str, companions=ALONE, made_by=None, flag: str = "--out") -> Output:
    """The Output for a name that the user chose. Files of this program are replaced, with a note.

    Args: as in default(); flag: named in errors.
    Raises:
      UserError: another file exists.
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


def check_writable(path, flag: str = "--out", named=None) -> None:
    """Refuses a path that cannot be written, before any work is done.

    Args: named: what the error says cannot be written; None for the path.
    Raises:
      UserError: with the reason.
    """
    folder = pathlib.Path(os.path.abspath(path)).parent
    try:
        while not os.path.lexists(folder):  # a broken link exists
            folder = folder.parent
        # With the name of the real temporary file, which may be too long.
        prefix = f"{npz.TEMPORARY}{pathlib.Path(path).name}."
        with tempfile.NamedTemporaryFile(dir=folder, prefix=prefix) as file:
            file.write(bytes(2 ** 16))  # on a full disk an empty file can be created
            file.flush()
    except OSError as error:
        raise UserError(flag, Fault.UNWRITABLE,
                        f"{named or path} cannot be written ({error.strerror})") from None


def _signed(path):
    """The file that names the command that wrote `path`: itself, or the picture of that name."""
    return path if path.suffix.lower() in (".png", ".html") else path.with_suffix(".png")


def _makers(path, companions, made_by):
    """{file: the command that wrote it, None if this program did not}, of those of path and
    companions that exist."""
    files = [file for file in (path, *companions) if os.path.lexists(file)]
    if not files or made_by:
        return {file: made_by(file, path) for file in files}
    signed = _signed(path)
    command, recorded = pictures.signature(signed)
    return {file: command if file == signed or _is_recorded(file, recorded) else None
            for file in files}


def _is_recorded(file, recorded):
    """Whether a file has the recorded checksum. recorded: {name: checksum}."""
    return (file.name in recorded and file.is_file() and not file.is_symlink()
            and _checksum(file) == recorded[file.name])


def _checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
