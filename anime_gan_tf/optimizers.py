"""The table of optimizers, which flags and recipes read before Keras is loaded."""
import pkgutil
from typing import NamedTuple


class _Row(NamedTuple):
    """path: "module:class" of a keras.optimizers.Optimizer; moments: how many variables it keeps
    for each weight; fields: fields of a Recipe that it takes, besides the learning rate;
    constants: further keyword arguments."""
    path: str
    moments: int
    fields: tuple = ()
    constants: dict = {}


OPTIMIZERS = {
    "adam": _Row("anime_gan_tf.training.adam:Adam", 2, ("beta_1", "beta_2"), {"epsilon": 1e-8}),
    "rmsprop": _Row("keras.optimizers:RMSprop", 1),
    "torch_rmsprop": _Row("anime_gan_tf.training.rmsprop:TorchRMSprop", 1),
    "sgd": _Row("keras.optimizers:SGD", 0),
}


def names(recipe):
    """The names of the generator's and the discriminator's optimizer of a Recipe."""
    d_optimizer = recipe.optimizer if recipe.d_optimizer == "same" else recipe.d_optimizer
    return recipe.optimizer, d_optimizer


def make(name, recipe):
    """The keras.optimizers.Optimizer of that name with a Recipe's values."""
    row = OPTIMIZERS[name]
    return pkgutil.resolve_name(row.path)(
        recipe.learning_rate, **{field: getattr(recipe, field) for field in row.fields},
        **row.constants)
