"""How well several methods find sliders.  `python -m benchmarks.sliders`"""
import argparse
import itertools
import time

import numpy as np

from benchmarks import options

MOST = 12                   # directions of each method
HELD_OUT = 24               # faces that they are measured on, of none that they were found on
FIRST_SEED = 2_000_000      # of these
SAMPLED = 2000              # faces whose features have their principal components taken
ENDS = 2                    # steps that each face is moved, to either side


def main(argv):
    parser = argparse.ArgumentParser(description="Measures what changes, and what stays, while a "
                                     "slider moves, for several ways to find sliders.")
    parser.add_argument("--run", default="pretrained_rpgan", help="[%(default)s]")
    parser.add_argument("--method", nargs="*", choices=METHODS, default=list(METHODS))
    chosen = parser.parse_args(argv)

    from anime_gan_tf.generation import slider_search, sliders
    from anime_gan_tf.networks import loading
    from anime_gan_tf.storage import catalog, checkpoints

    path = catalog.find_generator(chosen.run)
    trained = loading.load_generator(path)
    start = time.monotonic()
    changed = slider_search.changes(trained, slider_search.search_faces(trained))
    print(f"derivatives: {time.monotonic() - start:.0f} s")
    measure = measurer(trained)
    titles = ("noise | hair kept | eyes kept | identity | places | alike in faces | beside other "
               "sliders | unevenness | rising")
    print(f"method | s | sliders | {titles} | motion by one | light by one")
    for name in chosen.method:
        start = time.monotonic()
        found = METHODS[name](trained, changed)
        seconds = time.monotonic() - start
        rows, by_one = measure(found)
        print(f"{name} | {seconds:.0f} | {len(rows)} | {line(np.mean(rows, axis=0))} | "
              f"{line(by_one)}", flush=True)
    if checkpoints.sliders_path(path).exists():
        found = sliders.load(path, trained.recipe.latent_dim)
        print(f"slider | {titles}")
        for slider, row in zip(found.listed, measure(found.directions, found.positions)[0]):
            print(f"{slider.name} | {line(row)}")


def line(row):
    return " | ".join(f"{value:.3f}" for value in row)


# ----- methods: functions of a Trained and slider_search.Changes to directions (n, latent_dim),
# or, where each face has its own, to a function of Latents (m) to (n, m, latent_dim)

def _energy(changed):
    flat = changed.places.reshape(*changed.places.shape[:2], -1).astype(np.float64)
    return sum(one @ one.T for one in flat) / len(flat)


def _strongest(matrix, count=MOST):
    return np.linalg.eigh(matrix)[1][:, ::-1][:, :count].T


def active_subspace(trained, changed):
    """Eigenvectors of the mean of J'J."""
    return _strongest(_energy(changed))


def rotated(trained, changed):
    """The active subspace, rotated until each direction changes few places."""
    from anime_gan_tf.generation import slider_search

    energy = _energy(changed)
    basis = _strongest(energy).T
    basis /= np.sqrt(np.einsum("ia,ij,ja->a", basis, energy, basis))
    moved = np.einsum("ia,fipc->fapc", basis, changed.places, optimize=True)
    basis = basis @ slider_search.joint_diagonalizer(
        np.einsum("fapc,fbpc->pab", moved, moved, optimize=True))
    return (basis / np.linalg.norm(basis, axis=0)).T


def colors_fixed(trained, changed):
    """The active subspace beside what changes the classifier's features: generalized
    eigenvectors."""
    from anime_gan_tf.evaluation import classifier
    from anime_gan_tf.generation import sampling, slider_search, slider_steps

    size, count = trained.recipe.latent_dim, len(changed.places)
    faces, draw = slider_search.search_faces(trained), slider_steps.drawer(trained)
    step, predictor = slider_search.EPSILON * trained.recipe.latent_std, classifier.bundled()
    offsets = np.concatenate([np.zeros((1, size)), step * np.eye(size)]).astype(np.float32)
    tags = np.zeros((size, size))
    for i in range(count):
        images = np.asarray(draw(faces.z[i] + offsets, faces[np.full(size + 1, i)].one_hot))
        predicted = predictor.predict(sampling.to_uint8(images))
        for axis in predictor.labels.axes:
            slope = (np.log(predicted[axis][1:] + 1e-3) - np.log(predicted[axis][0] + 1e-3)) / step
            tags += slope @ slope.T
    root = np.linalg.inv(np.linalg.cholesky(size * tags / np.trace(tags) + 0.3 * np.eye(size)))
    found = _strongest(root @ _energy(changed) @ root.T) @ root
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def features_pca(trained, changed):
    """Principal components of the first map, brought back to the noise by regression (GANSpace,
    Haerkoenen et al. 2020), of SAMPLED faces."""
    from anime_gan_tf.generation import latents, sampling
    from anime_gan_tf.networks import blocks, forward

    faces = latents.from_seeds(trained, range(SAMPLED))
    first = next(layer for layer in trained.generator.layers
                 if isinstance(layer, blocks.Stage)).output
    reach = sampling.from_one_hot(trained.generator, first)
    inputs = [faces.z] if faces.one_hot is None else [faces.z, faces.one_hot]
    maps = forward.run(lambda *rows: reach(list(rows), training=False), inputs, sampling.BATCH)
    maps = maps.reshape(len(maps), -1).astype(np.float64)
    maps -= maps.mean(axis=0)
    components = _strongest(maps @ maps.T).T  # of length one
    found = np.linalg.lstsq(components, faces.z, rcond=None)[0]
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def closed_form(trained, changed):
    """Right singular vectors of the weights that the noise enters by (SeFa, Shen and Zhou 2021)."""
    size, recipe = trained.recipe.latent_dim, trained.recipe
    inputs = size + recipe.conditional * (recipe.embedding_dim or sum(trained.labels.sizes))
    kernels = [layer.get_weights()[0][:size] for layer in trained.generator.layers
               if layer.__class__.__name__ == "Dense" and layer.get_weights()[0].shape[0] == inputs]
    return _strongest(sum(kernel @ kernel.T for kernel in kernels))


def separated(trained, changed):
    """What --mode sliders does."""
    from anime_gan_tf.generation import slider_search

    return slider_search.directions(changed)


def motion_and_light(trained, changed):
    """Of that, motion and light alone."""
    from anime_gan_tf.generation import slider_search

    return separated(trained, changed)[:slider_search.MOTIONS + slider_search.LIGHTS]


def local(trained, changed):
    """The same for each face by its own derivatives."""
    from anime_gan_tf.generation import slider_search

    def directions(faces):
        own = slider_search.changes(trained, faces)
        found = []
        for places, readouts in zip(own.places, own.readouts):
            energy = _energy(slider_search.Changes(places[None], readouts[None]))
            metric = len(energy) * energy / np.trace(energy) + slider_search.RIDGE * np.eye(
                len(energy))
            each = np.linalg.solve(metric, readouts.T).T
            found.append(each / np.linalg.norm(each, axis=1, keepdims=True))
        return np.stack(found, axis=1)

    return directions


METHODS = {"closed form": closed_form, "PCA of features": features_pca,
           "active subspace": active_subspace, "the same, colors fixed": colors_fixed,
           "the same, rotated": rotated, "motion, light, rest": separated,
           "motion and light": motion_and_light, "the same, for each face": local}


# ----- what is measured

def measurer(trained):
    """A function of directions, and of positions where they have some, to (a row of metrics for
    each, (mean share of a motion, of light or warmth, that the slider with most of it has))."""
    import tensorflow as tf

    from anime_gan_tf.evaluation import classifier, pairs, perceptual_features
    from anime_gan_tf.generation import latents, sampling, slider_search, slider_steps, sliders

    draw, predictor = slider_steps.drawer(trained), classifier.bundled()
    perceive = tf.function(pairs.network("method"), reduce_retracing=True)
    faces = latents.from_seeds(trained, range(FIRST_SEED, FIRST_SEED + HELD_OUT))
    others = latents.from_seeds(trained, range(FIRST_SEED + HELD_OUT, FIRST_SEED + 500))
    extract, of_others = perceptual_features.load(sampling.draw(trained, others), "method")
    apart = np.median([np.linalg.norm(a - b) for a, b in itertools.pairwise(of_others["features"])])

    def measure(found, positions=None):
        seeds = range(slider_steps.FIRST_SEED - slider_steps.CALIBRATED, slider_steps.FIRST_SEED)
        on = found(latents.from_seeds(trained, seeds)) if callable(found) else found
        if positions is None:
            positions, _ = slider_steps.calibrate(trained, None, on)
        found = found(faces) if callable(found) else found
        rows = [metrics_of(direction, place) for direction, place in zip(found, positions)]
        maps = np.stack([row.pop("change") for row in rows])  # (sliders, faces, values)
        beside = np.abs(np.einsum("afv,bfv->abf", maps, maps))
        for i, row in enumerate(rows):
            row["beside"] = np.delete(beside[i], i, axis=0).mean()
        readouts = np.stack([row.pop("readouts") for row in rows])  # (sliders, readouts), squares
        most = readouts.max(axis=0) / readouts.sum(axis=0)
        motions = slider_search.MOTIONS
        return [[row[name] for name in ("noise", "hair", "eyes", "identity", "places", "alike",
                                        "beside", "uneven", "rising")] for row in rows], (
            most[:motions].mean(), most[motions:].mean())

    def metrics_of(direction, place):
        """The metrics of one slider, of which ENDS steps to either side are compared."""
        counts = np.arange(-ENDS, ENDS + 1)
        images = [np.asarray(draw((faces.z + np.interp(count, sliders.STEPS, place) * direction)
                                  .astype(np.float32), faces.one_hot)) for count in counts]
        maps = [[np.asarray(x) for x in perceive(image)] for image in images]
        lengths = np.array([pairs.distances(b, a) for a, b in itertools.pairwise(maps)])
        away = np.array([pairs.distances(x, maps[0]) for x in maps])  # (places, faces)
        bytes_ = [sampling.to_uint8(image) for image in images]
        predicted = [predictor.predict(bytes_[i]) for i in (ENDS, 0, -1)]
        same = lambda axis: np.mean([predicted[0][axis].argmax(1) == one[axis].argmax(1)
                                     for one in predicted[1:]])
        features = [extract(bytes_[i])["features"] for i in (ENDS, 0, -1)]
        identity = np.mean([np.linalg.norm(features[0] - one, axis=1) for one in features[1:]])
        side = slider_search.SIDE
        shrunk = [tf.image.resize(image, (side, side), "area").numpy() for image in images]
        readouts = np.mean([slider_search.effects(middle, (end - start)[None])[1][:, 0] ** 2
                            for start, middle, end in zip(shrunk[0], shrunk[ENDS], shrunk[-1])],
                           axis=0)
        small = (images[-1] - images[0]).reshape(HELD_OUT, 16, 4, 16, 4, 3).mean(axis=(2, 4))
        energy = -np.sort(-(small ** 2).sum(axis=3).reshape(HELD_OUT, -1), axis=1)
        places = ((energy.cumsum(axis=1) < 0.8 * energy.sum(axis=1, keepdims=True)).sum(axis=1) + 1)
        change = small.reshape(HELD_OUT, -1)
        change /= np.linalg.norm(change, axis=1, keepdims=True)
        alike = change @ change.T
        noise = np.interp([-ENDS, ENDS], sliders.STEPS, place) / trained.recipe.latent_std
        return {"noise": np.abs(noise).mean(), "hair": same("hair"), "eyes": same("eyes"),
                "identity": identity / apart, "places": places.mean() / energy.shape[1],
                "alike": alike[~np.eye(HELD_OUT, dtype=bool)].mean(),
                "uneven": lengths.std() / lengths.mean(),
                "rising": (np.diff(away, axis=0) > 0).mean(), "change": change,
                "readouts": readouts}

    return measure


if __name__ == "__main__":
    options.run(main)
