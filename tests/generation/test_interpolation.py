"""The modes that explore a generator, through the command line, on the tiny run of `home`."""
import re

import numpy as np
import pytest
from conftest import call, eagerly, refuses, run, tiny
from PIL import Image, ImageSequence

from anime_gan_tf import networks
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import interpolation, latents, projection, selection, style_mixing
from anime_gan_tf.generation.latents import Latents
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.networks import loading
from anime_gan_tf.storage import npz, pictures
from anime_gan_tf.training import comparison, samples

# What draws faces in one step is traced in other files.
pytestmark = pytest.mark.usefixtures("eager")


def frames(path):
    return np.stack([np.asarray(frame.convert("RGB"), int)
                     for frame in ImageSequence.Iterator(Image.open(path))])


def drawn(home, *words, out="x.png"):
    """Draws with run r in this process; returns the picture."""
    done = call(home, "--mode", "infer", "--run", "r", *words, "--out", out)
    assert done.returncode == 0, done.stderr
    return np.asarray(Image.open(home / out), int)


def test_walk_is_a_loop_through_its_stops(home):
    done = call(home, "--mode", "walk", "--run", "r", "--num", 3, "--frames", 4, "--hair",
                "aqua:pink", "--out", "w.webp")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("walk:  w.webp\nfaces: w.png\n")
    shown = frames(home / "w.webp")
    assert shown.shape == (12, 256, 256, 3)
    steps = np.abs(np.roll(shown, -1, axis=0) - shown).mean(axis=(1, 2, 3))
    # The way home is one step like the others.
    assert steps.min() > 0 and steps[-1] < 3 * np.median(steps)
    # The stops are the first faces of each leg, and the picture says how to draw them again.
    assert np.abs(drawn(home, "--latent", "w.png")
                  - np.asarray(Image.open(home / "w.png"), int)).max() <= 1


def test_color_path():
    face = Latents(np.zeros((1, 2)), DEFAULT.encode([(3, 4)]), DEFAULT)
    code = interpolation.fade_latents(face, {"hair": [0, 8, 1]}, 2).one_hot
    there = [[1, 0, 0], [.5, .5, 0], [0, 1, 0], [0, .5, .5], [0, 0, 1]]
    assert np.allclose(code[:, [0, 8, 1]], there + there[-2:0:-1])  # and back
    assert (code[:, 12:] == face.one_hot[:, 12:]).all()  # the eyes stay
    held = interpolation.walk_latents(Latents(np.ones((2, 2)), DEFAULT.encode([(3, 4)] * 2),
                                              DEFAULT), {"eyes": [7]}, 3)
    assert held.tags.tolist() == [[3, 7]] * 6


def test_fade_starts_and_ends_at_the_colors(home):
    done = call(home, "--mode", "fade", "--run", "r", "--seed", 2, "--hair", "aqua:pink", "--eyes",
                "red", "--frames", 3, "--out", "f.gif")
    assert done.returncode == 0, done.stderr
    assert len(frames(home / "f.gif")) == 6  # three there, three back
    strip = np.asarray(Image.open(home / "f.png"), int)[-17:-2]
    for hair, left in (("aqua", -126), ("pink", -18)):  # the first and the last of seven faces
        face = drawn(home, "--num", 1, "--seed", 2, "--hair", hair, "--eyes", "red")
        assert np.abs(strip[:, left:left + 16] - face[3:18, 2:18]).max() <= 1
    both = call(home, "--mode", "fade", "--run", "r", "--hair", "aqua:pink", "--eyes", "red:blue",
                "--frames", 2)
    assert both.returncode == 0
    sheet = Image.open(home / re.search(r"faces: (.*)", both.stdout)[1])
    assert sheet.height > 7 * 18


def cells(sheet, size, count):
    """The faces of a square sheet (count + 1, count + 1, size, size, 3), without its labels."""
    step, side = size + 2, (count + 1) * (size + 2)
    shown = sheet[-side:, -side:].reshape(count + 1, step, count + 1, step, 3)
    return shown.swapaxes(1, 2)[:, :, :size, :size]


def test_mix_keeps_every_face_in_its_own_colors(home):
    done = call(home, "--mode", "mix", "--run", "r", "--num", 3, "--seed", 4, "--out", "m.png")
    assert done.returncode == 0 and done.stdout.endswith("faces: m.png\n"), done.stderr
    shown = cells(np.asarray(Image.open(home / "m.png"), int), 16, 3)
    for i in (1, 2, 3):
        face = drawn(home, "--num", 1, "--seed", 3 + i)[2:-2, 2:-2]
        assert all(np.abs(cell - face).max() <= 2
                   for cell in (shown[0, i], shown[i, 0], shown[i, i]))
    parents = drawn(home, "--latent", "m.png", "--num", 1)  # its points are those it was made of
    assert np.abs(parents[2:-2, 2:-2] - shown[0, 1]).max() <= 1


@pytest.mark.parametrize("model", ["dcgan", "acgan", "resnet_wgan"])
def test_every_family_mixes(model, tmp_path):
    recipe = tiny(model, image_size=32)
    generator = networks.build_generator(recipe, DEFAULT)
    # Untrained ones draw nearly nothing.
    generator.set_weights([10 * weight for weight in generator.get_weights()])
    table = DEFAULT.uniform_distribution().tolist() if recipe.conditional else None
    trained = loading.Trained(generator, recipe,
                              {"run": "t", "model": model, "kimg": 0.0, "table": table})
    style_mixing.mix(trained, latents.from_seeds(trained, range(2)), tmp_path / "m.png")
    sheet = np.asarray(Image.open(tmp_path / "m.png"), int)
    (_, a, b), (_, aa, ab), (_, ba, bb) = cells(sheet, 32, 2)
    apart = lambda one, other: np.abs(one - other).mean()
    assert apart(a, aa) < 1 and apart(b, bb) < 1
    assert min(apart(ab, a), apart(ab, b), apart(ba, a), apart(ba, b)) > 2


def test_top_k_are_the_best_of_the_pool_and_unlike(home):
    drawn(home, "--hair", "red", "--top_k", 4, "--pool", 40, "--separate", out="best.png")
    seeds = [pictures.read_metadata(home / f"best/{i:05d}.png", "")["seed"] for i in range(4)]
    assert len(set(seeds)) == 4 and max(seeds) < 40
    # They are the faces of those seeds.
    again = drawn(home, "--hair", "red", "--num", 1, "--seed", seeds[0])
    assert np.abs(again[2:-2, 2:-2]
                  - np.asarray(Image.open(home / "best/00000.png"), int)).max() <= 1


def test_of_faces_that_are_alike_one_is_chosen(home):
    path = home / "checkpoints/r/generator.npz"
    trained = loading.load_generator(path)
    pool = latents.from_seeds(trained, [*range(6)] * 2)
    chosen = selection.best(trained, path, pool, 12) % 6
    assert 1 < len(chosen) == len(set(chosen))


def test_top_k_prefers_no_color(home, monkeypatch):
    """Where the discriminator scores some colors above others, whatever the faces are like."""
    path = home / "checkpoints/r/generator.npz"
    trained, rng = loading.load_generator(path), np.random.default_rng(0)
    hair, eyes = rng.normal(0, 100, 12), rng.normal(0, 100, 11)
    pool, discriminator = latents.from_seeds(trained, range(60)), loading.load_discriminator(
        path, trained.recipe, DEFAULT)

    def biased(inputs, training):
        _, tags = inputs
        outputs = discriminator(inputs, training=training)
        return {name: output + (hair[tags[:, 0]] + eyes[tags[:, 1]])[:, None]
                for name, output in outputs.items() if output.shape[1] == 1}

    own = selection.best(trained, path, pool, 5)
    monkeypatch.setattr(loading, "load_discriminator", lambda *_: biased)
    assert selection.best(trained, path, pool, 5).tolist() == own.tolist()


def test_vary_begins_with_the_face_it_varies(home):
    one = drawn(home, "--num", 1, "--seed", 5, "--hair", "blue", "--separate", out="one.png")
    varied = drawn(home, "--vary", "one/00000.png", "--num", 4, "--strength", 0.5, "--separate",
                   out="v.png")
    assert np.abs(varied[:20, :20] - one).max() <= 1 and np.abs(varied[:20, 18:] - one).max() > 1
    assert ((home / "v/labels.csv").read_text().splitlines()
            == [(home / "one/labels.csv").read_text().strip()] * 4)
    again = drawn(home, "--latent", "v/00003.png")  # a face without a seed of its own
    assert np.abs(again[2:-2, 2:-2] - np.asarray(Image.open(home / "v/00003.png"), int)).max() <= 1


def test_a_picture_remembers_the_noise_it_was_drawn_with(home):
    one = drawn(home, "--num", 1, "--seed", 5, "--hair", "blue", "--latent_std", 0.5, "--separate",
                out="calm.png")
    assert np.abs(one - drawn(home, "--num", 1, "--seed", 5, "--hair", "blue")).max() > 1
    assert np.abs(one - drawn(home, "--latent", "calm/00000.png")).max() <= 1
    trained = loading.load_generator(home / "checkpoints/r/generator.npz")
    np.testing.assert_allclose(latents.read(home / "calm/00000.png", trained, "--latent").z,
                               0.5 * latents.noise(trained.recipe, [5]) / trained.recipe.latent_std,
                               rtol=1e-6)
    varied = drawn(home, "--vary", "calm/00000.png", "--num", 4, "--strength", 1, "--separate",
                   out="v2.png")
    assert np.abs(varied[:20, :20] - one).max() <= 1
    # New noise is as long as the old.
    fresh = latents.read(home / "v2/00003.png", trained, "--latent").z
    assert 0.35 < fresh.std() / trained.recipe.latent_std < 0.65


@pytest.mark.graph  # 60 steps
def test_project_finds_a_face_that_the_generator_drew(home):
    drawn(home, "--num", 1, "--seed", 7000, "--separate", out="target.png")
    done = call(home, "--mode", "project", "target/00000.png", "--run", "r", "--steps", 60,
                "--out", "p.png")
    assert done.returncode == 0 and "latent: p.npz" in done.stdout, done.stderr
    target = np.asarray(Image.open(home / "target/00000.png"))
    found = drawn(home, "--latent", "p.npz", out="q.png")
    nearest = np.asarray(Image.open(home / "p.png"))[-36:-20, -18:-2]  # the middle row
    assert projection.psnr(target, found[2:-2, 2:-2]) > projection.psnr(target, nearest) + 1
    assert call(home, "--mode", "infer", "--latent", "p.npz", "--hair", "pink", "--out",
                "q.png").returncode == 0
    with eagerly():
        held_out = call(home, "--mode", "project", "--run", "r", "--data", "faces", "--num", 2,
                        "--steps", 2)
    assert held_out.returncode == 0, held_out.stderr
    assert len(npz.read_arrays(home / re.search("latent: (.*)", held_out.stdout)[1])["z"]) == 2


def test_neighbors_of_a_training_face_is_itself(home, mlds):
    done = call(home, "--mode", "neighbors", mlds / "images/3.jpg", "--data", mlds, "--out",
                "n.png")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^3\.jpg: .*\bimages/3\.jpg .*\b0\.0\b", done.stdout, re.M), done.stdout
    made = call(home, "--mode", "neighbors", "--run", "r", "--num", 2, "--data", mlds)
    assert made.returncode == 0 and "seed 1: " in made.stdout, made.stderr


def test_process_plays_the_run_and_plots_its_curves(home):
    done = call(home, "--mode", "process", "--run", "r")
    assert done.returncode == 0, done.stderr
    grids = sorted((home / "checkpoints/r/grids").glob("*.png"))
    shown = frames(home / "pictures/r_process.gif")
    assert len(grids) >= 3 and len(shown) >= 3
    assert np.abs(shown[0] - np.asarray(Image.open(grids[0]), int)).mean() < 8  # 256 colors
    assert Image.open(home / "pictures/r_process.png").width > 500


def test_models_lists_recipes_and_runs_without_tensorflow(home):
    done = run(home, "--mode", "models")
    assert done.returncode == 0, done.stderr
    assert "acgan_dcgan" in done.stdout and "20.23 M" in done.stdout
    assert re.search(r"^r +rpgan\b.*\b16 px\b.*\b170\b", done.stdout, re.M), done.stdout


def test_compare_trains_each_recipe_and_makes_a_table(home, monkeypatch):
    monkeypatch.setattr(comparison, "NUM_FACES", 100)
    monkeypatch.setattr(samples, "NUM_EVALUATED", 100)
    done = call(home, "--mode", "compare", "--model", "dcgan", "--image_size", 16, "--width", 4,
                "--batch_size", 4, "--epochs", 0.1, "--data", "faces", "--out", "c.png",
                "--eval_every", 0.06, "--until", 1)
    assert done.returncode == 0, done.stderr
    lines = (home / "c.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in lines] == ["recipe", "---", "real faces",
                                                              "`dcgan`"]
    assert "not reached" in lines[-1] and lines[-1].endswith("|  |  |")
    assert Image.open(home / "c.png").size >= (12 * 66, 2 * 66)


@pytest.mark.parametrize("words, subject, fault", [
    (("walk", "--run", "r", "--num", 1), "--num", Fault.TOO_FEW),
    (("walk", "--out", "w.avi"), "--out", Fault.INVALID),
    (("walk", "--hair", "aqua:pnk"), "--hair", Fault.UNKNOWN),
    (("mix", "--num", 21), "--num", Fault.INVALID),
    (("fade", "--hair", "aqua"), "--hair", Fault.MISSING),
    (("fade", "--hair", "aqua:any"), "--hair", Fault.INVALID),
    (("infer", "--top_k", 9, "--pool", 3), "--pool", Fault.CONFLICT),
    (("infer", "--top_k", 9, "--num", 3), "--top_k", Fault.CONFLICT),
    (("mix", "--latent", "x.png", "--latent_std", 0.7), "--latent_std", Fault.CONFLICT),
    (("infer", "--keep", "hair"), "--vary", Fault.MISSING),
    (("infer", "--vary", "x.png", "--latent", "x.png"), "--vary", Fault.CONFLICT),
    (("project", "a.png", "b.png"), "a.png", Fault.INVALID),
    (("compare", "--model", "dcgan,nogan", "--budget", "1m"), "--model", Fault.UNKNOWN),
    (("compare",), "--budget", Fault.MISSING),
    (("compare", "--until", "soon", "--budget", "1m"), "--until", Fault.INVALID),
    (("walk", "--latent_std", 0), "--latent_std", Fault.INVALID),
    (("infer", "--vary", "gone.png"), "--vary", Fault.MISSING),
    (("infer", "--vary", "faces/images/1.jpg"), "--vary", Fault.INVALID),
    (("infer", "--latent", "checkpoints/r/generator.npz"), "--latent", Fault.INVALID),
    (("project", "nowhere.png", "--run", "r"), "--images", Fault.MISSING),
    (("project", "--run", "r"), "--images", Fault.MISSING),
    (("evaluate", "--images", "faces/tags.csv"), "--images", Fault.UNREADABLE),
    (("project", "faces/tags.csv", "--run", "r"), "--images", Fault.UNREADABLE),
])
def test_bad_input_is_one_line(home, words, subject, fault):
    refuses(call(home, "--mode", *words), subject, fault)


def test_ranking_needs_a_discriminator(home, tmp_path):
    maker = loading.load_generator(home / "checkpoints/r/generator.npz")
    assert loading.load_discriminator(tmp_path / "alone.npz", maker.recipe, DEFAULT) is None
    assert loading.load_discriminator(home / "checkpoints/r/generator.npz",
                                      tiny("rpgan", width=8), DEFAULT) is None
    discriminator = loading.load_discriminator(home / "checkpoints/r/generator.npz", maker.recipe,
                                               DEFAULT)
    assert discriminator([np.zeros((1, 16, 16, 3)),
                          np.zeros((1, 2), np.int32)])["score"].shape == (1, 1)


def test_a_face_of_a_run_that_is_gone_is_refused_in_its_own_name(home):
    pictures.save_png(home / "old.png", np.zeros((4, 4, 3), np.uint8),
                      {"run": "gone", "model": "rpgan", "kimg": 1.0, "seed": 3})
    refuses(call(home, "--mode", "infer", "--latent", "old.png"), "--latent", Fault.MISSING)


def test_animations_of_other_commands_and_of_others_stay(home):
    words = ("--mode", "walk", "--run", "r", "--num", 2, "--frames")

    def walk(*more):
        done = call(home, *words, *more)
        assert done.returncode == 0, done.stderr
        return home / re.search("walk:  (.*)", done.stdout)[1]

    two, three = walk(2), walk(3)
    assert two != three and walk(2) == two and len(frames(three)) == 6
    two.with_suffix(".png").unlink()  # nothing says any more what the .gif is
    assert walk(2) not in (two, three) and len(frames(two)) == 4
