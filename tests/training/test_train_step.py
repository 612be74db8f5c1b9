import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from conftest import eagerly, random_faces, tiny

from anime_gan_tf import losses, recipes
from anime_gan_tf.data import pipeline
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.published import PUBLISHED
from anime_gan_tf.training import augment
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.train_step import make_train_step, sample_inputs

pytestmark = pytest.mark.usefixtures("eager")


def steps(recipe, count=1, seed=0, state=None):
    """(state, metrics) after some steps on noise, of a new state or of the one that is given."""
    faces = random_faces(16)
    state = state or make_state(recipe, seed, DEFAULT)
    step = make_train_step(recipe, state, DEFAULT.joint_distribution(faces.tags))
    for _, batch in zip(range(count), pipeline.batches(faces, recipe, seed)):
        metrics = step(*batch, tf.constant(0.5))
    return state, {name: float(value) for name, value in metrics.items()}


def trained_recipes():
    """{id: a tiny recipe}: every recipe, every published model that is not the same as one before
    in this size, and dcgan with every loss that none of these has."""
    found = {}
    for as_published, models in ((False, recipes.RECIPES), (True, PUBLISHED)):
        for model in models:
            recipe = dataclasses.replace(tiny(model, as_published, n_critic=1), source="")
            if recipe not in found.values():
                found[f"{model} as published" if as_published else model] = recipe
    trained = {recipe.loss for recipe in found.values()}
    return found | {loss: tiny("dcgan", loss=loss) for loss in losses.ADVERSARIAL
                    if loss not in trained}


TRAINED = trained_recipes()


@pytest.mark.parametrize("recipe", TRAINED.values(), ids=TRAINED)
def test_every_recipe_and_loss_moves_both_networks(recipe):
    # At the first step only the last layers of zero-initialized branches move, at the next those
    # before, and so on.
    count = 4 if recipe.networks == "pyramid" else 1
    state = make_state(recipe, 0, DEFAULT)
    trained = lambda network: [weight.numpy() for weight in
                               getattr(state, network).trainable_weights]
    before = {network: trained(network) for network in
              ("generator", "discriminator", "ema_generator")}
    _, metrics = steps(recipe, count, state=state)
    # A difference of means does not depend on what is added to all scores.
    idle = {(1,)} if recipe.loss == "wasserstein" else set()
    for network, old in before.items():
        assert all(np.abs(a - b).max() > 0 or a.shape in idle
                   for a, b in zip(old, trained(network), strict=True)), network
    assert int(state.step) == count
    assert np.isfinite(list(metrics.values())).all() and metrics["g_grad_norm"] > 0
    assert ("d_penalty" in metrics) == (recipe.gradient_penalty + recipe.r1_r2 > 0)
    assert ("d_attributes" in metrics and "g_attributes" in metrics) == recipe.conditional
    if not recipe.ema_share:  # without an average the generator itself is kept
        for a, b in zip(state.ema_generator.get_weights(), state.generator.get_weights()):
            assert np.array_equal(a, b)


def plain_step(recipe, state, images, tags):
    """A step as the papers write it: eager, every loss one sum on one tape, no loop or branch."""
    pair, (g, d) = losses.ADVERSARIAL[recipe.loss], (state.generator, state.discriminator)
    state.step.assign_add(1)
    inputs = sample_inputs(recipe, state.rng, DEFAULT, DEFAULT.uniform_distribution())
    if pair.relativistic:
        inputs["labels"] = tags

    def discriminate(x, tags, i):
        if recipe.translation:
            x = augment.translate(x, inputs["shift"][i])
        return d([x, tags] if recipe.projection else x, training=True)

    def draw(i):
        return g([inputs["z"][i], inputs["labels"][i]] if recipe.conditional else [inputs["z"][i]],
                 training=True)

    def input_gradient(x, tags, i):
        with tf.GradientTape() as tape:
            tape.watch(x)
            score = discriminate(x, tags, i)["score"]
        return tape.gradient(score, x)

    for i in range(recipe.n_critic):
        with tf.GradientTape() as fakes_tape:
            fakes = draw(i)
        with tf.GradientTape() as tape:
            real = discriminate(images[i], tags[i], i)
            fake = discriminate(fakes, inputs["labels"][i], i)
            loss = recipe.adversarial_weight * pair.discriminator(real["score"], fake["score"],
                                                                  recipe.real_label)
            if recipe.conditional:
                loss += losses.attribute_loss(real, tags[i], DEFAULT.axes)
            if recipe.gradient_penalty:
                mixed = images[i] + inputs["interpolation"][i] * (fakes - images[i])
                loss += recipe.gradient_penalty * losses.gradient_penalty(
                    input_gradient(mixed, tags[i], i))
            if recipe.r1_r2 and int(state.step) % recipe.penalty_every == 0:
                gradients = (input_gradient(images[i], tags[i], i),
                             input_gradient(fakes, inputs["labels"][i], i))
                loss += (recipe.adversarial_weight * recipe.penalty_every * recipe.r1_r2
                         * sum(map(losses.zero_centered_penalty, gradients)))
        state.d_optimizer.apply(tape.gradient(loss, d.trainable_variables), d.trainable_variables)
    with fakes_tape:
        fake = discriminate(fakes, inputs["labels"][-1], -1)
        real_score = discriminate(images[-1], tags[-1], -1)["score"] if pair.relativistic else None
        loss = recipe.adversarial_weight * pair.generator(real_score, fake["score"])
        if recipe.conditional:
            loss += losses.attribute_loss(fake, inputs["labels"][-1], DEFAULT.axes)
    state.g_optimizer.apply(fakes_tape.gradient(loss, g.trainable_variables), g.trainable_variables)


@pytest.mark.graph
@pytest.mark.parametrize("model, overrides",
                         [("wgan_gp", {"n_critic": 2}), ("rpgan", {"penalty_every": 2})])
def test_two_steps_do_what_the_plain_form_does_and_the_same_again(model, overrides):
    """The repeat must be bit-identical; tests of resumed runs cover this for dcgan, acgan, the
    enlarger and resnet_wgan, under other optimizers."""
    # Under SGD, because Adam makes a full step of the rounding where a gradient is zero.
    recipe = tiny(model, optimizer="sgd", learning_rate=0.01, d_learning_rate_factor=1.0,
                  final_r1_r2_share=1.0, final_learning_rate_share=1.0, **overrides)
    faces = random_faces(16)
    ours, plain, of_seed_1 = (make_state(recipe, seed, DEFAULT) for seed in (0, 0, 1))
    values = lambda state: {name: np.array(variable)
                            for name, variable in state.variables().items()}
    equal = lambda a, b: all(np.array_equal(a[name], b[name]) for name in a)
    start = values(ours)
    assert equal(start, values(plain)) and not equal(start, values(of_seed_1))
    step = make_train_step(recipe, ours, DEFAULT.uniform_distribution())
    batches = [batch for _, batch in zip(range(2), pipeline.batches(faces, recipe, 0))]
    for batch in batches:
        step(*batch, tf.constant(0.5))
        plain_step(recipe, plain, *batch[:2])
    for network in ("generator", "discriminator"):
        for one, other in zip(getattr(ours, network).weights, getattr(plain, network).weights):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6,
                                       err_msg=f"{network} {one.path}")
    end = values(ours)
    for name, variable in ours.variables().items():
        variable.assign(start[name])
    for batch in batches:
        step(*batch, tf.constant(0.5))
    assert equal(end, values(ours)) and not equal(start, end)


def test_weight_clipping_bounds_the_critic():
    state, _ = steps(tiny("wgan", learning_rate=0.1))
    assert (max(np.abs(w.numpy()).max() for w in state.discriminator.trainable_weights)
            <= 0.01 + 1e-9)


def test_loss_is_the_weighted_sum_of_its_terms():
    _, metrics = steps(tiny("rpgan", adversarial_weight=5.0, gradient_penalty=3.0, r1_r2=0.0,
                            penalty_every=1))
    assert metrics["d_loss"] == pytest.approx(
        5 * (metrics["d_adversarial"] + metrics["d_penalty"]) + metrics["d_attributes"], rel=1e-5)
    assert metrics["d_penalty"] > 0
    assert metrics["g_loss"] == pytest.approx(5 * metrics["g_adversarial"]
                                              + metrics["g_attributes"], rel=1e-5)


def test_the_generators_attribute_loss_has_a_weight_of_its_own():
    _, metrics = steps(tiny("acgan", as_published=True, n_critic=1))
    assert metrics["g_loss"] == pytest.approx(5 * metrics["g_adversarial"]
                                              + metrics["g_attributes"] / 23, rel=1e-5)
    assert metrics["d_loss"] == pytest.approx(5 * metrics["d_adversarial"]
                                              + metrics["d_attributes"], rel=1e-5)


def test_a_label_below_one_for_the_generator():
    one, less = (steps(tiny("dcgan", generator_label=label, learning_rate=1e-12))[1]
                 for label in (1.0, 0.8))
    # Cross-entropy with a label y is that with 1, plus (1 - y) times the mean logit.
    assert less["g_adversarial"] == pytest.approx(one["g_adversarial"] + 0.2 * one["d_fake"],
                                                  rel=1e-4)


def test_average_is_an_average_with_the_stated_half_life():
    recipe = tiny("dcgan", ema_share=0.5)
    start = make_state(recipe, 0, DEFAULT).generator.get_weights()
    state, _ = steps(recipe)
    # One step in, the run is one batch long: a half-life of half a batch keeps a quarter, of
    # BatchNorm's statistics too.
    for slow, old, new in zip(state.ema_generator.get_weights(), start,
                              state.generator.get_weights()):
        assert np.abs(new - old).max() > 0 and np.allclose(slow, 0.25 * old + 0.75 * new, atol=1e-7)


def test_fakes_get_tags_from_the_joint_table():
    table = np.zeros((12, 11))
    table[0, 1], table[11, 10] = 0.25, 0.75
    recipe = tiny("acgan", n_critic=2, batch_size=1000)
    rng = tf.random.Generator.from_seed(0)
    tags = sample_inputs(recipe, rng, DEFAULT, table)["labels"].numpy()
    assert tags.shape == (2, 1000, 2)
    assert set(map(tuple, tags.reshape(-1, 2))) == {(0, 1), (11, 10)}
    assert np.mean(tags[..., 0] == 0) == pytest.approx(0.25, abs=0.03)


@pytest.mark.graph
def test_jit_takes_the_same_step():
    with eagerly():
        _, plain = steps(tiny("wgan_gp", n_critic=1))
    _, compiled = steps(tiny("wgan_gp", jit=True, n_critic=1))
    for name, value in plain.items():
        assert compiled[name] == pytest.approx(value, rel=1e-3, abs=1e-4), name


def test_lazy_penalty_is_rare_and_as_many_times_as_strong():
    # A learning rate of almost nothing keeps the networks, and so the penalty, as they are.
    fixed = {"learning_rate": 1e-12, "r1_r2": 1.0, "final_r1_r2_share": 1.0}
    state = make_state(tiny("dcgan", **fixed), 0, DEFAULT)

    def still(**more):
        """The penalty of a second step, always on the same faces and noise."""
        state.step.assign(1)
        state.rng.reset_from_seed(0)
        return steps(tiny("dcgan", **fixed | more), state=state)[1]["d_penalty"]

    always = still(penalty_every=1)
    assert always > 0
    assert still(penalty_every=2) == pytest.approx(2 * always, rel=1e-4)
    assert still(penalty_every=1, r1_r2=3.0) == pytest.approx(3 * always, rel=1e-4)
    # Half-way down.
    assert still(penalty_every=1, final_r1_r2_share=0.2) == pytest.approx(0.6 * always, rel=1e-4)
    assert still(penalty_every=3) == 0.0  # the second step is not a third one


def test_a_comparing_pair_gives_fakes_the_tags_of_the_reals():
    recipe = tiny("rpgan", d_learning_rate_factor=1.0)
    faces = random_faces(4)
    table = np.zeros((12, 11))
    unused = min(set(range(12)) - set(faces.tags[:, 0]))
    table[unused, 0] = 1.0  # would be drawn if the table were asked
    state = make_state(recipe, 0, DEFAULT)
    embedding = state.generator.get_layer("embedding").kernel
    before = embedding.numpy()
    make_train_step(recipe, state, table)(*next(iter(pipeline.batches(faces, recipe, 0))),
                                          tf.constant(0.0))
    moved = np.flatnonzero(np.abs(embedding.numpy() - before).max(axis=1))
    assert set(moved) == set(faces.tags[:, 0]) | {12 + eyes for eyes in faces.tags[:, 1]}


def test_only_the_embedding_of_the_labels_learns():
    recipe = tiny("rpgan", embedding_only=True)
    start = make_state(recipe, 0, DEFAULT)
    state, _ = steps(recipe)
    moved = [not np.array_equal(old, new) for old, new in zip(
        start.generator.weights, state.generator.weights)]
    embedding = state.generator.get_layer("embedding").kernel
    assert moved == [weight is embedding for weight in state.generator.weights]
    assert not np.array_equal(start.discriminator.weights[0], state.discriminator.weights[0])


def test_learning_rate_falls_along_a_cosine_and_the_discriminator_has_its_own():
    state, metrics = steps(tiny("dcgan", learning_rate=1e-3, d_learning_rate_factor=1.5,
                                final_learning_rate_share=0.2))  # at progress 0.5
    assert metrics["learning_rate"] == pytest.approx(1e-3 * 0.6)
    assert float(state.d_optimizer.learning_rate) == pytest.approx(1.5 * metrics["learning_rate"])
    assert float(state.g_optimizer.learning_rate) == pytest.approx(metrics["learning_rate"])
