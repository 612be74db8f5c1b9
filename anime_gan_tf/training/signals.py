"""Signals that stop a training after it has saved its state: Ctrl-C, SIGTERM, a closed terminal."""
import signal

from anime_gan_tf.errors import Fault, UserError

# Windows has no SIGHUP.
_NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")
            if hasattr(signal, name)]


class Interrupted(UserError):
    """A signal stopped the training, after its state was saved. exit_code is that of the signal."""

    def __init__(self, message, number):
        super().__init__("", Fault.STOPPED, message)
        self.exit_code = 128 + number


class StopSignals:
    """Stores the first signal in `number`; a second one ends the process as usual."""
    number = None

    def __enter__(self):
        self._previous = {}
        for number in _NUMBERS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup ignores SIGHUP
                self._previous[number] = signal.signal(number, self._note)
        return self

    def _note(self, number, frame):
        self.number = number
        self._restore()

    def _restore(self):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def __exit__(self, *error):
        self._restore()
