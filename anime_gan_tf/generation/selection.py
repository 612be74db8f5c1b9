"""The best of many faces, by the discriminator and by agreement with the wanted attributes."""
import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.evaluation import classifier
from anime_gan_tf.generation import sampling
from anime_gan_tf.labels import UNKNOWN
from anime_gan_tf.networks import forward, loading

# Between the features of two faces, as a share of the median distance in the pool: below it they
# are one face.
ALIKE = 0.5


def best(trained, path, pool, count):
    """Indices of the best faces of a pool, the best first, without near-duplicates.

    Faces are ranked by the discriminator's score beside that of faces with the same tags and, where
    attributes were asked for, by how likely the classifier thinks them; the two ranks count the
    same.

    Args: path: of the generator.npz, beside which the discriminator is; pool: Latents; count: how
      many.
    Returns: int (count,) or fewer where the pool has no more unlike faces.
    Raises:
      UserError: where there is no discriminator.
    """
    discriminator = loading.load_discriminator(path, trained.recipe, trained.labels)
    if discriminator is None:
        raise UserError("--top_k", Fault.MISSING,
                        f"no discriminator lies beside {path} to choose with")
    images, tags = sampling.draw(trained, pool, progress=True), pool.tags

    def discriminate(images, *tags):
        inputs = [sampling.from_uint8(images), *tags]
        return discriminator(inputs if tags else inputs[0], training=False)["score"]

    scores = forward.run(discriminate, [images, tags] if trained.recipe.projection else [images],
                         sampling.BATCH)[:, 0]
    predictor = classifier.load()
    predicted = predictor.predict(images)
    rank = _rank(scores if tags is None else _without_tags(scores, pool.labels.encode(tags)))
    shared = {} if tags is None else pool.labels.shared(predictor.labels)
    if any((tags[:, i] != UNKNOWN).any() for i in shared.values()):
        rows = np.arange(len(tags))
        agreement = sum(
            np.where(tags[:, i] == UNKNOWN, 0.0, np.log(predicted[axis][rows, tags[:, i]] + 1e-6))
            for axis, i in shared.items())
        rank = rank + _rank(agreement)
    return _unlike(predicted["features"], np.argsort(-rank, kind="stable"), count)


def _without_tags(scores, code):
    """What is left of the scores once a constant of each tag is taken off (least squares).

    A discriminator that only ever compares faces of the same tags may score one color above
    another, whatever the faces are like.
    """
    return scores - code @ np.linalg.lstsq(code, scores, rcond=None)[0]


def _rank(values):
    """0 for the lowest to n - 1."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


def _unlike(features, order, count):
    """The first of `order` that are no near-duplicates of one chosen before."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(len(features), size=(2, 1000))
    apart = np.linalg.norm(features[a] - features[b], axis=1)
    limit = ALIKE * np.median(apart[a != b]) if (a != b).any() else 0.0
    chosen = []
    for i in order:
        if len(chosen) == count:
            break
        if all(np.linalg.norm(features[i] - features[j]) > limit for j in chosen):
            chosen.append(i)
    return np.array(chosen)
