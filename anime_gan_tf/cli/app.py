"""The command line: a file a --mode, errors in one line, exit codes."""
import errno
import importlib

from absl import app, logging

from anime_gan_tf import console, runtime
from anime_gan_tf.cli import flags
from anime_gan_tf.errors import Fault, UserError


def start():
    """Runs the command line of this process: main.py, `python -m anime_gan_tf` and anime-gan."""
    runtime.owns_process = True
    app.run(main, flags_parser=flags.parse_flags)


def main(argv):
    """Runs the chosen mode. Used by absl.app.run."""
    del argv
    logging.set_verbosity(logging.ERROR)  # of other libraries
    console.print_logs()
    try:
        _run()
    except UserError as error:
        flags.fail(error)
    except BrokenPipeError:
        flags.end_of_pipe()
    except OSError as error:
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EIO):
            raise
        # Without a file name it was the output: a full disk, or a closed terminal.
        flags.fail(f"{error.filename or 'output'}: {error.strerror}")
    except KeyboardInterrupt:
        flags.end("interrupted", 130)


def _run():
    command = importlib.import_module(f"anime_gan_tf.cli.{flags.FLAGS.mode}")
    try:
        command.run(command.parse(flags.FLAGS))
    except UserError:
        raise
    except Exception as error:  # pylint: disable=broad-except
        if runtime.is_out_of_memory(error):
            raise _out_of_memory() from error
        raise


def _out_of_memory():
    """A UserError with the flags of the mode that determine how much memory it needs."""
    taken = flags.MODES[flags.FLAGS.mode].flags
    sizes = [f"--{name}" for name in ("batch_size", "width", "image_size", "num") if name in taken]
    return UserError(sizes[0] if sizes else "--mode", Fault.TOO_LARGE,
                     "there is not enough memory for this"
                     + (f"; a smaller {' or '.join(sizes)} takes less" if sizes else ""))
