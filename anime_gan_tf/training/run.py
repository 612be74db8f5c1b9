"""A run's folder: locked, claimed for one recipe and data set, restored, saved."""
import dataclasses
import fcntl  # Windows has none; it trains under WSL, as TensorFlow's CUDA build does
import functools
import math
import sys

import keras

from anime_gan_tf import __version__, attributes
from anime_gan_tf.data import deduplication
from anime_gan_tf.errors import UserError
from anime_gan_tf.generation import sampling
from anime_gan_tf.networks import perceptual
from anime_gan_tf.storage import checkpoints, npz
from anime_gan_tf.training import distribution, precision
from anime_gan_tf.training.job import PRECISIONS
from anime_gan_tf.training.state import make_state, start_from

BEST = "best.npz"   # the generator with the smallest Frechet distance of the small evaluations
PERCEPTUAL = 1024   # real faces that standardize the perceptual discriminator's features


class Diverged(UserError):
    """A loss or a gradient is no longer a number. Not the user's input, so another exit code."""
    exit_code = 3


class Run:
    """The folder of a job.Job, locked while this is open. Of several processes the chief writes."""

    def __init__(self, job):
        """
        Raises:
          UserError: the run belongs to another recipe or other data, is being trained, or cannot be
          read.
        """
        self.job, self.folder = job, checkpoints.ROOT / job.run
        self.is_chief = distribution.is_chief(job.strategy)
        self.table = attributes.joint_table(job.faces.tags[self.split.training])
        if job.recipe.conditional and self.table is None:
            raise UserError(f"--data: {job.model} needs tagged faces, and {job.faces.title} has no "
                            f"tags.csv; use --model dcgan, or tagged data")
        self._lock = _lock(self.folder) if self.is_chief else None
        self.before_kimg, self.precision, self.note = _claim(self.folder, job, self.is_chief)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._lock:
            self._lock.close()

    @functools.cached_property
    def split(self):
        """deduplication.Split of the faces."""
        return deduplication.split(self.job.faces.images)

    def restore_or_create(self):
        """The State that the run stands at."""
        job = self.job
        state = make_state(job.recipe, job.seed, job.strategy, self.precision)
        if self._saved.exists():
            checkpoints.load_state(self._saved, state)
            return state
        if job.recipe.perceptual:
            sample = sampling.batches(job.faces.images[self.split.training[:PERCEPTUAL]])
            perceptual.fit(state.discriminator,
                           (sampling.from_uint8(images) for _, images in sample))
        if job.start_from and not start_from(job.start_from, state, job.recipe):
            self.note = (f"no discriminator of this recipe lies beside {job.start_from}; it "
                         f"starts afresh")
        return state

    def save(self, state, seconds):
        """Saves the State and the generator to draw with. seconds: of training so far."""
        if self.is_chief:
            self.save_state(state, seconds)
            self.export("generator.npz", state)

    def save_state(self, state, seconds):
        state.seconds.assign(seconds)
        checkpoints.save_state(self._saved, state)

    def export(self, name, state, discriminator=None, **more):
        """Writes the averaged generator. discriminator: weights; more: to remember with it."""
        job, done = self.job, int(state.step)
        info = {"model": job.model, "run": job.run, "seed": job.seed, "data": job.faces.title,
                "faces": len(self.split.training), "validation": len(self.split.validation),
                "held_out": len(self.split.held_out), "step": done,
                "kimg": self.before_kimg + done * job.per_step / 1000,
                "seconds": float(state.seconds),
                "table": self.table.tolist() if job.recipe.conditional else None} | more
        checkpoints.export_generator(self.folder / name, job.recipe,
                                     state.ema_generator.get_weights(), info, discriminator)

    def best_distance(self):
        """The Frechet distance of the best small evaluation so far; infinite before the first."""
        path = self.folder / BEST
        return checkpoints.read_info(path)["figures"]["frechet"] if path.exists() else math.inf

    def has_reached_mark(self):
        """Whether the faces are as good as the job asks for."""
        return self.job.until is not None and self.best_distance() <= self.job.until

    def roll_back(self, state, problem, failed, seconds):
        """Takes the State back to the last save, with half the learning rate.

        Args: problem: what is wrong, for people; failed: the step at which.
        Raises:
          Diverged: it has been taken back before.
        """
        if int(state.rollbacks):
            raise Diverged(f"{problem} at step {failed:,}, for the second time; the last good "
                           f"checkpoint is {self._saved}. A lower --learning_rate (now "
                           f"{self.job.recipe.learning_rate:g}) is the usual cure")
        checkpoints.load_state(self._saved, state)
        state.rollbacks.assign(1)
        if self.is_chief:
            self.save_state(state, seconds)
        return (f"note: {problem} at step {failed:,}; back to step {int(state.step):,} with half "
                f"the learning rate. If it happens once more, training stops")

    @property
    def _saved(self):
        return self.folder / "state.npz"


def _lock(folder):
    """Keeps other processes from training a run, and clears up after killed ones.

    Returns: a file; the run is free again when it is closed, at the latest with the process.
    Raises:
      UserError: where another process trains it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = open(folder / ".lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"--run: another process is training {folder.name}; name another run with "
                        f"--run") from None
    for path in folder.glob(f"{npz.TEMPORARY}*"):
        path.unlink()
    return lock


def _claim(folder, job, is_chief):
    """Writes run.json (the chief), or compares with the one that is there.

    Returns: (kimg that the networks of start_from had seen, the number format to compute in, a note
      or None).
    """
    path, wanted = folder / "run.json", _identity(job)
    if not path.exists():
        backend = keras.backend.backend()
        versions = {"anime_gan_tf": __version__, backend: sys.modules[backend].__version__,
                    "keras": keras.__version__}
        before_kimg = checkpoints.read_info(job.start_from)["kimg"] if job.start_from else 0.0
        compute, _ = precision.choose(job.precision)
        if is_chief:
            npz.write_json(path,
                           {"model": job.model, "identity": wanted, "data": job.faces.title,
                            "precision": compute, "before_kimg": before_kimg, "versions": versions})
        return before_kimg, compute, None
    content = npz.read_json(path)
    before_kimg, before = content.get("before_kimg", 0.0), content.get("precision", "float32")
    if (not isinstance(content.get("identity"), dict) or not isinstance(before_kimg, (int, float))
            or before not in PRECISIONS):
        raise UserError(f"{path}: not a file of this program")
    _compare(folder.name, job.faces, content, wanted)
    compute, note = precision.choose(job.precision, before)
    if note and is_chief:
        npz.write_json(path, content | {"precision": compute})
    return before_kimg, compute, note


def _identity(job):
    """What makes a run that run, JSON-able."""
    fields = dataclasses.asdict(job.recipe)
    for ignored in ("source", "epochs"):  # wording; and a longer run is the same run
        del fields[ignored]
    # Not the path of start_from, which is another elsewhere.
    origin = checkpoints.read_info(job.start_from) if job.start_from else None
    return {"model": job.model, "seed": job.seed,
            "faces": [len(job.faces.images), job.faces.fingerprint],
            "start_from": origin and f"{origin['run']} at {origin['kimg']:.3f} kimg"} | fields


def _compare(name, faces, content, wanted):
    """Refuses to go on with a run of other faces or of another recipe."""
    identity = content["identity"]
    # Runs of version 0.2.0 know their faces by names and sizes.
    if identity.get("faces") not in (wanted["faces"], [len(faces.images), faces.listing]):
        raise UserError(f"--run: {name} was trained on other faces ({content.get('data')}, "
                        f"{identity.get('faces')}, not {faces.title}, {wanted['faces']}); name "
                        f"another run with --run")
    for field, value in wanted.items():
        if field == "faces":
            continue
        # A field that is younger than the run has, in the recipes, the value that it always had.
        if identity.get(field, value) != value:
            raise UserError(f"--run: {name} was trained with {field} {identity[field]}, not "
                            f"{value}; go on with the old value, or name another run with --run")
