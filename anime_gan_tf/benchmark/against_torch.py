"""This program's train step against the same one in PyTorch."""
import statistics

from anime_gan_tf import runtime
from anime_gan_tf.benchmark import measure
from anime_gan_tf.errors import UserError
from anime_gan_tf.training import precision

torch_twin = runtime.late("benchmark.torch_twin", tensorflow=False)

DEFAULT = ("dcgan", "wgan_gp", "acgan", "rpgan")
ROUNDS, SECONDS = 2, 5


def against_torch(chosen):
    """Measures recipes in turn, ROUNDS times, and prints the medians of images/s and their ratios.

    In float32 and, where the processor has units for it, in bfloat16; under PyTorch that is its autocast.

    Args: chosen: {name: Recipe}.
    Raises:
      UserError: where a recipe has no twin.
    """
    for model, recipe in chosen.items():
        if not torch_twin.covers(recipe):
            raise UserError(f"--model: {model} has no twin in PyTorch; {', '.join(DEFAULT)} have")
    formats = ("float32", "bfloat16") if precision.has_units() else ("float32",)
    sides = [(name, side, compute) for name, side in (("ours", measure.ours), ("torch", measure.pytorch))
             for compute in formats]
    print(f"{'model':<12}  px  width  batch" + "".join(f"{f'{name} {compute}':>16}" for name, _, compute in sides)
          + "   images/s; ratios of ours to torch's, by round", flush=True)
    for model, recipe in chosen.items():
        rounds = [[side(recipe, SECONDS, compute).rate for _, side, compute in sides] for _ in range(ROUNDS)]
        medians = [statistics.median(column) for column in zip(*rounds)]
        # Our fastest format against each of PyTorch's.
        best, theirs = len(formats) - 1, len(formats)
        ratios = [f"{formats[best]} / {compute} " + ", ".join(f"{row[best] / row[theirs + i]:.2f}" for row in rounds)
                  for i, compute in enumerate(formats)]
        print(f"{model:<12}{recipe.image_size:>4}{recipe.width:>7}{recipe.batch_size:>5}x{recipe.n_critic}"
              + "".join(f"{rate:>16.1f}" for rate in medians) + "   " + "; ".join(ratios), flush=True)
