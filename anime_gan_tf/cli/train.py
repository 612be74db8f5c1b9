"""--mode train"""
import dataclasses
import time

from anime_gan_tf import runtime
from anime_gan_tf.cli import advice, datasets, outputs, training
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.training import job
from anime_gan_tf.training.job import EVAL_EVERY, Job, PRECISIONS, STRATEGIES


@dataclasses.dataclass(frozen=True)
class Request:
    """data: value of --data."""
    job: Job
    data: str


def parse(flags):
    started = time.monotonic()  # for the time that starting up takes
    budget = training.seconds(flags, "budget") if flags.budget is not None else None
    if budget and flags.epochs is not None:
        raise UserError("--budget", Fault.CONFLICT,
                        "says when to stop, as --epochs does; give one of them")
    model, recipe = training.recipe(flags)
    choose("--strategy", flags.strategy, STRATEGIES)
    choose("--precision", flags.precision, PRECISIONS)
    if flags.strategy == "multiworker" and budget:
        raise UserError("--budget", Fault.CONFLICT, "the workers' clocks differ; with --strategy "
                        "multiworker say with --epochs when to stop")
    until = training.until(flags, recipe.enlarges)
    eval_every = flags.eval_every or (EVAL_EVERY if until else None)
    if flags.strategy == "multiworker" and until:
        raise UserError("--until", Fault.CONFLICT, "only one of the workers evaluates; with "
                        "--strategy multiworker say with --epochs when to stop")
    if flags.strategy != "one" and flags.jit:
        raise UserError("--jit", Fault.CONFLICT,
                        "XLA compiles the step of one device; leave it out, or --strategy")
    save_every = training.seconds(flags, "save_every")
    # Before the data, which TensorFlow Datasets may have to read: see distribution.make().
    strategy = None
    if flags.strategy != "one":
        runtime.load()
        from anime_gan_tf.training import distribution

        strategy = distribution.make(flags.strategy, recipe)
    planned = job.plan(model, recipe, outputs.stem(datasets.title(flags)), flags.run,
                       datasets.data_labels(flags) if flags.axes is not None else None,
                       flags.start_from, flags.as_published)
    outputs.check_outside_data(flags, checkpoints.ROOT)
    found = datasets.find(flags, planned.labels)
    _check_memory(recipe, planned.labels, flags.precision)  # before faces are decoded or drawn
    dataset = datasets.decode(found, recipe.image_size, planned.labels,
                              recipe.image_size if recipe.enlarges else 0)
    return Request(Job(model, recipe, dataset, planned.run, flags.seed, budget, started, eval_every,
                       until, planned.start_from, save_every, strategy, flags.precision,
                       flags.as_published), datasets.data(flags))


def _check_memory(recipe, labels, precision):
    runtime.load()
    from anime_gan_tf.training import memory

    memory.check(recipe, labels, precision)


def run(request):
    runtime.load()
    from anime_gan_tf.training import distribution, loop

    advice.suggest_crop(request.job.dataset, request.data)
    with distribution.clear_errors(request.job.strategy):
        loop.train(request.job)
