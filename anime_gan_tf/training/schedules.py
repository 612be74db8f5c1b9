"""Schedules of a recipe's hyperparameters over a run."""
import numpy as np
from keras import ops


def rates(recipe, progress):
    """(learning rate of G, gamma of R1 and R2). progress: the share of the run that is done, 0 to
    1."""
    turns = progress
    if recipe.learning_rate_period:  # as PyTorch's CosineAnnealingLR, called once per epoch
        turns = ops.floor(progress * recipe.epochs) / recipe.learning_rate_period
    return (recipe.learning_rate * cosine(recipe.final_learning_rate_share, turns),
            recipe.r1_r2 * cosine(recipe.final_r1_r2_share, progress))


def adversarial_weight(recipe, progress):
    """lambda of the generator's adversarial loss, zero during the warm-up."""
    if not recipe.warmup_share:
        return recipe.adversarial_weight
    return recipe.adversarial_weight * ops.cast(progress >= recipe.warmup_share, "float32")


def cosine(end, progress):
    """Cosine annealing from 1 at progress 0 to `end` at 1 (Loshchilov and Hutter 2017, equation 5),
    back to 1 at 2, and so on."""
    return end + (1 - end) * 0.5 * (1 + ops.cos(np.pi * progress))


def ema_decay(recipe, num_images):
    """The decay of the exponential moving average of the weights. num_images: so far, float32.

    Its half-life is a share of the images so far, so that the initial weights lose their influence
    whatever the length of the run (the power-function average of Karras et al. 2024, equation 4).
    """
    if not recipe.ema_share:
        return 0.0
    return 0.5 ** (recipe.batch_size / (recipe.ema_share * num_images))
