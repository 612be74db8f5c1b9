"""--mode compare"""
import dataclasses
import pathlib

from anime_gan_tf import flags as table
from anime_gan_tf import recipes, runtime
from anime_gan_tf.commands import common
from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import UserError

comparison = runtime.late("training.comparison")

SIZE = 64


@dataclasses.dataclass(frozen=True)
class Request:
    """words: the command line of each training, beside --mode, --model and --run."""
    models: list
    words: list
    faces: Faces
    out: pathlib.Path
    until: float | None


def parse(flags):
    models = flags.model.split(",") if flags.model else list(recipes.RECIPES)
    for model in models:
        recipes.resolve(model, table.overrides())
    if flags.budget is None and flags.epochs is None:
        raise UserError("--budget: say how long each recipe may train, as in --budget 10m")
    until = common.until(flags)
    words = [f"--{name}={flags[name].value}"
             for name in ("budget", "until", "eval_every", "seed", *recipes.FLAGS)
             if flags[name].present]
    out = common.png(flags, "compare", common.data(flags))
    return Request(models, [*words, f"--data={common.data(flags)}"],
                   common.faces(flags, SIZE), out, until)


def run(request):
    comparison.compare(request.models, request.words, request.faces, request.out, request.until)
