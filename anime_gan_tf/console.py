"""The one place that prints. Text of a file or of a name never reaches the terminal raw."""
import logging
import sys
import unicodedata


def printable(text, encoding="utf-8"):
    """The text as one line that a terminal shows and does not obey.

    Control characters, line breaks, characters that turn the direction of writing, lone surrogates
    and what `encoding` lacks become Python's escapes.
    """
    safe = "".join(character if _is_harmless(character)
                   else character.encode("unicode_escape").decode() for character in str(text))
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def _is_harmless(character):
    return character.isprintable() or unicodedata.category(character) == "Zs"


def say(*lines, file=None):
    """Prints each argument as one line, on stdout unless another file is given."""
    file = file or sys.stdout
    if file is None:  # the program was started without it
        return
    encoding = getattr(file, "encoding", None) or "utf-8"
    for line in lines:
        print(printable(line, encoding), file=file)
    file.flush()  # into a pipe as well


class Handler(logging.Handler):
    """Prints what the library's modules log: on stdout, and from WARNING on, on stderr."""

    def emit(self, record):
        # Not through handle_error(): a full disk or a closed pipe ends the program as print does.
        say(record.getMessage(), file=sys.stderr if record.levelno >= logging.WARNING else None)


def print_logs():
    """Prints what is logged below anime_gan_tf, of level INFO and above. May be called again."""
    log = logging.getLogger("anime_gan_tf")
    log.handlers, log.propagate = [Handler()], False
    log.setLevel(logging.INFO)
