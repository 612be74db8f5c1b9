"""DCGAN (Radford et al. 2015): strided and transposed 4x4 convolutions, no dense hidden layers.

Trainable parameters at 64 px and width 64, latent 100: generator 3,576,704, discriminator 2,765,568
with BatchNorm (2,764,736 with biases in its place). Those are exactly the counts of the reference
implementation (pytorch/examples, ngf = ndf = 64, nz = 100) that the seed projects' DCGANs follow.
At 96 px, with a 5x5 layer of stride 3 outermost: 3,578,432 and 2,767,296, those of Chen Yun's
PyTorch book (chapter 7), which use-gan-to-generate-Anime-avatar follows.
"""
import keras
from keras import layers

from anime_gan_tf.networks import blocks
from anime_gan_tf.recipes import dcgan_stages


def _init():
    return keras.initializers.RandomNormal(stddev=0.02)


def generator(recipe, labels):
    """z (batch, latent_dim) [, tags (batch, axes)] -> images (batch, size, size, 3) in [-1, 1]."""
    side, channels, strides = dcgan_stages(recipe)
    inputs, x = blocks.latent_inputs(recipe, labels)
    # A transposed convolution of a 1x1 map is a dense layer.
    x = layers.Dense(side * side * channels[0], use_bias=False, kernel_initializer=_init())(x)
    x = layers.Reshape((side, side, channels[0]))(x)
    x = blocks.stage(layers.ReLU()(blocks.batch_norm(x)))
    for width, stride in zip(channels[1:], strides):
        x = blocks.stage(layers.ReLU()(blocks.batch_norm(_up(recipe, width, stride)(x))))
    image = _up(recipe, 3, strides[-1])(x)
    return keras.Model(inputs, layers.Activation("tanh")(image), name="generator")


def _up(recipe, width, stride):
    """A layer to `stride` times the size."""
    if recipe.upsampling == "nearest":
        return blocks.UpConv2D(width, stride, kernel_initializer=_init())
    return layers.Conv2DTranspose(width, stride + 2, stride, "same", use_bias=False,
                                  kernel_initializer=_init())


def discriminator(recipe, labels):
    """images (batch, size, size, 3) [, tags (batch, axes)] -> logits {"score"[, axes]}.

    Where the recipe is conditional, small heads on a dense layer tell the tags; with projection the
    same features, times an embedding of the tags, add to the score (Miyato and Koyama 2018,
    equation 4).
    """
    side, channels, strides = dcgan_stages(recipe)
    image = keras.Input((recipe.image_size, recipe.image_size, 3), name="image")
    # Without a BatchNorm to repair its scale, a layer has to keep its input's.
    init = _init() if recipe.discriminator_norm else keras.initializers.HeNormal()
    x = image
    for i, (width, stride) in enumerate(zip(reversed(channels), reversed(strides))):
        norm = recipe.discriminator_norm and i > 0
        # Without a BatchNorm behind it a convolution needs its bias, but for the original's first.
        x = layers.Conv2D(width, stride + 2, stride, "same", use_bias=not recipe.discriminator_norm,
                          kernel_initializer=init)(x)
        x = layers.LeakyReLU(0.2)(blocks.batch_norm(x) if norm else x)
    if not recipe.conditional:
        score = layers.Conv2D(1, side, use_bias=False, kernel_initializer=_init())(x)
        return keras.Model(image, {"score": layers.Reshape((1,))(score)}, name="discriminator")

    features = layers.LeakyReLU(0.2)(layers.Dense(4 * recipe.width)(layers.Flatten()(x)))
    score, inputs = layers.Dense(1, use_bias=False)(features), image
    if recipe.projection:
        tags = blocks.tags_input(labels)
        embedding = layers.Dense(4 * recipe.width, use_bias=False,
                                 name="embedding")(blocks.one_hot(tags, labels))
        score, inputs = layers.Add()([score, layers.Dot(1)([features, embedding])]), [image, tags]
    heads = {axis: layers.Dense(len(values))(features) for axis, values in labels.axes.items()}
    return keras.Model(inputs, {"score": score} | heads, name="discriminator")
