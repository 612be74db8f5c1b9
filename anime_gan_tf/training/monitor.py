"""The output of a training: sample pictures, curves in TensorBoard, evaluations."""
import time

import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import checkpoints, pictures
from anime_gan_tf.training.curves import Curves
from anime_gan_tf.training.samples import GRID, make_samples

NUM_PICTURES = 50  # in a run
LOG_STEPS = 20     # from one point of a curve to the next


class Monitor:
    """Writes the output of a run, in after_step(). Only the chief writes anything."""

    def __init__(self, run, state, progress):
        job = run.job
        self.run, self.state, self.progress = run, state, progress
        self.picture = None  # path of the last one written
        self._disk_full = False
        evaluates = bool(job.eval_every) and run.is_chief
        self._images_between = 1000 * job.eval_every if evaluates else None
        self._samples = make_samples(run, state, evaluates)
        self._curves = Curves(run.folder if run.is_chief else None)
        self._next_picture, self._sums = progress.share() + 1 / NUM_PICTURES, {}
        self._lap_time, self._lap_step = time.monotonic(), progress.step

    def start(self):
        """Writes samples of real faces, and of the untrained generator."""
        rows = self.run.split.training
        spread = rows[np.linspace(0, len(rows) - 1, GRID * GRID).astype(int)]
        self._curves.image("faces/real",
                           pictures.grid(self.run.job.dataset.images[spread], GRID), 0)
        self.save_samples()

    def after_step(self, metrics, finished):
        """Writes what is due after a step.

        Args: metrics: {name: float} of the step; finished: whether it was the last one.
        Returns: whether it was the last one, or its evaluation reached the target.
        """
        self._sums = {name: self._sums.get(name, 0.0) + value for name, value in metrics.items()}
        step, per_step = self.progress.step, self.progress.per_step
        if (self._images_between and step * per_step // self._images_between
                > (step - 1) * per_step // self._images_between):
            self._evaluate(step)
            finished = finished or self.run.has_reached_target()
        if step % LOG_STEPS == 0 or finished:
            self._log(step)
        share = self.progress.share()
        if share >= self._next_picture or finished:
            self.save_samples()
            self._next_picture = share + 1 / NUM_PICTURES
        return finished

    def forget(self):
        """Discards the sums since the last point of the curves."""
        self._sums, self._lap_step, self._lap_time = {}, self.progress.step, time.monotonic()

    def save_samples(self):
        """Writes samples into grids/ and TensorBoard."""
        if not self.run.is_chief:
            return
        step = self.progress.step
        sheet = self._samples.sheet()
        path = self.run.folder / "grids" / f"step_{step:08d}.png"
        if self._written(lambda: pictures.save_png(path, sheet)):
            self.picture = path
        self._curves.image("faces/generated", sheet, step)

    def flush(self):
        self._curves.flush()

    def _log(self, step):
        now, laps = time.monotonic(), step - self._lap_step
        speed = laps * self.progress.per_step / (now - self._lap_time)
        self._curves.scalars({_tag(name): value / laps for name, value in self._sums.items()}
                             | {"speed/images_per_second": speed}, step)
        self._lap_time, self._lap_step, self._sums = now, step, {}

    def _evaluate(self, step):
        """Evaluates the generator, and keeps the best one so far."""
        # Shares of tags are NaN where there are none, and a file holds finite numbers only.
        metrics = {name: value for name, value in self._samples.measure().items()
                   if name != "confusion" and np.isfinite(value)}
        self._curves.quality(metrics, step)
        if metrics[self.run.job.recipe.target_metric] < self.run.best_distance():
            self.state.seconds.assign(self.progress.seconds())
            weights = self.state.discriminator.get_weights()
            self._written(lambda: self.run.export(checkpoints.BEST, self.state, weights,
                                                  figures=metrics))

    def _written(self, write):
        """Calls write(). Returns whether there was space on the disk: these files are less
        important than the run's state, so a full disk is a warning only."""
        try:
            write()
        except UserError as error:
            if error.fault != Fault.UNWRITABLE:
                raise
            if not self._disk_full:
                self.progress.write(f"warning: {error}; the training goes on without such files")
            self._disk_full = True
            return False
        return True


def _tag(name):
    """The TensorBoard tag of a metric, "GROUP/NAME"."""
    if name in ("d_real", "d_fake"):
        return f"score/{name[2:]}"
    if name.endswith(("grad_norm", "weight_rms")):
        return f"{name[2:]}/{name[0]}"
    group = "loss" if name[:2] in ("d_", "g_") else "schedule"
    return f"{group}/{name}"
