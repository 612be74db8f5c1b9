"""Projection: the noise with which a generator best reconstructs given faces, in their colors."""
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

POOL = 512            # random faces; the optimization starts at the nearest of them
RESTARTS = 4          # how many of them
PICTURED = 32         # faces in the picture
LEARNING_RATE = 0.05  # of Adam, falling to zero by a cosine
PIXEL_WEIGHT = 10.0   # of the pixels' mean square error; that of the features is 1
TAPS = (4, 10)        # of the ImageNet network: blocks of strides 8 and 16
Z_WEIGHT = 0.1        # of z's mean square: noise longer than in training draws worse faces


def project(trained, path, images, steps, seed):
    """Optimizes z by gradient descent, from the nearest of POOL random faces on.

    The colors are those that the attribute classifier predicts: if they were optimized too, they
    would end between all colors, where every face is gray. The loss is the mean square error of the
    pixels and that of feature maps, each relative to the mean square of the given image's map: two
    maps of an ImageNet network, and the outputs of the activations of the generator's
    discriminator, where its file is found.

    Args:
      trained: loading.Trained; path: of its generator.npz; images: uint8 (n, size, size, 3);
      steps: of Adam; seed: of the pool.
    Returns: (Latents (n) of the reconstructions, Latents (n) of the nearest faces of the pool).
    """
    generator = sampling.from_one_hot(trained.generator)
    discriminator = loading.load_discriminator(path, trained.recipe, trained.labels)
    extract = _features(discriminator, trained.recipe.image_size)
    pool = latents.from_seeds(trained, range(seed, seed + POOL))
    tags = _predicted_tags(images, trained.labels) if trained.recipe.conditional else None
    found, nearest = [], []
    for i, image in enumerate(tqdm(images, "projecting", unit="face", disable=None)):
        if tags is not None:
            pool = latents.with_tags(pool, tags[i])
        target = extract(sampling.from_uint8(image[None]))
        drawn = sampling.from_uint8(sampling.generate(generator, pool.z, pool.one_hot))
        losses = forward.run(lambda part: _distance(extract(part), target), [drawn],
                             sampling.BATCH)
        start = pool[np.argsort(losses)[:RESTARTS]]
        end, losses = _descend(generator, extract, target, start, steps, trained.recipe.latent_std)
        found.append(end[[int(np.argmin(losses))]])
        nearest.append(start[:1])
    return latents.concatenated(found), latents.concatenated(nearest)


def _predicted_tags(images, labels):
    """Tags int (n, axes) that the attribute classifier predicts for images; UNKNOWN for axes that
    it does not have."""
    predictor = classifier.bundled()
    predicted, tags = predictor.predict(images), np.full((len(images), len(labels.axes)), UNKNOWN)
    for axis, i in labels.shared(predictor.labels).items():
        tags[:, i] = predicted[axis].argmax(axis=1)
    return tags


def _features(discriminator, size):
    """A function from images (n, size, size, 3) in [-1, 1] to a list of the images themselves and
    the feature maps that are compared."""
    image = keras.Input((size, size, 3), name="image")
    outputs = efficientnet.features(image, "lite0", TAPS, "mode project")
    if discriminator is not None:
        d_image = next(tensor for tensor in discriminator.inputs if tensor.name == "image")
        # Without those of perceptual heads: they are computed from maps much like the two above,
        # and cost more.
        acts = [layer.output for layer in discriminator.layers
                if isinstance(layer, (keras.layers.LeakyReLU, keras.layers.ReLU))
                and len(layer.output.shape) == 4 and not layer.name.startswith(blocks.ADDED)]
        outputs = [*outputs, *keras.Model(d_image, acts)(image)]
    model = keras.Model(image, outputs)
    return tf.function(lambda images: [tf.convert_to_tensor(images),
                                       *model(images, training=False)], reduce_retracing=True)


def _distance(drawn, target):
    """Losses (n,) of the extract() of n faces, compared with the extract() of one."""
    mean = lambda x: tf.reduce_mean(tf.square(x), axis=(1, 2, 3))
    pixels, *features = (mean(a - b) / (1.0 if i == 0 else mean(b))
                         for i, (a, b) in enumerate(zip(drawn, target)))
    return PIXEL_WEIGHT * pixels + (tf.add_n(features) / len(features) if features else 0.0)


def _descend(generator, extract, target, start, steps, std):
    """(Latents, losses (n,)) after some steps of Adam, from n initial latents at once."""
    z = tf.Variable(start.z)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps),
                                      beta_2=0.99)
    optimizer.build([z])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            inputs = [z + 0.0] + ([] if start.one_hot is None else [tf.constant(start.one_hot)])
            losses = _distance(extract(generator(inputs, training=False)), target)
            total = tf.reduce_sum(losses + Z_WEIGHT * tf.reduce_mean(tf.square(z / std), axis=1))
        optimizer.apply([tape.gradient(total, z)], [z])
        return losses

    for _ in tqdm(range(steps), "optimizing", leave=False, disable=None):
        losses = step()
    return Latents(z.numpy(), start.one_hot, start.labels), losses.numpy()


def report(trained, images, found, nearest, out, given=None, size=None):
    """Draws given faces, the nearest of the pool and reconstructions as three rows.

    Args: images: uint8 (n, size, size, 3), as project() took them; found, nearest: as it returns
      them; out: path of the .png; size: of the faces in it, as in enlarging.to_size(); given: the
      images at that size.
    Returns: {"psnr": mean, in dB} and, for a conditional model whose first axis the classifier has,
      when another value of that axis is requested: "changed", the share of faces that are predicted
      to have it, and "kept", the share whose other predicted values stay.
    """
    redrawn = sampling.draw(trained, found)
    ratios = [psnr(*pair) for pair in zip(images, redrawn)]
    rows = [images[:PICTURED] if given is None else given[:PICTURED],
            enlarging.to_size(sampling.draw(trained, nearest[:PICTURED]), size),
            enlarging.to_size(redrawn[:PICTURED], size)]
    pictures.save_png(out, pictures.labeled(
        pictures.grid(np.concatenate(rows), len(rows[0])), ["given", "nearest", "redrawn"],
        [f"{ratio:.1f} dB" for ratio in ratios[:PICTURED]]),
        latents.metadata(trained, found[:PICTURED]))
    return {"psnr": float(np.mean(ratios))} | (_changed(trained, found, redrawn) if
                                               trained.recipe.conditional else {})


def _changed(trained, found, redrawn):
    """{"changed", "kept"} of report(); {} where the classifier does not have the first axis."""
    labels, before = trained.labels, _predicted_tags(redrawn, trained.labels)
    if (before[:, 0] == UNKNOWN).any():
        return {}
    tags = np.full_like(before, UNKNOWN)
    tags[:, 0] = (before[:, 0] + np.arange(1, len(found) + 1)) % labels.sizes[0]
    after = _predicted_tags(
        sampling.draw(trained, latents.with_one_hot(found, labels.encode(tags))), labels)
    return {"changed": float((after[:, 0] == tags[:, 0]).mean()),
            "kept": float((after[:, 1:] == before[:, 1:]).all(axis=1).mean())}


def psnr(a, b):
    """Peak signal-to-noise ratio of two uint8 images, in dB."""
    error = np.mean((a.astype(float) - b) ** 2)
    return float(10 * np.log10(255 ** 2 / error)) if error else float("inf")
