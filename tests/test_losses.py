"""Losses against closed forms in NumPy, their gradients against finite differences."""
import numpy as np
import pytest
import tensorflow as tf

from anime_gan_tf import losses
from anime_gan_tf.labels import DEFAULT

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(2, 6, 1))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


CLOSED = {
    "bce": (lambda r, f, y: -np.mean(y * np.log(sigmoid(r)) + (1 - y) * np.log(1 - sigmoid(r)))
            - np.mean(np.log(1 - sigmoid(f))),
            lambda r, f, y=1.0: -np.mean(y * np.log(sigmoid(f))
                                         + (1 - y) * np.log(1 - sigmoid(f)))),
    "wasserstein": (lambda r, f, y: np.mean(f) - np.mean(r), lambda r, f: -np.mean(f)),
    "sigmoid_wasserstein": (lambda r, f, y: np.mean(sigmoid(f)) - np.mean(sigmoid(r)),
                            lambda r, f: -np.mean(sigmoid(f))),
    "hinge": (lambda r, f, y: np.mean(np.maximum(0, 1 - r)) + np.mean(np.maximum(0, 1 + f)),
              lambda r, f: -np.mean(f)),
    "relativistic": (lambda r, f, y: -np.mean(np.log(sigmoid(r - f))),
                     lambda r, f: -np.mean(np.log(sigmoid(f - r)))),
}


def test_every_loss_has_a_closed_form_here():
    assert set(CLOSED) == set(losses.ADVERSARIAL)


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("label", [1.0, 0.8])
def test_adversarial_pairs(name, label):
    pair, (d, g) = losses.ADVERSARIAL[name], CLOSED[name]
    r, f = tf.constant(REAL), tf.constant(FAKE)
    assert float(pair.discriminator(r, f, label)) == pytest.approx(d(REAL, FAKE, label), abs=1e-6)
    assert float(pair.generator(r, f)) == pytest.approx(g(REAL, FAKE), abs=1e-6)


@pytest.mark.parametrize("name", CLOSED)
def test_adversarial_gradients(name):
    pair, (d, _) = losses.ADVERSARIAL[name], CLOSED[name]
    r, f = tf.Variable(REAL), tf.Variable(FAKE)
    with tf.GradientTape() as tape:
        loss = pair.discriminator(r, f, 0.9)
    by_real, by_fake = (gradient.numpy() for gradient in tape.gradient(loss, [r, f]))
    for i in range(len(REAL)):
        e = np.zeros_like(REAL)
        e[i] = 1e-6
        assert by_real[i, 0] == pytest.approx((d(REAL + e, FAKE, 0.9) - d(REAL - e, FAKE, 0.9))
                                              / 2e-6, abs=1e-6)
        assert by_fake[i, 0] == pytest.approx((d(REAL, FAKE + e, 0.9) - d(REAL, FAKE - e, 0.9))
                                              / 2e-6, abs=1e-6)


def test_the_label_that_the_generator_aims_at():
    """A score is never too high for a label of 1, and soon is for one of 0.8."""
    f = tf.Variable([[0.0], [np.log(4)], [3.0]], dtype=tf.float64)
    with tf.GradientTape() as tape:
        loss = losses.ADVERSARIAL["bce"].generator(None, f, 0.8)
    assert float(loss) == pytest.approx(CLOSED["bce"][1](REAL, f.numpy(), 0.8))
    assert np.sign(np.round(tape.gradient(loss, f).numpy(), 12)).ravel().tolist() == [-1, 0, 1]


def test_losses_stay_finite_far_out():
    r = tf.constant([[1e4], [-1e4]])
    for pair in losses.ADVERSARIAL.values():
        assert np.isfinite(float(pair.discriminator(r, -r, 0.9)))
        assert np.isfinite(float(pair.generator(r, -r)))


def test_attribute_loss_ignores_unknown_tags():
    hair, eyes = RNG.normal(size=(3, 12)), RNG.normal(size=(3, 11))
    tags = np.array([(1, 2), (3, -1), (-1, -1)], np.int32)
    logits = {"hair": tf.constant(hair), "eyes": tf.constant(eyes)}
    log_p = lambda x: x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    expected = -(log_p(hair)[0, 1] + log_p(hair)[1, 3]) / 2 - log_p(eyes)[0, 2]
    assert float(losses.attribute_loss(logits, tags, DEFAULT.axes)) == pytest.approx(expected)
    nothing = np.full((3, 2), -1, np.int32)
    assert float(losses.attribute_loss(logits, nothing, DEFAULT.axes)) == 0.0


def test_sigmoids_take_unknown_tags_for_none():
    hair, eyes = RNG.normal(size=(2, 12)), RNG.normal(size=(2, 11))
    tags = np.array([(1, -1), (3, 2)], np.int32)
    logits = {"hair": tf.constant(hair), "eyes": tf.constant(eyes)}
    target = np.zeros((2, 23))
    target[0, 1] = target[1, 3] = target[1, 12 + 2] = 1
    p = sigmoid(np.concatenate([hair, eyes], axis=1))
    each = -target * np.log(p) - (1 - target) * np.log(1 - p)
    loss = float(losses.sigmoid_attribute_loss(logits, tags, DEFAULT.axes))
    assert loss == pytest.approx(each.sum(axis=1).mean())


def test_behind_a_sigmoid_the_hinge_loss_is_wassersteins():
    """What gan_resnet trained with, whichever of the two it named."""
    real, fake = (tf.sigmoid(tf.constant(logits)) for logits in (REAL, FAKE))
    assert float(losses.ADVERSARIAL["hinge"].discriminator(real, fake, 1.0)) == pytest.approx(
        2 + CLOSED["sigmoid_wasserstein"][0](REAL, FAKE, 1.0))


def test_gradient_penalty_closed_form():
    gradients = RNG.normal(size=(5, 4, 4, 3))
    norms = np.sqrt((gradients ** 2).sum(axis=(1, 2, 3)))
    assert (float(losses.gradient_penalty(tf.constant(gradients)))
            == pytest.approx(np.mean((norms - 1) ** 2)))


def test_gradient_penalty_of_a_flat_critic_has_a_finite_gradient():
    weight = tf.Variable(tf.zeros((2 * 2 * 3, 1)))
    images = tf.ones((2, 2, 2, 3))
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(images)
            scores = tf.reshape(images, (2, -1)) @ weight
        penalty = losses.gradient_penalty(inner.gradient(scores, images))
    assert float(penalty) == pytest.approx(1.0, abs=1e-5)
    assert np.isfinite(tape.gradient(penalty, weight).numpy()).all()


@pytest.mark.parametrize("penalise, of_norms", [
    (losses.gradient_penalty, lambda norms: (norms - 1) ** 2), (losses.zero_centered_penalty,
                                                                lambda norms: norms ** 2 / 2)])
def test_penalties_by_the_critics_weights(penalise, of_norms):
    """The double gradients that train WGAN-GP, R1 and R2, against finite differences."""
    x, w = RNG.normal(size=(3, 2, 2, 3)), RNG.normal(size=12)

    def penalty(weights):
        # D(x) = sum(tanh(w x)) has the gradient w (1 - tanh(w x)^2).
        slopes = weights * (1 - np.tanh(weights * x.reshape(3, 12)) ** 2)
        return np.mean(of_norms(np.sqrt((slopes ** 2).sum(axis=1))))

    weights, images = tf.Variable(w), tf.constant(x)
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(images)
            scores = tf.reduce_sum(tf.tanh(weights * tf.reshape(images, (3, 12))), axis=1)
        loss = penalise(inner.gradient(scores, images))
    gradient = tape.gradient(loss, weights).numpy()
    assert float(loss) == pytest.approx(penalty(w))
    for i in range(12):
        e = np.zeros(12)
        e[i] = 1e-6
        assert gradient[i] == pytest.approx((penalty(w + e) - penalty(w - e)) / 2e-6, abs=1e-5)


def test_zero_centered_penalty_closed_form():
    gradients = RNG.normal(size=(5, 4, 4, 3))
    assert (float(losses.zero_centered_penalty(tf.constant(gradients)))
            == pytest.approx((gradients ** 2).sum() / 10))
