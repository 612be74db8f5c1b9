"""The networks as the five projects published them: weights counted by hand, outputs by NumPy."""
import dataclasses

import keras
import numpy as np
import pytest
from conftest import refusal, scramble, tiny

from anime_gan_tf import networks, recipes
from anime_gan_tf.errors import Fault
from anime_gan_tf.families import FAMILIES
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import blocks
from anime_gan_tf.networks.blocks import UpConv2D
from anime_gan_tf.published import PUBLISHED


def count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def counts(recipe):
    with networks.unallocated():
        return tuple(map(count, networks.build(recipe, DEFAULT)))


# ----- weights, layer by layer: a convolution is size ** 2 * inputs * outputs, a norm 2 * channels

def dcgan(width, d_width, normed, bias, up=16):
    """Five layers each; normed: multiples of d_width that a norm follows in D; up: positions of a
    kernel that enlarges in G."""
    g = (100 * 16 * 8 * width + up * width ** 2 * (32 + 8 + 2) + up * width * 3
         + 2 * width * (8 + 4 + 2 + 1))
    d = 16 * (3 * d_width + d_width ** 2 * (2 + 8 + 32) + 8 * d_width) + 2 * d_width * sum(normed)
    first = d_width if 1 not in normed else 0
    return (g + 3, d + first + 1) if bias else (g, d)


BOOK = (25 - 16) * 3 * 64  # its outermost kernels are 5x5


def gan_resnet():
    block = 64 * 128 + 9 * 128 * 64
    return (100 * 4 * 64 + 4 * 64 + 6 * block + 2 * 64 + 9 * 64 * 3 + 3,
            9 * 3 * 64 + 64 + 5 * block + 2 * 64 + 9 * 64 + 1)


def shuffle():
    up = lambda c: 16 * (c * 2 * c + 2 * c * c) + 2 * 2 * c + 2 * c
    down = lambda c: 16 * c * c // 2 + 2 * 9 * (c // 2) ** 2 + 2 * 2 * c // 2
    return (100 * 16 * 1024 + 2 * 1024 + up(256) + up(64) + up(16) + 16 * 16 * 48 + 2 * 48 + up(3),
            16 * 3 * 256 + 2 * 256 + down(256) + down(128) + down(64) + 4 * 32 + 1)


COUNTS = {
    "dcgan": dcgan(64, 64, (2, 4, 8), False),
    "dcgan_96": tuple(number + BOOK for number in dcgan(64, 64, (2, 4, 8), False)),
    "dcgan_128": dcgan(64, 64, (2, 4, 8), False),
    "wgan": dcgan(64, 64, (2, 4, 8), False),
    "wgan_gp": dcgan(128, 256, (1, 2, 4, 8), True),
    "wgan_gp_up": dcgan(96, 256, (1, 2, 4, 8), True, up=9),
    "wgan_gp_256": shuffle(),
    "acgan_dcgan": recipes.PARAMETERS["acgan_dcgan"],
    "acgan": (2_013_635, 32_781_368 - 12_552_192),  # less what its blocks throw away
    "resnet_wgan": gan_resnet(),
    "resnet_hinge": gan_resnet(),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_every_published_model_has_its_projects_weights(model):
    assert counts(recipes.resolve(model, {}, True)) == COUNTS[model]


def test_the_figures_of_waifu_generator_at_128_px():
    assert [round(number / 1e6, 2) for number in COUNTS["dcgan_128"]] == [3.58, 2.77]


def test_other_forms_of_a_model():
    of = {form: recipes.resolve("dcgan", fields, True)
          for form, fields in PUBLISHED["dcgan"].variants.items()}
    assert counts(of["Anime-WGAN's"]) == dcgan(128, 256, (2, 4, 8), True)
    assert counts(of["Waifu_Generator's at 64 px"]) == recipes.PARAMETERS["dcgan"]


@pytest.mark.parametrize("model", PUBLISHED)
def test_what_is_said_to_be_changed_is(model):
    recipe, published = recipes.RECIPES[model], recipes.resolve(model, {}, True)
    differing = {field.name for field in dataclasses.fields(recipe)
                 if getattr(recipe, field.name) != getattr(published, field.name)}
    assert differing == set(PUBLISHED[model].fields)
    assert recipes.from_saved(dataclasses.asdict(published)) == published


def test_a_model_without_an_original_is_refused():
    with refusal("--as_published", Fault.CONFLICT):
        recipes.resolve("rpgan", {}, True)


def test_an_override_comes_after_the_projects_value():
    recipe = recipes.resolve("wgan_gp", {"width": 64}, True)
    assert (recipe.width, recipe.d_width) == (64, 256)


@pytest.mark.parametrize("name, value, now", [("discriminator_norm", True, "batch"),
                                              ("discriminator_norm", False, "none")])
def test_files_of_earlier_versions_are_read(name, value, now):
    fields = dataclasses.asdict(recipes.RECIPES["dcgan"]) | {name: value}
    assert getattr(recipes.from_saved(fields), name) == now


@pytest.mark.parametrize("model", ["dcgan_128", "wgan_gp", "wgan_gp_256", "acgan", "resnet_wgan"])
@pytest.mark.parametrize("size", recipes.IMAGE_SIZES)
def test_shapes_at_every_size(model, size):
    with networks.unallocated():
        g, d = networks.build(tiny(model, as_published=True, image_size=size), DEFAULT)
    assert g.output_shape == (None, size, size, 3)
    shapes = {name: output.shape for name, output in d.output.items()}
    assert shapes == {"score": (None, 1)} | ({"hair": (None, 12), "eyes": (None, 11)}
                                             if model == "acgan" else {})


def test_channels_beyond_any_memory_are_refused():
    for model, field, value in (("wgan_gp_256", "width", 200), ("wgan_gp", "d_width", 1000)):
        with refusal(f"--{field}", Fault.TOO_LARGE):
            recipes.resolve(model, {field: value}, True)


@pytest.mark.parametrize("model", ["enlarger", "resnet_wgan"])
def test_the_check_of_channels_knows_the_widest_layer(model):
    recipe = recipes.resolve(model, {"depth": 1, "width": 600})
    with networks.unallocated():
        widest = max(weight.shape[-1] for network in networks.build(recipe, DEFAULT)
                     for weight in network.weights if len(weight.shape) == 4)
    assert widest == FAMILIES[recipe.networks].innermost_channels(recipe)


# ----- outputs, in NumPy

class Weights:
    """The weights of a network in order, taken layer by layer; maps are (batch, h, w, channels)."""

    def __init__(self, model):
        scramble(model)
        self._left = [weight.numpy().astype(np.float64) for weight in model.weights]

    def take(self, number):
        taken, self._left = self._left[:number], self._left[number:]
        return taken if number > 1 else taken[0]

    def done(self):
        return not self._left

    def conv(self, x, stride=1, pad=None, bias=False):
        kernel, *more = [self.take(1)] if not bias else self.take(2)
        return convolved(x, kernel, stride, pad) + (more[0] if bias else 0)

    def up(self, x, stride, bias=False):
        """A transposed convolution: every pixel adds its kernel to the output."""
        kernel, *more = [self.take(1)] if not bias else self.take(2)
        size, pad = kernel.shape[0], (kernel.shape[0] - stride) // 2
        batch, height, width, _ = x.shape
        out = np.zeros((batch, stride * height + 2 * pad, stride * width + 2 * pad,
                        kernel.shape[2]))
        for i in range(height):
            for j in range(width):
                out[:, stride * i:stride * i + size, stride * j:stride * j + size] += np.einsum(
                    "bc,hwdc->bhwd", x[:, i, j], kernel)
        return out[:, pad:out.shape[1] - pad, pad:out.shape[2] - pad] + (more[0] if bias else 0)

    def batch_norm(self, x, epsilon=1e-5):
        gamma, beta, mean, variance = self.take(4)
        return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta

    def instance_norm(self, x):
        gamma, beta = self.take(2)
        mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    def dense(self, x, bias=True):
        kernel, *more = self.take(2) if bias else [self.take(1)]
        return x.reshape(len(x), -1) @ kernel + (more[0] if bias else 0)

    def spectral_conv(self, x, stride=1):
        kernel, u = self.take(2)
        matrix, unit = kernel.reshape(-1, kernel.shape[-1]), lambda v: v / np.linalg.norm(v)
        sigma = unit(matrix @ u) @ matrix @ unit(u)
        size = kernel.shape[0]
        total = max((-(-x.shape[1] // stride) - 1) * stride + size - x.shape[1], 0)
        return convolved(x, kernel / sigma, stride, (total // 2, total - total // 2))


def convolved(x, kernel, stride=1, pad=None):
    """pad: pixels of zeros in front and behind; None for so many that stride 1 keeps the size."""
    size = kernel.shape[0]
    pad = (size // 2, size // 2) if pad is None else (pad, pad) if isinstance(pad, int) else pad
    x = np.pad(x, ((0, 0), pad, pad, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))
    return np.einsum("bijchw,hwcd->bijd", windows[:, ::stride, ::stride], kernel)


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def nearest(x, factor):
    return x.repeat(factor, axis=1).repeat(factor, axis=2)


def pooled(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))
    return windows[:, ::stride, ::stride].mean((-2, -1))


def shuffled(x, factor):
    """Each pixel's channels as a block of pixels; the block's position is the slow index."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height, width, factor, factor, channels // factor ** 2)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, factor * height, factor * width, -1)


def images(size):
    return np.random.default_rng(1).uniform(-1, 1, (2, size, size, 3))


def noise(recipe):
    return np.random.default_rng(2).standard_normal((2, recipe.latent_dim))


def compare(model, given, expected, weights):
    assert weights.done()
    given = given.astype(np.float32)
    found = model([given] if given.ndim == 2 else given, training=False)
    found = np.asarray(found["score"] if isinstance(found, dict) else found)
    assert expected.std() > 1e-3
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-3, atol=1e-5)


def plain_block(w, x):
    return x + leaky(w.conv(leaky(w.conv(x))))


def test_gan_resnets_generator():
    recipe = tiny("resnet_wgan", as_published=True)
    g = networks.build_generator(recipe, DEFAULT)
    w, z = Weights(g), noise(recipe)
    x = plain_block(w, w.dense(z).reshape(2, 2, 2, 4))
    for _ in range(3):
        x = plain_block(w, nearest(x, 2))
    compare(g, z, np.tanh(w.conv(relu(w.batch_norm(x)), bias=True)), w)


def test_gan_resnets_discriminator():
    d = networks.build_discriminator(tiny("resnet_wgan", as_published=True, image_size=32), DEFAULT)
    w, x = Weights(d), images(32)
    y = plain_block(w, w.conv(x, bias=True))
    for side in (15, 7, 3):
        y = plain_block(w, pooled(y, 3, 2))
        assert y.shape[1] == side
    compare(d, x, w.dense(relu(w.batch_norm(y))), w)


def test_the_shuffling_generator_of_anime_wgan():
    recipe = tiny("wgan_gp_256", as_published=True, image_size=64)
    g = networks.build_generator(recipe, DEFAULT)
    w, z = Weights(g), noise(recipe)

    def block(x, factor):
        x = shuffled(x, factor)
        y = relu(w.batch_norm(w.conv(nearest(x, 4), 2, 1)))
        return x + w.batch_norm(w.conv(y, 2, 1))

    x = relu(w.batch_norm(w.dense(z, bias=False).reshape(2, 4, 4, 16)))
    x = relu(w.batch_norm(w.up(block(x, 2), 2)))
    compare(g, z, np.tanh(block(x, 4)), w)


def test_the_discriminator_of_strides_of_four():
    d = networks.build_discriminator(tiny("wgan_gp_256", as_published=True, image_size=64,
                                          d_width=4), DEFAULT)
    w, x = Weights(d), images(64)
    y = leaky(w.batch_norm(w.conv(x, 2, 1)))
    for side in (8, 2):
        y = leaky(w.batch_norm(w.conv(y, 4, 1)))
        assert y.shape[1] == side
        y = leaky(y + w.conv(leaky(w.batch_norm(w.conv(y)))))
    compare(d, x, w.dense(y), w)


def test_waifu_generators_networks():
    recipe = tiny("dcgan_128", as_published=True, image_size=32)
    g, d = networks.build(recipe, DEFAULT)
    w, z = Weights(g), noise(recipe)
    x = relu(w.batch_norm(w.dense(z, bias=False).reshape(2, 4, 4, 8)))
    x = relu(w.batch_norm(w.up(x, 4)))
    assert x.shape[1:] == (16, 16, 4)
    compare(g, z, np.tanh(w.up(x, 2)), w)

    w, x = Weights(d), images(32)
    y = leaky(w.batch_norm(w.conv(leaky(w.conv(x, 2, 1)), 2, 1)))
    compare(d, x, w.conv(pooled(y, 2, 2), pad=0), w)


def test_anime_wgans_critic_and_its_generator():
    recipe = tiny("wgan_gp", as_published=True, d_width=8)
    g, d = networks.build(recipe, DEFAULT)
    w, z = Weights(g), noise(recipe)
    x = relu(w.batch_norm(w.dense(z, bias=False).reshape(2, 4, 4, 8)))
    x = relu(w.batch_norm(w.up(x, 2)))
    compare(g, z, np.tanh(w.up(x, 2, bias=True)), w)

    w, x = Weights(d), images(16)
    y = leaky(w.instance_norm(w.conv(x, 2, 1)))
    assert y.shape == (2, 8, 8, 8)
    y = leaky(w.instance_norm(w.conv(y, 2, 1)))
    compare(d, x, w.conv(y, pad=0, bias=True), w)


def test_acgans_trunk():
    recipe = tiny("acgan", as_published=True, depth=8, image_size=32)
    whole = networks.build_discriminator(recipe, DEFAULT)
    flat = next(layer for layer in whole.layers if isinstance(layer, keras.layers.Flatten))
    d = keras.Model(whole.input, {"score": flat.output})
    w, x = Weights(d), images(32)
    y = leaky(w.conv(x, 2, 1, bias=True))
    for stage in range(5):
        for _ in range(2):
            y = leaky(y + leaky(w.spectral_conv(y)))
        y = leaky(w.spectral_conv(y, 2 if y.shape[1] > 1 else 1))
        y = leaky(y) if stage else y
    compare(d, x, y, w)
    heads = [layer for layer in whole.layers if getattr(layer, "units", 0) == 512]
    assert [head.input is flat.output for head in heads] == [True, True]


def test_acgans_generator_has_tensorflows_norm():
    g = networks.build_generator(tiny("acgan", as_published=True), DEFAULT)
    norms = {(layer.momentum, layer.epsilon) for layer in g.layers
             if isinstance(layer, keras.layers.BatchNormalization)}
    assert norms == {(0.99, 1e-3)}


# ----- what they begin with

def test_pytorchs_numbers():
    keras.utils.set_random_seed(0)
    recipe = tiny("wgan_gp", as_published=True, image_size=32, width=16, d_width=16)
    g, d = networks.build(recipe, DEFAULT)
    for weight in (*g.trainable_weights, *d.trainable_weights):
        if len(weight.shape) < 4:
            continue
        # The third axis is a convolution's inputs, and a transposed one's outputs, as there.
        bound = (16 * weight.shape[2]) ** -0.5
        assert 0.95 * bound < np.abs(weight).max() <= bound
        assert np.std(weight) == pytest.approx(bound / 3 ** 0.5, rel=0.1)
    for bias, outputs in (g.trainable_weights[-1], 3), (d.trainable_weights[-1], 1):
        assert bias.shape == (outputs,) and np.all(bias.numpy() != 0)


def test_gamma_of_pytorchs_dcgan():
    keras.utils.set_random_seed(0)
    g, d = networks.build(tiny("dcgan_128", as_published=True, image_size=64, width=64), DEFAULT)
    gammas = [layer.gamma.numpy() for model in (g, d) for layer in model.layers
              if isinstance(layer, keras.layers.BatchNormalization)]
    values = np.concatenate(gammas)
    assert values.mean() == pytest.approx(1, abs=0.005)
    assert values.std() == pytest.approx(0.02, rel=0.2)
    assert not any(np.array_equal(gammas[0][:64], gamma[:64]) for gamma in gammas[1:])


def test_upconv_has_a_bias_where_requested():
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 2)).astype(np.float32)
    layer = UpConv2D(3, use_bias=True, bias_initializer=blocks.torch_uniform(18))
    y = np.asarray(layer(x))
    bias = layer.bias.numpy()
    layer.bias.assign(np.zeros(3))
    assert np.all(bias != 0) and np.allclose(y - np.asarray(layer(x)), bias, atol=1e-6)
    copy = UpConv2D.from_config(layer.get_config())
    copy.build(x.shape)
    assert [weight.shape for weight in copy.weights] == [weight.shape for weight in layer.weights]
