"""The one place that prints. Text of a file or of a name never reaches the terminal raw."""
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
