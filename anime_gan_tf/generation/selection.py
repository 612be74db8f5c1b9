"""The best of many faces, by the discriminator and by agreement with the requested attributes."""
import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import sampling
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.networks import forward, loading

# Two faces are near-duplicates where the distance of their features is below this share of the
# median distance in the pool.
ALIKE = 0.5


def best(trained, path, pool, count):
    """Indices of the best faces of a pool, the best first, without near-duplicates.

    Faces are ranked by the discriminator's logit, corrected for their tags, and, where attributes
    were requested, by the probability that the classifier gives these; both ranks have the same
    weight.

    Args: trained: loading.Trained; path: of its generator.npz, in the folder of its discriminator;
      pool: Latents; count: how many.
    Returns: int (count,), or fewer where the pool has no more distinct faces.
    Raises:
      UserError: there is no discriminator.
    """
    discriminator = loading.load_discriminator(path, trained.recipe, trained.labels)
    if discriminator is None:
        raise UserError("--top_k", Fault.MISSING,
                        f"no discriminator lies beside {path} to choose with")
    images, tags = sampling.draw(trained, pool, progress=True), pool.tags

    def discriminate(images, *tags):
        inputs = [sampling.from_uint8(images), *tags]
        return discriminator(inputs if tags else inputs[0], training=False)["score"]

    logits = forward.run(discriminate, [images, tags] if trained.recipe.projection else [images],
                         sampling.BATCH)[:, 0]
    predictor = classifier.bundled()
    predicted = predictor.predict(images)
    rank = _rank(logits if tags is None else _without_tags(logits, pool.labels.encode(tags)))
    shared = {} if tags is None else pool.labels.shared(predictor.labels)
    tags = tags if tags is None else pool.labels.nearest(tags)
    if any((tags[:, i] != UNKNOWN).any() for i in shared.values()):
        rows = np.arange(len(tags))
        agreement = sum(
            np.where(tags[:, i] == UNKNOWN, 0.0, np.log(predicted[axis][rows, tags[:, i]] + 1e-6))
            for axis, i in shared.items())
        rank = rank + _rank(agreement)
    return _distinct(predicted["features"], np.argsort(-rank, kind="stable"), count)


def _without_tags(logits, one_hot):
    """The residuals of the logits after a least-squares fit of one constant for each value.

    A relativistic discriminator only compares faces with the same tags, so it may give one color
    higher logits than another whatever the faces look like.
    """
    return logits - one_hot @ np.linalg.lstsq(one_hot, logits, rcond=None)[0]


def _rank(values):
    """0 for the lowest to n - 1."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


def _distinct(features, order, count):
    """The first `count` of `order` that are not near-duplicates of one selected before."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(len(features), size=(2, 1000))
    distances = np.linalg.norm(features[a] - features[b], axis=1)
    limit = ALIKE * np.median(distances[a != b]) if (a != b).any() else 0.0
    selected = []
    for i in order:
        if len(selected) == count:
            break
        if all(np.linalg.norm(features[i] - features[j]) > limit for j in selected):
            selected.append(i)
    return np.array(selected)
