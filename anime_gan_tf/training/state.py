"""Everything that changes during a training, which a checkpoint stores."""
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
    ema_generator: keras.Model  # with moving averages of the weights, to draw with
    g_optimizer: keras.optimizers.Optimizer
    d_optimizer: keras.optimizers.Optimizer
    rng: tf.random.Generator
    step: tf.Variable       # int64: generator updates done; also the position in the data
    seconds: tf.Variable    # float64: wall time spent training
    rollbacks: tf.Variable  # int64: divergences so far; each halves the learning rate
    labels: Labels          # of the data; constant
    comparison: keras.Model | None = None  # frozen feature extractor of the feature loss

    def variables(self):
        """{unique name: variable}, in an order that only depends on the recipe."""
        parts = {"generator": self.generator.weights, "discriminator": self.discriminator.weights,
                 "average": self.ema_generator.weights}
        parts |= {name: getattr(self, name).variables for name in ("g_optimizer", "d_optimizer")}
        # Numbered: Keras's names have counters that differ between processes.
        named = {f"{part}/{i:03d}": variable
                 for part, members in parts.items() for i, variable in enumerate(members)}
        return named | {"rng": self.rng.state, "step": self.step, "seconds": self.seconds,
                        "rollbacks": self.rollbacks}


def make_state(recipe, seed, labels, strategy=None, compute="float32"):
    """A new State. The same recipe, labels and seed give the same weights on any devices.

    Args:
      strategy: a tf.distribute.Strategy, or None for one device.
      compute: the number format of the two networks (precision.py); ema_generator computes in
        float32.
    """
    # The names of layers have counters, and TensorFlow adds gradients up in the order of names:
    # resetting the counters makes a second run in a process equal to the first.
    keras.backend.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    with strategy.scope() if strategy else contextlib.nullcontext():
        with precision.networks_in(compute):
            generator, discriminator = networks.build(recipe, labels)
            if recipe.embedding_only:
                blocks.freeze_all_but_embedding(generator)
            comparison = enlarger.comparison() if recipe.feature_loss else None
        ema_generator = networks.build_generator(recipe, labels)
        ema_generator.set_weights(generator.get_weights())
        g_optimizer, d_optimizer = (optimizers.make(name, recipe)
                                    for name in optimizers.names(recipe))
        # Built before the step is traced: a tf.function cannot create variables.
        g_optimizer.build(generator.trainable_variables)
        d_optimizer.build(discriminator.trainable_variables)
    # The statistics are those of the whole batch, over all devices.
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
    """Gives a new State the weights of a generator.npz and of its discriminator.

    If the trained discriminator has no perceptual heads, those of the State keep their initial
    weights, which add nothing to the logits.

    Returns: whether there was a discriminator of the right shape; else that of the State keeps its
      initial weights.
    Raises:
      UserError: the generator has another shape.
    """
    checkpoints.check_start(path, recipe, state.labels)
    trained = loading.load_generator(path)
    for model in (state.generator, state.ema_generator):
        if not _copy(trained.generator, model):
            raise UserError("--start_from", Fault.CONFLICT, f"{path} does not fit this recipe")
    discriminator = loading.load_discriminator(path, trained.recipe, trained.labels)
    return discriminator is not None and _copy(discriminator, state.discriminator)


def _copy(source, target):
    """Copies the weights of one keras.Model to another, if they fit; returns whether they do.

    Layers that can be added to a trained network (blocks.ADDED) may be missing from either.
    """
    weights = []
    for model, other in ((source, target), (target, source)):
        in_other = {layer.name for layer in other.layers}
        weights.append([weight for layer in model.layers if layer.name in in_other
                        or not layer.name.startswith(blocks.ADDED) for weight in layer.weights])
    return loading.fill(weights[1], weights[0])
