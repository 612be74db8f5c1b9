"""The training loop."""
import logging

import tensorflow as tf

from anime_gan_tf import recipes
from anime_gan_tf.data import pipeline
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.training.monitor import Monitor
from anime_gan_tf.training.progress import Progress
from anime_gan_tf.training.run import Run
from anime_gan_tf.training.signals import Interrupted, StopSignals
from anime_gan_tf.training.train_step import make_train_step

log = logging.getLogger(__name__)

SMALL = 64           # pixels, below which the last line proposes a larger --size
MAX_METRIC = 1e9     # of a loss or a gradient norm
MAX_WEIGHT_RMS = 5.0  # networks begin and end well below 1


def train(job):
    """Trains a run from its last save to its end.

    Args: job: job.Job.
    Raises:
      UserError: as in Run().
      run.Diverged: the training diverged for the third time; signals.Interrupted: a signal.
    """
    tf.config.experimental.enable_op_determinism()  # the same seed has to give the same weights
    with Run(job) as run:
        state = run.restore_or_create()
        progress = Progress(job, len(run.split.training), state, show_bar=run.is_chief)
        if progress.first and (progress.share() >= 1.0 or run.has_reached_target()):
            longer = ("A smaller --until" if run.has_reached_target()
                      else "A larger --epochs or --budget")
            draws = "" if job.recipe.enlarges else f"; --mode infer --run {job.run} draws with it"
            log.info(f"{job.run} is finished: {progress.describe()}. {longer} trains on{draws}.")
            return
        step = make_train_step(job.recipe, state, run.balanced_distribution, job.strategy)
        batches = _batches(run, state)
        if run.is_chief:
            _announce(run, progress.first)
        monitor = Monitor(run, state, progress)
        if progress.first == 0 and run.is_chief:
            monitor.start()
            run.save_state(state, progress.seconds())  # to return to after an early divergence

        with StopSignals() as stop, progress:
            finished = False
            while not finished:  # at least one step, even if the budget is used up
                metrics = step(*next(batches), tf.constant(progress.share(), tf.float32))
                metrics = {name: float(value) for name, value in metrics.items()}
                if problem := _divergence(metrics):
                    note = run.roll_back(state, problem, progress.seconds())
                    progress.go_back(int(state.step), note)
                    batches = _batches(run, state)
                    monitor.forget()
                    continue
                progress.advance(metrics)
                finished = monitor.after_step(metrics, progress.share() >= 1.0)
                if progress.save_is_due() or stop.number or finished:
                    _save(run, state, progress, essential=bool(stop.number or finished))
                    monitor.flush()
                if stop.number and not finished:
                    raise Interrupted(_stopped(run, progress.step), stop.number)
    if run.is_chief:
        log.info(f"{job.run}: {progress.describe()}")
        if monitor.picture:  # else the disk was full
            log.info(f"faces: {monitor.picture}")
        if job.recipe.enlarges:
            return
        size = job.recipe.image_size
        larger = f" --size {recipes.RECIPES['enlarger'].scale * size}" if size < SMALL else ""
        log.info(f"more:  python main.py --mode infer --run {job.run}{larger}")
        note = progress.describe_too_short(run.before_kimg)
        if note and not run.has_reached_target():
            log.info(note)


def _batches(run, state):
    """The batches from the State's step on."""
    job = run.job
    return iter(pipeline.batches(job.dataset, job.recipe, job.seed, int(state.step),
                                 run.split.training))


def _divergence(metrics):
    """A text about a metric of a step that exceeds its limit or is NaN; None if there is none."""
    limit = lambda name: MAX_WEIGHT_RMS if name.endswith("weight_rms") else MAX_METRIC
    return next((f"{name} is {value:g}" for name, value in metrics.items()
                 if not abs(value) < limit(name)), None)


def _save(run, state, progress, essential):
    """Saves a run. If the save is not essential, a full disk is a warning only."""
    try:
        run.save(state, progress.seconds())
    except UserError as error:
        if essential or error.fault != Fault.UNWRITABLE:
            raise
        progress.write(f"warning: {error}; the training goes on and tries again at the next save")


def _announce(run, first):
    """Logs what is trained on which data, and notes about both."""
    job = run.job
    replicas = job.strategy.num_replicas_in_sync if job.strategy else 1
    device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    devices = f"{replicas} {device}s" if replicas > 1 else device
    log.info(f"{job.model} {job.recipe.image_size} px, width {job.recipe.width}, {devices}, "
             f"{run.precision}: trains on {len(run.split.training):,} of {job.dataset.describe()}, "
             f"run {checkpoints.ROOT.resolve() / job.run}"
             + (f" from step {first:,}" if first else ""))
    notes = job.dataset.notes + run.notes
    if job.recipe.jit and replicas > 1:
        notes.append("XLA is for one device; these train without it")
    for note in notes:
        log.info(f"note: {note}")


def _stopped(run, step):
    return (f"stopped and saved at step {step:,}; the same command goes on from there"
            if run.is_chief else f"stopped at step {step:,}, which stops the other workers too")
