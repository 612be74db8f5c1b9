"""--mode infer"""
import dataclasses
import math

from anime_gan_tf import runtime
from anime_gan_tf.cli import attributes, generators, outputs
from anime_gan_tf.cli.flags import NUM, POOL, STRENGTH
from anime_gan_tf.cli.generators import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.generation import latents
from anime_gan_tf.storage.names import Output


@dataclasses.dataclass(frozen=True)
class Request:
    """latent, vary: files with initial latents; strength, keep: of vary; pool: number of faces from
    which top_k are selected; size: of the faces, None for that of the generator."""
    checkpoint: Checkpoint
    tags: tuple
    seed: int
    num: int | None
    latent: str | None
    vary: str | None
    strength: float
    keep: frozenset
    top_k: int | None
    pool: int
    matrix: bool
    separate: bool
    size: int | None
    out: Output


def parse(flags):
    requested = attributes.requested(flags)
    if flags.matrix and (flags.separate or requested or flags.num):
        raise UserError("--matrix", Fault.CONFLICT, f"draws every color of one face into one "
                        f"picture; leave --separate, --num and "
                        f"{', '.join(attributes.AXIS_FLAGS)} out")
    if flags.top_k and (flags.latent or flags.vary or flags.matrix or flags.num):
        raise UserError("--top_k", Fault.CONFLICT, "says how many, and chooses among faces of "
                        "seeds; leave --num, --latent, --vary and --matrix out")
    if flags.pool is not None and flags.pool < (flags.top_k or flags.pool + 1):
        raise UserError("--pool", Fault.CONFLICT, "says how many faces --top_k chooses from; give "
                        "--top_k, and no more than the pool")
    if (flags.strength is not None or flags.keep) and not flags.vary:
        raise UserError("--vary", Fault.MISSING,
                        "name the PNG whose face --strength and --keep are about")
    if flags.latent and flags.vary:
        raise UserError("--vary", Fault.CONFLICT,
                        "says where to start, as --latent does; give one of them")
    outputs.with_ending(flags, ".png")
    steered = tuple(requested) if requested or flags.matrix or flags.keep else None
    checkpoint = generators.find_checkpoint(flags, steered)
    axes = tuple(checkpoint.labels.axes)
    tags, keep = attributes.tags(flags, checkpoint), _kept(flags, axes)
    pool = flags.pool or POOL * (flags.top_k or 0)
    out = outputs.output(
        flags, (checkpoint.info["run"],), checkpoint=checkpoint.identity,
        defaults={"num": None if flags.latent or flags.matrix or flags.top_k else NUM["infer"],
                  "pool": POOL * (flags.top_k or 0) or None, "strength": STRENGTH,
                  "keep": ",".join(axes)},
        always=() if flags.vary else outputs.seed_if_first(flags))
    num = math.prod(checkpoint.labels.sizes[:2]) if flags.matrix else (
        flags.top_k or generators.num_faces(flags, NUM["infer"]))
    size = generators.size(flags, checkpoint.path, checkpoint.info, num)
    return Request(checkpoint, tags, flags.seed, flags.num, flags.latent, flags.vary,
                   STRENGTH if flags.strength is None else flags.strength, keep, flags.top_k,
                   pool, flags.matrix, flags.separate, size, out)


def _kept(flags, axes):
    """The values of --keep, a set."""
    parts = (*axes, "noise")
    keep = frozenset(choose("--keep", part.strip(), parts)
                     for part in (flags.keep or ",".join(axes)).split(","))
    if keep == set(parts):
        raise UserError("--keep", Fault.CONFLICT,
                        f"nothing is left to vary; leave one of {', '.join(parts)} out")
    return keep


def run(request):
    runtime.load()
    from anime_gan_tf.generation import drawing

    trained = request.checkpoint.load()
    drawing.warn_unseen(trained, request.tags)
    batch, seeds = _latents(request, trained)
    if request.checkpoint.slide:  # seeds alone no longer tell the faces
        batch, seeds = request.checkpoint.with_slide(batch), None
    if request.matrix:
        drawing.matrix(trained, batch, request.out.path, request.size)
    else:
        labels = trained.labels
        requested = ({} if trained.label_distribution is None
                     else dict(zip(labels.axes, labels.names(request.tags))))
        folder = drawing.faces(trained, batch, request.out.path, seeds, requested,
                               request.out.command if request.separate else None, request.size)
        if folder:
            say(f"{len(batch):,} files: {folder}/")
        if len(batch) > drawing.MAX_GRID:
            say(f"the picture shows the first {drawing.MAX_GRID} of {len(batch):,}")
    request.out.sign()
    say(f"checkpoint used: {trained.describe()}", f"faces: {request.out.path}")


def _latents(request, trained):
    """(Latents to draw, their seeds or None)."""
    runtime.load()
    from anime_gan_tf.generation import selection

    if request.vary:
        base = latents.read(request.vary, trained, "--vary", 1)
        return latents.variations(trained, base, request.num or NUM["infer"], request.strength,
                                  request.keep, request.tags, request.seed), None
    if request.latent:
        return latents.with_tags(latents.read(request.latent, trained, "--latent", request.num),
                                 request.tags), None
    seeds = range(request.seed, request.seed + (request.pool or request.num or NUM["infer"]))
    pool = latents.from_seeds(trained, seeds, request.tags)
    if not request.top_k:
        return pool, seeds
    best = selection.best(trained, request.checkpoint.path, pool, request.top_k)
    if len(best) < request.top_k:
        say(f"note: only {len(best):,} of the {len(pool):,} faces are unlike each other")
    return pool[best], [seeds[i] for i in best]
