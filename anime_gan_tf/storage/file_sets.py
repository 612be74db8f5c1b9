"""Sets of files, in a folder or a .zip, which are written completely or not at all."""
import contextlib
import os
import shutil
import zipfile

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import locking, npz


def is_zip(path):
    """Whether a set of files of this path is a .zip."""
    return path.suffix.lower() == ".zip"


def write(target, contents, flag):
    """Writes a new folder or .zip. A process that is killed leaves nothing at its path.

    A .zip is flushed to disk before it gets its name, a folder is not: that takes too long for
    thousands of small files.

    Args: target: its path; contents: iterable of (path within it, bytes); flag: what errors name.
    Raises:
      UserError: it exists, there is no space or no permission, or another process writes it.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(target, flag) as temporary:
            (_write_zip if is_zip(target) else _write_folder)(temporary, contents)
            temporary.rename(target)
    except OSError as error:
        raise UserError(flag, Fault.UNWRITABLE, f"{target} cannot be written "
                        f"({error.strerror or error})") from None


@contextlib.contextmanager
def _temporary(target, flag):
    """A path beside a new target, locked for this process, which is free at the beginning and at
    the end. Only what has a lock file beside it is of a killed process, and removed."""
    path = target.with_name(f"{npz.TEMPORARY}{target.name}")
    lock_file = target.with_name(f"{path.name}.lock")
    if os.path.lexists(path) and not lock_file.is_file():
        raise UserError(flag, Fault.EXISTS, f"{path} exists, and nothing says that this command "
                        f"may replace it; move it away")
    lock = locking.acquire(lock_file, UserError(
        flag, Fault.CONFLICT, f"another process writes {target}; name another folder or .zip"))
    try:
        _remove(path)
        if os.path.lexists(target):
            raise UserError(flag, Fault.EXISTS,
                            f"{target} exists by now; name a new folder or .zip")
        yield path
    finally:
        _remove(path)
        lock_file.unlink(missing_ok=True)
        lock.release()


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write_zip(path, contents):
    with open(path, "wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in contents:
                archive.writestr(name, content)
        file.flush()
        os.fsync(file.fileno())


def _write_folder(path, contents):
    path.mkdir()
    for name, content in contents:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
