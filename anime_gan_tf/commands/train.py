"""--mode train"""
import importlib.util
import os
import pathlib
import time

from anime_gan_tf import runtime
from anime_gan_tf.commands import common
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage import checkpoints, schema
from anime_gan_tf.training.job import BACKENDS, check_jax, Job, PRECISIONS

distribution = runtime.late("training.distribution")
loop = runtime.late("training.loop")

EVAL_EVERY = 5.0  # kimg, where --until needs evaluations
STARTED = time.monotonic()  # what --budget counts from


def parse(flags):
    budget = common.seconds(flags, "budget") if flags.budget is not None else None
    if budget and flags.epochs is not None:
        raise UserError("--budget and --epochs both say when to stop; give one of them")
    if flags.run is not None and (not schema.is_run_name(flags.run)
                                  or flags.run.endswith(".npz")):  # which means a file elsewhere
        raise UserError("--run", Fault.INVALID, f"{flags.run!r} is no name for a run; use letters, "
                        f"digits, '_', '-' and '.', at most {schema.MAX_RUN_NAME} bytes")
    model, recipe = common.recipe(flags)
    choose("--strategy", flags.strategy, ("one", "mirrored", "multiworker"))
    choose("--precision", flags.precision, PRECISIONS)
    if flags.strategy == "multiworker" and budget:
        raise UserError("--budget: the workers' clocks differ; with --strategy multiworker say "
                        "with --epochs when to stop")
    if choose("--backend", flags.backend, BACKENDS) == "jax":
        if flags.until or flags.eval_every or flags.strategy != "one":
            raise UserError("--backend: jax has no --until, --eval_every and --strategy; they need "
                            "tensorflow")
        check_jax(recipe)
        if importlib.util.find_spec("jax") is None:
            raise UserError("--backend: jax is not installed; pip install jax, or jax[cuda13] "
                            "for a GPU")
    until = common.until(flags)
    eval_every = flags.eval_every or (EVAL_EVERY if until else None)
    if flags.strategy == "multiworker" and until:
        raise UserError("--until: only one of the workers evaluates; with --strategy multiworker "
                        "say with --epochs when to stop")
    if flags.strategy != "one" and flags.jit:
        raise UserError("--jit: XLA compiles the step of one device; leave it out, or --strategy")
    save_every = common.seconds(flags, "save_every")
    # A strategy comes before the data, which TensorFlow Datasets may have to read.
    strategy = distribution.make(flags.strategy, recipe) if flags.strategy != "one" else None
    start_from = checkpoints.find_generator(flags.start_from) if flags.start_from else None
    if start_from:
        checkpoints.check_start(start_from, recipe)
    faces = common.faces(flags, recipe.image_size)
    run = flags.run or f"{model}_{common.slug(pathlib.PurePath(faces.title).stem)}"
    return Job(model, recipe, faces, run, flags.seed, budget, STARTED, eval_every, until,
               start_from, save_every, strategy, flags.precision, flags.backend)


def run(job):
    os.environ["KERAS_BACKEND"] = job.backend  # Keras reads it when it is imported
    with distribution.clear_errors(job.strategy):
        loop.train(job)
