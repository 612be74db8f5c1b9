"""--mode project: the noise with which a generator best redraws given faces, in the colours they have."""
import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from anime_gan_tf import attributes, checkpoints, classifier, pictures, points, sampling
from anime_gan_tf.attributes import AXES, HAIR
from anime_gan_tf.networks import blocks, efficientnet
from anime_gan_tf.points import Points

POOL = 512        # random faces, of which the nearest are where the descents start
RESTARTS = 4
SHOWN = 32        # faces in the picture
RATE = 0.05       # Adam's, falling to zero by a cosine
PIXELS = 10.0     # weight of the pixels' mean square beside the discriminator's features
TAPS = (4, 10)    # of the ImageNet network: blocks of strides 8 and 16
LENGTH = 0.1      # weight of z's mean square: noise that is longer than any it was trained on draws worse


def project(trained, path, images, steps, seed):
    """Descends from the nearest of POOL random faces to the one that redraws an image best.

    The colours are those that the attribute classifier sees: left to the descent they end between all
    colours, where every face is gray. The loss is the mean square difference of pixels and, each divided by its
    size in the given image, of two maps of an ImageNet network and of the outputs of the discriminator's activations,
    where one lies beside the generator.

    Args:
      trained: checkpoints.Trained; path: of its generator.npz; images: uint8 (n, size, size, 3);
      steps: of Adam; seed: of the pool.
    Returns: (Points of the faces found, Points of the nearest in the pool).
    """
    generator = points.from_code(trained.generator)
    look = _features(checkpoints.load_discriminator(path, trained.recipe), trained.recipe.image_size)
    pool = points.of_seeds(trained, range(seed, seed + POOL))
    seen = classifier.load().look(images) if trained.recipe.conditional else None
    found, nearest = [], []
    for i, image in enumerate(tqdm(images, "projecting", unit="face", disable=None)):
        if seen:
            pool = points.recolour(pool, [int(seen[axis][i].argmax()) for axis in AXES])
        target = look(sampling.from_uint8(image[None]))
        drawn = sampling.from_uint8(sampling.draw(generator, pool.z, pool.code))
        losses = np.concatenate([_distance(look(part), target) for _, part in sampling.batches(drawn)])
        start = pool[np.argsort(losses)[:RESTARTS]]
        end, losses = _descend(generator, look, target, start, steps, trained.recipe.latent_std)
        found.append(end[[int(np.argmin(losses))]])
        nearest.append(start[:1])
    return points.joined(found), points.joined(nearest)


def _features(discriminator, size):
    """A function from images (n, size, size, 3) in [-1, 1] to a list of what is compared, pixels first."""
    image = keras.Input((size, size, 3), name="image")
    seen = efficientnet.features(image, "lite0", TAPS, "mode project")
    if discriminator is not None:
        theirs = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
        # Not those of a perceptual one beside it: the features below them are much like the two maps, and cost more.
        acts = [layer.output for layer in discriminator.layers
                if isinstance(layer, (keras.layers.LeakyReLU, keras.layers.ReLU)) and len(layer.output.shape) == 4
                and not layer.name.startswith(blocks.ADDED)]
        seen = [*seen, *keras.Model(theirs, acts)(image)]
    model = keras.Model(image, seen)
    return tf.function(lambda images: [tf.convert_to_tensor(images), *model(images, training=False)],
                       reduce_retracing=True)


def _distance(drawn, target):
    """(n,) losses of what look() gave of n faces against what it gave of one."""
    mean = lambda x: tf.reduce_mean(tf.square(x), axis=(1, 2, 3))
    pixels, *features = (mean(a - b) / (1.0 if i == 0 else mean(b)) for i, (a, b) in enumerate(zip(drawn, target)))
    return PIXELS * pixels + (tf.add_n(features) / len(features) if features else 0.0)


def _descend(generator, look, target, start, steps, std):
    """(Points, losses (n,)) after some steps of Adam from n starting points at once."""
    z = tf.Variable(start.z)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps), beta_2=0.99)
    optimizer.build([z])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            inputs = [z + 0.0] + ([] if start.code is None else [tf.constant(start.code)])
            losses = _distance(look(generator(inputs, training=False)), target)
            total = tf.reduce_sum(losses + LENGTH * tf.reduce_mean(tf.square(z / std), axis=1))
        optimizer.apply([tape.gradient(total, z)], [z])
        return losses

    for _ in tqdm(range(steps), "descending", leave=False, disable=None):
        losses = step()
    return Points(z.numpy(), start.code), losses.numpy()


def report(trained, images, found, nearest, out):
    """Draws given, nearest and redrawn faces as three rows.

    Args: images: uint8 (n, size, size, 3); found, nearest: as project() gives them; out: path of the .png.
    Returns: {"psnr": mean, in dB} and, of a tagged model, the shares "hair_changed" and "eyes_kept" under
      another hair colour.
    """
    redrawn = points.draw(trained, found)
    ratios = [psnr(*pair) for pair in zip(images, redrawn)]
    rows = [images[:SHOWN], points.draw(trained, nearest[:SHOWN]), redrawn[:SHOWN]]
    pictures.save_png(out, pictures.labelled(
        pictures.grid(np.concatenate(rows), len(rows[0])), ["given", "nearest", "redrawn"],
        [f"{ratio:.1f} dB" for ratio in ratios[:SHOWN]]), points.metadata(trained, found[:SHOWN]))
    return {"psnr": float(np.mean(ratios))} | ({} if found.code is None else _recoloured(trained, found, redrawn))


def _recoloured(trained, found, redrawn):
    """How often another hair colour arrives, and the eyes stay as they were, by the attribute classifier."""
    colours = classifier.load()
    before = colours.look(redrawn)
    asked = (before["hair"].argmax(axis=1) + np.arange(1, len(found) + 1)) % len(HAIR)
    tags = np.stack([asked, np.full(len(found), attributes.UNKNOWN)], axis=1)
    after = colours.look(points.draw(trained, points.overlaid(found, points.encode(tags))))
    same = {axis: after[axis].argmax(axis=1) == before[axis].argmax(axis=1) for axis in AXES}
    hair = after["hair"].argmax(axis=1) == asked
    return {"hair_changed": float(hair.mean()), "eyes_kept": float(same["eyes"].mean())}


def psnr(a, b):
    """Peak signal-to-noise ratio of two uint8 images in dB."""
    error = np.mean((a.astype(float) - b) ** 2)
    return float(10 * np.log10(255 ** 2 / error)) if error else float("inf")
