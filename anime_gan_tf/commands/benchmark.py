"""--mode benchmark"""
import dataclasses
import importlib.util

from anime_gan_tf import flags as table
from anime_gan_tf import recipes, runtime
from anime_gan_tf.commands import common
from anime_gan_tf.data.dataset import Faces
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.storage.names import Output
from anime_gan_tf.training.job import PRECISIONS

against_torch = runtime.late("benchmark.against_torch")
cost = runtime.late("benchmark.cost")
pipeline = runtime.late("benchmark.pipeline")
precision = runtime.late("training.precision")
startup = runtime.late("benchmark.startup", tensorflow=False)

# --what -> the flags that it takes
BENCHMARKS = {"pipeline": ("model", "data", "precision", *recipes.FLAGS),
              "torch": ("model", *recipes.FLAGS),
              "startup": (),
              "cost": ("model", "out", *recipes.FLAGS)}


@dataclasses.dataclass(frozen=True)
class Request:
    """chosen: {name: Recipe}, several for torch, else one."""
    what: str
    chosen: dict
    faces: Faces | None
    precision: str
    out: Output | None


def parse(flags):
    choose("--what", flags.what, BENCHMARKS)
    choose("--precision", flags.precision, PRECISIONS)
    for name in table.MODES["benchmark"].flags:
        if flags[name].present and name not in ("what", *BENCHMARKS[flags.what]):
            raise UserError(f"--{name}", Fault.CONFLICT, f"not a flag of --what {flags.what}")
    if flags.what == "torch":
        return Request("torch", _twins(flags), None, flags.precision, None)
    model, recipe = common.recipe(flags)
    if recipe.enlarges and flags.what == "cost":
        raise UserError("--model", Fault.CONFLICT, f"--what cost is for recipes that draw faces, "
                        f"not for {model}")
    faces = (common.faces(flags, recipe.image_size, DEFAULT) if flags.what == "pipeline"
             else None)
    out = (common.output(flags, ("cost", model), companions=(".md",)) if flags.what == "cost"
           else None)
    return Request(flags.what, {model: recipe}, faces, flags.precision, out)


def _twins(flags):
    """{name: Recipe} to measure against PyTorch."""
    if importlib.util.find_spec("torch") is None:
        raise UserError("--what", Fault.UNAVAILABLE, "torch needs PyTorch, which is no part of "
                        "requirements.txt; pip install torch")
    return {model: recipes.resolve(model, table.overrides())
            for model in (flags.model or ",".join(against_torch.DEFAULT)).split(",")}


def run(request):
    if request.what == "torch":
        against_torch.against_torch(request.chosen)
    elif request.what == "startup":
        startup.startup()
    else:
        (model, recipe), = request.chosen.items()
        if request.what == "cost":
            cost.cost(model, recipe, request.out.path)
            request.out.sign()
        else:
            pipeline.pipeline_against_step(model, recipe, request.faces,
                                           precision.choose(request.precision)[0])
