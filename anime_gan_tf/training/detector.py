"""Training of the face detector, on composed scenes."""
import sys

import keras
import numpy as np
import tensorflow as tf

from anime_gan_tf import __version__
from anime_gan_tf.data.scenes import Scenes
from anime_gan_tf.networks import detector
from anime_gan_tf.networks.detector import STRIDE, TYPICAL
from anime_gan_tf.storage import npz
from anime_gan_tf.training import precision

BATCH = 16
PARTS = 20        # of a training, after each of which there is a line of progress and a save
LEARNING_RATE = 1.5e-3
SPREAD = 0.10     # standard deviation of a face's Gaussian on the heat map, as a share of its side
MIN_SPREAD = 0.5  # in cells
NEAR = 0.6        # value of the heat map from which on a cell learns offset and size
_BOX_WEIGHT = 1.0


class _Batches(keras.utils.PyDataset):
    """Batch i of a part of the training is a pure function of the scenes, the part and i.

    Args: scenes: Scenes; count: batches of a part.
    """

    def __init__(self, scenes, count):
        super().__init__()
        self.scenes, self.count, self.part = scenes, count, 0

    def __len__(self):
        return self.count

    def on_epoch_end(self):
        self.part += 1

    def __getitem__(self, index):
        images, boxes = self.scenes.batch(self.part * self.count + index, BATCH)
        cells = self.scenes.side // STRIDE
        return (images.astype(np.float32) / 127.5 - 1,
                np.stack([targets(each, cells) for each in boxes]))


def targets(boxes, cells):
    """The targets of a scene.

    Args: boxes: float (faces, 3), centers x, y and sides in pixels; cells: side of the heat map.
    Returns: float32 (cells, cells, 5): heat in [0, 1], which is 1 in the cell of a face's center;
      the three other values of the nearest face (networks/detector.py); their weight, which is 0
      far from all faces.
    """
    result = np.zeros((cells, cells, 5), np.float32)
    grid = np.arange(cells) + 0.5
    for x, y, side in boxes:
        x, y, extent = x / STRIDE, y / STRIDE, side / STRIDE
        right, down = x - grid[None, :], y - grid[:, None]
        spread = max(MIN_SPREAD, SPREAD * extent)
        column, row = (int(np.clip(at, 0, cells - 1)) for at in (x, y))
        distance = ((grid[None, :] - grid[column]) ** 2 + (grid[:, None] - grid[row]) ** 2)
        heat = np.exp(-distance / (2 * spread ** 2))
        nearer = heat > result[..., 0]
        values = np.stack(np.broadcast_arrays(heat, right, down, np.log(side / TYPICAL),
                                              heat * (heat > NEAR)), axis=-1)
        result[nearer] = values[nearer]
    return result


def loss(target, predicted):
    """The penalty-reduced focal loss of the heat map (Law and Deng, "CornerNet", 2018, equation 1)
    plus the absolute error of offset and size, both per face of the batch."""
    heat, logit = target[..., 0], predicted[..., 0]
    center = tf.cast(heat > 0.999, tf.float32)
    probability = tf.sigmoid(logit)
    found = center * (1 - probability) ** 2 * tf.nn.softplus(-logit)
    false = (1 - center) * (1 - heat) ** 4 * probability ** 2 * tf.nn.softplus(logit)
    faces = tf.maximum(1.0, tf.reduce_sum(center))
    error = tf.reduce_sum(tf.abs(target[..., 1:4] - predicted[..., 1:4]), axis=-1)
    weight = target[..., 4]
    return (tf.reduce_sum(found + false) / faces
            + _BOX_WEIGHT * tf.reduce_sum(weight * error) / tf.maximum(1.0, tf.reduce_sum(weight)))


def train(sets, title, out, epochs, seed, side=None, start=None):
    """Trains a detector and writes it to `out`.

    Args: sets: [data.scenes.FaceSet] to compose scenes from; title: of their data; out: path of an
      .npz; epochs: of as many scenes as there are pictures; side: of a scene, in pixels; start:
      initial weights, None for random ones.
    """
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    scenes = Scenes(sets, seed, **({} if side is None else {"side": side}))
    pictures = sum(len(each.images) for each in sets)
    per_epoch = max(1, pictures // BATCH)
    parts = max(1, min(PARTS, round(epochs * per_epoch)))
    per_part = max(1, round(epochs * per_epoch / parts))
    total = parts * per_part
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, total - total // 20, warmup_target=LEARNING_RATE, warmup_steps=total // 20)
    with precision.networks_in(precision.choose("auto")[0]):
        model = detector.build()
    if start is not None:
        model.set_weights(start)
    optimizer = keras.optimizers.AdamW(0.0, weight_decay=0.01)
    optimizer.build(model.trainable_variables)  # else the step is traced twice
    model.compile(optimizer, loss)
    info = {"kind": "face detector", "version": __version__, "data": title, "faces": pictures,
            "epochs": epochs, "seed": seed}

    def set_rate(_, logs):  # once a step: an optimizer with the schedule asks it for every weight
        optimizer.learning_rate = schedule(optimizer.iterations)

    def write(part, _):
        weights = [weight.astype(np.float16) for weight in model.get_weights()]
        npz.write_arrays(out, npz.numbered(weights) | {
            "info": npz.packed(info | {"epochs": epochs * (part + 1) / parts})})

    # It is written after each part, so that a training that is stopped leaves a detector.
    model.fit(_Batches(scenes, per_part), epochs=parts, shuffle=False,
              verbose=1 if sys.stderr.isatty() else 2,
              callbacks=[keras.callbacks.LambdaCallback(on_train_batch_begin=set_rate,
                                                        on_epoch_end=write)])
