"""Files of arrays and of JSON, which are written completely or not at all.

An .npz has a checksum for each array, and contains no code.
"""
import contextlib
import json
import math
import os
import pathlib
import reprlib
import tempfile
import zipfile
from collections.abc import Callable, Iterable

import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage.files import require_regular

MAX_BYTES = 8 * 2 ** 30      # of a file of arrays
MAX_JSON_BYTES = 16 * 2 ** 20
_CHUNK = 2 ** 20
TEMPORARY = ".writing."  # prefix of the names of files that are not complete yet


def write_atomically(path, write: Callable, previous=None) -> None:
    """Calls write(file) on a temporary file, flushes it to disk and moves it to `path`.

    Args: previous: path to which an existing file is moved instead of being replaced, or None. A
      process that is killed between both moves leaves no file at `path`.
    Raises:
      UserError: there is no space, or no permission; an existing file stays as it is.
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


def write_json(path, content, indent: int | None = 2) -> None:
    """Writes JSON-able content."""
    text = json.dumps(content, indent=indent) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def read_json(path, max_bytes: int = MAX_JSON_BYTES) -> dict:
    """The object in a JSON file.

    Raises:
      UserError: the file is missing, damaged, larger than max_bytes or something else.
    """
    require_regular(path, path, max_bytes)
    try:
        content = json.loads(pathlib.Path(path).read_bytes(), object_pairs_hook=_without_repetition)
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(path, Fault.UNREADABLE, f"not readable as JSON ({error})") from None
    if not isinstance(content, dict):
        raise UserError(path, Fault.UNREADABLE, "not a JSON object, {NAME: VALUE, ...}")
    return content


def _without_repetition(pairs):
    """A dict of (key, value) pairs. json would keep the last of two with one key."""
    content = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"{key} is there twice")
        content[key] = value
    return content


def write_arrays(path, arrays: dict[str, np.ndarray], previous=None) -> None:
    """Writes {name: array} as an .npz. previous: as in write_atomically()."""
    write_atomically(path, lambda file: np.savez(file, **arrays), previous)


def read_arrays(path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """{name: array} of an .npz, in native byte order and C order.

    The header of a member is compared with its size before memory is allocated. This program never
    compresses, so compressed members, which may be decompression bombs, are refused.

    Args: names: of the arrays to read; None for all.
    Raises:
      UserError: the file is missing, truncated, altered or not an .npz of numbers.
      KeyError: there is no array of a name.
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
        # For a damaged file NumPy and zipfile raise many kinds of errors: RuntimeError, TypeError,
        # NotImplementedError, ...
        raise UserError(path, Fault.UNREADABLE, f"not a readable .npz of this program "
                                                f"({error})") from None
    return arrays if names is None else {name: arrays[name] for name in names}


def _members(archive, size):
    """{name of an array: its ZipInfo} of an open .npz. size: of the file, in bytes."""
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
    """One array of numbers. Its checksum is compared after the last byte."""
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


def numbered(weights: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """{name: array} of a model's list of weights."""
    return {f"weight_{i:03d}": weight for i, weight in enumerate(weights)}


def in_order(arrays: Iterable[str]) -> list[str]:
    """The names of the numbered() weights among the arrays of a file, in order."""
    count = sum(name.startswith("weight_") for name in arrays)
    return [f"weight_{i:03d}" for i in range(count)]


def packed(info) -> np.ndarray:
    """JSON-able content as an array, to be stored in an .npz."""
    return np.frombuffer(json.dumps(info).encode(), np.uint8)


def unpacked(path) -> dict:
    """The `info` of an .npz, a dict of packed().

    Raises:
      UserError: the file is damaged, or has none.
    """
    try:
        info = json.loads(read_arrays(path, ["info"])["info"].tobytes())
    except (KeyError, ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise UserError(path, Fault.UNREADABLE, "not a file of this program")
    return info
