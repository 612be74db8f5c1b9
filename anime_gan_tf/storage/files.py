"""Checks what a path leads to before it is opened: devices and pipes may block, or never end."""
import pathlib
import stat

from anime_gan_tf.errors import Fault, UserError

LOCK = ".lock"  # name of the file that locking.py locks
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link",
          stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device",
          stat.S_IFBLK: "device"}


def kind(mode):
    """'file', 'folder', 'link', 'named pipe', 'socket' or 'device'. mode: st_mode of a stat."""
    return _KINDS.get(stat.S_IFMT(mode), "special file")


def require_regular(path, subject, max_bytes=None, or_folder=False):
    """The os.stat_result of a regular file, or of a link to one.

    Args: subject: what the error names, such as "--data"; max_bytes: largest size, or None;
      or_folder: whether it may be a folder instead.
    Raises:
      UserError: there is nothing, something else, or too large a file.
    """
    named = "it" if str(subject) == str(path) else path
    try:
        found = pathlib.Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(subject, Fault.MISSING, "there is no such file" if named == "it"
                        else f"there is no {path}") from None
    except (OSError, ValueError) as error:  # no rights, a link to itself, a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise UserError(subject, Fault.UNREADABLE, f"{named} cannot be opened ({reason})") from None
    what = kind(found.st_mode)
    if what == "folder" and or_folder:
        return found
    if what != "file":
        raise UserError(subject, Fault.INVALID, f"{named} is a {what}, not a regular file"
                        + (" or a folder" if or_folder else ""))
    if max_bytes is not None and found.st_size > max_bytes:
        raise UserError(subject, Fault.TOO_LARGE, f"{named} has {found.st_size / 2 ** 20:,.0f} "
                        f"MiB; at most {max_bytes / 2 ** 20:,.0f} MiB are read")
    return found
