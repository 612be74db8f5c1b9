"""Schedules against closed forms."""
import math

import numpy as np
import pytest
import tensorflow as tf
from conftest import tiny

from anime_gan_tf.training import schedules


@pytest.mark.parametrize("epoch", [0, 1, 4, 5, 6, 9, 10, 12, 299])
@pytest.mark.parametrize("within", [0.01, 0.5, 0.99])
def test_gan_resnets_rate_falls_and_rises_again(epoch, within):
    """torch.optim.lr_scheduler.CosineAnnealingLR with T_max 5 and eta_min 5e-6, once an epoch."""
    recipe = tiny("resnet_wgan", as_published=True)
    progress = tf.constant((epoch + within) / 300, tf.float32)
    expected = 5e-6 + (5e-5 - 5e-6) * (1 + math.cos(math.pi * epoch / 5)) / 2
    assert float(schedules.rates(recipe, progress)[0]) == pytest.approx(expected, rel=1e-4)


def test_a_rate_without_a_period_falls_once():
    recipe = tiny("resnet_wgan")
    rates = [float(schedules.rates(recipe, tf.constant(share))[0])
             for share in np.linspace(0, 1, 9, dtype=np.float32)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(2e-4) and rates[4] == pytest.approx(1e-4)
    assert rates[-1] == pytest.approx(0, abs=1e-10)
