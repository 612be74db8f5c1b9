"""A small network that predicts the attributes of a face. Averages of its feature maps are the
`faces` features, in which distances between sets of faces are measured.

It is trained on the training part of a data set (data/deduplication.py) and measured on the
held-out part.
"""
from __future__ import annotations

import dataclasses
import functools
import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from anime_gan_tf import __version__, recipes
from anime_gan_tf.data import pipeline
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import metrics
from anime_gan_tf.labels import Labels, UNKNOWN
from anime_gan_tf.networks import forward, loading
from anime_gan_tf.storage import checkpoints, kinds, npz, schema

SIZE = 64
WIDTHS = (24, 48, 96, 160)
PRETRAINED = checkpoints.CLASSIFIER
BATCH = 128
_BATCH = 256  # images in a forward pass
_AUGMENTED = dataclasses.replace(recipes.RECIPES["dcgan"], batch_size=BATCH, flip=True,
                                 rotation=10.0)


def build(labels):
    """images (batch, 64, 64, 3) in [-1, 1] -> {axis: logits (batch, number of its values)} of
    Labels, and "features" (batch, 256): means and standard deviations over the image of the first
    two layers' maps, which describe texture, and means of the last one's, which describe the
    face."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x, texture = image, []
    for i, width in enumerate(WIDTHS):
        x = _block(x, width, 2)
        texture.append(x)
        if i < len(WIDTHS) - 1:
            x = _block(x, width, 1)
            texture.append(x)
    face = layers.GlobalAveragePooling2D()(x)
    pooled = [pool(y, axis=(1, 2)) for y in texture[:2] for pool in (ops.mean, ops.std)]
    y = layers.Dropout(0.3)(face)
    logits = {axis: layers.Dense(len(values), name=axis)(y) for axis, values in labels.axes.items()}
    return keras.Model(image,
                       logits | {"features": layers.Concatenate(name="features")([*pooled, face])},
                       name="classifier")


def _block(x, width, stride):
    x = layers.Conv2D(width, 3, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))


def train(dataset, out, epochs, seed):
    """Trains a classifier, measures it on the held-out faces and writes it to `out`.

    Args: dataset: tagged ImageDataset of 64 px; out: path of an .npz; epochs: passes over the
      training part; seed: of weights, order and augmentation.
    Returns: metrics.accuracy() on the held-out faces.
    Raises:
      UserError: there are no tags to learn from or to test on.
    """
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    rows, _, held_out = dataset.split
    if not all((dataset.tags[part] != UNKNOWN).any() for part in (rows, held_out)):
        tagged = int((dataset.tags != UNKNOWN).any(axis=1).sum())
        raise UserError("--data", Fault.TOO_FEW, f"{dataset.title} has {tagged:,} faces with a "
                        f"label of {', '.join(dataset.labels.axes)}, too few to learn from and to "
                        f"test on")
    per_epoch = len(rows) // BATCH or 1
    total = max(1, round(epochs * per_epoch))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, total - total // 10, warmup_target=3e-3, warmup_steps=total // 10)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.02)
    labels = dataset.labels
    dataset = dataclasses.replace(dataset, tags=labels.nearest(dataset.tags))
    model = build(labels)
    trained = keras.Model(model.input, {axis: model.output[axis] for axis in labels.axes})
    trained.compile(optimizer, {
        axis: keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=UNKNOWN)
        for axis in labels.axes})
    flat = lambda images, tags, _: (images[0],
                                    {axis: tags[0, :, i] for i, axis in enumerate(labels.axes)})
    trained.fit(pipeline.batches(dataset, _AUGMENTED, seed, 0, rows).map(flat),
                steps_per_epoch=per_epoch, epochs=-(-total // per_epoch), shuffle=False,
                verbose=1 if sys.stderr.isatty() else 2)

    weights = [weight.astype(np.float16) for weight in model.get_weights()]
    model.set_weights([weight.astype(np.float32) for weight in weights])  # what a reader will get
    predict = Classifier(model, labels, np.float32(0), np.float32(1), {}).predict
    # Standardized over the training faces, so that every feature has the same weight in a distance.
    features = predict(dataset.images[rows])["features"]
    center, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    accuracy = metrics.accuracy(predict(dataset.images[held_out]), {
        axis: dataset.tags[held_out, i] for i, axis in enumerate(labels.axes)})
    info = {"version": __version__, "data": dataset.title, "faces": len(rows), "epochs": epochs,
            "seed": seed, "held_out": accuracy, "axes": labels.to_json()}
    npz.write_arrays(out, npz.numbered(weights) | {
        "centre": center, "scale": scale, "info": npz.packed(info)})
    return accuracy


@dataclasses.dataclass
class Classifier:
    """A trained classifier.

    Attributes: labels: the Labels that it predicts; center, scale: mean and standard deviation of
      the features over its training faces; info: the metadata of its file.
    """
    model: keras.Model
    labels: Labels
    center: np.ndarray
    scale: np.ndarray
    info: dict

    def __post_init__(self):
        self._forward = tf.function(lambda images: self.model(images, training=False),
                                    reduce_retracing=True)

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities and features.

        Args: images: uint8 (n, size, size, 3), of any size.
        Returns: {axis: probabilities (n, number of its values), "features": (n, 256)}.
        """
        outputs = forward.run(self._predict, [images], _BATCH)
        return outputs | {"features": (outputs["features"] - self.center) / self.scale}

    def _predict(self, images):
        """predict() of a few images, with the features as the network outputs them."""
        batch = tf.cast(images, tf.float32)
        if batch.shape[1] != SIZE:
            batch = tf.image.resize(batch, (SIZE, SIZE), antialias=True)
        outputs = self._forward(batch / 127.5 - 1.0)
        return outputs | {axis: tf.nn.softmax(outputs[axis]) for axis in self.labels.axes}


def load(path) -> Classifier:
    """Returns the Classifier in a file that train() wrote.

    Raises:
      UserError: it is missing, truncated or something else.
    """
    arrays, info = npz.read_arrays(path), npz.unpacked(path)
    names = npz.in_order(arrays)
    kinds.check(path, schema.CLASSIFIER, info)
    kinds.check_arrays(path, schema.CLASSIFIER_SCALING | dict.fromkeys(names, schema.FLOATS),
                       arrays, schema.CLASSIFIER.what)
    labels = schema.labels_of(info)
    model = build(labels)
    if not loading.fill(model.weights, [arrays[name] for name in names]):
        raise UserError(path, Fault.UNREADABLE, "not a classifier of this version")
    return Classifier(model, labels, arrays["centre"], arrays["scale"], info)


@functools.cache  # a projection predicts three times
def bundled() -> Classifier:
    """The classifier of the package."""
    return load(PRETRAINED)
