import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import GENERATORS, refusal, tiny

from anime_gan_tf import networks, recipes
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT, Labels
from anime_gan_tf.networks import blocks
from anime_gan_tf.networks.blocks import BatchNorm, ICNR, SpectralConv2D, UpConv2D


def count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize("model", recipes.RECIPES)
def test_parameter_counts(model):
    with networks.unallocated():
        built = networks.build(recipes.RECIPES[model], DEFAULT)
    assert tuple(map(count, built)) == recipes.PARAMETERS[model]


SEEN = set()


def is_new(build, recipe):
    """Whether no network before had the same layers, with all settings and initializers: recipes
    that differ in their losses and optimizers share networks."""
    keras.backend.clear_session(free_memory=False)  # of counters in the names of layers
    with networks.unallocated():
        form = json.dumps(build(recipe, DEFAULT).get_config(), sort_keys=True)
    return form not in SEEN and not SEEN.add(form)


@pytest.mark.parametrize("model", recipes.RECIPES)
def test_every_kernel_follows_from_the_seed_alone(model):
    recipe = tiny(model)
    functions = [build for build in (networks.build_generator, networks.build_discriminator)
                 if is_new(build, recipe)]

    def kernels(seed):
        keras.utils.set_random_seed(seed)
        return [weight.numpy() for build in functions
                for weight in build(recipe, DEFAULT).trainable_weights if len(weight.shape) > 1]

    once, again, other = kernels(0), kernels(0), kernels(1)
    assert all(map(np.array_equal, once, again))
    assert not any(np.array_equal(a, b) for a, b in zip(once, other) if a.any())
    # No two kernels begin alike.
    assert len({kernel.tobytes() for kernel in once if kernel.any()}) == sum(
        bool(kernel.any()) for kernel in once)


def test_parameter_counts_of_the_originals():
    """Convolutions without biases and BatchNorms with two weights a channel, added up by hand."""
    def dcgan(kernels, latent, width, batch_norms):
        g = (latent * 16 * 8 * width + width ** 2 * 16 * (32 + 8 + 2) + kernels * 3 * width
             + 2 * 15 * width)
        d = (kernels * 3 * width + width ** 2 * 16 * (2 + 8 + 32) + 16 * 8 * width
             + 2 * batch_norms * width)
        return g, d

    assert recipes.PARAMETERS["dcgan"] == dcgan(16, 100, 64, 14)  # pytorch/examples
    original = dataclasses.replace(recipes.RECIPES["dcgan_96"], upsampling="transposed")
    # chenyuntc/pytorch-book, chapter 7.
    with networks.unallocated():
        built = networks.build(original, DEFAULT)
    assert tuple(map(count, built)) == dcgan(25, 100, 64, 14)
    # Animation Avatar Generation's resNet.py: exactly its generator; of its discriminator
    # (ACGAN.py) what is alive.
    assert recipes.PARAMETERS["acgan"] == (2_013_635, 32_781_368 - 12_552_192)


@pytest.mark.parametrize("model", ["dcgan", "acgan", "rpgan", "resnet_wgan", "wgan_gp_256"])
@pytest.mark.parametrize("size", recipes.IMAGE_SIZES)
def test_shapes_at_every_size(model, size):
    recipe = tiny(model, image_size=size)
    with networks.unallocated():
        g, d = networks.build(recipe, DEFAULT)
    assert g.output_shape == (None, size, size, 3)
    shapes = {name: output.shape for name, output in d.output.items()}
    tags = {"hair": (None, 12), "eyes": (None, 11)} if recipe.conditional else {}
    assert shapes == {"score": (None, 1)} | tags


@pytest.mark.parametrize("model", GENERATORS)
def test_a_generator_draws_in_range_and_needs_no_tags(model):
    recipe = tiny(model)
    g = networks.build_generator(recipe, DEFAULT)
    z = 100 * np.random.default_rng(0).normal(size=(3, recipe.latent_dim)).astype(np.float32)
    images = np.asarray(g([z, np.full((3, 2), -1, np.int32)] if recipe.conditional else [z]))
    assert images.shape == (3, 16, 16, 3) and np.abs(images).max() <= 1.0


def test_tags_change_a_face():
    g = networks.build_generator(tiny("acgan"), DEFAULT)
    z = np.ones((2, 64), np.float32)
    a, b = np.asarray(g([z, np.array([(0, 0), (3, 0)], np.int32)]))
    assert np.abs(a - b).max() > 0


@pytest.mark.parametrize("model", ["rpgan", "acgan_dcgan"])
def test_projection_adds_the_features_times_the_tags_embedding_to_the_score(model):
    keras.utils.set_random_seed(0)
    _, d = networks.build(tiny(model, projection=True), DEFAULT)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
    score = lambda hair, eyes: float(d([image, np.array([(hair, eyes)], np.int32)])["score"][0, 0])
    plain = score(-1, -1)
    assert score(3, -1) != plain and score(-1, 4) != plain
    # Linear in the summed embeddings of hair and eyes.
    assert score(3, 4) - plain == pytest.approx((score(3, -1) - plain)
                                                + (score(-1, 4) - plain), abs=1e-5)


@pytest.mark.parametrize("model, compares", [("rpgan", False), ("rpgan_32", True)])
def test_only_a_normalized_discriminator_compares_the_faces_of_a_batch(model, compares):
    """With it a batch of one face, drawn many times, is told from different faces."""
    keras.utils.set_random_seed(0)
    d = networks.build_discriminator(tiny(model), DEFAULT)
    faces = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
    tags = np.zeros((4, 2), np.int32)
    among_others, among_copies = (
        float(d([images, tags], training=True)["score"][0, 0])
        for images in (faces, faces[[0, 0, 0, 0]]))
    assert (abs(among_others - among_copies) > 1e-3) == compares


@pytest.mark.parametrize("model, name, value, fitting", [
    ("dcgan", "projection", True, "acgan_dcgan, rpgan"),
    ("acgan", "projection", True, "acgan_dcgan, rpgan"),
    ("rpgan", "upsampling", "nearest", "dcgan, dcgan_96"),
    ("dcgan", "depth", 3, "acgan, resnet_wgan"), ("wgan", "real_label", 0.8, "dcgan, dcgan_96"),
    ("wgan", "beta_1", 0.9, "dcgan, dcgan_96"), ("dcgan", "penalty_every", 2, "wgan_gp, "),
    ("wgan_gp", "final_r1_r2_share", 0.5, "rpgan, rpgan_32")])
def test_a_setting_that_would_change_nothing_is_refused(model, name, value, fitting):
    with refusal(f"--{name}", Fault.CONFLICT) as caught:
        tiny(model, **{name: value})
    assert fitting in str(caught.value)  # the recipes that have it


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_an_embedding_begins_with_the_variance_of_the_noise(axes):
    labels = Labels({f"axis{i}": [f"value{j}" for j in range(50)] for i in range(axes)})
    keras.utils.set_random_seed(0)
    generator = networks.build_generator(tiny("rpgan", embedding_dim=64), labels)
    rows = blocks.embedding_of(generator).numpy().reshape(axes, 50, 64)
    assert rows.sum(axis=0).std() == pytest.approx(1, abs=0.05)


def test_a_recipes_own_setting_is_none_that_changes_nothing():
    assert tiny("rpgan", upsampling="transposed") == tiny("rpgan")


@pytest.mark.parametrize("model", ["dcgan", "acgan"])
def test_a_file_with_projection_its_discriminator_cannot_have_is_refused(model):
    with pytest.raises(ValueError, match="projection"):
        recipes.check(dataclasses.replace(recipes.RECIPES[model], projection=True))


@pytest.mark.parametrize("factor", [2, 3])
def test_upconv_is_nearest_upsampling_and_a_convolution(factor):
    x = np.random.default_rng(0).normal(size=(2, 5, 6, 4)).astype(np.float32)
    layer = UpConv2D(3, factor)
    y = layer(x)
    assert y.shape == layer.compute_output_shape(x.shape) == (2, 5 * factor, 6 * factor, 3)
    # A transposed convolution's is turned round.
    kernel = layer.kernel.numpy()[::-1, ::-1].transpose(0, 1, 3, 2)
    upsampled = x.repeat(factor, axis=1).repeat(factor, axis=2)
    assert np.allclose(y, tf.nn.conv2d(upsampled, kernel, 1, "SAME"), atol=1e-5)


@pytest.mark.parametrize("upsampling", recipes.UPSAMPLINGS)
def test_checkerboard_of_an_even_input(upsampling):
    """At the start, an even map stays even (within the borders) only without transposed kernels."""
    keras.utils.set_random_seed(0)
    recipe = tiny("dcgan", upsampling=upsampling)
    layers = networks.build_generator(recipe, DEFAULT).layers
    layer = [layer for layer in layers if "conv" in layer.name][0]
    out = np.asarray(layer(np.ones((1, *layer.input.shape[1:]), np.float32)))[0, 2:-2, 2:-2]
    assert (np.abs(out - out.mean(axis=(0, 1))).max() < 1e-5) == (upsampling == "nearest")


@pytest.mark.parametrize("affine", [True, False])
def test_fused_batch_norm_is_keras_batch_norm(affine):
    """Outputs, first and second derivatives, and the moving averages."""
    rng = np.random.default_rng(0)
    x, weights = (tf.constant(rng.normal(1, 2, (4, 5, 6, 3)), tf.float32) for _ in range(2))
    found = []
    for kind in (BatchNorm, keras.layers.BatchNormalization):
        layer = kind(momentum=0.9, epsilon=1e-5, center=affine, scale=affine)
        layer.build(x.shape)
        for weight in layer.trainable_weights:
            weight.assign([1.0, 2.0, 3.0])
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = layer(x, training=True)
                loss = tf.reduce_sum(weights * y ** 2)
            gradients = inner.gradient(loss, [x, *layer.trainable_weights])
            squares = tf.reduce_sum(gradients[0] ** 2)
        found.append([y, *gradients, outer.gradient(squares, x), *layer.weights,
                      layer(x, training=False)])
    for fused, plain in zip(*found):
        np.testing.assert_allclose(fused, plain, rtol=1e-4, atol=1e-3)


@pytest.fixture(scope="module")
def spectral():
    keras.utils.set_random_seed(0)
    layer = SpectralConv2D(5, 3, use_bias=False)
    layer.build((None, 8, 8, 4))
    for _ in range(100):  # lets the power iteration settle
        layer(tf.zeros((1, 8, 8, 4)), training=True)
    return layer


def used_kernel(layer):
    """The kernel a 1-image convolution really applies, read off impulses."""
    impulses = np.zeros((4, 5, 5, 4), np.float32)
    for channel in range(4):
        impulses[channel, 2, 2, channel] = 1
    return np.asarray(layer(impulses))[:, ::-1, ::-1].transpose(1, 2, 0, 3)


def test_spectral_norm_is_one_and_the_kernel_stays(spectral):
    kernel = spectral.kernel.numpy()
    spectral(tf.zeros((1, 8, 8, 4)), training=True)
    assert np.array_equal(spectral.kernel.numpy(), kernel)
    sigma = np.linalg.svd(kernel.reshape(-1, 5), compute_uv=False)[0]
    assert np.allclose(used_kernel(spectral), kernel / sigma, atol=1e-5)


def test_spectral_norm_gradient_goes_through_sigma(spectral):
    rng = np.random.default_rng(1)
    kernel, weights = spectral.kernel.numpy().astype(np.float64), rng.normal(size=(3, 3, 4, 5))

    def value(k):
        return np.sum(weights * k) / np.linalg.svd(k.reshape(-1, 5), compute_uv=False)[0]

    # A valid convolution of one 3x3 image with "weights" as the readout gives sum(weights *
    # kernel).
    with tf.GradientTape() as tape:
        total = 0.0
        for index in np.ndindex(3, 3, 4):
            image = np.zeros((1, 3, 3, 4), np.float32)
            image[(0, *index)] = 1
            total += tf.reduce_sum(spectral(image)[0, 0, 0] * weights[index].astype(np.float32))
    gradient = tape.gradient(total, spectral.kernel).numpy()
    for index in [(0, 0, 0, 0), (1, 2, 3, 4), (2, 1, 0, 3)]:
        e = np.zeros_like(kernel)
        e[index] = 1e-5
        assert gradient[index] == pytest.approx((value(kernel + e) - value(kernel - e)) / 2e-5,
                                                abs=1e-3)


def test_the_acgan_discriminator_shows_its_heads_something():
    """Spectral normalization shrinks features to a hundredth; logits must still differ."""
    keras.utils.set_random_seed(0)
    _, d = networks.build(tiny("acgan", image_size=64, width=16, depth=8), DEFAULT)
    images = np.random.default_rng(0).uniform(-1, 1, (8, 1, 1, 3)) * np.ones((8, 64, 64, 3))
    for _ in range(8):  # lets the power iterations settle
        outputs = d(images, training=True)
    spread = {name: np.std(np.asarray(logits), axis=0).mean() for name, logits in outputs.items()}
    assert min(spread.values()) > 0.1, spread


def test_acgan_begins_without_a_grid_and_reads_features_of_deviation_one():
    """Pixel shuffle with ICNR begins as nearest upsampling; both heads read normalized features."""
    recipe = tiny("acgan", image_size=32)
    kernels = [layer.kernel.numpy() for layer in networks.build_generator(recipe, DEFAULT).layers
               if getattr(layer, "filters", 0) == 4 * recipe.width]
    assert len(kernels) == 2
    for kernel in kernels:  # depth_to_space takes the channels of one pixel after those of another
        assert all(np.array_equal(kernel[..., :recipe.width], part)
                   for part in np.split(kernel, 4, axis=-1))
        assert kernel.std() > 0
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 8)).astype(np.float32)
    convolve = keras.layers.Conv2D(12, 3, padding="same", kernel_initializer=ICNR(2))
    up = np.asarray(keras.ops.depth_to_space(convolve(x), 2))
    assert np.array_equal(up[:, ::2, ::2], up[:, 1::2, 1::2]) and np.array_equal(up[:, ::2, ::2],
                                                                                 up[:, ::2, 1::2])

    d = networks.build_discriminator(recipe, DEFAULT)
    heads = [layer for layer in d.layers if getattr(layer, "units", 0) == 512]
    images = np.random.default_rng(1).uniform(-1, 1, (8, 32, 32, 3)).astype(np.float32)
    assert len(heads) == 2
    for features in keras.Model(d.input, [head.input for head in heads])(images):
        assert np.std(features, axis=1) == pytest.approx(np.ones(8), rel=1e-3)


@pytest.mark.parametrize("model, shared", [("acgan", True), ("acgan_separate", False)])
def test_score_and_attributes_have_a_common_trunk_or_nothing_in_common(model, shared):
    d = networks.build_discriminator(tiny(model), DEFAULT)
    used = []
    for name in ("score", "hair"):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(d(tf.ones((2, 16, 16, 3)), training=True)[name] ** 2)
        gradients = tape.gradient(value, d.trainable_variables)
        used.append({i for i, gradient in enumerate(gradients) if gradient is not None})
    assert (bool(used[0] & used[1]) == shared
            and used[0] | used[1] == set(range(len(d.trainable_variables))))
