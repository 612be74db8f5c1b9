"""--mode benchmark --what torch: this program's train step against the same one in PyTorch."""
import importlib.util
import statistics

from anime_gan_tf import recipes
from anime_gan_tf.benchmark import measure
from anime_gan_tf.errors import UserError

ROUNDS, SECONDS = 3, 20


def against_torch(models, overrides):
    """Measures the models in turn, ROUNDS times, and prints the ratio of images/s of each round and their median.

    Args:
      models: names of recipes; overrides: {field: value} for all of them.
    Raises:
      UserError: where PyTorch is missing, or a model has no twin.
    """
    if importlib.util.find_spec("torch") is None:
        raise UserError("--what: torch needs PyTorch, which is no part of requirements.txt; pip install torch")
    from anime_gan_tf.benchmark import torch_twin
    chosen = {model: recipes.resolve(model, overrides) for model in models}
    for model, recipe in chosen.items():
        if not torch_twin.covers(recipe):
            raise UserError(f"--model: {model} has no twin in PyTorch; dcgan, wgan, wgan_gp, acgan_dcgan and acgan have")
    print("model         px  width  batch  ours img/s  torch img/s   ratio   (rounds)", flush=True)
    for model, recipe in chosen.items():
        rates = [(measure.ours(recipe, SECONDS).rate, measure.pytorch(recipe, SECONDS).rate) for _ in range(ROUNDS)]
        ratios = [a / b for a, b in rates]
        ours, theirs = (statistics.median(column) for column in zip(*rates))
        print(f"{model:<12}{recipe.image_size:>4}{recipe.width:>7}{recipe.batch_size:>5}x{recipe.n_critic}"
              f"{ours:>12.1f}{theirs:>13.1f}{statistics.median(ratios):>8.2f}   "
              f"({', '.join(f'{ratio:.2f}' for ratio in ratios)})", flush=True)
