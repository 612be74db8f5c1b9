"""The training loop: step, look, log, save, until the run is over."""
import dataclasses
import signal
import sys
import time

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from anime_gan_tf import __version__, attributes, checkpoints, devices, pictures, precision, sampling
from anime_gan_tf.data import pipeline, twins
from anime_gan_tf.errors import UserError
from anime_gan_tf.networks import perceptual
from anime_gan_tf.step import make_state, make_train_step

GRID = 8            # the fixed-noise picture is GRID x GRID faces
PICTURES = 50       # of them in a run
SAVE_SECONDS = 300  # at least this often
EXPLODED = 1e9      # a loss or a gradient beyond it is as good as infinite
LOG_STEPS = 20      # scalars to TensorBoard
PERCEPTUAL = 1024   # real faces that standardize the perceptual discriminator's features
TIMED = 3           # steps, after the one that compiles, from which the rate is estimated
DAY = 24 * 3600


class Diverged(UserError):
    """A loss or a gradient is no longer a number. Not the user's input, so another exit code."""
    exit_code = 3


class Interrupted(UserError):
    """Ctrl-C or SIGTERM, after the state was saved."""

    def __init__(self, message, number):
        super().__init__(message)
        self.exit_code = 128 + number


def train(model, recipe, faces, run, seed, budget=None, started=None, eval_every=None,
          start_from=None, save_every=SAVE_SECONDS, strategy=None, compute="auto"):
    """Trains a run to its end, from where it stands.

    Args:
      model: the recipe's name; recipe: the Recipe itself, with the user's overrides.
      faces: data.faces.Faces.
      run: its name, a folder below checkpoints/.
      seed: of weights, noise, order and augmentation.
      budget: seconds of wall time, over all sittings, that replace recipe.epochs.
      started: time.monotonic() at which the budget's clock began.
      eval_every: kimg between small evaluations, of which the best generator is kept; None for none.
      start_from: path of the generator.npz whose networks a new run begins with; None for fresh ones.
      save_every: seconds between two saves.
      strategy: the tf.distribute.Strategy to train under (devices.make); None for one device. Of several
        processes all train, and the first one alone says, draws and saves anything.
      compute: the number format, one of precision.CHOICES.
    Raises:
      UserError: the run belongs to another recipe or other data, or cannot be read.
      Diverged, Interrupted: as they say.
    """
    started = time.monotonic() if started is None else started
    tf.config.experimental.enable_op_determinism()
    strategy = strategy or tf.distribute.get_strategy()
    leads = devices.leads(strategy)

    # ----- the run: new, or the one that is there
    folder = checkpoints.ROOT / run
    rows, validation, held_out = twins.split(faces.images)
    table = attributes.joint_table(faces.tags[rows])
    if recipe.conditional and table is None:
        raise UserError(f"--data: {model} needs tagged faces, and {faces.title} has no tags.csv; "
                        f"use --model dcgan, or tagged data")
    held = checkpoints.lock(folder) if leads else None  # noqa: F841, to be kept until this function ends
    before_kimg, compute, note = _claim(folder, model, recipe, faces, seed, start_from, compute, leads)
    state, saved = make_state(recipe, seed, strategy, compute), folder / "state.npz"
    if saved.exists():
        checkpoints.load_state(saved, state)
    else:
        if recipe.perceptual:
            shown = sampling.batches(faces.images[rows[:PERCEPTUAL]])
            perceptual.fit(state.discriminator, (sampling.from_uint8(images) for _, images in shown))
        if start_from and not checkpoints.start_from(start_from, state, recipe):
            note = f"no discriminator of this recipe lies beside {start_from}; it starts afresh"
    step = make_train_step(recipe, state, table, strategy)

    # ----- how far, and how long that takes here
    per_step = recipe.batch_size * recipe.n_critic
    total = max(1, round(recipe.epochs * len(rows) / per_step))
    before, first = float(state.seconds), int(state.step)
    spent = lambda: before + time.monotonic() - started
    progress = lambda done: (min(spent() / budget, 1.0) if budget else min(done / total, 1.0))
    if first and progress(first) >= 1.0:
        print(f"{run} is finished: {first:,} steps in {clock(before)}. A larger --epochs or --budget "
              f"goes on; --mode infer --run {run} draws with it.")
        return
    feed = iter(pipeline.batches(faces, recipe, seed, first, rows))
    if leads:
        _announce(model, recipe, faces, rows, run, first, strategy.num_replicas_in_sync, compute, note)

    # ----- how good it is, where that is asked for
    ruler, kimg = None, None
    if eval_every and leads:
        from anime_gan_tf import evaluate
        ruler = evaluate.make_ruler(faces, validation, "perceptual", "validation faces (a twentieth of it)")
        kimg = 1000 * eval_every

    # ----- what to look at: the same noise and tags throughout
    seeds = range(GRID * GRID)
    z = sampling.latents(recipe, seeds)
    tags = np.repeat(_grid_tags(table), GRID, axis=0) if recipe.conditional else None
    writer = tf.summary.create_file_writer(str(folder)) if leads else tf.summary.create_noop_writer()

    def look(done):
        if not leads:
            return None
        sheet = pictures.grid(sampling.draw(state.average, z, tags), GRID)
        path = folder / "grids" / f"step_{done:08d}.png"
        pictures.save_png(path, sheet)
        with writer.as_default(step=done):
            tf.summary.image("faces/generated", sheet[None])
        return path

    def save(done):
        if not leads:
            return
        state.seconds.assign(spent())
        checkpoints.save_state(saved, state)
        export("generator.npz", done)

    def export(name, done, discriminator=None, **more):
        checkpoints.export_generator(folder / name, recipe, state.average.get_weights(), {
            "model": model, "run": run, "seed": seed, "data": faces.title, "faces": len(rows),
            "validation": len(validation), "held_out": len(held_out), "step": done,
            "kimg": before_kimg + done * per_step / 1000, "seconds": spent(),
            "table": table.tolist() if recipe.conditional else None} | more, discriminator)

    def judge(done):
        figures = evaluate.small(ruler, recipe, state.average, table if recipe.conditional else None)
        with writer.as_default(step=done):
            for name, value in figures.items():
                tf.summary.scalar(f"quality/{name}", value)
        best = folder / "best.npz"
        if not best.exists() or figures["frechet"] < checkpoints.read_info(best)["figures"]["frechet"]:
            export("best.npz", done, state.discriminator.get_weights(), figures=figures)

    if first == 0 and leads:
        with writer.as_default(step=0):
            spread = rows[np.linspace(0, len(rows) - 1, GRID * GRID).astype(int)]
            tf.summary.image("faces/real", pictures.grid(faces.images[spread], GRID)[None])
        look(0)
        checkpoints.save_state(saved, state)  # what a run that diverges early goes back to

    # ----- train
    sums = {}
    done, next_picture, next_save = first, progress(first) + 1 / PICTURES, spent() + save_every
    lap_time, lap_step = time.monotonic(), done
    timed = None  # when the step that compiles was over
    bar = tqdm(total=None if budget else total * per_step, initial=done * per_step, unit="img", unit_scale=True,
               dynamic_ncols=True, mininterval=0.5, disable=not leads)
    if not bar.disable and not bar.fp.isatty():
        bar.mininterval = 60  # a log file wants lines, not motion
    with _Signals() as signals, bar:
        share = 0.0
        while share < 1.0:  # one step at least, however little of a budget the start has left
            metrics = step(*next(feed), tf.constant(progress(done), tf.float32))
            metrics = {name: float(value) for name, value in metrics.items()}
            wrong = [f"{name} is {value:g}" for name, value in metrics.items() if not abs(value) < EXPLODED]
            if wrong and int(state.rollbacks):
                raise Diverged(f"{wrong[0]} at step {done + 1:,}, for the second time; the last good checkpoint is "
                               f"{saved}. A lower --learning_rate (now {recipe.learning_rate:g}) is the usual cure")
            if wrong:
                checkpoints.load_state(saved, state)
                bar.write(f"note: {wrong[0]} at step {done + 1:,}; back to step {int(state.step):,} with half the "
                          f"learning rate. If it happens once more, training stops")
                state.rollbacks.assign(1)
                if leads:
                    state.seconds.assign(spent())
                    checkpoints.save_state(saved, state)
                done, sums, timed = int(state.step), {}, None
                feed, lap_step = iter(pipeline.batches(faces, recipe, seed, done, rows)), done
                bar.update(done * per_step - bar.n)
                continue
            done += 1
            share = progress(done)
            timed = timed or (time.monotonic(), done)
            if done >= timed[1] + TIMED:
                rate = (done - timed[1]) * per_step / (time.monotonic() - timed[0])
                ahead = max(budget - spent(), 0.0) if budget else (total - done) * per_step / rate
                bar.total = done * per_step + round(ahead * rate)
                if done == timed[1] + TIMED:
                    _announce_time(bar, ahead, rate, budget)
            sums = {name: sums.get(name, 0.0) + value for name, value in metrics.items()}
            bar.set_postfix_str(f"D {metrics['d_loss']:.3g} G {metrics['g_loss']:.3g}", refresh=False)
            bar.update(per_step)

            if done % LOG_STEPS == 0 or share >= 1.0:
                now, laps = time.monotonic(), done - lap_step
                with writer.as_default(step=done):
                    for name, value in sums.items():
                        tf.summary.scalar(_tag(name), value / laps)
                    tf.summary.scalar("speed/images_per_second", laps * per_step / (now - lap_time))
                lap_time, lap_step, sums = now, done, {}
            if share >= next_picture or share >= 1.0:
                picture = look(done)
                next_picture = share + 1 / PICTURES
            if ruler and done * per_step // kimg > (done - 1) * per_step // kimg:
                judge(done)
            if signals.number or spent() >= next_save or share >= 1.0:
                save(done)
                writer.flush()
                next_save = spent() + save_every
            if signals.number and share < 1.0:
                raise Interrupted(f"stopped and saved at step {done:,}; the same command goes on from there" if leads else
                                  f"stopped at step {done:,}, which stops the other workers too", signals.number)
    writer.close()
    if not leads:
        return
    print(f"{run}: {done:,} steps, {done * per_step / 1000:,.0f} kimg in {clock(spent())}\n"
          f"faces: {picture}\n"
          f"more:  python main.py --mode infer --run {run}")


def _claim(folder, model, recipe, faces, seed, start_from, compute, leads):
    """Writes run.json (the leading process), or compares with the one that is there.

    Returns: (kimg that the networks of start_from had seen, the number format to compute in, a note or None).
    """
    origin = checkpoints.read_info(start_from) if start_from else None  # not its path, which is another elsewhere
    fields = dataclasses.asdict(recipe)
    for ignored in ("source", "epochs"):  # wording; and a longer run is the same run
        del fields[ignored]
    wanted = {"model": model, "seed": seed, "faces": [len(faces.images), faces.fingerprint],
              "start_from": origin and f"{origin['run']} at {origin['kimg']:.3f} kimg"} | fields
    path = folder / "run.json"
    if not path.exists():
        versions = {"anime_gan_tf": __version__, "tensorflow": tf.__version__, "keras": keras.__version__}
        before_kimg, (compute, _) = origin["kimg"] if origin else 0.0, precision.choose(compute)
        if leads:
            checkpoints.write_json(path, {"model": model, "identity": wanted, "data": faces.title, "precision": compute,
                                          "before_kimg": before_kimg, "versions": versions})
        return before_kimg, compute, None
    content = checkpoints.read_json(path)
    there = content.get("identity")
    before_kimg, before = content.get("before_kimg", 0.0), content.get("precision", "float32")
    if not isinstance(there, dict) or not isinstance(before_kimg, (int, float)) or before not in precision.CHOICES:
        raise UserError(f"{path}: not a file of this program")
    if there.get("faces") != wanted["faces"]:
        raise UserError(f"--run: {folder.name} was trained on other faces ({content.get('data')}, "
                        f"{there.get('faces')}, not {faces.title}, {wanted['faces']}); name another run with --run")
    for name, value in wanted.items():
        # A field that is younger than the run has, in the recipes, the value that it always had.
        if there.get(name, value) != value:
            raise UserError(f"--run: {folder.name} was trained with {name} {there[name]}, not "
                            f"{value}; go on with the old value, or name another run with --run")
    compute, note = precision.choose(compute, before)
    if note and leads:
        checkpoints.write_json(path, content | {"precision": compute})
    return before_kimg, compute, note


def _announce(model, recipe, faces, rows, run, first, replicas, compute, note):
    device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    device = f"{replicas} {device}s" if replicas > 1 else device
    print(f"{model} {recipe.image_size} px, width {recipe.width}, {device}, {compute}: trains on {len(rows):,} of "
          f"{faces.describe()}, run {checkpoints.ROOT.resolve() / run}" + (f" from step {first:,}" if first else ""),
          flush=True)
    notes = faces.notes + [note] * bool(note)
    if recipe.jit and replicas > 1:
        notes.append("XLA is for one device; these train without it")
    for line in notes:
        print(f"note: {line}", flush=True)


def _announce_time(bar, seconds, rate, budget):
    bar.write(f"{clock(seconds)} to go at {rate:,.0f} images/s", file=sys.stdout)
    if seconds > DAY and not budget:
        bar.write(f"note: that is {seconds / DAY:,.1f} days on this machine; --budget 2h (or any time) ends the run "
                  f"then, with every schedule scaled to it, and a smaller --width is faster", file=sys.stdout)
    sys.stdout.flush()  # into a pipe as well


def _grid_tags(table):
    """One pair (hair, eyes) for each row of the picture: the commonest hair colours, any eyes."""
    commonest = np.argsort(-table.sum(axis=1), kind="stable")[:GRID]
    seen = sorted(int(hair) for hair in commonest if table[hair].any())
    rng = np.random.default_rng(0)
    return np.array([attributes.draw(rng, table, (hair, attributes.UNKNOWN))
                     for hair in np.resize(seen, GRID)], np.int32)


def _tag(name):
    """The TensorBoard tag of a metric: losses together, then the rest."""
    if name in ("d_real", "d_fake"):
        return f"score/{name[2:]}"
    if name.endswith("grad_norm"):
        return f"grad_norm/{name[0]}"
    group = "loss" if name[:2] in ("d_", "g_") else "schedule"
    return f"{group}/{name}"


def clock(seconds):
    """'2 h 05 min', '3 min 20 s'."""
    seconds = int(round(seconds))
    if seconds >= 3600:
        return f"{seconds // 3600:,} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"


class _Signals:
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
