"""--mode evaluate"""
import dataclasses

import numpy as np

from anime_gan_tf import runtime
from anime_gan_tf.cli import datasets, generators, outputs
from anime_gan_tf.cli.flags import NUM
from anime_gan_tf.cli.generators import Checkpoint
from anime_gan_tf.console import say
from anime_gan_tf.data import dataset, sources
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import feature_spaces
from anime_gan_tf.generation import latents
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.storage.names import Output

MIN_TAGGED = 0.5  # share of the faces that have a tag of each axis


@dataclasses.dataclass(frozen=True)
class Request:
    """generated: the faces to measure; None to draw `num` faces of the checkpoint."""
    real: ImageDataset
    features: str
    seed: int
    out: Output
    generated: ImageDataset | None
    checkpoint: Checkpoint | None
    num: int


def parse(flags):
    if flags.images and (flags.run or flags.model or flags.num or flags["latent_std"].present):
        raise UserError("--images", Fault.CONFLICT, "the faces are there already; leave --run, "
                        "--model, --num and --latent_std out")
    feature_spaces.check(flags.features)
    num = flags.num or NUM["evaluate"]
    if flags.images:
        subject, size, checkpoint = outputs.stem(flags.images), flags.size or 64, None
        labels = feature_spaces.classifier_labels(flags.features)  # of predictions
        generated = dataset.load(sources.open_path(flags.images, labels, "--images"), size)
        feature_spaces.check_number(len(generated.images), "--images")
    else:
        checkpoint, generated = generators.find_checkpoint(flags), None
        subject, own = checkpoint.info["run"], checkpoint.info["recipe"]["image_size"]
        size = generators.size(flags, checkpoint.path, checkpoint.info) or own
        labels = checkpoint.data_labels
        feature_spaces.check_number(num, "--num")
    # Without a check whether it can be written: the metrics are printed first, and matter more.
    out = outputs.output(flags, outputs.named(flags, "evaluation", subject), check=False,
                        checkpoint=checkpoint and checkpoint.info,
                        defaults={"num": NUM["evaluate"]}, companions=(".json", "_confusion.png"))
    return Request(datasets.load_dataset(flags, size, labels), flags.features, flags.seed, out,
                   generated, checkpoint, num)


def run(request):
    runtime.load()
    from anime_gan_tf.evaluation import evaluator, report
    from anime_gan_tf.generation import enlarging
    from anime_gan_tf.training import curves

    real, generated, trained = request.real, request.generated, None
    if generated:
        images, tags, labels = generated.images, generated.tags, generated.labels
        title, against = generated.title, None
    else:
        trained, std = request.checkpoint.load(), request.checkpoint.latent_std
        drawn = _latents(trained, real, range(request.seed, request.seed + request.num))
        size = real.images.shape[1]
        images = np.concatenate(list(enlarging.draw(trained, drawn, size, progress=True)))
        tags, labels = drawn.tags, trained.labels
        enlarged = size != trained.recipe.image_size
        title = trained.describe() + (f", noise of {std:g}" if std else "") + (
            f", enlarged to {size} px" if enlarged else "")
        against = ("a perceptual discriminator on EfficientNet-Lite1" if trained.recipe.perceptual
                   else "no frozen features")
        if trained.info["data"] != real.title:
            say(f"note: {trained.info['run']} was trained on {trained.info['data']}, not on "
                f"{real.title}")
    content = evaluator.evaluate(title, images, tags, labels, real, request.features,
                                 request.seed, against)
    say(*report.lines(content))  # first, in case a file cannot be written
    say(*(f"{what}: {path}" for what, path in report.save(content, images,
                                                          request.out.path).items()))
    request.out.sign()
    if trained and not (std or enlarged):
        folder = request.checkpoint.path.parent
        if (folder / "run.json").exists():  # a run with TensorBoard files
            curves.Curves(folder).quality(content["generated"], trained.info.get("step", 0))


def _latents(trained, real, seeds):
    """The Latents to draw, with each combination of labels as often as the training part of the
    real faces has it: other shares would add to the distances. Where fewer than MIN_TAGGED of those
    are tagged, as often as in the generator's own training."""
    from anime_gan_tf.generation import drawing

    if not trained.recipe.conditional:
        return latents.from_seeds(trained, seeds)
    tags = real.tags[real.split.training]
    tagged = (tags != UNKNOWN).sum(axis=0)
    if tagged.min() >= MIN_TAGGED * len(tags):
        trained = trained.with_label_distribution(real.labels.joint_distribution(tags))
    else:
        counts = ", ".join(f"{axis} {count:,}" for axis, count in zip(real.labels.axes, tagged))
        say(f"note: labels are requested as often as in the training of {trained.info['run']}: of "
            f"{len(tags):,} training faces of {real.title} too few are tagged ({counts})")
    drawn = latents.from_seeds(trained, seeds)
    drawing.warn(trained, [f"{name} ({count:,} of the faces)" for name, count
                           in drawing.unseen(trained, drawn.tags).items()])
    return drawn
