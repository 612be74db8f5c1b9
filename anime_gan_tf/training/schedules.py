"""How numbers of a recipe change over a run."""
import numpy as np
from keras import ops


def rates(recipe, progress):
    """(learning rate of G, gamma of R1 and R2) at a share of the run that is done, 0 to 1."""
    turns = progress
    if recipe.learning_rate_period:  # as PyTorch's CosineAnnealingLR, called once an epoch
        turns = ops.floor(progress * recipe.epochs) / recipe.learning_rate_period
    return (recipe.learning_rate * cosine(recipe.final_learning_rate_share, turns),
            recipe.r1_r2 * cosine(recipe.final_r1_r2_share, progress))


def adversarial_weight(recipe, progress):
    """lambda on the generator's adversarial loss: zero during the warm-up."""
    if not recipe.warmup_share:
        return recipe.adversarial_weight
    return recipe.adversarial_weight * ops.cast(progress >= recipe.warmup_share, "float32")


def cosine(end, progress):
    """A half cosine from 1 to `end` while progress goes from 0 to 1 (Loshchilov and Hutter 2017,
    equation 5), back to 1 at 2, and so on."""
    return end + (1 - end) * 0.5 * (1 + ops.cos(np.pi * progress))


def ema_decay(recipe, images_seen):
    """The decay of the weight average at a step, after so many images (float32 scalar).

    A half-life that is a share of the images so far forgets the start at any run length (the
    power-function average of Karras et al. 2024, equation 4).
    """
    if not recipe.ema_share:
        return 0.0
    return 0.5 ** (recipe.batch_size / (recipe.ema_share * images_seen))
