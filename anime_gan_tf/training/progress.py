"""The progress and speed of a training, and the bar that shows them."""
import logging
import sys
import time
from contextlib import nullcontext

import numpy as np
from tqdm import tqdm

from anime_gan_tf.storage import catalog

log = logging.getLogger(__name__)

TIMED_STEPS = 3  # after the first one, which compiles, from which the speed is estimated
DAY = 24 * 3600


class Progress:
    """The position of a run between its start and its end, which --epochs or --budget sets."""

    def __init__(self, job, count, state, show_bar):
        """
        Args: job: job.Job; count: of faces to train on; state: State at the start; show_bar:
          whether to show a progress bar.
        """
        self.step = int(state.step)
        self.first = int(state.step)
        self.per_step = job.per_step
        self.budget = job.budget
        self._total = max(1, round(job.recipe.epochs * count / job.per_step))
        self._before = float(state.seconds)
        self._parse_started, self._started = job.parse_started, None
        self._timed, self._save_every, self._next_save = None, job.save_every, None
        self._show_bar, self.bar = show_bar, None

    def __enter__(self):
        self.bar = tqdm(total=None if self.budget else self._total * self.per_step,
                        initial=self.step * self.per_step, unit="img", unit_scale=True,
                        dynamic_ncols=True, mininterval=0.5, disable=not self._show_bar)
        if self._show_bar and not self.bar.fp.isatty():
            self.bar.mininterval = 60  # for a log file
        self._next_save = self.seconds() + self._save_every
        return self

    def __exit__(self, *error):
        self._show(self.bar.close)

    def seconds(self):
        """Wall time of the run so far, across resumed sessions. In each session it starts after the
        first step, which compiles, so that starting up does not count against the budget."""
        return self._before + (time.monotonic() - self._started if self._started else 0.0)

    def share(self):
        """The share of the run that is done, 0 to 1."""
        return min(self.seconds() / self.budget if self.budget else self.step / self._total, 1.0)

    def advance(self, metrics):
        """Counts a step and shows its losses."""
        self.step += 1
        self._started = self._started or time.monotonic()
        self._timed = self._timed or (time.monotonic(), self.step)
        self._estimate()
        self.bar.set_postfix_str(f"D {metrics['d_loss']:.3g} G {metrics['g_loss']:.3g}",
                                 refresh=False)
        self._show(lambda: self.bar.update(self.per_step))

    def go_back(self, step, note):
        """Continues from an earlier step. note: the reason, for the user."""
        self.write(note)
        self.step, self._timed = step, None
        self._show(lambda: self.bar.update(step * self.per_step - self.bar.n))

    def save_is_due(self):
        """Whether save_every seconds have passed since this was last true."""
        due = self.seconds() >= self._next_save
        if due:
            self._next_save = self.seconds() + self._save_every
        return due

    def _estimate(self):
        """Once the speed is known, sets the length of the bar and prints the remaining time."""
        start, first = self._timed
        if self.step < first + TIMED_STEPS:
            return
        rate = (self.step - first) * self.per_step / (time.monotonic() - start)
        if self.budget:
            remaining = max(self.budget - self.seconds(), 0.0)
        else:
            remaining = (self._total - self.step) * self.per_step / rate
        self.bar.total = self.step * self.per_step + round(remaining * rate)
        if self.step > first + TIMED_STEPS:
            return
        starting = ("" if self._parse_started is None else
                    f", after {clock(self._started - self._parse_started)} of starting up")
        self._parse_started = None  # printed only once, even if the run returns to an earlier step
        self.write(f"{clock(remaining)} to go at {rate:,.0f} images/s{starting}")
        if remaining > DAY and not self.budget:
            self.write(f"note: that is {remaining / DAY:,.1f} days on this machine; --budget 2h "
                       f"(or any time) ends the run then, with every schedule scaled to it, and a "
                       f"smaller --width is faster")

    def write(self, line):
        """Prints a line on stdout, above the bar if there is one."""
        def show():
            # Not `self.bar or ...`: a bar without a total has no truth value.
            with (nullcontext() if self.bar is None
                  else self.bar.external_write_mode(sys.stdout)):
                log.info(line)

        self._show(show)

    def _show(self, show):
        """Calls show(). A closed terminal does not end a training: the bar is disabled."""
        try:
            show()
        except OSError:
            if self.bar is not None:
                self.bar.disable = True

    def describe(self):
        """'1,055 steps, 17 kimg in 8 min 00 s'"""
        kimg = self.step * self.per_step / 1000
        return (f"{self.step:,} step{'' if self.step == 1 else 's'}, "
                f"{f'{kimg:,.0f}' if kimg >= 10 else f'{kimg:.2g}'} kimg in "
                f"{clock(self.seconds())}")

    def describe_too_short(self, before_kimg):
        """A note if the training was too short to draw faces, with the time it takes here.
        before_kimg: what its networks were trained for when it began."""
        kimg, seconds = self.step * self.per_step / 1000, self.seconds()
        if before_kimg + kimg >= catalog.RECOGNIZABLE_KIMG / 4 or not seconds:
            return None
        missing = catalog.RECOGNIZABLE_KIMG - before_kimg
        minutes = int(np.ceil(missing / kimg * seconds / 60))
        return (f"note: that is too short for faces, which take about "
                f"{catalog.RECOGNIZABLE_KIMG:g} kimg: --budget {minutes}m here")


def clock(seconds):
    """'2 h 05 min', '3 min 20 s'."""
    seconds = int(np.rint(seconds))
    if seconds >= 3600:
        return f"{seconds // 3600:,} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"
