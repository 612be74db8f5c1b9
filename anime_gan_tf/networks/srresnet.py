"""The SRResNet-style ACGAN of Animation Avatar Generation, after Jin et al. 2017.

Trainable parameters at 64 px, width 64, depth 16, latent 64 + 23 tags (original: resNet.py,
ACGAN.py):
  generator      2,013,635, exactly the original's;
  discriminator 20,229,176 against the original's 32,781,368. The original's residual block throws
                the output of its first convolution away, so 12,552,192 of its weights have no
                effect, and are in neither form here.
The published form has the original's layers and initialization: in the discriminator blocks of one
convolution with a LeakyReLU before and one after the sum, a second LeakyReLU after each strided
convolution but the first, heads on unnormalized features; in the generator TensorFlow's defaults of
BatchNorm. The other form has two convolutions per block and half as many blocks, so as many
weights, normalized features and ICNR.
"""
import keras
from keras import layers

from anime_gan_tf.families import stages
from anime_gan_tf.networks import blocks

STAGES = 5


def generator(recipe, labels, published=False):
    """z (batch, latent_dim), tags (batch, axes) -> images (batch, size, size, 3) in [-1, 1]."""
    norm = _tensorflow_norm if published else blocks.batch_norm
    side, (width, *larger) = stages(recipe.image_size, 15, recipe.width, growth=1)
    inputs, x = blocks.latent_inputs(recipe, labels)
    x = layers.Dense(side * side * width,
                     kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))(x)
    x = layers.Reshape((side, side, width))(norm(x))
    skip = x = layers.ReLU()(x)
    for _ in range(recipe.depth):
        y = layers.ReLU()(norm(layers.Conv2D(width, 3, padding="same")(x)))
        y = norm(layers.Conv2D(width, 3, padding="same")(y))
        x = layers.Add()([x, y])
    x = blocks.stage(layers.Add()([layers.ReLU()(norm(x)), skip]))
    for _ in larger:
        x = layers.Conv2D(4 * width, 3, padding="same", kernel_initializer=(
            "glorot_uniform" if published else blocks.ICNR(2)))(x)
        x = keras.ops.depth_to_space(x, 2)
        x = blocks.stage(layers.ReLU()(norm(x)))
    x = layers.Conv2D(3, 9, padding="same", activation="tanh")(x)
    return keras.Model(inputs, x, name="generator")


def _tensorflow_norm(x):
    return blocks.BatchNorm(momentum=0.99, epsilon=1e-3)(x)


def discriminator(recipe, labels, published=False):
    """images (batch, size, size, 3) -> logits {"score": (batch, 1), axis: (batch, its values)}."""
    image = keras.Input((recipe.image_size, recipe.image_size, 3), name="image")
    trunk = _published_trunk if published else _trunk
    features = trunk(image, recipe)
    attributes = _head(features if recipe.shared_trunk else trunk(image, recipe),
                       sum(labels.sizes))
    return keras.Model(image, {"score": _head(features, 1)} | labels.split(attributes),
                       name="discriminator")


def _trunk(image, recipe):
    """Normalized features (batch, n)."""
    width = max(recipe.width // 2, 1)
    x = layers.LeakyReLU(0.2)(layers.Conv2D(width, 4, 2, "same")(image))
    for stage in range(STAGES):
        channels = width * 2 ** stage
        for _ in range(max(recipe.depth // 8, 1) if stage else 1):
            y = layers.LeakyReLU(0.2)(_conv(channels, 3, 1)(x))
            y = _conv(channels, 3, 1)(y)
            x = layers.LeakyReLU(0.2)(layers.Add()([x, y]))
        x = layers.LeakyReLU(0.2)(_strided(x, channels, stage))
    # A random kernel divided by its spectral norm, and a LeakyReLU, halve the signal: after more
    # than ten layers the features have a standard deviation of 0.006, with which heads hardly
    # learn.
    return layers.LayerNormalization(center=False, scale=False, epsilon=1e-12)(layers.Flatten()(x))


def _published_trunk(image, recipe):
    """Unnormalized features (batch, n), which are smaller the more layers there are."""
    width = max(recipe.width // 2, 1)
    x = layers.LeakyReLU(0.2)(layers.Conv2D(width, 4, 2, "same")(image))
    for stage in range(STAGES):
        channels = width * 2 ** stage
        for _ in range(max(recipe.depth // 4, 1) if stage else 2):
            y = layers.LeakyReLU(0.2)(_conv(channels, 3, 1)(x))
            x = layers.LeakyReLU(0.2)(layers.Add()([x, y]))
        x = layers.LeakyReLU(0.2)(_strided(x, channels, stage))
        x = layers.LeakyReLU(0.2)(x) if stage else x
    return layers.Flatten()(x)


def _strided(x, channels, stage):
    # On a map of 1x1 both strides are equivalent, and oneDNN's bfloat16 gradient of the larger one
    # is wrong.
    return _conv(2 * channels, 4 if stage < 2 else 3, 2 if x.shape[1] > 1 else 1)(x)


def _conv(channels, size, stride):
    return blocks.SpectralConv2D(channels, size, stride, "same", use_bias=False)


def _head(x, outputs):
    """The original's three dense layers: 512, 256, out."""
    for units in (512, 256):
        x = layers.LeakyReLU(0.2)(layers.Dense(units)(x))
    return layers.Dense(outputs)(x)
