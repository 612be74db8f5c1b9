"""The training data of an enlarger: crops of large pictures, and reduced copies with random flaws.

Small faces come from generators, JPEG files and all kinds of reductions. A network that is only
trained on clean reductions enlarges the flaws of others as well (Wang et al. 2021, "Real-ESRGAN",
also with random reductions).
"""
import tensorflow as tf

RESIZES = (0.85, 1.2)  # factors by which a large crop is resized, for faces of several sizes
CLEAN = 0.25           # share of crops that are reduced by averaging, and have no flaws
# Of the others:
FILTERS = ("area", "bilinear", "bicubic", "lanczos3", "mitchellcubic")  # of the reduction
BLURRED = 0.5          # share that is blurred before the reduction
BLUR = (0.2, 0.6)      # standard deviation of the blur, in pixels of the small picture
COMPRESSED = 0.75      # share that is compressed as JPEG
QUALITY = (40, 95)     # of the JPEG
NOISY = 0.5            # share with added noise
NOISE = (0.0, 4.0)     # standard deviation of the noise, in levels of 255


def pairs(images, scale, crop_size, seed):
    """Pairs of a large and a small crop.

    Args:
      images: float32 (n, size, size, 3) in [-1, 1].
      scale: factor between both sizes; crop_size: side of the large crops.
      seed: int64 (2,); the same seed gives the same pairs.
    Returns: (large (n, crop_size, crop_size, 3), small (n, crop_size / scale, crop_size / scale,
      3)), float32 in [-1, 1], quantized to 256 levels.
    """
    seeds = tf.random.stateless_uniform((images.shape[0], 2), seed, None, None, tf.int64)
    shape = lambda side: tf.TensorSpec((side, side, 3), tf.float32)
    return tf.map_fn(lambda pair: _pair(*pair, scale, crop_size), (images, seeds),
                     fn_output_signature=(shape(crop_size), shape(crop_size // scale)))


def _pair(image, seed, scale, crop_size):
    """pairs() of one picture."""
    size = image.shape[0]
    share = lambda i: tf.random.stateless_uniform((), seed + i)
    between = lambda i, limits: limits[0] + share(i) * (limits[1] - limits[0])
    side = tf.cast(tf.minimum(tf.round(crop_size / between(0, RESIZES)), size), tf.int32)
    corner = lambda i: tf.cast(share(i) * tf.cast(size - side + 1, tf.float32), tf.int32)
    large = tf.image.crop_to_bounding_box((image + 1.0) * 127.5, corner(1), corner(2), side, side)
    large = _levels(tf.image.resize(large, (crop_size, crop_size), "bicubic", antialias=True))

    flawed = share(12) >= CLEAN
    happens = lambda i, probability: flawed & (share(i) < probability)
    small = tf.cond(happens(4, BLURRED), lambda: _blurred(large, scale * between(5, BLUR)),
                    lambda: large)
    reduce = lambda name: lambda: tf.image.resize(
        small, (crop_size // scale, crop_size // scale), name, antialias=name != "area")
    chosen = tf.where(flawed, tf.cast(share(6) * len(FILTERS), tf.int32), FILTERS.index("area"))
    small = tf.switch_case(chosen, [reduce(name) for name in FILTERS])
    deviation = tf.where(happens(7, NOISY), between(8, NOISE), 0.0)
    small = _levels(small + deviation * tf.random.stateless_normal(small.shape, seed + 9))
    small = tf.cond(happens(10, COMPRESSED), lambda: _compressed(small, between(11, QUALITY)),
                    lambda: small)
    return large / 127.5 - 1.0, small / 127.5 - 1.0


def _levels(image):
    return tf.clip_by_value(tf.round(image), 0.0, 255.0)


def _blurred(image, deviation, radius=6):
    """A separable Gaussian blur with mirrored borders. deviation: in pixels."""
    weights = tf.exp(-0.5 * (tf.range(-radius, radius + 1, dtype=tf.float32) / deviation) ** 2)
    weights /= tf.reduce_sum(weights)
    padded = tf.pad(image, ((radius, radius), (radius, radius), (0, 0)), "REFLECT")[None]
    kernel = tf.tile(weights[:, None, None, None], (1, 1, 3, 1))
    for turned in (kernel, tf.transpose(kernel, (1, 0, 2, 3))):
        padded = tf.nn.depthwise_conv2d(padded, turned, (1, 1, 1, 1), "VALID")
    return padded[0]


def _compressed(image, quality):
    """The image after JPEG compression."""
    pixels = tf.image.adjust_jpeg_quality(tf.cast(image, tf.uint8), tf.cast(quality, tf.int32))
    return tf.cast(tf.ensure_shape(pixels, image.shape), tf.float32)
