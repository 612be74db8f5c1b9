"""Speed of the train step and of a PyTorch baseline.  `python -m benchmarks.torch`"""
import importlib.util

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.recipes import Recipe
from benchmarks import measure, options

DEFAULT = ("dcgan", "wgan_gp", "acgan", "rpgan")
SECONDS = 5


def compare(chosen):
    """Measures recipes and prints images/s, and the ratios of this program's fastest format to the
    others.

    In float32 and, if the processor has units for it, in bfloat16, which is autocast in PyTorch.

    Args: chosen: {name: Recipe}.
    Raises:
      UserError: a recipe has no baseline.
    """
    for model, recipe in chosen.items():
        if not has_baseline(recipe):
            raise UserError("--model", Fault.UNKNOWN,
                            f"{model} has no PyTorch baseline; {', '.join(DEFAULT)} have")
    from anime_gan_tf.training import precision

    formats = ("float32", "bfloat16") if precision.has_units() else ("float32",)
    frameworks = {"tensorflow": measure.implementation, "torch": measure.baseline}
    columns = {f"{name} {compute}": (function, compute) for name, function in frameworks.items()
               for compute in formats}
    best = f"tensorflow {formats[-1]}"
    others = [column for column in columns if column != best]
    print(f"{'model':<12}  px  width  batch" + "".join(f"{column:>21}" for column in columns)
          + f"   images/s; {best} over {', '.join(others)}", flush=True)
    for model, recipe in chosen.items():
        rates = {column: function(recipe, SECONDS, compute).rate
                 for column, (function, compute) in columns.items()}
        print(f"{model:<12}{recipe.image_size:>4}{recipe.width:>7}{recipe.batch_size:>5}x"
              f"{recipe.n_critic}" + "".join(f"{rate:>21.1f}" for rate in rates.values()) + "   "
              + ", ".join(f"{rates[best] / rates[other]:.2f}" for other in others), flush=True)


def has_baseline(recipe):
    """Whether torch_baseline.py has this recipe. Does not import PyTorch."""
    dcgan = recipe.networks == "dcgan" and recipe.upsampling == "transposed"
    projection = not recipe.perceptual or recipe.projection  # the baseline's heads take labels
    default = all(getattr(recipe, name) == getattr(Recipe, name) for name in (
        "d_width", "bias", "initialization", "generator_label", "attribute_loss",
        "g_attribute_weight", "learning_rate_period"))
    if not default or recipe.discriminator_norm == "instance" or "torch_rmsprop" in (
            recipe.optimizer, recipe.d_optimizer):
        return False
    return projection and recipe.loss != "sigmoid_wasserstein" and recipe.shared_trunk and (
        dcgan or recipe.networks in ("srresnet", "pyramid"))


def main(argv):
    parser = options.parser("Speed of the train step and of a PyTorch baseline.", model=None)
    parser.add_argument("--model", default=",".join(DEFAULT), help="recipes [%(default)s]")
    chosen = parser.parse_args(argv)
    if importlib.util.find_spec("torch") is None:
        raise UserError("torch", Fault.UNAVAILABLE, "PyTorch is not installed; pip install torch")
    compare({model: options.recipe(chosen, model) for model in chosen.model.split(",")})


if __name__ == "__main__":
    options.run(main)
