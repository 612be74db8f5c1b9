"""Names of the files that this program writes, and what may be written over.

No text of a file or of a flag becomes more than a part of a file's name, and no file is written
over but by the command that wrote it: a digest of the command is inside the file.
"""
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import re
import sys
import tempfile

from anime_gan_tf.console import say
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import npz, pictures, schema

PICTURES = pathlib.Path("pictures")
LONGEST = schema.MAX_RUN_NAME  # bytes, which leaves room for endings and for npz.TEMPORARY


@dataclasses.dataclass(frozen=True)
class Output:
    """Where a command writes. path: of its main file; command: digest() of what was asked."""
    path: pathlib.Path
    command: str

    def sign(self):
        """Puts the digest into the picture or page, once that is written."""
        path = self.path if self.path.suffix == ".html" else self.path.with_suffix(".png")
        pictures.sign(path, self.command)


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


def default(path, command, companions=()):
    """The Output for a name that this program chose.

    Args: path: as wanted; it gets a number where files of another command are; command: digest();
      companions: endings of the files that are written beside it.
    """
    path = next(each for each in numbered(path)
                if not _existing(each, companions) or _made_by(each) == command)
    return Output(path, command)


def given(path, command, companions=(), flag="--out"):
    """The Output for a name that the user chose. It replaces what this program made, and says so.

    Raises:
      UserError: where there is anything else.
    """
    path = pathlib.Path(path)
    existing = _existing(path, companions)
    if existing:
        made_by = _made_by(path)
        if made_by is None:
            raise UserError(flag, Fault.EXISTS, f"{existing[0]} exists, and does not say that this "
                            f"program made it; move it away, or name another file")
        if made_by != command:
            say(f"note: {path}, of another command, is replaced")
    return Output(path, command)


def check_writable(path, flag="--out"):
    """Refuses a path that cannot be written, before the work is done that would be lost.

    Raises:
      UserError: naming what is in the way.
    """
    folder = pathlib.Path(os.path.abspath(path)).parent
    try:
        while not folder.exists():
            folder = folder.parent
        # Named as the real one will be at first: a name may be too long.
        prefix = f"{npz.TEMPORARY}{pathlib.Path(path).name}."
        with tempfile.NamedTemporaryFile(dir=folder, prefix=prefix) as file:
            file.write(bytes(2 ** 16))  # a full disk takes the file and not its content
            file.flush()
    except OSError as error:
        raise UserError(flag, Fault.UNWRITABLE,
                        f"{path} cannot be written ({error.strerror})") from None


def _existing(path, companions):
    """Those of the files that would be written over: path and, with its stem, the companions."""
    files = [path, *(path.with_name(path.stem + ending) for ending in companions)]
    return [file for file in files if os.path.lexists(file)]


def _made_by(path):
    """Output.command of what is at `path` and around it; "" where this program made it and did not
    say how; None where nothing says that it did."""
    if path.suffix == ".npz":
        try:
            return digest(npz.unpacked(path)) if path.is_file() else None
        except UserError:
            return None
    return pictures.signature(path if path.suffix == ".html" else path.with_suffix(".png"))
