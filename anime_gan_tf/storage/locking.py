"""A run's folder belongs to one process at a time, and holds nothing but its own files."""
import errno
import logging

import filelock

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import checkpoints, npz

log = logging.getLogger(__name__)

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # NFS, Lustre and others without flock


def lock(folder):
    """Keeps other processes from training a run, and clears up after killed ones.

    Returns: a filelock.FileLock; the run is free again when it is released, at the latest with the
      process.
    Raises:
      UserError: where another process trains it, something in it is a link, which would be written
        through, or a folder is where a file of a run belongs, or the other way round.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in [*folder.iterdir(), *folder.glob("grids/*")]:
        if path.is_symlink():
            raise UserError(path, Fault.INVALID, "is a link, and a run's folder may only hold its "
                            "own files; remove it, or name another run with --run")
    for name in (".lock", *checkpoints.FILES):
        if (folder / name).exists() and not (folder / name).is_file():
            raise UserError(folder / name, Fault.EXISTS, "is no file, and is where a training "
                            "writes one; move it away, or name another run with --run")
    if (folder / "grids").exists() and not (folder / "grids").is_dir():
        raise UserError(folder / "grids", Fault.EXISTS, "is no folder, and is where a training "
                        "writes pictures; move it away, or name another run with --run")
    held = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        held.acquire()
    except filelock.Timeout:
        raise UserError("--run", Fault.CONFLICT, f"another process is training {folder.name}; name "
                        f"another run") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.info(f"note: the file system of {folder} has no locks; see to it that only one process "
                 f"trains {folder.name}")
    for path in folder.glob(f"{npz.TEMPORARY}*"):
        path.unlink()
    return held
