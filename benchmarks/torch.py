"""This program's train step against the same one in PyTorch.  `python -m benchmarks.torch`"""
import importlib.util

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.recipes import Recipe
from benchmarks import measure, options

DEFAULT = ("dcgan", "wgan_gp", "acgan", "rpgan")
SECONDS = 5


def compare(chosen):
    """Measures recipes in turn and prints images/s and the ratios of this program's fastest format
    to the others.

    In float32 and, where the processor has units for it, in bfloat16; under PyTorch that is its
    autocast.

    Args: chosen: {name: Recipe}.
    Raises:
      UserError: where a recipe has no twin.
    """
    for model, recipe in chosen.items():
        if not has_twin(recipe):
            raise UserError("--model", Fault.UNKNOWN,
                            f"{model} has no twin in PyTorch; {', '.join(DEFAULT)} have")
    from anime_gan_tf.training import precision

    formats = ("float32", "bfloat16") if precision.has_units() else ("float32",)
    frameworks = {"ours": measure.implementation, "torch": measure.pytorch}
    sides = {f"{name} {compute}": (measured, compute) for name, measured in frameworks.items()
             for compute in formats}
    best = f"ours {formats[-1]}"
    others = [side for side in sides if side != best]
    print(f"{'model':<12}  px  width  batch" + "".join(f"{side:>16}" for side in sides)
          + f"   images/s; {best} over {', '.join(others)}", flush=True)
    for model, recipe in chosen.items():
        rates = {side: measured(recipe, SECONDS, compute).rate
                 for side, (measured, compute) in sides.items()}
        print(f"{model:<12}{recipe.image_size:>4}{recipe.width:>7}{recipe.batch_size:>5}x"
              f"{recipe.n_critic}" + "".join(f"{rate:>16.1f}" for rate in rates.values()) + "   "
              + ", ".join(f"{rates[best] / rates[side]:.2f}" for side in others), flush=True)


def has_twin(recipe):
    """Whether torch_twin.py has this recipe, without importing PyTorch beside TensorFlow."""
    dcgan = recipe.networks == "dcgan" and recipe.upsampling == "transposed"
    projection = not recipe.perceptual or recipe.projection  # the twin's heads take tags
    default = all(getattr(recipe, name) == getattr(Recipe, name) for name in (
        "d_width", "bias", "initialization", "generator_label", "attribute_loss",
        "g_attribute_weight", "learning_rate_period"))
    if not default or recipe.discriminator_norm == "instance" or "torch_rmsprop" in (
            recipe.optimizer, recipe.d_optimizer):
        return False
    return projection and recipe.loss != "sigmoid_wasserstein" and recipe.shared_trunk and (
        dcgan or recipe.networks in ("srresnet", "pyramid"))


def main(argv):
    parser = options.parser("The train step's speed beside PyTorch's.", model=None)
    parser.add_argument("--model", default=",".join(DEFAULT), help="recipes [%(default)s]")
    chosen = parser.parse_args(argv)
    if importlib.util.find_spec("torch") is None:
        raise UserError("torch", Fault.UNAVAILABLE, "PyTorch is not installed; pip install torch")
    compare({model: options.recipe(chosen, model) for model in chosen.model.split(",")})


if __name__ == "__main__":
    options.run(main)
