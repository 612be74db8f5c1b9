"""A run's folder: locked, tied to one recipe and data set, restored, saved."""
from __future__ import annotations

import dataclasses
import math

import keras
import tensorflow as tf

from anime_gan_tf import __version__, recipes
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.generation import sampling
from anime_gan_tf.networks import perceptual
from anime_gan_tf.storage import catalog, checkpoints, kinds, locking, npz, schema
from anime_gan_tf.training import distribution, precision
from anime_gan_tf.training.job import PRECISIONS
from anime_gan_tf.training.state import make_state, start_from

NUM_STANDARDIZING = 1024  # real faces that standardize the perceptual discriminator's features


class Diverged(UserError):
    """A loss, a gradient or a weight exceeds its limit, and there is no earlier save to return to.
    No bad input, so another exit code."""
    exit_code = 3


class Run:
    """The folder of a job.Job, locked while this is open. Of several processes only the chief
    writes."""

    def __init__(self, job):
        """
        Raises:
          UserError: the run has another recipe or other data, is being trained, or cannot be read.
        """
        self.job, self.folder = job, checkpoints.ROOT / job.run
        self.is_chief = distribution.is_chief(job.strategy)
        catalog.check_labels(job.run, job.dataset.labels)
        self.split = job.dataset.split
        labels, tags = job.dataset.labels, job.dataset.tags[self.split.training]
        self.label_distribution = labels.joint_distribution(tags)
        self.balanced_distribution = labels.joint_distribution(
            tags, labels.balancing_weights(tags, job.recipe.balance))
        if job.recipe.conditional and self.label_distribution is None:
            title, origin = job.dataset.title, job.dataset.label_origin
            found = (f"{origin} gives no training face of {title} a tag" if origin
                     else f"no labels that are read were found in {title}")
            raise UserError("--data", Fault.MISSING, f"{job.model} needs tagged faces, and {found} "
                            f"(--mode inspect says more); --mode tag makes labels of hair and "
                            f"eyes, and --model dcgan needs none")
        self._lock = locking.lock(self.folder) if self.is_chief else None
        try:
            _refuse_foreign_networks(self.folder)
            self.before_kimg, self.precision, note = create_or_verify_run_config(
                self.folder, job, self.is_chief)
            self.notes = [note] if note else []  # for the user
        except BaseException:  # of whatever kind: a notebook goes on, and may train again
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._lock:
            self._lock.release()

    def restore_or_create(self):
        """The State of the last save, or a new one."""
        job = self.job
        state = make_state(job.recipe, job.seed, job.dataset.labels, job.strategy,
                           self.precision)
        if self._restore(state):
            return state
        if job.recipe.perceptual:
            sample = job.dataset.images[self.split.training[:NUM_STANDARDIZING]]
            perceptual.fit(state.discriminator, sampling.from_uint8(sample))
        if job.start_from and not start_from(job.start_from, state, job.recipe):
            self.notes.append(f"there is no discriminator of this recipe for {job.start_from}; it "
                              f"starts with random weights")
        return state

    def _restore(self, state):
        """Loads the last save, or the one before if that is missing or damaged; training continues
        to the same weights from either. Returns whether there is one."""
        if self._saved.exists():
            try:
                checkpoints.load_state(self._saved, state)
                return True
            except UserError as error:
                if error.fault != Fault.UNREADABLE or not self._previous.exists():
                    raise
                self.notes.append(f"{error}; goes on from the save before it, {self._previous}")
        if self._previous.exists():
            checkpoints.load_state(self._previous, state)
            if self.is_chief:  # else the next save would replace the good file by the damaged one
                self._saved.unlink(missing_ok=True)
            return True
        return False

    def save(self, state, seconds):
        """Saves the State, and the generator to draw with. seconds: of training so far."""
        if self.is_chief:
            self.save_state(state, seconds)
            self.export("generator.npz", state)

    def save_state(self, state, seconds):
        """Saves the State, and keeps the previous save."""
        state.seconds.assign(seconds)
        checkpoints.save_state(self._saved, state, self._previous)

    def export(self, name, state, discriminator=None, **more):
        """Writes the averaged generator. discriminator: its weights, or None; more: metadata."""
        job, done = self.job, int(state.step)
        distribution = self.label_distribution if job.recipe.conditional else None
        info = {"model": job.model, "run": job.run, "seed": job.seed, "data": job.dataset.title,
                "faces": len(self.split.training), "validation": len(self.split.validation),
                "held_out": len(self.split.held_out), "step": done,
                "kimg": self.before_kimg + done * job.per_step / 1000,
                "seconds": float(state.seconds), "axes": job.dataset.labels.to_json(),
                "table": None if distribution is None else distribution.tolist()} | more
        checkpoints.export_generator(self.folder / name, job.recipe,
                                     state.ema_generator.get_weights(), info, discriminator)

    def best_distance(self):
        """The recipe's target_metric in the best evaluation so far; infinite before the first."""
        path, metric = self.folder / checkpoints.BEST, self.job.recipe.target_metric
        return checkpoints.read_info(path)["figures"][metric] if path.exists() else math.inf

    def has_reached_target(self):
        """Whether the best evaluation has reached the job's target."""
        return self.job.until is not None and self.best_distance() <= self.job.until

    def roll_back(self, state, problem, seconds):
        """Resets the State to the last save, with half the learning rate; the next time to the save
        before that, with a quarter.

        Args: problem: what has diverged, for the user; seconds: of training so far.
        Returns: a note for the user.
        Raises:
          Diverged: there is no save left.
        """
        failed, before = int(state.step), int(state.rollbacks)
        saves = [path for path in (self._saved, self._previous) if path.exists()]
        if before >= len(saves):
            raise Diverged("", Fault.STOPPED, f"{problem} at step {failed:,}, with the "
                           f"learning rate at {0.5 ** before:g} of what it was; {self._saved} is "
                           f"of the last good step. A learning rate belongs to a run, so begin "
                           f"another: --run NAME --learning_rate "
                           f"{self.job.recipe.learning_rate / 10:g}, with --start_from "
                           f"{self.job.run} if its faces are worth keeping")
        checkpoints.load_state(saves[before], state)
        state.rollbacks.assign(before + 1)
        state.seconds.assign(seconds)
        if self.is_chief:
            checkpoints.save_state(self._saved, state)
        return (f"note: {problem} at step {failed:,}; back to step {int(state.step):,} with "
                f"{'half' if before == 0 else 'a quarter of'} the learning rate")

    @property
    def _saved(self):
        return self.folder / "state.npz"

    @property
    def _previous(self):
        return self.folder / "previous.npz"


def _refuse_foreign_networks(folder):
    """Refuses a folder that has networks but no training state: the first save would replace
    them."""
    there = [name for name in checkpoints.FILES[1:] if (folder / name).exists()]
    missing = [] if (folder / "run.json").exists() else ["run.json"]
    if not {"state.npz", "previous.npz"} & set(there):
        missing.append("state.npz")
    if there and missing:
        raise UserError("--run", Fault.EXISTS, f"{folder} has a {there[0]} but no "
                        f"{' and no '.join(missing)}: it cannot be trained further, and would be "
                        f"replaced; name another run, with --start_from {folder.name} to begin "
                        f"with its networks")


def create_or_verify_run_config(folder, job, is_chief):
    """Writes run.json (only the chief), or compares the job with the existing one.

    Returns: (kimg that the networks of start_from were trained for, the number format to compute
      in, a note or None).
    Raises:
      UserError: the run has other faces or another recipe.
    """
    origin = checkpoints.read_info(job.start_from) if job.start_from else None
    path, requested = folder / "run.json", _identity(job, origin)
    before_kimg = origin["kimg"] if origin else 0.0
    if not path.exists():
        versions = {"anime_gan_tf": __version__, "tensorflow": tf.__version__,
                    "keras": keras.__version__}
        compute, _ = precision.choose(job.precision)
        if is_chief:
            npz.write_json(path,
                           {"model": job.model, "identity": requested, "data": job.dataset.title,
                            "axes": job.dataset.labels.to_json(), "precision": compute,
                            "versions": versions})
        return before_kimg, compute, None
    content = npz.read_json(path)
    kinds.check(path, schema.RUN, content)
    before = content.get("precision", "float32")
    choose(path, before, PRECISIONS)
    _compare(folder.name, job.dataset, content, requested)
    compute, note = precision.choose(job.precision, before)
    if note and is_chief:
        npz.write_json(path, content | {"precision": compute})
    return before_kimg, compute, note


def _identity(job, origin):
    """What may not change when a run is resumed, JSON-able. origin: read_info() of start_from, or
    None."""
    fields = dataclasses.asdict(job.recipe)
    for ignored in ("source", "epochs"):  # a description; and a run may be trained for longer
        del fields[ignored]
    # Not the path of start_from, which may be another on another machine.
    return {"model": job.model, "seed": job.seed, "as_published": job.as_published,
            "faces": [len(job.dataset.images), job.dataset.fingerprint],
            "start_from": origin and f"{origin['run']} at {origin['kimg']:.3f} kimg"} | fields


def _compare(name, dataset, content, requested):
    """Refuses to resume a run of other faces or of another recipe."""
    identity = recipes.current(content["identity"])
    # Runs of version 0.2.0 identify their faces by names and sizes.
    if identity.get("faces") not in (requested["faces"], [len(dataset.images), dataset.listing]):
        raise UserError("--run", Fault.CONFLICT, f"{name} was trained on other faces than the "
                        f"{len(dataset.images):,} of {dataset.title} (on "
                        f"{_count(identity.get('faces'))} of {content.get('data')}, by their "
                        f"content); name another run")
    for field, value in (recipes.RETIRED | requested).items():
        if field == "faces":
            continue
        # A field that is newer than the run had, before it was added, the recipe's value.
        if identity.get(field, value) != value:
            raise UserError("--run", Fault.CONFLICT, f"{name} was trained with {field} "
                            f"{identity[field]}, not {value}; go on with the old value, or name "
                            f"another run")


def _count(faces):
    """The number of faces in a run's identity, as text."""
    return f"{faces[0]:,}" if isinstance(faces, list) and faces and isinstance(
        faces[0], int) else "others"
