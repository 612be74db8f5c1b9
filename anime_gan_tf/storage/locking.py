"""Locks for one process at a time: runs, which hold only their own files, and other folders and
files."""
import errno
import logging

import filelock

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import checkpoints, files, npz

log = logging.getLogger(__name__)

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # NFS, Lustre and others without flock


def lock(folder):
    """Locks a run for this process, and removes temporary files of killed processes.

    Returns: a filelock.FileLock, which is released when the process ends at the latest.
    Raises:
      UserError: another process trains the run, something in it is a link, which would be written
        through, or a folder has the name of a file, or the other way round.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in [*folder.iterdir(), *folder.glob("grids/*")]:
        if path.is_symlink():
            raise UserError(path, Fault.INVALID, "is a link, and a run's folder may only hold its "
                            "own files; remove it, or name another run with --run")
    for name in (files.LOCK, *checkpoints.FILES):
        if (folder / name).exists() and not (folder / name).is_file():
            raise UserError(folder / name, Fault.EXISTS, "is no file, and is where a training "
                            "writes one; move it away, or name another run with --run")
    if (folder / "grids").exists() and not (folder / "grids").is_dir():
        raise UserError(folder / "grids", Fault.EXISTS, "is no folder, and is where a training "
                        "writes pictures; move it away, or name another run with --run")
    return lock_folder(folder, UserError("--run", Fault.CONFLICT, f"another process is training "
                                         f"{folder.name}; name another run"))


def lock_folder(folder, conflict):
    """Locks a folder, which exists, for this process, and removes temporary files of killed ones.

    Args, Returns: as of acquire().
    Raises:
      UserError: another process has it, or something else has the lock's name.
    """
    path = folder / files.LOCK
    if path.is_symlink() or path.exists() and not path.is_file():
        raise UserError(path, Fault.EXISTS, "is no file of this program; move it away")
    file_lock = acquire(path, conflict)
    for unfinished in folder.glob(f"{npz.TEMPORARY}*"):
        unfinished.unlink()
    return file_lock


def acquire(path, conflict):
    """Locks a file for this process, if the file system has locks; else it says so.

    Args: conflict: the UserError where another process has it.
    Returns: a filelock.FileLock, which is released when the process ends at the latest.
    """
    file_lock = filelock.FileLock(path, timeout=0)
    try:
        file_lock.acquire()
    except filelock.Timeout:
        raise conflict from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.info(f"note: the file system of {path.parent} has no locks; see to it that only one "
                 f"process writes there")
    return file_lock
