"""`import anime_gan_tf as ag`: what the library returns, beside what the command line draws."""
import json
import logging
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from conftest import call, ROOT, scramble, tiny, user_environment, write_run
from PIL import Image

import anime_gan_tf as ag
from anime_gan_tf import networks
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import attribute_directions, enlarging, projection
from anime_gan_tf.labels import DEFAULT, Labels
from anime_gan_tf.networks.loading import Trained

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def loaded(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        return ag.load("r")


@pytest.fixture
def generator(home, loaded, monkeypatch):
    monkeypatch.chdir(home)
    return loaded


def test_importing_loads_no_tensorflow():
    code = "import anime_gan_tf, sys; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.graph
def test_draw_gives_the_faces_of_the_command_line(generator, home):
    images = generator.draw(range(4, 8), hair="aqua", eyes="orange")
    assert images.shape == (4, generator.size, generator.size, 3) and images.dtype == np.uint8
    done = call(home, "--mode", "infer", "--run", "r", "--num", 4, "--seed", 4, "--hair", "aqua",
                "--eyes", "orange", "--out", "l.png")
    assert done.returncode == 0
    assert np.array_equal(np.asarray(Image.open(home / "l.png")), ag.grid(images))


def test_latents_are_drawn_as_their_seeds_are(generator):
    latents = generator.latents([3, 5], hair="red")
    assert np.array_equal(generator.draw(latents), generator.draw([3, 5], hair="red"))
    assert np.array_equal(generator.draw(latents[1:], hair="pink"),
                          generator.draw(5, hair="pink",
                                         eyes=latents.labels.names(latents.tags[1])[1]))


def test_an_axis_with_the_name_of_an_argument_takes_an_underscore(tmp_path, monkeypatch):
    write_run(tmp_path, labels=Labels({"size": ("small", "large")}))
    monkeypatch.chdir(tmp_path)
    generator = ag.load("r")
    large = generator.latents(7, size_="large")
    assert large.tags.tolist() == [[1]]
    assert np.array_equal(generator.draw(7, size_="large", size=8), generator.draw(large, size=8))
    with pytest.raises(ag.UserError):
        generator.latents(7, hair="red", hair_="aqua")


def test_walks_and_fades_are_frames_and_loops(generator):
    size = generator.size
    frames = list(generator.walk([1, 2, 3], frames=4))
    assert np.shape(frames) == (12, size, size, 3)
    stops = generator.draw([1, 2, 3])
    assert np.abs(np.subtract(frames[::4], stops, dtype=int)).max() <= 1
    frames = list(generator.fade(2, frames=3, hair="aqua:pink", eyes="red"))
    assert np.shape(frames) == (6, size, size, 3)
    ends = [generator.draw(2, hair=color, eyes="red")[0] for color in ("aqua", "pink")]
    assert np.abs(np.subtract([frames[0], frames[3]], ends, dtype=int)).max() <= 1


def test_mix_keeps_every_face_in_its_own_colors(generator):
    mixed = generator.mix([1, 2, 3])
    own = mixed[np.arange(3), np.arange(3)]
    assert mixed.shape == (3, 3, generator.size, generator.size, 3)
    assert np.abs(own - generator.draw([1, 2, 3]).astype(int)).max() <= 2


def test_faces_come_at_any_size(generator):
    own = generator.draw([1, 2])
    large = generator.draw([1, 2], size=4 * generator.size)
    assert large.shape == (2, 64, 64, 3)
    back = large.reshape(2, 16, 4, 16, 4, 3).mean(axis=(2, 4))
    assert np.corrcoef(back.ravel(), own.ravel())[0, 1] > 0.8
    assert next(generator.walk([1, 2], frames=2, size=24)).shape == (24, 24, 3)
    with pytest.raises(ag.UserError) as refused:
        generator.draw(1, size=65)
    assert refused.value.fault == Fault.TOO_LARGE


@pytest.mark.parametrize("use, fault", [
    (lambda generator: generator.draw(1, tail="long"), Fault.UNKNOWN),
    (lambda generator: generator.draw(1, hair="aqau"), Fault.UNKNOWN),
    (lambda generator: generator.project(np.zeros((4, 4))), Fault.INVALID),
    (lambda generator: ag.load("nobody"), Fault.UNKNOWN),
    (lambda generator: ag.load("pretrained_enlarger"), Fault.CONFLICT),
    (lambda generator: ag.train("nothing"), Fault.UNKNOWN),
    (lambda generator: generator.draw(-1), Fault.INVALID),
    (lambda generator: generator.draw("3"), Fault.INVALID),
    (lambda generator: generator.draw([]), Fault.TOO_FEW),
    (lambda generator: generator.draw(1, size=0), Fault.INVALID),
    (lambda generator: generator.draw(1, hair=None), Fault.INVALID),
    (lambda generator: generator.walk([1]), Fault.TOO_FEW),
    (lambda generator: generator.walk([1, 2], frames=0), Fault.INVALID),
    (lambda generator: generator.fade(1), Fault.MISSING),
    (lambda generator: generator.fade(1, hair="any:pink"), Fault.INVALID),
    (lambda generator: generator.project(generator.draw(1), steps=0), Fault.INVALID),
    (lambda generator: ag.train("dcgan", width=1), Fault.INVALID),
    (lambda generator: ag.train("dcgan", width=4.5), Fault.INVALID),
    (lambda generator: ag.train("dcgan", wdith=4), Fault.UNKNOWN),
    (lambda generator: ag.train("dcgan", run="../evil"), Fault.INVALID),
    (lambda generator: ag.train("dcgan", precision="float8"), Fault.UNKNOWN),
    (lambda generator: ag.train("dcgan", budget=-1), Fault.INVALID),
    (lambda generator: ag.train("dcgan", axes={"smile": "yes"}), Fault.UNREADABLE),
    (lambda generator: ag.train("enlarger"), Fault.CONFLICT),
    (lambda generator: ag.evaluate("faces", "faces", features="incepton"), Fault.UNKNOWN),
    (lambda generator: ag.evaluate("no/folder", "drawn"), Fault.MISSING)])
def test_bad_arguments_are_named(generator, use, fault):
    with pytest.raises(ag.UserError) as refused:
        use(generator)
    assert refused.value.fault == fault


def test_train_and_project(generator, mlds, capsys, monkeypatch):
    monkeypatch.setattr(attribute_directions, "NUM_FACES", 256)
    monkeypatch.setattr(logging.getLogger("anime_gan_tf"), "handlers", [])  # as call() left them
    trained = ag.train("dcgan", mlds, run="lib", image_size=16, width=4, batch_size=4, epochs=0.4)
    assert trained.draw(range(3)).shape == (3, 16, 16, 3)
    # A dcgan takes no attributes: colors are directions of its noise.
    before = trained.latents([1, 2])
    assert len(list(ag.load("lib").walk([1, 2], frames=2, hair="aqua:pink"))) == 4
    assert trained.draw([1, 2], hair="aqua").shape == trained.draw(before).shape
    with pytest.raises(ag.UserError):
        generator.draw(before)
    found = trained.project(generator.draw(1), steps=2)
    assert trained.draw(found).shape == (1, 16, 16, 3)
    assert capsys.readouterr().out == ""  # it logs, and leaves printing to who calls it


def test_evaluate_measures_real_faces_as_real(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    folder = tmp_path / "faces"
    folder.mkdir()
    for i in range(120):
        noise = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((32, 32)).save(folder / f"{i}.png")
    figures = ag.evaluate(folder, folder, features="faces", size=32)
    black = ag.evaluate(np.zeros((40, 32, 32, 3), np.uint8), folder, features="faces", size=32)
    assert figures["generated"]["frechet"] < black["generated"]["frechet"] / 5
    json.dumps(figures)


def code_of(path):
    """The Python of a notebook, or of README's section on it."""
    if path.suffix == ".ipynb":
        return "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]
                         if cell["cell_type"] == "code")
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", path.read_text(), re.M)
    return textwrap.dedent(next(block for block in blocks if "import anime_gan_tf" in block))


@pytest.mark.graph
@pytest.mark.parametrize("name", ["README.md", "docs/tour.ipynb"])
def test_the_documents_programs_run(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(projection, "POOL", 64)
    monkeypatch.setattr(projection, "TAPS", (0, 1))  # without most of the frozen network
    recipe = tiny("enlarger")  # the bundled one would be most of the work
    small = Trained(scramble(networks.build_generator(recipe, DEFAULT)), recipe, {})
    monkeypatch.setattr(enlarging, "bundled", lambda: small)
    exec(compile(code_of(ROOT / name), name, "exec"), {"__name__": "__main__"})
    assert list(tmp_path.glob("*.png")) and list(tmp_path.glob("*.gif"))


def test_a_script_without_a_guard_draws_its_faces_once(tmp_path):
    code = """if True:
        print("started")
        from anime_gan_tf.data import synthetic
        from anime_gan_tf.labels import DEFAULT
        faces = synthetic.load(8, DEFAULT, count=201).images  # so many start processes
        print(len(faces), (faces[200] == synthetic.face(200, 8)[0]).all())
        """
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True,
                          text=True, env=user_environment() | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and done.stdout.split() == ["started", "201", "True"], done.stderr
