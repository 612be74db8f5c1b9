"""The one exception that is meant for the user rather than for a programmer."""
import difflib


class UserError(Exception):
    """Bad input. The message is one line: what is wrong, where, what would be right.

    cli.main prints it after `error:` and exits with `exit_code`.
    """
    exit_code = 2


def choose(what, given, choices):
    """Returns `given` if it is one of `choices` (strings).

    Raises:
      UserError: naming `what`, all the choices, and the nearest one to `given`.
    """
    choices = list(choices)
    if given in choices:
        return given
    near = difflib.get_close_matches(str(given).lower(), choices, n=1, cutoff=0.5)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise UserError(f"{what}: {given!r} is not one of {', '.join(choices)}{hint}")
