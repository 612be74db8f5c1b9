"""The one exception that is meant for the user rather than for a programmer."""
import difflib
import enum

MANY, FEW = 30, 5  # of more than MANY choices an error lists FEW


class Fault(enum.StrEnum):
    """The kind of a UserError, for programs that catch it."""
    MISSING = "missing"          # not given, or does not exist
    UNKNOWN = "unknown"          # not one of the choices
    INVALID = "invalid"          # of another type, or out of range
    CONFLICT = "conflict"        # incompatible with another flag, file or run
    EXISTS = "exists"            # would be replaced
    UNREADABLE = "unreadable"    # damaged, or another kind of file
    UNWRITABLE = "unwritable"    # no space or no permission
    TOO_FEW = "too few"          # not enough data
    TOO_LARGE = "too large"      # for the memory, or for a file of this kind
    UNAVAILABLE = "unavailable"  # needs missing software or hardware
    STOPPED = "stopped"          # a training, by a signal, a lost worker or a divergence


class UserError(Exception):
    """Invalid input, with a message of one line: what is wrong, and what would be right.

    The command line prints it after `error:` and exits with `exit_code`.

    Attributes:
      subject: the flag ("--data"), the file or the value that is wrong, or "".
      fault: a Fault.
    """
    exit_code = 2

    def __init__(self, subject, fault, message):
        super().__init__(f"{subject}: {message}" if subject else message)
        self.subject, self.fault = str(subject), Fault(fault)


def choose(what, given, choices):
    """Returns `given` if it is one of `choices` (strings).

    Raises:
      UserError: about `what`, with the choices, of many the most similar ones to `given`.
    """
    choices = list(choices)
    if given in choices:
        return given
    # Numbers with similar digits are not similar.
    near = ([] if str(given).replace(".", "").isdigit()
            else difflib.get_close_matches(str(given).lower(), choices, n=FEW, cutoff=0.5))
    hint = f" (did you mean {near[0]}?)" if near else ""
    listed = choices if len(choices) <= MANY else (near or choices)[:FEW]
    more = f" and {len(choices) - len(listed):,} more" if len(listed) < len(choices) else ""
    raise UserError(what, Fault.UNKNOWN, f"{given!r} is not one of {', '.join(listed)}{more}{hint}")


def reason(error: Exception) -> str:
    """What an exception says, the name of its type where it says nothing."""
    return str(error) or type(error).__name__
