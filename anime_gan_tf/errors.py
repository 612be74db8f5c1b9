"""The one exception that is meant for the user rather than for a programmer."""
import difflib
import enum


class Fault(enum.StrEnum):
    """What kind of mistake a UserError is about; what a program that catches it can rely on."""
    MISSING = "missing"          # not given, or not there
    UNKNOWN = "unknown"          # not one of the choices
    INVALID = "invalid"          # not of the kind, or not in the range, that is allowed
    CONFLICT = "conflict"        # does not go with another flag, file or run
    EXISTS = "exists"            # would take the place of something
    UNREADABLE = "unreadable"    # damaged, or not a file of the kind expected
    UNWRITABLE = "unwritable"    # no space or no rights
    TOO_FEW = "too few"          # too little data for what is to be done
    TOO_LARGE = "too large"      # for the memory, or for any sensible file
    UNAVAILABLE = "unavailable"  # needs software or a device that is not here
    STOPPED = "stopped"          # a training, by a signal, a lost worker or a divergence


class UserError(Exception):
    """Bad input, in one line: what is wrong, where, what would be right.

    cli.main prints it after `error:` and exits with `exit_code`.

    Attributes:
      subject: the flag ("--data"), the file or the value that is wrong; "" where there is none.
      fault: a Fault.
    """
    exit_code = 2

    def __init__(self, subject, fault, message):
        super().__init__(f"{subject}: {message}" if subject else message)
        self.subject, self.fault = str(subject), Fault(fault)


def choose(what, given, choices):
    """Returns `given` if it is one of `choices` (strings).

    Raises:
      UserError: naming `what`, all the choices, and the nearest one to `given`.
    """
    choices = list(choices)
    if given in choices:
        return given
    # Numbers whose digits are alike are not near.
    near = ([] if str(given).replace(".", "").isdigit()
            else difflib.get_close_matches(str(given).lower(), choices, n=1, cutoff=0.5))
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise UserError(what, Fault.UNKNOWN, f"{given!r} is not one of {', '.join(choices)}{hint}")
