"""Ctrl-C and SIGTERM: a training saves its state before it ends."""
import signal

from anime_gan_tf.errors import UserError


class Interrupted(UserError):
    """Ctrl-C or SIGTERM, after the state was saved."""

    def __init__(self, message, number):
        super().__init__(message)
        self.exit_code = 128 + number


class StopSignals:
    """Turns the first Ctrl-C or SIGTERM into `number`; a second one ends the process as usual."""
    number = None

    def __enter__(self):
        self._previous = {number: signal.signal(number, self._note)
                          for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _note(self, number, frame):
        self.number = number
        self._restore()

    def _restore(self):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def __exit__(self, *error):
        self._restore()
