"""--mode compare"""
import dataclasses

from anime_gan_tf import recipes, runtime
from anime_gan_tf.cli import datasets, outputs, training
from anime_gan_tf.cli import flags as table
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage.names import Output

SIZE = 64


@dataclasses.dataclass(frozen=True)
class Request:
    """argv: further command-line arguments of each training."""
    models: list
    argv: list
    dataset: ImageDataset
    out: Output
    until: float | None


def parse(flags):
    models = (flags.model.split(",") if flags.model else
              [name for name, recipe in recipes.RECIPES.items() if not recipe.enlarges])
    for model in models:
        if recipes.resolve(model, table.overrides()).enlarges:
            raise UserError("--model", Fault.CONFLICT, f"{model} enlarges faces; this compares "
                            f"what draws them")
    if flags.budget is None and flags.epochs is None:
        raise UserError("--budget", Fault.MISSING,
                        "say how long each recipe may train, as in --budget 10m")
    until = training.until(flags)
    argv = [f"--{name}={flags[name].value}"
            for name in ("budget", "until", "eval_every", "seed", *recipes.FLAGS)
            if flags[name].present]
    out = outputs.output(flags, ("compare", outputs.stem(datasets.data(flags)),
                                *(models if flags.model else ())), companions=(".md",))
    return Request(models, [*argv, f"--data={datasets.data(flags)}"],
                   datasets.load_dataset(flags, SIZE, DEFAULT), out, until)


def run(request):
    runtime.load()
    from anime_gan_tf.training import comparison

    comparison.compare(request.models, request.argv, request.dataset, request.out.path,
                       request.until)
    request.out.sign()
