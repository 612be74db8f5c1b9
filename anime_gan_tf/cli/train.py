"""--mode train"""
import time

from anime_gan_tf import runtime
from anime_gan_tf.cli import advice, common, outputs
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage import checkpoints, names, schema
from anime_gan_tf.training.job import Job, PRECISIONS

EVAL_EVERY = 5.0  # kimg, where --until needs evaluations


def parse(flags):
    started = time.monotonic()  # to say how long starting up takes
    budget = common.seconds(flags, "budget") if flags.budget is not None else None
    if budget and flags.epochs is not None:
        raise UserError("--budget", Fault.CONFLICT,
                        "says when to stop, as --epochs does; give one of them")
    if flags.run is not None and (not schema.is_run_name(flags.run)
                                  or flags.run.lower().endswith(".npz")):  # a file elsewhere
        raise UserError("--run", Fault.INVALID, f"{flags.run!r} is no name for a run; use letters, "
                        f"digits, '_', '-' and '.', at most {schema.MAX_RUN_NAME} bytes")
    model, recipe = common.recipe(flags)
    choose("--strategy", flags.strategy, ("one", "mirrored", "multiworker"))
    choose("--precision", flags.precision, PRECISIONS)
    if flags.strategy == "multiworker" and budget:
        raise UserError("--budget", Fault.CONFLICT, "the workers' clocks differ; with --strategy "
                        "multiworker say with --epochs when to stop")
    until = common.until(flags, recipe.enlarges)
    eval_every = flags.eval_every or (EVAL_EVERY if until else None)
    if flags.strategy == "multiworker" and until:
        raise UserError("--until", Fault.CONFLICT, "only one of the workers evaluates; with "
                        "--strategy multiworker say with --epochs when to stop")
    if flags.strategy != "one" and flags.jit:
        raise UserError("--jit", Fault.CONFLICT,
                        "XLA compiles the step of one device; leave it out, or --strategy")
    save_every = common.seconds(flags, "save_every")
    # A strategy comes before the data, which TensorFlow Datasets may have to read.
    strategy = None
    if flags.strategy != "one":
        runtime.load()
        from anime_gan_tf.training import distribution

        strategy = distribution.make(flags.strategy, recipe)
    start_from = checkpoints.find_generator(flags.start_from) if flags.start_from else None
    run = flags.run or names.default_name(
        model, *["published"] * flags.as_published, outputs.stem(common.title(flags)))
    labels = _labels(flags, run, start_from)
    checkpoints.check_labels(run, labels)
    if start_from:
        checkpoints.check_start(start_from, recipe, labels)
    outputs.check_outside_data(flags, checkpoints.ROOT)
    faces = common.faces(flags, recipe.image_size, labels,
                         recipe.image_size if recipe.enlarges else 0)
    return Job(model, recipe, faces, run, flags.seed, budget, started, eval_every, until,
               start_from, save_every, strategy, flags.precision, flags.as_published)


def _labels(flags, run, start_from):
    """The Labels to train on: those of --axes, of a run that goes on, or of what it starts from."""
    if flags.axes is not None:
        return common.data_labels(flags)
    labels = checkpoints.run_labels(run)
    if labels is None and start_from:
        labels = schema.labels_of(checkpoints.read_info(start_from))
    return labels or common.data_labels(flags)


def run(job):
    runtime.load()
    from anime_gan_tf.training import distribution, loop

    advice.name_crop(job.faces, job.faces.title)
    with distribution.clear_errors(job.strategy):
        loop.train(job)
