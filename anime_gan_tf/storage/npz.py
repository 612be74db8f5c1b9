"""Files of arrays and of JSON, written whole or not at all.

An .npz has a checksum on every array and nothing in it that could run code.
"""
import contextlib
import json
import math
import os
import pathlib
import reprlib
import tempfile
import zipfile

import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage.files import require_regular

MAX_BYTES = 8 * 2 ** 30      # of a file of arrays
MAX_JSON_BYTES = 16 * 2 ** 20
_CHUNK = 2 ** 20
TEMPORARY = ".writing."  # begins the names of files that are not whole yet


def write_atomically(path, write, previous=None):
    """Calls write(file) on a temporary file, flushes it to disk and moves it to `path`.

    Args: previous: where what was at `path` goes, in place of being replaced; None for nowhere. A
      process that is killed between the two moves leaves nothing at `path`.
    Raises:
      UserError: where that cannot be written, for want of space or rights; what was there before
      stays.
    """
    path, temporary = pathlib.Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{TEMPORARY}{path.name}.")
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(PermissionError):  # exFAT and mounted object stores have no modes
            os.chmod(temporary, 0o644)
        if previous is not None and path.exists():
            os.replace(path, previous)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        kept = "; the file that was there is unharmed" if path.exists() else ""
        raise UserError(path, Fault.UNWRITABLE,
                        f"cannot be written ({error.strerror or error}){kept}") from None
    finally:
        if temporary:
            os.unlink(temporary)


def write_json(path, content, indent=2):
    text = json.dumps(content, indent=indent) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def read_json(path, max_bytes=MAX_JSON_BYTES):
    """The object in a JSON file of at most so many bytes.

    Raises:
      UserError: where it is gone, damaged, too large or something else.
    """
    require_regular(path, path, max_bytes)
    try:
        content = json.loads(pathlib.Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(path, Fault.UNREADABLE, f"not readable as JSON ({error})") from None
    if not isinstance(content, dict):
        raise UserError(path, Fault.UNREADABLE, "not a file of this program")
    return content


def write_arrays(path, arrays, previous=None):
    """Writes {name: array} as an .npz. previous: as of write_atomically()."""
    write_atomically(path, lambda file: np.savez(file, **arrays), previous)


def read_arrays(path, names=None):
    """{name: array} of an .npz: of the named arrays, or of all; in native, C order.

    What a member says of itself is compared with its size before memory is taken for it. This
    program never compresses: what would unpack to more than it is can only be a bomb.

    Raises:
      UserError: where the file is gone, truncated, altered or no .npz of numbers; KeyError: where
        it lacks a name.
    """
    require_regular(path, path, MAX_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, pathlib.Path(path).stat().st_size)
            arrays = {name: _read_array(archive, members[name])
                      for name in (members if names is None else set(names) & set(members))}
    except MemoryError:
        raise
    except Exception as error:  # pylint: disable=broad-except
        # For a damaged file NumPy and zipfile raise nearly anything: RuntimeError, TypeError,
        # NotImplementedError, ...
        raise UserError(path, Fault.UNREADABLE, f"not a readable .npz of this program "
                                                f"({error})") from None
    return arrays if names is None else {name: arrays[name] for name in names}


def _members(archive, size):
    """{name of an array: its ZipInfo} of an open .npz of that many bytes."""
    members = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name == member.filename:
            raise ValueError(f"{name!r} in it is no array")
        if name in members:
            raise ValueError(f"it has {name!r} twice")
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name!r} in it is compressed")
        members[name] = member
    if sum(member.file_size for member in members.values()) > size:
        raise ValueError("its arrays say that they are larger than it is")
    return members


def _read_array(archive, member):
    """One array of numbers. Its checksum is compared when the last byte is read."""
    with archive.open(member) as file:
        read_header = {(1, 0): np.lib.format.read_array_header_1_0,
                       (2, 0): np.lib.format.read_array_header_2_0}
        shape, by_columns, dtype = read_header[np.lib.format.read_magic(file)](file)
        if dtype.kind not in "fiub":
            raise ValueError(f"{member.filename!r} holds {dtype}, not numbers")
        if (math.prod(shape) * dtype.itemsize != member.file_size - file.tell()
                or min(shape, default=0) < 0):
            raise ValueError(f"{member.filename!r} is not as large as its shape "
                             f"{reprlib.repr(shape)} says")
        array = np.empty(math.prod(shape), dtype)
        at, content = 0, array.view(np.uint8)
        while at < len(content):
            count = file.readinto(content[at:at + _CHUNK])
            if not count:
                raise EOFError(f"{member.filename!r} ends early")
            at += count
    array = array.reshape(shape, order="F" if by_columns else "C")
    return np.ascontiguousarray(array, dtype.newbyteorder("=")).reshape(shape)


def numbered(weights):
    """{name: array} of a model's list of weights."""
    return {f"weight_{i:03d}": weight for i, weight in enumerate(weights)}


def in_order(arrays):
    """The names of the weights among the arrays of a file with numbered() ones, in order."""
    count = sum(name.startswith("weight_") for name in arrays)
    return [f"weight_{i:03d}" for i in range(count)]


def packed(info):
    """JSON-able content as an array, so that an .npz can hold it."""
    return np.frombuffer(json.dumps(info).encode(), np.uint8)


def unpacked(path):
    """The dict that packed() put into an .npz.

    Raises:
      UserError: where the file is damaged or has none.
    """
    try:
        info = json.loads(read_arrays(path, ["info"])["info"].tobytes())
    except (KeyError, ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise UserError(path, Fault.UNREADABLE, "not a file of this program")
    return info
