"""The only place that prints. Untrusted text is escaped before it reaches the terminal."""
import logging
import sys
import unicodedata


def printable(text, encoding="utf-8"):
    """The text as one line without effects on the terminal.

    Control characters, line breaks, changes of the writing direction, lone surrogates and
    characters that `encoding` lacks are replaced by Python's escapes.
    """
    safe = "".join(character if _is_harmless(character)
                   else character.encode("unicode_escape").decode() for character in str(text))
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def _is_harmless(character):
    return character.isprintable() or unicodedata.category(character) == "Zs"


def say(*lines, file=None):
    """Prints each argument as one line, on stdout unless another file is given."""
    file = file or sys.stdout
    if file is None:  # the process has none
        return
    encoding = getattr(file, "encoding", None) or "utf-8"
    for line in lines:
        print(printable(line, encoding), file=file)
    file.flush()  # into a pipe as well


class Handler(logging.Handler):
    """Prints log records on stdout, from level WARNING on stderr."""

    def emit(self, record):
        # Without handle_error(): a full disk or a closed pipe ends the program, as with print().
        say(record.getMessage(), file=sys.stderr if record.levelno >= logging.WARNING else None)


def print_logs():
    """Prints the log records of this package, from level INFO. May be called again."""
    log = logging.getLogger("anime_gan_tf")
    log.handlers, log.propagate = [Handler()], False
    log.setLevel(logging.INFO)
