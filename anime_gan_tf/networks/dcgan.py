"""DCGAN (Radford et al. 2015): strided and transposed 4x4 convolutions, no dense hidden layers.

Trainable parameters at 64 px and width 64, latent 100: generator 3,576,704, discriminator 2,765,568
with BatchNorm (2,764,736 with biases instead). These are exactly the numbers of the reference
implementation (pytorch/examples, ngf = ndf = 64, nz = 100) that the source projects' DCGANs follow.
At 96 px, with a 5x5 layer of stride 3 outermost: 3,578,432 and 2,767,296, those of Chen Yun's
PyTorch book (chapter 7), which use-gan-to-generate-Anime-avatar follows.

The pooled form is that of Waifu_Generator for 128 px: the networks for half the size, with a stride
of four in the generator's innermost layer, and 2x2 average pooling after the discriminator's second
layer. So it has as many weights as the networks for 64 px.
"""
import keras
from keras import layers

from anime_gan_tf.families import dcgan_stages
from anime_gan_tf.networks import blocks

KERNEL = {2: 4, 3: 5, 4: 4}  # by stride


def generator(recipe, labels, pooled=False):
    """z (batch, latent_dim) [, tags (batch, axes)] -> images (batch, size, size, 3) in [-1, 1]."""
    side, channels, strides = dcgan_stages(recipe.image_size // (1 + pooled), recipe.width)
    if pooled:
        strides[0] *= 2
    inputs, x = blocks.latent_inputs(recipe, labels)
    # A dense layer is a transposed convolution of a 1x1 map.
    units = side * side * channels[0]
    x = layers.Dense(units, use_bias=False, kernel_initializer=_kernel(recipe, units))(x)
    x = layers.Reshape((side, side, channels[0]))(x)
    x = blocks.stage(layers.ReLU()(blocks.batch_norm(x, gamma=_gamma(recipe))))
    for width, stride in zip(channels[1:], strides):
        x = blocks.batch_norm(_up(recipe, x, width, stride), gamma=_gamma(recipe))
        x = blocks.stage(layers.ReLU()(x))
    image = _up(recipe, x, 3, strides[-1], use_bias=recipe.bias)
    return keras.Model(inputs, layers.Activation("tanh")(image), name="generator")


def _up(recipe, x, width, stride, use_bias=False):
    """x at `stride` times the size, with `width` channels."""
    if recipe.upsampling == "nearest":
        fan_in = 3 * 3 * x.shape[-1]
        layer = blocks.UpConv2D(width, stride, use_bias, _kernel(recipe, fan_in),
                                _bias(recipe, fan_in))
    else:
        size = KERNEL[stride]
        fan_in = size * size * width
        layer = layers.Conv2DTranspose(width, size, stride, "same", use_bias=use_bias,
                                       kernel_initializer=_kernel(recipe, fan_in),
                                       bias_initializer=_bias(recipe, fan_in))
    return layer(x)


def discriminator(recipe, labels, pooled=False):
    """images (batch, size, size, 3) [, tags (batch, axes)] -> logits {"score"[, axes]}.

    In conditional recipes there is a dense layer, with a head for each axis of the labels. With
    projection, the product of its features and an embedding of the labels is added to the logit
    (Miyato and Koyama 2018, equation 4).
    """
    base = recipe.d_width or recipe.width
    side, channels, strides = dcgan_stages(recipe.image_size // (1 + pooled), base)
    image = keras.Input((recipe.image_size, recipe.image_size, 3), name="image")
    x, norm = image, recipe.discriminator_norm
    # Without a norm a layer must preserve the scale of its input. One initializer for all layers,
    # because its seed determines the initial weights of every recipe.
    init = (keras.initializers.HeNormal() if norm == "none" and recipe.initialization == "normal"
            else keras.initializers.RandomNormal(stddev=0.02))
    for i, (width, stride) in enumerate(zip(reversed(channels), reversed(strides))):
        normed = norm == "instance" or (norm == "batch" and i > 0)
        size = KERNEL[stride]
        fan_in = size * size * x.shape[-1]
        # Convolutions without a norm need a bias, but pytorch/examples' first one has none either.
        x = layers.Conv2D(width, size, stride, "same",
                          use_bias=norm == "none" or (recipe.bias and not normed),
                          kernel_initializer=_kernel(recipe, fan_in, init),
                          bias_initializer=_bias(recipe, fan_in))(x)
        if normed:
            x = blocks.norm(x, norm, _gamma(recipe))
        x = layers.LeakyReLU(0.2)(x)
        if pooled and i == min(1, len(channels) - 1):
            x = layers.AveragePooling2D(2)(x)
    if not recipe.conditional:
        fan_in = side * side * channels[0]
        logit = layers.Conv2D(1, side, use_bias=recipe.bias,
                              kernel_initializer=_kernel(recipe, fan_in),
                              bias_initializer=_bias(recipe, fan_in))(x)
        return keras.Model(image, {"score": layers.Reshape((1,))(logit)}, name="discriminator")

    features = layers.LeakyReLU(0.2)(layers.Dense(4 * base)(layers.Flatten()(x)))
    logit, inputs = layers.Dense(1, use_bias=False)(features), image
    if recipe.projection:
        tags = blocks.tags_input(labels)
        embedding = layers.Dense(4 * base, use_bias=False,
                                 name="embedding")(blocks.one_hot(tags, labels))
        logit, inputs = layers.Add()([logit, layers.Dot(1)([features, embedding])]), [image, tags]
    heads = {axis: layers.Dense(len(values))(features) for axis, values in labels.axes.items()}
    return keras.Model(inputs, {"score": logit} | heads, name="discriminator")


def _gamma(recipe):
    return blocks.dcgan_gamma() if recipe.initialization == "dcgan" else "ones"


def _kernel(recipe, fan_in, otherwise=None):
    """The initializer of a kernel: PyTorch's if the recipe says so, else `otherwise`."""
    if recipe.initialization == "pytorch":
        return blocks.torch_uniform(fan_in)
    return otherwise or keras.initializers.RandomNormal(stddev=0.02)


def _bias(recipe, fan_in):
    return blocks.torch_uniform(fan_in) if recipe.initialization == "pytorch" else "zeros"
