"""What changes during a training, and so what a checkpoint holds."""
import contextlib
import dataclasses

import keras
import tensorflow as tf

from anime_gan_tf import networks, optimizers
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels
from anime_gan_tf.networks import blocks, enlarger, loading
from anime_gan_tf.storage import checkpoints
from anime_gan_tf.training import precision


@dataclasses.dataclass
class State:
    """Everything that changes during training."""
    generator: keras.Model
    discriminator: keras.Model
    ema_generator: keras.Model  # of moving averages of the weights: the one to draw with
    g_optimizer: keras.optimizers.Optimizer
    d_optimizer: keras.optimizers.Optimizer
    rng: tf.random.Generator
    step: tf.Variable       # int64: generator updates done; also the position in the data
    seconds: tf.Variable    # float64: wall time spent training
    rollbacks: tf.Variable  # int64: divergences so far; each halves the learning rate
    labels: Labels          # of the data, as fixed as the recipe
    comparison: keras.Model | None = None  # frozen: the maps that a feature loss compares

    def variables(self):
        """{unique name: variable}, in an order that depends only on the recipe."""
        parts = {"generator": self.generator.weights, "discriminator": self.discriminator.weights,
                 "average": self.ema_generator.weights}
        parts |= {name: getattr(self, name).variables for name in ("g_optimizer", "d_optimizer")}
        # By position: Keras counts its names up within a process, so they are not the same in all.
        named = {f"{part}/{i:03d}": variable
                 for part, members in parts.items() for i, variable in enumerate(members)}
        return named | {"rng": self.rng.state, "step": self.step, "seconds": self.seconds,
                        "rollbacks": self.rollbacks}


def make_state(recipe, seed, labels, strategy=None, compute="float32"):
    """A fresh State. The same recipe, labels and seed give the same weights, on whatever devices.

    Args:
      strategy: a tf.distribute.Strategy, or None for one device.
      compute: the number format that the two networks compute in (precision.py); ema_generator
        draws in float32.
    """
    # Layers count their names up within a process, and the order in which TensorFlow adds gradients
    # up follows from the names: starting over makes a second run in a process equal to the first.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    with strategy.scope() if strategy else contextlib.nullcontext():
        with precision.of_networks(compute):
            generator, discriminator = networks.build(recipe, labels)
            comparison = enlarger.comparison() if recipe.feature_loss else None
        ema_generator = networks.build_generator(recipe, labels)
        ema_generator.set_weights(generator.get_weights())
        d_optimizer = recipe.optimizer if recipe.d_optimizer == "same" else recipe.d_optimizer
        g_optimizer = optimizers.make(recipe.optimizer, recipe)
        d_optimizer = optimizers.make(d_optimizer, recipe)
        # Built before the step is traced: variables cannot be made inside a tf.function.
        g_optimizer.build(generator.trainable_variables)
        d_optimizer.build(discriminator.trainable_variables)
    # Statistics are those of the whole batch, whichever device holds which part.
    for layer in (*generator.layers, *discriminator.layers):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = bool(strategy) and strategy.num_replicas_in_sync > 1
    return State(generator, discriminator, ema_generator, g_optimizer, d_optimizer,
                 rng=tf.random.Generator.from_seed(seed),
                 step=tf.Variable(0, dtype=tf.int64, name="step"),
                 seconds=tf.Variable(0.0, dtype=tf.float64, name="seconds"),
                 rollbacks=tf.Variable(0, dtype=tf.int64, name="rollbacks"),
                 labels=labels, comparison=comparison)


def start_from(path, state, recipe):
    """Gives a fresh State the networks of a generator.npz and of the discriminator beside it.

    The perceptual discriminator, where the trained one lacks it, stays as it begins: it adds
    nothing yet.

    Returns: whether there was a discriminator of the right shape; else it stays as it is.
    Raises:
      UserError: where the generator is of another shape.
    """
    checkpoints.check_start(path, recipe, state.labels)
    trained = loading.load_generator(path)
    for model in (state.generator, state.ema_generator):
        if not _copy(trained.generator, model):
            raise UserError("--start_from", Fault.CONFLICT, f"{path} does not fit this recipe")
    discriminator = loading.load_discriminator(path, trained.recipe, trained.labels)
    return discriminator is not None and _copy(discriminator, state.discriminator)


def _copy(source, target):
    """Gives one keras.Model the weights of another, if they fit; returns whether they do.

    Layers that can be added to a trained network (blocks.ADDED) may be missing from either.
    """
    weights = []
    for model, other in ((source, target), (target, source)):
        there = {layer.name for layer in other.layers}
        weights.append([weight for layer in model.layers if layer.name in there
                        or not layer.name.startswith(blocks.ADDED) for weight in layer.weights])
    return loading.fill(weights[1], weights[0])
