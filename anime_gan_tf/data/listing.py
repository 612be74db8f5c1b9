"""Lists the regular files in a folder or a .zip, and counts the other entries.

Links out of the folder are not followed, devices and pipes are not opened, and nothing of a zip is
written to disk.
"""
import collections
import dataclasses
import os
import pathlib
import re
import stat
import unicodedata
import zipfile
import zlib
from typing import Callable

from anime_gan_tf.console import printable
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import files as storage_files

IMAGE_ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".dib", ".gif",
                 ".tif", ".tiff", ".avif", ".ppm", ".pgm", ".pnm")
MAX_NAME_BYTES = 200  # of a file; systems allow 255
MAX_FILE_BYTES = 64 * 2 ** 20  # far more than a face, less than a zip bomb
WITHOUT_ENDING = "without ending"
RECORD = "anime_gan_tf_crop.json"  # of --mode crop, in the folder of its faces
# Files of operating systems, git and this program, which are not counted.
CLUTTER = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".cache", ".git", ".gitignore",
           ".gitattributes", ".gitkeep", RECORD, storage_files.LOCK}
_SIGNATURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|II\*\0|MM\0\*|RIFF....WEBP|BM....\0\0\0\0|P[456]\s",
    re.DOTALL)
# Encodings that a name may have if none is specified. UTF-8 is tried first, which is unlikely to
# decode text of another encoding.
_CODE_PAGES = ("cp932", "gbk", "cp949", "big5", "cp1252", "cp850", "cp1251", "cp866")


@dataclasses.dataclass
class Listing:
    """files: {path with forward slashes: size in bytes}; left_out: {kind: count} of other entries;
    read(name): the bytes of a file; head(name): its first bytes; both raise if it is broken;
    spellings: {path: [other decodings of its name]} for names of unknown encoding."""
    files: dict
    left_out: collections.Counter
    read: Callable
    head: Callable
    spellings: dict = dataclasses.field(default_factory=dict)

    def pictures(self):
        """Paths of the pictures, by their ending or, without one, by their content."""
        return [name for name in self.files if is_picture(name, lambda: self.head(name))]


def open_path(path, flag):
    """The Listing of a folder or a .zip.

    Raises:
      UserError: there is neither.
    """
    storage_files.require_regular(path, flag, or_folder=True)
    return _list_folder(path, flag) if path.is_dir() else _list_zip(path, flag)


def ending(name):
    """'.jpg'; WITHOUT_ENDING for 'face', 'vol.2' and 'x.jpg?size=large'."""
    suffix = pathlib.PurePosixPath(name).suffix.lower()
    return suffix if re.fullmatch(r"\.(?=\d*[a-z])[a-z0-9]{1,12}", suffix) else WITHOUT_ENDING


def is_picture(name, read_head):
    """Whether a file is a picture by its ending or, without one, by its first bytes."""
    if ending(name) != WITHOUT_ENDING:
        return ending(name) in IMAGE_ENDINGS
    try:
        return bool(_SIGNATURE.match(read_head()))
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError):
        return False  # it cannot be read, and is counted as a file without ending


def head(path):
    """The first bytes of a file."""
    with open(path, "rb") as file:
        return file.read(16)


def without_ending(name):
    """The path without the ending of a picture."""
    return name[:-len(ending(name))] if ending(name) in IMAGE_ENDINGS else name


def plain(path):
    """A path in which case, Unicode composition, backslashes and spaces do not count."""
    text = unicodedata.normalize("NFC", path.replace("\\", "/")).casefold()
    text = re.sub(r"[\s\x00-\x1f]+", " ", text).strip()
    return unicodedata.normalize("NFC", re.sub(r"^(\./|/)+", "", text))


def bare(path):
    """plain() without the ending of a picture."""
    return without_ending(plain(path)).strip()


def _list_folder(root, flag):
    files, spellings, left_out, waiting = {}, {}, collections.Counter(), [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            if not folder:
                raise UserError(flag, Fault.UNREADABLE,
                                f"{root} cannot be read ({error.strerror})") from None
            left_out["unreadable folder"] += 1
            continue
        for entry in entries:
            name = folder + entry.name
            if entry.name in CLUTTER or entry.name.startswith("._") or name == "README.md":
                continue
            kind, size = _examine(entry)
            if kind == "folder":
                waiting.append(f"{name}/")
            elif kind == "file":
                files[name] = size
                if not name.isascii() and (_in_utf8(name) != name or not _is_text(name)):
                    spellings[name] = [_in_utf8(name), *_in_code_pages(os.fsencode(name))]
            else:
                left_out[kind] += 1

    def read(name):
        _check_size(files[name])
        with open(root / name, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        _check_size(len(content))
        return content

    return Listing(files, left_out, read, lambda name: head(root / name), spellings)


def _examine(entry):
    """(kind, bytes) of an os.DirEntry."""
    if entry.name.startswith("."):
        return "hidden", 0
    try:
        found = entry.stat()
    except OSError:
        return "broken link" if entry.is_symlink() else "unreadable file", 0
    kind = storage_files.kind(found.st_mode)
    if entry.is_symlink() and kind != "file":
        return f"link to a {kind}", 0  # a linked folder may hold this one
    return kind, found.st_size


def _list_zip(path, flag):
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # pylint: disable=broad-except
        # Besides BadZipFile damaged files raise NotImplementedError, UnicodeDecodeError and others.
        if ending(path.name) in IMAGE_ENDINGS:
            raise UserError(flag, Fault.UNREADABLE, f"{path} is a single file; name the "
                            f"folder that it is in") from None
        raise UserError(flag, Fault.UNREADABLE,
                        f"{path} is neither a folder nor a readable .zip ({error})") from None
    members, spellings, left_out = {}, {}, collections.Counter()
    for info in archive.infolist():
        name, others = _member_name(info)
        parts = name.split("/")
        if name.endswith("/") or CLUTTER.intersection(parts) or parts[-1].startswith("._"):
            continue
        mode = stat.S_IFMT(info.external_attr >> 16)
        if mode not in (0, stat.S_IFREG):
            left_out[storage_files.kind(mode)] += 1
        elif ".." in parts:
            left_out["path that leads out of the .zip"] += 1
        elif any(part.startswith(".") for part in parts):
            left_out["hidden"] += 1
        elif name in members:
            left_out["second file of one name"] += 1
        else:
            members[name] = info
            if others:
                spellings[name] = others

    def read(name):
        _check_size(members[name].file_size)
        return archive.read(members[name])

    def member_head(name):
        with archive.open(members[name]) as file:
            return file.read(16)

    return Listing({name: info.file_size for name, info in members.items()}, left_out, read,
                   member_head, spellings)


def _member_name(info):
    """(path with forward slashes, [other decodings]) of a zip's member."""
    name, others = info.filename, []
    if not name.isascii() and not info.flag_bits & 0x800:
        # zipfile decodes these as cp437, or in newer versions by an extra field with UTF-8.
        raw = info.orig_filename.encode("cp437", "replace")
        decoded = _decoded(raw, "utf-8")
        name = decoded or name
        others = [] if decoded else _in_code_pages(raw)
    clean = lambda text: "/".join(part for i, part in enumerate(text.replace("\\", "/").split("/"))
                                  if part != "." and (part or i))
    return clean(name) or name, [clean(text) for text in others]


def _in_utf8(name):
    """A file name decoded as UTF-8, whatever the encoding of the file system."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def _is_text(name):
    """Whether the file system's encoding can decode all bytes of a name."""
    return not any("\udc80" <= character <= "\udcff" for character in name)


def _in_code_pages(raw):
    """The possible decodings of a name, each once."""
    return list(dict.fromkeys(filter(None, (_decoded(raw, page) for page in _CODE_PAGES))))


def _decoded(raw, page):
    try:
        return raw.decode(page)
    except UnicodeDecodeError:
        return None


def _check_size(size):
    if size > MAX_FILE_BYTES:
        raise ValueError(f"too large: {size / 2 ** 20:,.0f} MiB")
    if size == 0:
        raise ValueError("empty file")


def file_names(names, encoding, taken=frozenset()):
    """File names without folders that are valid on any system, in that encoding; numbers if they
    would not be unique, or one would be too long. Where bare() is the same, labels would fit both.

    Args: taken: bare() names that none may have.
    """
    safe = [re.sub(r'[\\:*?"<>|]', "_", printable(pathlib.PurePosixPath(name).name, encoding))
            for name in names]
    stems = {pathlib.PurePosixPath(name).stem.casefold() for name in safe}
    different = set(map(bare, safe)) - taken
    if (len(stems) == len(different) == len(safe)
            and all(len(name.encode()) <= MAX_NAME_BYTES for name in safe)):
        return safe
    endings = map(ending, names)
    return [f"{i}{each}" if each in IMAGE_ENDINGS else str(i) for i, each in enumerate(endings)]
