"""Axes that are read from whole tags: scales, whose values are numbers, and tags that are there or
not."""
import json

import numpy as np
import pytest
from conftest import call, eagerly, refusal, refuses, write_mlds, write_run
from PIL import Image
from test_axes import TRAIN

from anime_gan_tf import losses
from anime_gan_tf.data import sources, validation
from anime_gan_tf.errors import Fault
from anime_gan_tf.generation import interpolation
from anime_gan_tf.generation.latents import Latents
from anime_gan_tf.labels import Labels, sample, UNKNOWN
from anime_gan_tf.storage import checkpoints, schema

AXES = {"smile": [0, 0.25, 0.5, 0.75, 1], "age": [0, 10, 30], "open_mouth": ["absent", "present"],
        "hat": ["absent", "present"], "hair": ["aqua", "red"]}
LABELS = schema.labels_from(AXES, "axes")
ANY = ("any",) * 5


def named(**values):
    return tuple(values.get(axis, "any") for axis in AXES)


@pytest.mark.parametrize("text, smile", [
    ("smile: 0.3", "0.3"), ("smile=0.3", "0.3"), ("0.3 smile", "0.3"), ("smile_0.3", "0.3"),
    ("Smile: .30", "0.3"), ("1 smile", "1"), ("smile: 0", "0"), ('{"smile": 0.3}', "0.3"),
    ("solo, smile: 0.3, hair bow", "0.3"), ("smile: 0.3. A dress.", "0.3"),
    # as taggers write
    ("smile 0.97", "0.97"), ("smile, 0.97, solo, 0.3", "0.97"), ("0.97, smile, 0.3, solo", "0.97"),
    ("smile (0.97)", "0.97"), ("solo 0.2\nsmile 0.97", "0.97"),
    # in doubt
    ("smile", "any"), ("no smile", "any"), ("(smile:0.7)", "any"), ("smile: 1.2", "any"),
    ("smile: 0,3", "any"), ("smile 0,97", "any"), ("smile: 30%", "any"), ("smile: -0.3", "any"),
    ("big smile: 0.3", "any"), ("smile: 0.3, smile: 0.4", "any"), ("smile: 0.3 or 0.4", "any"),
    ("smile: nan", "any"), ("smile: " + "9" * 5000, "any")])
def test_numbers_are_read(text, smile):
    assert LABELS.names(LABELS.parse(text)) == named(smile=smile)


@pytest.mark.parametrize("text, in_list, elsewhere", [
    ("1girl, open mouth, hat", ("present", "present"), ("present", "present")),
    ("solo open_mouth", ("present", "absent"), ("present", "any")),
    ("hat", ("absent", "present"), ("any", "present")),
    ("hat: no, open_mouth: 1", ("present", "absent"), ("present", "absent")),
    ("hat 0.97 open_mouth 0.02", ("absent", "present"), ("absent", "present")),
    ("(hat:1.2), solo", ("absent", "present"), ("any", "present")),
    ("no open_mouth, solo", ("absent", "absent"), ("absent", "any")),
    ("1girl, solo", ("absent", "absent"), ("any", "any")),
    # It is mentioned in another way, or the text is no list.
    ("red hat, open-mouth smile", ("any", "any"), ("any", "any")),
    ("-hat, without open_mouth", ("any", "any"), ("any", "any")),
    ("(hat:0.3), solo", ("any", "any"), ("any", "any")),
    ("hat, no hat, solo", ("absent", "any"), ("any", "any")),
    ("1girl, mouth open", ("any", "absent"), ("any", "any")),  # may mean open_mouth
    ("A girl with a ribbon. She smiles.", ("any", "any"), ("any", "any")),  # no list
    ("0.64, 1", ("any", "any"), ("any", "any")),
    ("hat: 64, open_mouth=1", ("present", "any"), ("present", "any")),  # no probability
    ("a girl with hair", ("any", "any"), ("any", "any")), ("", ("any", "any"), ("any", "any"))])
def test_tags_are_there_or_not(text, in_list, elsewhere):
    for is_list, (mouth, hat) in ((True, in_list), (False, elsewhere)):
        assert LABELS.names(LABELS.parse(text, is_list)) == named(open_mouth=mouth, hat=hat)


def test_named_values_beside_them_are_read_as_before():
    assert LABELS.names(LABELS.parse("hat, aqua hair, 0.3 smile")) == named(
        smile="0.3", hat="present", hair="aqua")
    alone = Labels({"hair": ("aqua", "red")})
    for text in ("aqua hair hat", "red smile, aqua hair", "hair: aqua, smile: 0.7, red",
                 "aqua hair:0.3, smile", "hat with aqua hair"):
        assert LABELS.parse(text)[-1] == alone.parse(text)[0], text


def test_what_is_written_is_read():
    for tags in ((1.2, 1.5, 1, 0, 0), (UNKNOWN, 2, UNKNOWN, 1, UNKNOWN), (1 / 3, 0.777, 0, 1, 1)):
        again = LABELS.parse(LABELS.phrase(tags))
        assert again == pytest.approx(tags, abs=1e-4)
        assert LABELS.names(again) == LABELS.names(tags)  # and from now on the same
    assert LABELS.phrase(LABELS.parse("aqua hair, smile: 0.3")) == "aqua hair, smile: 0.3"


FACES = {f"{i}.png": (40 * i,) * 3 for i in range(3)}
EXPECTED = [named(smile="0.3", hat="present", hair="red"), named(smile="1", hat="absent"),
            named(hair="aqua")]


@pytest.mark.parametrize("files", [
    {"labels.csv": "file,smile,hat,hair\n0.png,0.3,1,red\n1.png,1.0,0,\n2.png,,,aqua\n"},
    {"tags.csv": "id;smile;hat;hair\n0;.3;yes;red\n1;1;no;any\n2;0,3;;aqua\n"},
    {"tags.csv": "id,hat,tags\n0,present,smile: 0.3, red hair\n1,absent,1 smile\n2,,aqua hair\n"},
    {"tags.csv": '0,"red hair, hat: yes, smile: 0.3"\n1,"hat: no, smile: 1"\n2,aqua hair\n'},
    {"tags.csv": "0,red hair,hat,smile,0.3\n1,1 smile,hat 0.1\n2,aqua hair\n"},
    {"0.txt": "hat, red hair, smile 0.3", "1.txt": "solo, smile 1, hat 0", "2.txt": "aqua hair"},
    {"dataset.json": json.dumps({"labels": [
        ["0.png", "hat, smile: 0.3, red hair"], ["1.png", "smile: 1, solo"],
        ["2.png", "aqua hair"]]})}])
def test_every_form_of_labels_has_them(tmp_path, files):
    axes = {axis: AXES[axis] for axis in ("smile", "hat", "hair")}
    labels = schema.labels_from(axes, "axes")
    for name, color in FACES.items():
        Image.new("RGB", (16, 16), color).save(tmp_path / name)
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    source = sources.open_path(tmp_path, labels)
    found = [dict(zip(axes, labels.names(tags))) for tags in source.tags]
    assert found == [{axis: value for axis, value in zip(AXES, names) if axis in axes}
                     for names in EXPECTED]


def test_cells_that_are_no_value_of_their_column_are_counted(tmp_path):
    labels = schema.labels_from({axis: AXES[axis] for axis in ("smile", "hat")}, "axes")
    for i in range(3):
        Image.new("RGB", (16, 16), (40 * i,) * 3).save(tmp_path / f"{i}.png")
    (tmp_path / "tags.csv").write_text("file,smile,hat\n0,64,1\n1,0.3,Y\n2,,no\n")
    source = sources.open_path(tmp_path, labels)
    assert list(map(labels.names, source.tags)) == [
        ("any", "present"), ("0.3", "any"), ("any", "absent")]
    assert any("2, such as 'smile: 64'" in note for note in source.notes)


@pytest.mark.parametrize("table, expected", [
    # An unquoted comma in one row: which cell is whose is not known.
    ("file,smile,hat\n0.png,0,64,1\n1.png,0.3,1\n", [("any", "any"), ("0.3", "present")]),
    # Neither a header nor an id that is known, and numbers are no list of tags.
    ("photo,smile,hat\n0.png,0.64,1\n1.png,0.3,1\n", [("any", "any"), ("any", "any")])])
def test_where_a_table_is_in_doubt_there_is_no_tag(tmp_path, table, expected):
    labels = schema.labels_from({axis: AXES[axis] for axis in ("smile", "hat")}, "axes")
    for i in range(2):
        Image.new("RGB", (16, 16), (40 * i,) * 3).save(tmp_path / f"{i}.png")
    (tmp_path / "tags.csv").write_text(table)
    assert list(map(labels.names, sources.open_path(tmp_path, labels).tags)) == expected


def test_folders_say_what_is_there_and_never_what_is_not(tmp_path):
    for folder in ("hat, solo", "smile 0.3/red_hair, solo"):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGB", (16, 16)).save(tmp_path / folder / f"{len(folder)}.png")
    source = sources.open_path(tmp_path, LABELS)
    assert sorted(map(LABELS.names, source.tags)) == sorted(
        [named(hat="present"), named(smile="0.3", hair="red")])


# ----- as arrays

def test_two_levels_share_the_one():
    tags = [(1.25, 0, UNKNOWN, 1, 0), (4, UNKNOWN, 0, 0, 1)]
    one_hot = LABELS.encode(tags)
    assert one_hot.dtype == np.float32 and one_hot.tolist() == [
        [0, 0.75, 0.25, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1]]
    assert LABELS.decode(one_hot).tolist() == [list(row) for row in tags]
    assert LABELS.nearest(tags).tolist() == [[1, 0, UNKNOWN, 1, 0], [4, UNKNOWN, 0, 0, 1]]
    for i, size in enumerate(LABELS.sizes):  # what networks and losses compute is the same
        column = np.array(tags, np.float32)[:, i]
        assert np.array_equal(losses.one_hot(column, size),
                              LABELS.split(one_hot)[list(AXES)[i]])


def test_the_attribute_loss_is_least_at_the_number():
    """The cross-entropy of a mixture has its minimum where the prediction is the mixture."""
    share = lambda p: losses.attribute_loss(
        {"smile": np.log([[1e-6, p, 1 - p]]).astype(np.float32)},
        np.array([[1.25]], np.float32), ["smile"])
    assert share(0.75) < share(0.7) and share(0.75) < share(0.8)


def test_labels_go_along_a_scale_and_mix_names():
    start, end = LABELS.encode([(0, 2, 0, 0, 0), (4, UNKNOWN, 0, 0, 1)])[:, None]
    half = LABELS.between(start, end, np.array([[0.5]]))
    assert LABELS.decode(half)[0, 0] == 2
    assert half[0, :8].tolist() == [0, 0, 1, 0, 0, 0, 0, 0.5]  # of 30 and unknown half of 30
    assert half[0, -2:].tolist() == [0.5, 0.5]


def test_walks_and_fades_pass_the_numbers_between():
    z = np.zeros((2, 3), np.float32)
    stops = Latents(z, LABELS.encode([(0, 0, 0, 0, 0), (4, 0, 0, 0, 0)]), LABELS)
    walk = interpolation.walk_latents(stops, {}, 8).tags[:, 0]
    assert walk == pytest.approx([*np.arange(0, 4, 0.5), *np.arange(4, 0, -0.5)])
    fade = interpolation.fade_latents(stops[:1], {"smile": [0.5, 3.5]}, 6).tags[:, 0]
    assert fade[:7] == pytest.approx(np.arange(0.5, 4, 0.5)) and fade[9] == pytest.approx(2.0)


def test_unrequested_values_are_levels_as_in_the_data():
    table = LABELS.joint_distribution([(0.9, 1, 0, 1, 0), (1.1, 1, 0, 1, 0), (3, 1, 0, 0, 1)])
    assert table[1].sum() == pytest.approx(2 / 3) and table[3].sum() == pytest.approx(1 / 3)
    rng = np.random.default_rng(0)
    drawn = {sample(rng, table) for _ in range(50)}
    assert drawn == {(1, 1, 0, 1, 0), (3, 1, 0, 0, 1)}
    # What goes with a number is drawn as with its nearest level.
    assert {sample(rng, table, (1.3, *(UNKNOWN,) * 4)) for _ in range(20)} == {(1.3, 1, 0, 1, 0)}
    assert LABELS.unseen(table, (1.3, UNKNOWN, 1, UNKNOWN, UNKNOWN)) == ["present open_mouth"]


@pytest.mark.parametrize("axes", [
    {"smile": [0, 1, 0.5]}, {"smile": [0, 0]}, {"smile": [-1, 1]}, {"smile": [0, "much"]},
    {"smile": ["little", 1]}, {"smile": [0, True]}, {"smile": [0]}, {"smile": [0, 1e12]},
    {"smile": [0, 10 ** 400]}, {"smile": [0, float("nan")]}, {"a_b": ["no", "yes"]},
    {"_a": [0, 1]}, {"a__b": [0, 1]}, {"latent_std": [0, 1]}, {"seed": [0, 1]},
    {"smile": [float("nan"), 1]}, {"smile": [float("inf"), 1]}, {"smile": ["+1", "2"]},
    {f"axis_{name}": ["absent", "present"] for name in "abcdefghi"}])
def test_axes_that_are_no_scale_are_refused(axes):
    with refusal("axes", Fault.UNREADABLE):
        schema.labels_from(axes, "axes")


def test_numbers_are_levels_in_any_spelling():
    for levels in (["0.50", "1"], [".5", "1.0"], ["0.5", 1], [0.5, "01"]):
        assert schema.labels_from({"smile": levels}, "axes").axes["smile"] == ("0.5", "1")
    assert schema.labels_from({"smile": ["00", "0.00001", "1"]}, "axes") == schema.labels_from(
        {"smile": [0, 1e-5, 1]}, "axes")


def test_names_of_numbers():
    assert LABELS.lookup("smile", "0.30", "--label") == pytest.approx(1.2)
    assert LABELS.lookup("smile", "any", "--label") == UNKNOWN
    for value in ("2", "-1", "much", "", "nan", "0.5.5", "1e9"):
        with refusal("--label", Fault.INVALID):
            LABELS.lookup("smile", value, "--label")
    with refusal("--label", Fault.UNKNOWN):
        LABELS.lookup("hat", "yes", "--label")


# ----- as a user runs it

@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with faces, their axes.json, and a run `r` that was trained on them for a moment."""
    cwd = tmp_path_factory.mktemp("scales")
    write_mlds(cwd / "faces", 60, 16)
    (cwd / "faces/tags.csv").write_text("id,smile,hat,hair\n" + "".join(
        f"{i},{i / 59:.3f},{i % 2},{('aqua', 'red')[i % 2]}\n" for i in range(60)))
    (cwd / "axes.json").write_text(json.dumps({axis: AXES[axis]
                                               for axis in ("smile", "hat", "hair")}))
    for epochs in (0.2, 0.4):  # the second goes on with the axes of the first
        axes = ("--axes", "axes.json") if epochs == 0.2 else ()
        with eagerly():
            done = call(cwd, *TRAIN, "r", "--data", "faces", *axes, "--epochs", epochs)
        assert done.returncode == 0, done.stderr
    return cwd


def run(cwd, *words):
    done = call(cwd, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def picture(path):
    return np.asarray(Image.open(path), int)


def test_a_run_keeps_its_scales(home):
    info = checkpoints.read_info(home / "checkpoints/r/generator.npz")
    assert info["axes"][0] == ["smile", ["0", "0.25", "0.5", "0.75", "1"]]
    assert "smile" in run(home, "--mode", "models")


def test_a_number_is_drawn_and_drawn_again(home):
    draw = ("--mode", "infer", "--run", "r", "--num", 3)
    run(home, *draw, "--label", "smile=0.3,hat=present", "--separate", "--out", "a.png")
    rows = [line.split(",") for line in (home / "a/labels.csv").read_text().splitlines()]
    assert [row[:2] for row in rows] == [["0.3", "present"]] * 3
    run(home, *draw, "--label", "smile=0.3,hat=present", "--separate", "--out", "a.png")  # replaced
    assert not (home / "a_2").exists()
    run(home, "--mode", "infer", "--latent", "a.png", "--out", "again.png")
    assert np.array_equal(picture(home / "a.png"), picture(home / "again.png"))
    run(home, "--mode", "infer", "--latent", "a.png", "--label", "smile=0.30001", "--out", "b.png")
    run(home, "--mode", "infer", "--latent", "a.png", "--label", "smile=1", "--out", "c.png")
    near, far = (np.abs(picture(home / name) - picture(home / "a.png")).sum()
                 for name in ("b.png", "c.png"))
    assert near <= far / 100 and far > 0
    assert "r_0.3_smile" in run(home, *draw, "--label", "smile=0.3")  # the picture's name


def test_the_faces_that_separate_writes_can_be_trained_on(home):
    run(home, "--mode", "infer", "--run", "r", "--num", 4, "--label", "smile=0.3", "--separate",
        "--out", "s.png")
    text = run(home, "--mode", "inspect", "--data", "s", "--axes", "axes.json", "--clean", "copy")
    assert "smile: 0: 0, 0.25: 4, 0.5: 0" in text
    labels = schema.labels_from(json.loads((home / "axes.json").read_text()), "axes")
    found = sources.open_path(home / "copy", labels)
    assert all(labels.name("smile", tags[list(labels.axes).index("smile")]) == "0.3"
               for tags in found.tags) and len(found.tags) == 4
    run(home, "--mode", "infer", "--run", "r", "--matrix", "--out", "m.png")


@pytest.mark.parametrize("mode", ["walk", "fade"])
def test_animations_take_numbers(home, mode):
    run(home, "--mode", mode, "--run", "r", "--label", "smile=0.1:0.9,hat=absent:present",
        "--frames", 2, "--num", 2, "--out", "x.gif")


@pytest.mark.parametrize("label", ["smile=2", "smile=-0.5", "smile=much", "smile=0:1",
                                   "smile=0,3"])
def test_numbers_outside_a_scale_are_refused(home, label):
    done = call(home, "--mode", "infer", "--run", "r", "--label", label)
    refuses(done, "--label", Fault.INVALID)


@pytest.mark.usefixtures("eager")
def test_a_classifier_of_scales_counts_the_nearest_level(home):
    write_mlds(home / "large", 60, 64)
    (home / "large/tags.csv").write_text("id,smile\n" + "".join(
        f"{i},{i / 59:.3f}\n" for i in range(60)))
    run(home, "--mode", "classifier", "--data", "large", "--axes", "axes.json", "--epochs", 0.5,
        "--out", "c.npz")
    run(home, "--mode", "evaluate", "--run", "r", "--num", 20, "--data", "faces", "--features",
        "c.npz", "--out", "e.png")
    measured = json.loads((home / "e.json").read_text())
    assert 0 <= measured["generated"]["smile"] <= 1
    assert np.sum(measured["confusion"]["smile"]) == 20


def test_twins_with_other_numbers_are_named(tmp_path):
    for name in ("a", "b"):
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(
            tmp_path / f"{name}.png")
    (tmp_path / "labels.csv").write_text("file,smile\na.png,0.30\nb.png,0.32\n")
    source = sources.open_path(tmp_path, LABELS)
    validation.inspect(source, tmp_path / "out.png")
    assert len(json.loads((tmp_path / "out.json").read_text())["twins_with_different_tags"]) == 1


def test_the_library_takes_numbers(tmp_path, monkeypatch):
    import anime_gan_tf as ag

    write_run(tmp_path, labels=LABELS)
    monkeypatch.chdir(tmp_path)
    generator = ag.load("r")
    for given in (0.3, "0.3", np.float32(0.3)):
        assert generator.latents(7, smile=given).tags[0, 0] == pytest.approx(1.2)
    with refusal("smile", Fault.INVALID):
        generator.draw(7, smile=2)
    with refusal("hair", Fault.INVALID):
        generator.draw(7, hair=1)
    assert len(list(generator.fade(7, smile="0:0.5", frames=3))) == 6
