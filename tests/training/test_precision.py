import numpy as np
import pytest
import tensorflow as tf
from conftest import random_faces, tiny

from anime_gan_tf.data import pipeline
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.training import precision
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.train_step import make_train_step

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.parametrize("asked, before, units, chosen, noted", [
    ("auto", None, True, "bfloat16", False), ("auto", None, False, "float32", False),
    ("auto", "bfloat16", True, "bfloat16", False), ("auto", "float32", True, "float32", False),
    ("auto", "bfloat16", False, "float32", True), ("bfloat16", None, False, "bfloat16", False),
    ("float32", "bfloat16", True, "float32", True)])
def test_a_run_keeps_its_precision_or_says_why_not(monkeypatch, asked, before, units,
                                                   chosen, noted):
    monkeypatch.setattr(precision, "has_units", lambda: units)
    found, note = precision.choose(asked, before)
    assert found == chosen and bool(note) == noted


# Of each family of networks one, with labels or a gradient penalty where there is one.
@pytest.mark.parametrize("model", ["wgan_gp", "acgan_dcgan", "acgan", "wgan_gp_256", "resnet_wgan",
                                   "rpgan", "enlarger"])
def test_a_step_in_bfloat16_is_nearly_that_in_float32_and_keeps_its_weights_in_float32(model):
    recipe = tiny(model, n_critic=1)
    batch = next(iter(pipeline.batches(random_faces(16), recipe, 0)))
    found, order = [], []
    for compute in ("float32", "bfloat16"):
        state = make_state(recipe, 0, DEFAULT, compute=compute)
        assert all(weight.dtype == "float32"
                   for weight in state.generator.weights + state.discriminator.weights)
        # Checkpoints hold weights by their position.
        order.append([weight.path
                      for weight in state.generator.weights + state.discriminator.weights])
        assert all(output.dtype == "float32" for output in tf.nest.flatten(
            [state.generator.output, state.discriminator.output, state.ema_generator.output]))
        step = make_train_step(recipe, state, DEFAULT.uniform_distribution())
        found.append(step(*batch, tf.constant(0.0)))
    assert order[0] == order[1]
    for name in ("d_adversarial", "g_adversarial", "d_grad_norm", "g_grad_norm"):
        one, other = (float(metrics[name]) for metrics in found)
        assert np.isfinite(other) and other == pytest.approx(one, rel=0.2, abs=0.05), name
    # So the formats did differ.
    assert any(float(found[0][name]) != float(found[1][name]) for name in found[0])
