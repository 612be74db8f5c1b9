"""The evaluator as a user meets it: evaluate, tag, export, and evaluation during training."""
import dataclasses
import json
import shutil

import numpy as np
import pytest
from conftest import call, EVALUATED, random_faces, refuses, write_mlds
from PIL import Image

from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.data.dataset import ImageDataset
from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation import classifier, evaluator, inception
from anime_gan_tf.generation import drawing, latents, sampling
from anime_gan_tf.labels import DEFAULT, Labels
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import checkpoints

TINY = ("--mode", "train", "--image_size", 16, "--width", 4, "--batch_size", 4, "--perceptual", 0,
        "--model", "acgan_dcgan")  # traced in a third of the time of rpgan


FACES = 400


@pytest.fixture(scope="module")
def real():
    images, tags = zip(*(synthetic.face(i, 64) for i in range(FACES)))
    return ImageDataset("drawn", np.stack(images), np.array(tags, np.int32), DEFAULT, "", [])


@pytest.fixture(scope="module")
def measured(real):
    """{features: (the evaluator of every second face, the others, its metrics of these)}, of half
    of the faces for the perceptual features, which are ten times as much work and show it with
    fewer."""
    made = {}
    for features, count in (("perceptual", FACES // 2), ("faces", FACES)):
        measure = evaluator.make_evaluator(real, np.arange(1, count, 2), features)
        sample = real.images[:count:2]
        made[features] = measure, sample, measure.measure(sample)
    return made


@pytest.mark.parametrize("features", ["perceptual", "faces"])
def test_metrics_grow_with_damage(measured, features):
    """The evaluator must see what a person sees: blur, noise and missing variety."""
    measure, sample, good = measured[features]
    noise = np.random.default_rng(0).normal(0, 25, sample.shape)
    blur = np.stack(
        [np.asarray(Image.fromarray(face).resize((16, 16), Image.Resampling.BOX).resize((64, 64)))
         for face in sample])
    for bad in (np.clip(sample + noise, 0, 255).astype(np.uint8), blur,
                np.repeat(sample[:10], len(sample) // 10, axis=0)):
        figures = measure.measure(bad)
        assert figures["frechet"] > 2 * good["frechet"]
        assert figures["kernel"] > 5 * abs(good["kernel"])
        assert min(figures["precision"], figures["recall"]) < 0.65 < min(good["precision"],
                                                                         good["recall"])


def test_perceptual_features_see_a_bent_face(measured):
    """Which those of the classifier hardly do."""
    y, x = np.mgrid[:64, :64]
    wave = lambda at, across: np.clip(np.rint(at + 2 * np.sin(across / 64 * 3 * np.pi)), 0,
                                      63).astype(int)
    ratios = [measure.measure(sample[:, wave(y, x), wave(x, y)])["frechet"] / good["frechet"]
              for measure, sample, good in measured.values()]
    assert ratios[0] > 2 and ratios[0] > 1.5 * ratios[1], ratios


def test_agreement_with_tags_is_what_the_classifier_says(real):
    real = dataclasses.replace(real, images=real.images[::2], tags=real.tags[::2])
    rows, _, held_out = real.split
    measure = evaluator.make_evaluator(real, held_out)
    seen = classifier.bundled().predict(real.images[rows])
    told = np.stack([seen["hair"].argmax(axis=1), seen["eyes"].argmax(axis=1)], axis=1)
    figures = measure.measure(real.images[rows], told, DEFAULT)
    assert figures["hair"] == figures["eyes"] == figures["both"] == 1.0
    assert np.trace(figures["confusion"]["hair"]) == len(rows)
    half = told.copy()
    half[::2, 1] = (half[::2, 1] + 1) % 11
    assert measure.measure(real.images[rows], half, DEFAULT)["both"] == pytest.approx(0.5, abs=0.01)


def test_hair_by_pixels_needs_no_classifier_of_these_axes(real):
    labels = Labels({"hair": DEFAULT.axes["hair"][::-1]})
    hair = labels.sizes[0] - 1 - real.tags[:, :1]
    data = dataclasses.replace(real, tags=hair, labels=labels)
    content = evaluator.evaluate("some", real.images[:50], hair[:50], labels, data, "faces")
    assert "confusion" not in content
    for side in ("generated", "real"):
        assert content[side]["hair_by_pixels"] > 0.5


@pytest.fixture(scope="module")
def printed(home):
    """What evaluating the run printed."""
    done = call(home, "--mode", "evaluate", "--run", "r", "--data", "faces", "--num", 100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_evaluate_a_run(home, printed):
    for part in ("100 faces, r: rpgan", "20 held-out faces of faces", "Frechet distance",
                 "precision", "both accuracy", "perceptual (EfficientNet-Lite0",
                 "faces (classifier of", "seed 0",
                 "confusion: pictures/evaluation_r_faces_num100_confusion.png",
                 "faces: pictures/evaluation_r_faces_num100.png"):
        assert part in printed, printed
    content = json.loads((home / "pictures/evaluation_r_faces_num100.json").read_text())
    assert set(content["generated"]) == set(content["real"]) == {
        "frechet", "kernel", "precision", "recall", "density", "coverage", "nyquist", "hair",
        "eyes", "both", "hair_by_pixels"}
    assert content["generated"]["frechet"] > content["real"]["frechet"] > 0
    second = content["second_features"]
    assert second["generated"]["frechet"] > second["real"]["frechet"] > 0
    assert second["generated"] != content["generated"]
    assert np.sum(content["confusion"]["hair"]) == 100
    picture = home / "pictures/evaluation_r_faces_num100.png"
    assert Image.open(picture).size == (10 * 18 + 2, 10 * 18 + 2)
    assert Image.open(picture.with_stem(f"{picture.stem}_confusion")).size[0] > 500


def test_labels_are_requested_as_often_as_the_data_has_them(home, tmp_path):
    def requested(caption):
        """How many of six faces are requested with each color of hair. caption: of face i."""
        (tmp_path / "faces/tags.csv").write_text(
            "".join(f"{i},{caption(i)}\n" for i in range(60)))
        done = call(home, "--mode", "evaluate", "--run", "r", "--data", tmp_path / "faces", "--num",
                    6, "--features", "faces", "--out", tmp_path / "e.png")
        assert done.returncode == 0, done.stderr
        content = json.loads((tmp_path / "e.json").read_text())
        return np.sum(content["confusion"]["hair"], axis=1).tolist()

    write_mlds(tmp_path / "faces", 60)
    red = DEFAULT.axes["hair"].index("red")
    assert requested(lambda i: "red hair aqua eyes") == [6 * (i == red) for i in range(12)]
    # Where too few faces have tags of both, their shares say little; the generator's own remain.
    trained = loading.load_generator(home / "checkpoints/r/best.npz")
    tags = latents.from_seeds(trained, range(6)).tags
    own = np.bincount(tags[:, 0], minlength=12).tolist()
    assert requested(lambda i: "red hair") == own
    assert requested(lambda i: "red hair aqua eyes" if i % 3 == 0 else "") == own
    # What no training face had is counted.
    only_red = np.zeros(DEFAULT.sizes)
    only_red[red, 0] = 1
    trained = trained.with_label_distribution(only_red)
    assert drawing.unseen(trained, [(red, 0), (red, 1), (0, 1)]) == {"black eyes": 2,
                                                                     "aqua hair": 1}


def test_evaluate_a_folder_with_labels(home, printed):
    assert call(home, "--mode", "infer", "--run", "r", "--num", 100, "--separate", "--out",
                "x.png").returncode == 0
    done = call(home, "--mode", "evaluate", "--images", "x", "--data", "faces", "--out", "e.png")
    assert done.returncode == 0, done.stderr
    content = json.loads((home / "e.json").read_text())
    same = json.loads((home / "pictures/evaluation_r_faces_num100.json").read_text())
    assert (content["faces"], content["held_out"]) == (100, 20)
    # What was wished for is read from labels.csv. How 16 px become 64 differs between the two.
    rows = lambda table: np.sum(table, axis=1).tolist()
    assert rows(content["confusion"]["eyes"]) == rows(same["confusion"]["eyes"])
    assert content["generated"]["both"] == pytest.approx(same["generated"]["both"], abs=0.1)


def test_training_evaluates_itself_and_keeps_the_best(home):
    # 180 faces, half a pass: 22 steps of 4, so 0.088 kimg and two evaluations.
    info = checkpoints.read_info(home / "checkpoints/r/best.npz")
    assert info["step"] in (10, 20) and info["figures"]["frechet"] > 0
    done = call(home, "--mode", "infer", "--run", "r", "--num", 1)
    assert done.returncode == 0 and "0 kimg" in done.stdout


def test_export_is_half_as_large_and_draws_the_same(home):
    assert call(home, "--mode", "export", "--run", "r", "--out", "small.npz").returncode == 0
    large = home / "checkpoints/r/best.npz"
    assert (home / "small.npz").stat().st_size < 0.75 * large.stat().st_size
    faces = []
    for source in ("r", "small.npz"):
        assert call(home, "--mode", "infer", "--run", source, "--num", 9, "--out",
                    "y.png").returncode == 0
        faces.append(np.asarray(Image.open(home / "y.png")).astype(int))
    assert np.abs(faces[0] - faces[1]).max() <= 2
    assert call(home, "--mode", "export", "--run", "r", "--out", "long.npz", "--latent_std",
                2).returncode == 0
    assert loading.load_generator(home / "long.npz").recipe.latent_std == 2
    refuses(call(home, "--mode", "export", "--run", "r", "--latent_std", 0), "--latent_std",
            Fault.INVALID)


@pytest.mark.usefixtures("eager")
def test_training_goes_on_from_an_export(home):
    assert call(home, "--mode", "export", "--run", "r", "--out",
                "ship/generator.npz").returncode == 0
    words = (*TINY[:-1], "rpgan", "--data", "faces", "--learning_rate", 1e-12, "--epochs", 0.05,
             "--start_from")
    done = call(home, *words, "ship/generator.npz", "--run", "next")
    assert done.returncode == 0, done.stderr
    a, b = (np.load(home / "checkpoints" / name / "state.npz") for name in ("r", "next"))
    for name in a.files:  # what learned nothing more is what was exported, to half precision
        if name.startswith("discriminator/"):
            assert np.allclose(a[name], b[name], atol=2e-3), name
    first, then = (checkpoints.read_info(home / name)
                   for name in ("ship/generator.npz", "checkpoints/next/generator.npz"))
    assert first["run"] == "ship" and then["kimg"] == pytest.approx(first["kimg"]
                                                                    + 4 * then["step"] / 1000)
    wide = call(home, *words[:4], *words[6:], "ship/generator.npz", "--run", "wide", "--width", 8)
    refuses(wide, "--start_from", Fault.CONFLICT)
    assert "--width 4" in wide.stderr
    assert not (home / "checkpoints/wide").exists()
    # The run moves to another machine, where things lie elsewhere, and goes on there.
    (home / "elsewhere/checkpoints").mkdir(parents=True)
    (home / "checkpoints/next").rename(home / "elsewhere/checkpoints/next")
    words = (*words[:-2], 0.1, "--start_from")
    moved = [word if word != "faces" else home / "faces" for word in words]
    done = call(home / "elsewhere", *moved, home / "ship/generator.npz", "--run", "next")
    assert done.returncode == 0 and f"from step {then['step']}" in done.stdout, done.stderr
    refuses(call(home, *words, "nothing.npz", "--run", "new"), "nothing.npz", Fault.MISSING)
    refuses(call(home, *words, "nothing", "--run", "new"), "--start_from", Fault.UNKNOWN)


def test_tag_writes_tags_that_training_reads(home, tmp_path):
    for i in range(30):
        Image.fromarray(synthetic.face(i, 64)[0]).save(tmp_path / f"{i}.png")
    done = call(home, "--mode", "tag", "--data", tmp_path, "--threshold", 0.5)
    assert done.returncode == 0, done.stderr
    tagged = sources.open_path(tmp_path, DEFAULT)
    count = sum(tag != (-1, -1) for tag in tagged.tags)
    assert count > 5 and f"{count} of 30 " in done.stdout
    right = [tag[0] == synthetic.face(i, 64)[1][0] for i, tag in enumerate(tagged.tags)
             if tag[0] >= 0]
    assert np.mean(right) > 0.4
    refuses(call(home, "--mode", "tag", "--data", tmp_path), "--out", Fault.EXISTS)
    strict = call(home, "--mode", "tag", "--data", tmp_path, "--threshold", 1, "--out", "none.csv")
    assert strict.returncode == 0 and (home / "none.csv").read_text() == ""


@pytest.mark.parametrize("words, subject, fault", [
    (("evaluate", "--run", "r", "--data", "faces", "--features", "resnet"), "--features",
     Fault.UNKNOWN),
    (("evaluate", "--images", "faces", "--run", "r"), "--images", Fault.CONFLICT),
    (("evaluate", "--images", "faces", "--latent_std", 0.5), "--images", Fault.CONFLICT),
    (("evaluate", "--images", "faces", "--latent_std", 0), "--images", Fault.CONFLICT),
    (("evaluate", "--run", "q"), "--run", Fault.UNKNOWN),
    (("evaluate", "--run", "r", "--data", "faces", "--num", 3), "--num", Fault.TOO_FEW),
    (("evaluate", "--images", "three", "--data", "faces"), "--images", Fault.TOO_FEW),
    (("classifier", "--data", "faces", "--out", "c.txt"), "--out", Fault.INVALID),
    (("classifier", "--data", "faces", "--out", "no.npz"), "--out", Fault.EXISTS),
    (("export", "--run", "r", "--out", "no.npz"), "--out", Fault.EXISTS),
    (("export", "--run", "r", "--format", "keras", "--latent_std", 1), "--latent_std",
     Fault.CONFLICT),
    (("tag", "--data", "faces", "--threshold", 2), "--threshold", Fault.INVALID),
    (("inspect", "--data", "drawn"), "--data", Fault.MISSING),
    (("train", "--eval_every", 0), "--eval_every", Fault.INVALID),
    (("train", "--until", 150, "--strategy", "multiworker"), "--until", Fault.CONFLICT),
])
def test_bad_input_is_one_line(home, words, subject, fault):
    (home / "no.npz").write_text("of somebody else")
    if not (home / "three").exists():
        write_mlds(home / "three", 3)
    refuses(call(home, "--mode", *words), subject, fault)
    assert (home / "no.npz").read_text() == "of somebody else"


def test_metrics_are_printed_before_a_write_can_fail(home, tmp_path):
    (tmp_path / "pictures").write_text("in the way of a folder")
    done = call(tmp_path, "--mode", "evaluate", "--run", home / "checkpoints/r/generator.npz",
                "--data", home / "faces", "--num", 50)
    assert done.returncode == 2 and "Frechet distance" in done.stdout
    refuses(done, "pictures/evaluation_r_faces_num50.json", Fault.UNWRITABLE)
    # Where the picture is all there is, the work is not begun.
    refuses(call(tmp_path, "--mode", "infer", "--run", home / "checkpoints/r/generator.npz"),
            "--out", Fault.UNWRITABLE)


def test_inception_gives_features_and_classes():
    extract = inception.load(weights=None)  # random: what ImageNet taught it has to be downloaded
    seen = extract(random_faces(3, size=32).images)
    assert seen["features"].shape == (3, 2048) and np.allclose(seen["classes"].sum(axis=1),
                                                               1, atol=1e-4)


@pytest.mark.usefixtures("eager")
def test_until_ends_a_run_at_the_first_evaluation_that_is_good_enough(home):
    words = ("--mode", "train", "--model", "dcgan", "--image_size", 16, "--width", 4,
             "--batch_size", 4, "--data", "faces", "--run", "until", "--epochs", 1, "--eval_every",
             0.04, "--until")
    assert "until: 10 steps" in call(home, *words, 1e6).stdout  # 0.04 kimg
    assert "until is finished: 10 steps" in call(home, *words, 1e6).stdout


def test_the_best_is_chosen_on_validation_faces_and_keeps_its_discriminator(home):
    """Not on the held-out ones, with which evaluate measures it; and not with a discriminator that
    has gone on since."""
    path = home / "checkpoints/r/best.npz"
    trained = loading.load_generator(path)
    data = dataset.load(sources.open_path(home / "faces", DEFAULT), 16)
    parts = data.split
    table = DEFAULT.joint_distribution(data.tags[parts.training])
    tags = latents.sample_labels(table, range(EVALUATED))
    images = sampling.generate(trained.generator,
                               latents.noise(trained.recipe, range(EVALUATED)), tags)
    chosen, reported = (
        evaluator.make_evaluator(data, rows, "perceptual").measure(images)["frechet"]
        for rows in (parts.validation, parts.held_out))
    assert (trained.info["figures"]["frechet"] == pytest.approx(chosen, rel=1e-3)
            != pytest.approx(reported, rel=1e-2))
    assert trained.info["validation"] == 10 and trained.info["held_out"] == 20
    arrays = np.load(path)
    own = [weight for name, weight in arrays.items() if name.startswith("discriminator/")]
    loaded = loading.load_discriminator(path, trained.recipe, DEFAULT).get_weights()
    assert len(own) == len(loaded) and all(map(np.array_equal, own, loaded))


def test_two_exports_in_one_folder_keep_their_own_discriminators(home, tmp_path):
    for name in ("best", "generator"):
        done = call(home, "--mode", "export", "--run", f"checkpoints/r/{name}.npz", "--out",
                    tmp_path / f"{name}_x.npz")
        assert done.returncode == 0, done.stderr
    recipe = loading.load_generator(tmp_path / "best_x.npz").recipe
    weights = lambda path: loading.load_discriminator(path, recipe, DEFAULT).get_weights()
    best, last = (weights(tmp_path / f"{name}_x.npz") for name in ("best", "generator"))
    step = lambda name: checkpoints.read_info(home / f"checkpoints/r/{name}.npz")["step"]
    state = np.load(home / "checkpoints/r/state.npz")
    assert np.allclose(last[0], state["discriminator/000"], atol=1e-2)
    assert (step("best") == step("generator")) == all(map(np.array_equal, best, last))


def test_tags_of_files_of_one_name_and_with_commas_come_back(tmp_path):
    wanted = {"a/1.png": 0, "b/1.png": 8, "b/pink, or so.png": 9}
    for name, hair in wanted.items():
        (tmp_path / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(synthetic.face(
            next(i for i in range(1000) if synthetic.face(i, 16)[1][0] == hair), 64)[0]).save(
                tmp_path / "x" / name)
    done = call(tmp_path, "--mode", "tag", "--data", "x", "--threshold", 0)
    assert done.returncode == 0, done.stderr
    found = sources.open_path(tmp_path / "x", DEFAULT)
    image = dataset.load(sources.open_path(tmp_path / "x", DEFAULT), 64)
    seen = classifier.bundled().predict(image.images)
    assert [tag for tag in found.tags] == list(zip(seen["hair"].argmax(axis=1),
                                                   seen["eyes"].argmax(axis=1)))
    assert len(set(found.tags)) == 3 and not found.notes


def test_too_few_faces_and_impossible_epochs_are_refused(tmp_path, home):
    few = tmp_path / "few"
    write_mlds(few, 4, 64)
    words = ("--run", home / "checkpoints/r/generator.npz", "--data", few)
    refuses(call(tmp_path, "--mode", "project", *words), "--data", Fault.TOO_FEW)
    refuses(call(tmp_path, "--mode", "neighbors", "--data", few, few / "images/1.jpg"), "--data",
            Fault.TOO_FEW)
    refuses(call(tmp_path, "--mode", "classifier", "--data", few, "--epochs", "nan"), "--epochs",
            Fault.INVALID)


def test_one_run_that_cannot_be_read_is_left_out_with_a_note(home, tmp_path):
    shutil.copytree(home / "checkpoints/r", tmp_path / "checkpoints/r")
    (tmp_path / "checkpoints/broken").mkdir()
    (tmp_path / "checkpoints/broken/generator.npz").write_bytes(b"PK, or what was left of it")
    for words in (("--hair", "red"), ()):
        done = call(tmp_path, "--mode", "infer", "--num", 1, *words)
        assert done.returncode == 0, done.stderr
        assert "checkpoint used: pretrained_rpgan:" in done.stdout
        assert "note: left out: checkpoints/broken/generator.npz: " in done.stderr
    refuses(call(tmp_path, "--mode", "infer", "--run", "broken"),
            "checkpoints/broken/generator.npz", Fault.UNREADABLE)


def test_what_is_bundled_draws_from_any_folder(tmp_path):
    done = call(tmp_path, "--mode", "infer", "--hair", "aqua", "--eyes", "orange", "--num", 1)
    assert done.returncode == 0 and "checkpoint used: pretrained_rpgan" in done.stdout, done.stderr
    assert (tmp_path / "pictures/pretrained_rpgan_aqua_hair_orange_eyes_seed0_num1.png").exists()
    assert not (tmp_path / "checkpoints").exists()
