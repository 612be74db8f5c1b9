"""The command line: one file of commands/ a --mode, errors in one line, exit codes."""
import importlib

from absl import logging

from anime_gan_tf import flags
from anime_gan_tf.errors import UserError


def main(argv):
    """Runs the chosen mode. Used by absl.app.run."""
    del argv
    logging.set_verbosity(logging.ERROR)  # of the libraries; what the user reads is printed
    try:
        command = importlib.import_module(f"anime_gan_tf.commands.{flags.FLAGS.mode}")
        command.run(command.parse(flags.FLAGS))
    except UserError as error:
        flags.fail(error)
    except BrokenPipeError:
        flags.end_of_pipe()
    except OSError as error:
        if error.filename is None:
            raise
        flags.fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        flags.end("interrupted", 130)
