"""The table of optimizers, which flags and recipes read before Keras is loaded."""
import pkgutil
from typing import NamedTuple


class _Row(NamedTuple):
    """path: "module:class" of a keras.optimizers.Optimizer; fields: fields of a Recipe that it
    takes, besides the learning rate; constants: further keyword arguments."""
    path: str
    fields: tuple = ()
    constants: dict = {}


OPTIMIZERS = {
    "adam": _Row("anime_gan_tf.training.adam:Adam", ("beta_1", "beta_2"), {"epsilon": 1e-8}),
    "rmsprop": _Row("keras.optimizers:RMSprop"),
    "torch_rmsprop": _Row("anime_gan_tf.training.rmsprop:TorchRMSprop"),
    "sgd": _Row("keras.optimizers:SGD"),
}


def make(name, recipe):
    """The keras.optimizers.Optimizer of that name with a Recipe's values."""
    row = OPTIMIZERS[name]
    return pkgutil.resolve_name(row.path)(
        recipe.learning_rate, **{field: getattr(recipe, field) for field in row.fields},
        **row.constants)
