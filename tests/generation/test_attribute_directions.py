"""Attribute vectors, on an untagged generator whose hair colors are known."""
import keras
import numpy as np
import pytest
from keras import ops

from anime_gan_tf import recipes
from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import attribute_directions, latents, sampling
from anime_gan_tf.labels import DEFAULT, Labels, UNKNOWN
from anime_gan_tf.networks import loading

HAIR = DEFAULT.axes["hair"]


@pytest.fixture(scope="module")
def untagged():
    """The bundled generator, with blue eyes, and with a hair color that follows from three numbers
    of its noise."""
    bundled = loading.load_generator(classifier.PRETRAINED.parents[1] / "pretrained_rpgan"
                                     / "generator.npz")
    z = keras.Input((24,), name="z")
    towards = np.random.default_rng(0).normal(size=(3, len(HAIR)))
    hair = ops.softmax(8 * ops.matmul(z[:, :3], towards / np.linalg.norm(towards, axis=0)))
    eyes = 0 * z[:, :11] + np.eye(11)[2]
    inner = ops.concatenate([z[:, 3:]] * 3 + [z[:, 3:4]], axis=1)
    colors = ops.concatenate([hair, eyes], axis=1)
    images = sampling.from_one_hot(bundled.generator)([inner, colors])
    recipe = recipes.resolve("dcgan", {"latent_dim": 24})
    return loading.Trained(keras.Model([z], images, name="generator"), recipe,
                           {"run": "untagged", "model": "dcgan", "table": None})


def test_colors_of_an_untagged_generator(untagged, monkeypatch):
    monkeypatch.setattr(attribute_directions, "NUM_FACES", 512)
    steered = attribute_directions.add_attribute_control(untagged)
    seeds, predict = range(5000, 5005), classifier.bundled().predict
    assert steered.takes_attributes and steered.label_distribution.shape == (12, 11)
    agreement = []
    for hair in range(len(HAIR)):
        predicted = predict(
            sampling.draw(steered, latents.from_seeds(steered, seeds, (hair, UNKNOWN))))
        agreement.append(np.mean(predicted["hair"].argmax(axis=1) == hair))
    assert np.mean(agreement) > 0.85  # by chance 0.08
    # Unspecified, a face is what it was, and with one it is still a face of the same generator.
    as_it_is = latents.from_seeds(untagged, seeds)
    assert np.array_equal(sampling.draw(untagged, as_it_is),
                          sampling.draw(steered, latents.from_seeds(steered, seeds)))
    red = latents.from_seeds(steered, seeds, (HAIR.index("red"), UNKNOWN))
    maker, noise = attribute_directions.without_attribute_control(steered, red)
    assert maker.generator is untagged.generator and maker.label_distribution is None
    assert np.abs(sampling.draw(maker, noise).astype(int) - sampling.draw(steered, red)).max() <= 1


def test_only_directions_that_matter_are_moved(monkeypatch):
    """Of two axes one follows from the first two numbers of the noise, the other from nothing."""
    labels, rng = Labels({"shade": ("a", "b", "c", "d"), "luck": ("good", "bad")}), np.random
    z = keras.Input((50,), name="z")
    images = ops.tanh(ops.reshape(z[:, :3], (-1, 1, 1, 3)) / 3) * ops.ones((1, 16, 16, 3))
    trained = loading.Trained(keras.Model([z], images, name="generator"),
                              recipes.resolve("dcgan", {"latent_dim": 50}),
                              {"run": "untagged", "model": "dcgan", "table": None})

    class Predictor:
        def predict(self, images):
            noise = 3 * np.arctanh(images[:, 0, 0, :2] / 127.5 - 1)
            shares = np.exp(4 * noise @ np.array([[1, -1, 0, 0], [0, 0, 1, -1]]))
            return {"shade": shares / shares.sum(axis=1, keepdims=True),
                    "luck": rng.default_rng(1).dirichlet(np.ones(2), len(images))}

    Predictor.labels = labels
    monkeypatch.setattr(classifier, "bundled", Predictor)
    steered = attribute_directions.add_attribute_control(trained)
    faces = latents.from_seeds(steered, range(8))
    shaded, lucky = (latents.with_tags(faces, tags) for tags in ((2, UNKNOWN), (UNKNOWN, 0)))
    _, moved = attribute_directions.without_attribute_control(steered, shaded)
    change = np.linalg.norm(moved.z - faces.z, axis=0)
    assert np.linalg.norm(change[:2]) > 5 * np.linalg.norm(change[2:])
    assert (moved.z[:, 1] > 0).all()
    _, moved = attribute_directions.without_attribute_control(steered, lucky)
    assert np.array_equal(moved.z, faces.z)
