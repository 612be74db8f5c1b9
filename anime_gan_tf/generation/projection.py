"""The noise with which a generator best redraws given faces, in the colors they have."""
import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import enlarging, latents, sampling
from anime_gan_tf.generation.latents import Latents
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.networks import blocks, efficientnet, forward, loading
from anime_gan_tf.storage import pictures

POOL = 512        # random faces, of which the nearest are where the descents start
RESTARTS = 4
SHOWN = 32        # faces in the picture
RATE = 0.05       # Adam's, falling to zero by a cosine
PIXELS = 10.0     # weight of the pixels' mean square beside the discriminator's features
TAPS = (4, 10)    # of the ImageNet network: blocks of strides 8 and 16
# Weight of z's mean square: noise that is longer than any it was trained on draws worse.
LENGTH = 0.1


def project(trained, path, images, steps, seed):
    """Descends from the nearest of POOL random faces to the one that redraws an image best.

    The colors are those that the attribute classifier sees: left to the descent they end between
    all colors, where every face is gray. The loss is the mean square difference of pixels and,
    each divided by its size in the given image, of two maps of an ImageNet network and of the
    outputs of the discriminator's activations, where one lies beside the generator.

    Args:
      trained: loading.Trained; path: of its generator.npz; images: uint8 (n, size, size, 3);
      steps: of Adam; seed: of the pool.
    Returns: (Latents of the faces found, Latents of the nearest in the pool).
    """
    generator = sampling.from_code(trained.generator)
    discriminator = loading.load_discriminator(path, trained.recipe, trained.labels)
    extract = _features(discriminator, trained.recipe.image_size)
    pool = latents.from_seeds(trained, range(seed, seed + POOL))
    tags = _predicted_tags(images, trained.labels) if trained.recipe.conditional else None
    found, nearest = [], []
    for i, image in enumerate(tqdm(images, "projecting", unit="face", disable=None)):
        if tags is not None:
            pool = latents.with_tags(pool, tags[i])
        target = extract(sampling.from_uint8(image[None]))
        drawn = sampling.from_uint8(sampling.generate(generator, pool.z, pool.code))
        losses = forward.run(lambda part: _distance(extract(part), target), [drawn],
                             sampling.BATCH)
        start = pool[np.argsort(losses)[:RESTARTS]]
        end, losses = _descend(generator, extract, target, start, steps, trained.recipe.latent_std)
        found.append(end[[int(np.argmin(losses))]])
        nearest.append(start[:1])
    return latents.concatenated(found), latents.concatenated(nearest)


def _predicted_tags(images, labels):
    """Tags int (n, axes) of images by the attribute classifier; UNKNOWN of axes that it does not
    know."""
    predictor = classifier.load()
    predicted, tags = predictor.predict(images), np.full((len(images), len(labels.axes)), UNKNOWN)
    for axis, i in labels.shared(predictor.labels).items():
        tags[:, i] = predicted[axis].argmax(axis=1)
    return tags


def _features(discriminator, size):
    """A function from images (n, size, size, 3) in [-1, 1] to what is compared, pixels first."""
    image = keras.Input((size, size, 3), name="image")
    outputs = efficientnet.features(image, "lite0", TAPS, "mode project")
    if discriminator is not None:
        theirs = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
        # Not those of a perceptual one beside it: the features below them are much like the two
        # maps, and cost more.
        acts = [layer.output for layer in discriminator.layers
                if isinstance(layer, (keras.layers.LeakyReLU, keras.layers.ReLU))
                and len(layer.output.shape) == 4 and not layer.name.startswith(blocks.ADDED)]
        outputs = [*outputs, *keras.Model(theirs, acts)(image)]
    model = keras.Model(image, outputs)
    return tf.function(lambda images: [tf.convert_to_tensor(images),
                                       *model(images, training=False)], reduce_retracing=True)


def _distance(drawn, target):
    """(n,) losses of extract() of n faces against extract() of one."""
    mean = lambda x: tf.reduce_mean(tf.square(x), axis=(1, 2, 3))
    pixels, *features = (mean(a - b) / (1.0 if i == 0 else mean(b))
                         for i, (a, b) in enumerate(zip(drawn, target)))
    return PIXELS * pixels + (tf.add_n(features) / len(features) if features else 0.0)


def _descend(generator, extract, target, start, steps, std):
    """(Latents, losses (n,)) after some steps of Adam from n starting latents at once."""
    z = tf.Variable(start.z)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps),
                                      beta_2=0.99)
    optimizer.build([z])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            inputs = [z + 0.0] + ([] if start.code is None else [tf.constant(start.code)])
            losses = _distance(extract(generator(inputs, training=False)), target)
            total = tf.reduce_sum(losses + LENGTH * tf.reduce_mean(tf.square(z / std), axis=1))
        optimizer.apply([tape.gradient(total, z)], [z])
        return losses

    for _ in tqdm(range(steps), "descending", leave=False, disable=None):
        losses = step()
    return Latents(z.numpy(), start.code, start.labels), losses.numpy()


def report(trained, images, found, nearest, out, given=None, size=None):
    """Draws given, nearest and redrawn faces as three rows.

    Args: images: uint8 (n, own, own, 3), as project() took them; found, nearest: as it gives them;
      out: path of the .png; size: of the faces in it, as of enlarging.to_size(); given: the images
      at that size.
    Returns: {"psnr": mean, in dB} and, of a model whose first axis the classifier knows, the shares
      "changed" of faces that get another value of that axis when asked to, and "kept" of those that
      keep the others that it knows meanwhile.
    """
    redrawn = sampling.draw(trained, found)
    ratios = [psnr(*pair) for pair in zip(images, redrawn)]
    rows = [images[:SHOWN] if given is None else given[:SHOWN],
            enlarging.to_size(sampling.draw(trained, nearest[:SHOWN]), size),
            enlarging.to_size(redrawn[:SHOWN], size)]
    pictures.save_png(out, pictures.labelled(
        pictures.grid(np.concatenate(rows), len(rows[0])), ["given", "nearest", "redrawn"],
        [f"{ratio:.1f} dB" for ratio in ratios[:SHOWN]]), latents.metadata(trained, found[:SHOWN]))
    return {"psnr": float(np.mean(ratios))} | (_changed(trained, found, redrawn) if
                                               trained.recipe.conditional else {})


def _changed(trained, found, redrawn):
    """How often another value of the first axis arrives, and the others stay, by the classifier."""
    labels, before = trained.labels, _predicted_tags(redrawn, trained.labels)
    if (before[:, 0] == UNKNOWN).any():
        return {}
    tags = np.full_like(before, UNKNOWN)
    tags[:, 0] = (before[:, 0] + np.arange(1, len(found) + 1)) % labels.sizes[0]
    after = _predicted_tags(
        sampling.draw(trained, latents.with_code(found, labels.encode(tags))), labels)
    return {"changed": float((after[:, 0] == tags[:, 0]).mean()),
            "kept": float((after[:, 1:] == before[:, 1:]).all(axis=1).mean())}


def psnr(a, b):
    """Peak signal-to-noise ratio of two uint8 images in dB."""
    error = np.mean((a.astype(float) - b) ** 2)
    return float(10 * np.log10(255 ** 2 / error)) if error else float("inf")
