"""Files of arrays and of JSON, written whole or not at all.

An .npz has a checksum on every array and nothing in it that could run code.
"""
import contextlib
import json
import os
import pathlib
import tempfile

import numpy as np

from anime_gan_tf.errors import Fault, UserError

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


def write_json(path, content):
    text = json.dumps(content, indent=2) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def read_json(path):
    try:
        content = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not readable as JSON ({error})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: not a file of this program")
    return content


def write_arrays(path, arrays, previous=None):
    """Writes {name: array} as an .npz. previous: as of write_atomically()."""
    write_atomically(path, lambda file: np.savez(file, **arrays), previous)


def read_arrays(path, names=None):
    """{name: array} of an .npz: of the named arrays, or of all.

    Raises:
      UserError: where the file is gone, truncated or altered; KeyError: where it lacks a name.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            # This program never compresses; what would unpack to more than it is can only be a
            # bomb.
            if (sum(member.file_size for member in file.zip.infolist())
                    > pathlib.Path(path).stat().st_size):
                raise ValueError("it is compressed")
            arrays = {name: file[name]
                      for name in (file.files if names is None else set(names) & set(file.files))}
    except FileNotFoundError:
        raise UserError(f"there is no {path}") from None
    except Exception as error:  # pylint: disable=broad-except
        # For a damaged file NumPy and zipfile raise nearly anything: RuntimeError, TypeError,
        # NotImplementedError, ...
        raise UserError(f"{path}: not a readable checkpoint, perhaps truncated ({error})") from None
    return arrays if names is None else {name: arrays[name] for name in names}


def numbered(weights):
    """{name: array} of a model's list of weights."""
    return {f"weight_{i:03d}": weight for i, weight in enumerate(weights)}


def in_order(arrays):
    """The list of weights, as float32, among the arrays of a file with numbered() ones."""
    count = sum(name.startswith("weight_") for name in arrays)
    return [arrays[f"weight_{i:03d}"].astype(np.float32) for i in range(count)]


def packed(info):
    """JSON-able content as an array, so that an .npz can hold it."""
    return np.frombuffer(json.dumps(info).encode(), np.uint8)


def unpacked(path):
    """The dict that packed() put into an .npz."""
    try:
        info = json.loads(read_arrays(path, ["info"])["info"].tobytes())
    except (KeyError, ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise UserError(f"{path}: not a file of this program")
    return info
