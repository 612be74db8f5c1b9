"""The values of --label and of the flags of the default axes, such as --hair."""
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import DEFAULT_AXES, UNKNOWN

AXIS_FLAGS = tuple(f"--{name}" for name in (*DEFAULT_AXES, "label"))


def requested(flags):
    """{axis: text} of --label and of the flags of the default axes, with these axes first.

    Raises:
      UserError: --label is not NAME=VALUE,..., or has an axis twice.
    """
    found = {axis: flags[axis].value for axis in DEFAULT_AXES if flags[axis].value}
    for part in ",".join(flags.label).split(",") if flags.label is not None else ():
        axis, _, value = (word.strip() for word in part.partition("="))
        if not axis or not value:
            raise UserError("--label", Fault.INVALID, f"{part!r} is not NAME=VALUE")
        if axis.lower() in found:
            raise UserError("--label", Fault.CONFLICT, f"{axis} is given twice")
        found[axis.lower()] = value
    return {axis: found[axis] for axis in (*DEFAULT_AXES, *found) if axis in found}


def tags(flags, checkpoint):
    """The requested tags, of a Checkpoint's labels; UNKNOWN for an axis that is 'any' or missing.

    Raises:
      UserError: there is no such axis or value; with those that there are.
    """
    texts = requested(flags)
    for axis, text in texts.items():
        if ":" in text:
            raise UserError(_flag_of(flags, axis), Fault.INVALID,
                            f"{text!r} is several; --mode {flags.mode} takes one, and --mode walk "
                            f"and fade go from one to the next")
    found = {axis: _lookup(flags, checkpoint, axis, text) for axis, text in texts.items()}
    return tuple(found.get(axis, UNKNOWN) for axis in checkpoint.labels.axes)


def color_path(flags, checkpoint):
    """{axis: [index, ...]}, of a Checkpoint's values, for flags such as --hair aqua:pink."""
    path = {axis: [_lookup(flags, checkpoint, axis, name) for name in text.split(":")]
            for axis, text in requested(flags).items()}
    for axis, values in path.items():
        if UNKNOWN in values:
            raise UserError(_flag_of(flags, axis), Fault.INVALID, f"'any' cannot be part of a "
                            f"color path; leave {axis} out, or name only "
                            f"{', '.join(checkpoint.labels.axes[axis])}")
    return {axis: path[axis] for axis in checkpoint.labels.axes if axis in path}


def _lookup(flags, checkpoint, axis, value):
    labels, flag = checkpoint.labels, _flag_of(flags, axis)
    if axis not in labels.axes:
        raise UserError(flag, Fault.UNKNOWN, f"{checkpoint.info['run']} has no labels {axis!r}; it "
                        f"has {labels.describe()}")
    return labels.lookup(axis, value, flag)


def _flag_of(flags, axis):
    """The flag of an axis."""
    return f"--{axis}" if axis in DEFAULT_AXES and flags[axis].value else "--label"


def flag_for(axis, value):
    """The command-line form of a value: '--hair pink' or '--label smile=yes'."""
    return f"--{axis} {value}" if axis in DEFAULT_AXES else f"--label {axis}={value}"


def path_tags(path, labels):
    """The tags of a color path, one axis at a time."""
    return [tuple(value if axis == other else UNKNOWN for other in labels.axes)
            for axis, values in path.items() for value in dict.fromkeys(values)]
