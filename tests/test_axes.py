"""What labels say, how they are read, and that every checkpoint has its own."""
import json
import pickle
import re
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from conftest import call, eagerly, refusal, refuses, ROOT, user_environment, write_mlds, write_run
from PIL import Image

from anime_gan_tf.data import hair_color, synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import ANY, DEFAULT, Labels, sample, UNKNOWN
from anime_gan_tf.storage import checkpoints, kinds, npz, schema

HAIR, EYES = DEFAULT.axes.values()
OTHER = Labels({"smile": ("no", "yes"), "species": ("cat", "human", "robot")})
# Other spellings of a color are no spellings where both are values.
SHADES = Labels({"sky": ("gray", "grey", "dark"), "eye": ("open", "closed")})
# Of the recipes with labels, the one that is traced fastest.
TRAIN = ("--mode", "train", "--model", "acgan_dcgan", "--image_size", 16, "--width", 4,
         "--batch_size", 4, "--run")


SPELLINGS = ("{value} {axis}", "{axis} {value}", "{value}_{axis}", "{axis}_{value}",
             "{axis}:{value}", "{axis}: {value}", "{axis} : {value}", "{axis}={value}",
             "{axis}-{value}", "({value} {axis}:1.2)", "{value} {axis}, {axis} ornament",
             "1girl {value}_{axis} solo",
             "{axis} color: {value}", "{axis}_color={value}", "a girl with {value} {axis}.",
             "her {axis} is {value}", '{{"{axis}": "{value}"}}', "{axis}\uff1a{value}",
             "long {value} {axis}", "black, {value} {axis}", "{value} {axis}; closed",
             "{value} {axis}, {value} {axis}")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_value_of_every_axis_is_read_in_every_spelling(spelling):
    for i, (axis, values) in enumerate(DEFAULT.axes.items()):
        for value in values:
            expected = [ANY] * len(DEFAULT.axes)
            expected[i] = value
            text = spelling.format(value=value, axis=axis)
            for given in (text, text.upper()):
                assert list(DEFAULT.names(DEFAULT.parse(given))) == expected, given


@pytest.mark.parametrize("text", [
    "{a} hair {b} eyes", "{b} eyes {a} hair", "hair {a} eyes {b}", "eyes {b}, hair {a}",
    "hair: {a}, eyes: {b}", "hair: {a} eyes: {b}", "hair:{a} eyes:{b}", "hair={a};eyes={b}",
    "{a} hair, eyes {b}", "{a} hair eyes {b}", "hair {a} {b} eyes", "{a}_hair {b}_eyes",
    "{a}_hair_{b}_eyes", "{a}_hair, long_hair, {b}_eyes", "{a} hair/{b} eyes", "{a} hair|{b} eyes",
    "{a} hair and {b} eyes", "hair ({a}), eyes ({b})", "{a} hair\n{b} eyes",
    "{a} hair, {b} eyes, red dress, black", "{a} hair, blue hair ornament, {b} eyes",
    "red hair ribbon, {a} hair, {b} eyes, black hairband", "{a} hair {b} eyes blue hair bow",
])
def test_every_pair_is_read_in_every_order(text):
    for h, hair in enumerate(HAIR):
        for e, eyes in enumerate(EYES):
            assert DEFAULT.parse(text.format(a=hair, b=eyes)) == (h, e), (hair, eyes)


@pytest.mark.parametrize("text, expected", [
    ("Grey Hair; GRAY EYE", ("gray", "gray")),
    ("red hair blue hair green eyes", ("any", "green")),    # contradictory
    ("blue hair, pink hair, red eyes", ("any", "red")),
    ("blue and pink hair, red eyes", ("any", "red")),
    ("hair: blue, pink, eyes: red", ("any", "red")),
    ('{"hair": ["blue", "red"], "eyes": "red"}', ("any", "red")),
    ("multicolored hair, blue hair, red eyes", ("any", "red")),
    ("two-tone hair, blue hair", ("any", "any")),
    ("blue eyes, heterochromia", ("any", "any")),
    ("yellow hair white eyes", ("any", "any")),             # values of the other axis
    ("yellow hair, blue hair", ("any", "any")),
    ("light blue hair, dark_green_eyes", ("any", "any")),   # another color, or not
    ("hair_color: light blue", ("any", "any")),
    ("no blue hair", ("any", "any")),
    ("1girl, black, eyes closed", ("any", "any")),
    ("closed eyes", ("any", "any")),
    ("eyes: closed, blue", ("any", "any")),
    ("hair blue eyes", ("any", "any")),                     # hair blue, or blue eyes
    ("blue hair red", ("any", "any")),
    ("blue hair ornament", ("any", "any")),                 # the ornament is blue
    ("red_hair_ribbon, blue_eye_shadow", ("any", "any")),
    ("hair blue ribbon", ("any", "any")),
    ("black hairband, red eyepatch", ("any", "any")),
    ("blue sky, hair ornament", ("any", "any")),
    ("blonde, hair, blue, eyes", ("any", "any")),
    ("blue-eyes_white_dragon", ("any", "any")),
    ("cat with yellow eyes", ("any", "any")),
    ("black n white hair", ("any", "any")),
    ("half black half white hair", ("any", "any")),
    ("odd-eyed, blue eyes", ("any", "any")),
    ("anything but blue hair", ("any", "any")),
    ("blue, not red hair -blue_hair", ("any", "any")),
    ("-blue_hair", ("any", "any")),
    ("!blue hair", ("any", "any")),
    ("0 blue hair", ("any", "any")),
    ("blue hair:0.1", ("any", "any")),
    *((score, ("any", "any")) for score in (
        "blue_hair 0.1", "(blue_hair:0.1)", "blue_hair, 0.1", "blue hair 0.34", "blue_hair (0.1)",
        "blue_hair - 0.1", "blue_hair\t0.1", "blue_hair 9.5e-05", "blue_hair,12%", "blue_hair 12 %",
        "blue_hair=.1", '{"blue_hair": 0.12}', "0.1 blue_hair", "0.1, blue hair", "blue_hair 0",
        "blue_hair, 0", "(blue_hair, red_eyes:0.2)", "[blue_hair:0.1]", "12%, blue_hair",
        "blue_hair:-1.3")),
    *((score, ("blue", "any")) for score in (
        "blue_hair 0.97 red_eyes 0.02", "blue_hair, 0.97, red_eyes, 0.02", "(blue_hair:1.2)",
        "blue_hair 0.97\nred_eyes 0.02", "0.97, blue_hair, 0.02, red_eyes", "blue_hair 97%",
        "0.97 blue_hair\n0.02 red_eyes", "0.97\tblue hair\n0.02\tred eyes", "blue_hair (0.97)",
        "1girl, 0.99, blue_hair, 0.97, red_eyes, 9e-05", "(blue_hair:0.97), (red_eyes:0.2)",
        '{"blue_hair": 0.97, "red_eyes": 0.02}', "(blue_hair, solo:1.3), (red_eyes:0.3)",
        "blue_hair,97%,red_eyes,2%", "1.0 blue_hair 0.0 red_eyes")),
    # A number that begins the next tag is no score of the one before.
    *((text, ("blue", "any")) for text in (
        "blue hair, 0.5 scale figure", "blue hair, 100% smile", "blue hair; 0 others")),
    ("reddish brown hair", ("any", "any")),
    ("faded blue hair", ("any", "any")),
    ("<lora:red hair:1>", ("any", "any")),
    ("ruby_(red_hair)", ("any", "any")),
    ("hair_blue:1 eyes_red:0", ("blue", "any")),
    ("blue hair mauve eyes", ("blue", "any")),              # only one of two is unknown
    ("mauve_hair_red_eyes", ("any", "red")),
    ("blue hair ribbon mauve eyes", ("any", "any")),
    ("her hair blue eyes", ("any", "any")),
    ("blue hair\nNegative prompt: red eyes\nSteps: 20, Model: red hair", ("blue", "any")),
    ("", ("any", "any")),
])
def test_in_doubt_there_is_no_tag(text, expected):
    assert DEFAULT.names(DEFAULT.parse(text)) == expected


@pytest.mark.parametrize("labels", [OTHER, SHADES])
def test_other_labels_are_read_as_well(labels):
    for i, (axis, values) in enumerate(labels.axes.items()):
        for j, value in enumerate(values):
            expected = tuple(j if k == i else UNKNOWN for k in range(len(labels.axes)))
            for text in (f"{value} {axis}", f"{axis}: {value}", f"{value}_{axis}, blue_hair"):
                assert labels.parse(text) == expected, text


def test_what_a_text_says_of_an_axis_that_the_labels_lack_takes_nothing_from_others():
    hair = Labels({"hair": ("blue", "red")})
    for text in ("blue hair red eyes", "blue hair mauve eyes", "red eyes blue hair",
                 "hair blue eyes red", "blue_hair_red_eyes"):
        assert hair.names(hair.parse(text)) == ("blue",), text
    for text in ("blue hair red ribbon", "hair blue eyes", "blue eyes", "red eyes hair"):
        assert hair.names(hair.parse(text)) == (ANY,), text
    for axes, text, expected in (
            ({"accessory": ("ribbon", "hat")}, "hair ribbon accessory", "ribbon"),
            ({"mouth": ("open", "closed")}, "eyes closed mouth", "closed"),
            ({"dress": ("red", "blue")}, "eyes blue dress", "blue"),
            ({"ornament": ("flower", "bow")}, "girl with black hair flower ornament", "flower")):
        labels = Labels(axes)
        assert labels.names(labels.parse(text)) == (expected,), text
    parts = Labels({"focus": ("hair", "eyes")})
    assert parts.names(parts.parse("eyes focus")) == ("eyes",)


def test_lookup_accepts_any_and_spellings():
    assert DEFAULT.lookup("hair", "any", "--hair") == UNKNOWN
    assert DEFAULT.lookup("hair", " Blond ", "--hair") == HAIR.index("blonde")
    assert SHADES.lookup("sky", "grey", "--label") == 1
    with refusal("--hair", Fault.UNKNOWN):
        DEFAULT.lookup("hair", "ornge", "--hair")


def test_labels_are_equal_by_names_values_and_their_order():
    swapped = Labels(dict(reversed(OTHER.axes.items())))
    assert OTHER != swapped and len({OTHER, Labels(dict(OTHER.axes)), swapped}) == 2
    for again in (Labels.from_json(json.loads(json.dumps(OTHER.to_json()))),
                  pickle.loads(pickle.dumps(OTHER))):
        assert again == OTHER and list(again.axes) == list(OTHER.axes)
    with pytest.raises(AttributeError):
        OTHER.axes = {}
    with pytest.raises(TypeError):
        OTHER.axes["smile"] = ()


def test_axes_of_the_same_name_are_shared_where_their_values_are_the_same():
    other = Labels({"smile": ("yes", "no"), "hair": HAIR, "species": OTHER.axes["species"]})
    assert OTHER.shared(other) == {"species": 1} and other.shared(OTHER) == {"species": 2}
    assert other.shared(DEFAULT) == {"hair": 1}


def test_codes_are_one_hot_and_decoded():
    tags = np.array([(0, 2), (1, UNKNOWN), (UNKNOWN, UNKNOWN)])
    code = OTHER.encode(tags)
    assert code.tolist() == [[1, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert np.array_equal(OTHER.decode(code), tags)
    assert OTHER.decode(np.array([[0.4, 0.6, 0, 0.7, 0.3]])).tolist() == [[1, 1]]
    assert {axis: part.shape for axis, part in OTHER.split(code).items()} == {
        "smile": (3, 2), "species": (3, 3)}


def test_joint_table_counts_pairs():
    table = DEFAULT.joint_distribution([(0, 1), (0, 1), (2, 3), (UNKNOWN, UNKNOWN)])
    assert table.shape == (12, 11)
    assert table[0, 1] == pytest.approx(2 / 3) and table[2, 3] == pytest.approx(1 / 3)


def test_joint_table_spreads_half_known_faces():
    table = DEFAULT.joint_distribution([(0, 1), (0, 1), (0, 2), (5, UNKNOWN)])
    assert table[5].sum() == pytest.approx(1 / 4)
    assert table[5, 1] == pytest.approx(2 / 3 / 4) and table[5, 2] == pytest.approx(1 / 3 / 4)


def test_joint_table_of_one_axis_and_of_none():
    assert np.allclose(DEFAULT.joint_distribution([(3, UNKNOWN)])[3], 1 / 11)
    assert DEFAULT.joint_distribution([(UNKNOWN, UNKNOWN)]) is None


def test_a_sample_follows_the_table_and_the_wish():
    table = np.zeros((12, 11))
    table[0, 1], table[0, 2], table[4, 2] = 0.5, 0.25, 0.25
    rng = np.random.default_rng(0)
    drawn = [sample(rng, table) for _ in range(2000)]
    assert set(drawn) == {(0, 1), (0, 2), (4, 2)}
    assert np.mean([pair == (0, 1) for pair in drawn]) == pytest.approx(0.5, abs=0.05)
    assert {sample(rng, table, (UNKNOWN, 1)) for _ in range(50)} == {(0, 1)}
    assert {sample(rng, table, (0, UNKNOWN))[1] for _ in range(50)} == {1, 2}
    assert sample(rng, table, (7, 7)) == (7, 7)  # never seen, but asked for
    assert DEFAULT.unseen(table, (7, 2)) == [f"{HAIR[7]} hair"]


def test_phrase_is_what_parse_reads():
    for hair in range(UNKNOWN, len(HAIR)):
        for eyes in range(UNKNOWN, len(EYES)):
            assert DEFAULT.parse(DEFAULT.phrase((hair, eyes))) == (hair, eyes)
    assert DEFAULT.phrase((0, 6)) == "aqua hair orange eyes"
    assert DEFAULT.phrase((UNKNOWN, UNKNOWN)) == ""


def test_drawn_faces_have_the_labels_that_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "CACHE", tmp_path)
    labels = Labels({"smile": ("no", "yes"), "hair": ("red", "aqua")})
    faces, same = (synthetic.load(16, which, count=40, progress=False)
                   for which in (labels, DEFAULT))
    assert np.array_equal(faces.images, same.images) and (faces.tags[:, 0] == UNKNOWN).all()
    names = [DEFAULT.names(tags)[0] for tags in same.tags]
    assert faces.tags[:, 1].tolist() == [labels.index("hair", name) for name in names]
    assert {0, 1} < set(faces.tags[:, 1])


def test_hair_is_looked_at_where_the_labels_have_it():
    black = np.zeros((1, 16, 16, 3), np.uint8)
    found = hair_color.names(black)
    assert hair_color.agreement(found, np.array([[0, 0]]), OTHER) == {}
    assert hair_color.accuracy(black, np.array([[0, 0]]), OTHER) == {}
    few = Labels({"hair": ("blue", "rainbow")})
    assert hair_color.agreement(found, np.array([[0]]), few) == {"blue": 0.0}
    assert hair_color.accuracy(black, np.array([[1]]), few) == {}
    assert hair_color.drop_loose(found, np.array([[1], [0]]), few, ["blue"]).tolist() == [[1], [-1]]


# ----- in files

@pytest.mark.parametrize("axes", [
    [], {}, "hair", [["hair", ["aqua", "red"]]] * 2, [["hair"]], [["hair", "aqua"]], [["hair", []]],
    [["hair", ["aqua"]]], [["hair", ["aqua", "aqua"]]], [["hair", ["aqua", 1]]],
    [["hair", ["aqua", "any"]]], [["hair", ["aqua", "light blue"]]],
    [["hair", ["aqua", "\x1b[2J"]]],
    [["hair", ["aqua", "Red"]]], [["Hair", ["aqua", "red"]]], [["../x", ["aqua", "red"]]],
    [["score", ["aqua", "red"]]], [["hair", ["hair", "red"]]], [["hair", ["aqua", "x" * 31]]],
    [["hair", ["aqua", "other"]]], [["hair", [f"{'a' * i}" for i in range(1, 30)]]] * 9,
    [[axis, ["x" * i for i in range(1, 31)]] for axis in ("a", "b", "c", "d")]])
def test_axes_of_a_file_are_checked(axes):
    with refusal("f", Fault.UNREADABLE):
        kinds.check("f", kinds.Record({"axes": schema.Axes()}), {"axes": axes})


def test_files_that_name_no_axes_have_those_of_version_0_2_0(tmp_path):
    assert schema.LEGACY.sizes == (12, 11) and schema.labels_of({}) == schema.LEGACY
    assert schema.labels_of({"axes": OTHER.to_json()}) == OTHER
    # Its classifiers name the axes that they know.
    for names in (["hair"], ["eyes", "hair"]):
        kinds.check("f", schema.CLASSIFIER, {"axes": names})
        assert list(schema.labels_of({"axes": names}).axes.items()) == [
            (name, schema.LEGACY.axes[name]) for name in names]
    with refusal("f", Fault.UNREADABLE):
        kinds.check("f", schema.CLASSIFIER, {"axes": ["smile"]})


def test_a_table_of_other_sizes_than_the_axes_is_refused(tmp_path):
    write_run(tmp_path, labels=OTHER)
    path = tmp_path / "checkpoints/r/generator.npz"
    arrays, info = npz.read_arrays(path), npz.unpacked(path)
    assert checkpoints.read_info(path)["axes"] == OTHER.to_json()
    for changed in ({"axes": DEFAULT.to_json()}, {"axes": OTHER.to_json()[:1]}):
        npz.write_arrays(path, arrays | {"info": npz.packed(info | changed)})
        with refusal(path, Fault.UNREADABLE):
            checkpoints.read_info(path)


def test_the_default_axes_can_change(tmp_path):
    """In a copy of the package where hair is renamed and there is a third axis: the bundled
    generator draws and is measured as before, and a new model has the new axes."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "anime_gan_tf", project / "anime_gan_tf",
                    ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("main.py", "tests/conftest.py"):
        (project / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, project / file)
    table = project / "anime_gan_tf/labels.py"
    renamed = table.read_text().replace('    "hair": ', '    "fur": ', 1)
    changed = re.sub(r'(    "eyes": \([^)]*\),\n)', r'\1    "smile": ("no", "yes"),\n', renamed)
    assert table.read_text() != renamed != changed
    table.write_text(changed)
    write_mlds(tmp_path / "faces", 120, 16)
    tags = tmp_path / "faces/tags.csv"
    lines = tags.read_text().splitlines()
    tags.write_text("".join(
        f"{line}, {'yes' if i % 3 else 'no'} smile, {line.split()[0].split(',')[1]} fur\n"
        for i, line in enumerate(lines)))

    # At the generator's own size: the enlarger has no axes.
    bundled = ("--mode", "infer", "--run", "pretrained_rpgan", "--num", 4, "--size", 64, "--out")
    commands = [
        (*bundled, "bundled.png", "--label", "hair=aqua"),
        ("--mode", "infer", "--latent", "bundled.png", "--size", 64, "--out", "again.png"),
        ("--mode", "evaluate", "--run", "pretrained_rpgan", "--num", 20, "--data", "faces",
         "--features", "faces", "--out", "measured.png"),
        (*TRAIN, "r", "--data", "faces", "--epochs", 0.1),
        ("--mode", "infer", "--run", "r", "--fur", "red", "--smile", "yes", "--num", 3,
         "--separate", "--out", "new.png"),
        ("--mode", "infer", "--latent", "new.png", "--smile", "no", "--out", "smile.png"),
        ("--mode", "infer", "--latent", "new.png", "--fur", "green", "--out", "fur.png")]
    # In one process, and eagerly: importing TensorFlow each time, and a graph of the training step,
    # would take longer than the rest.
    code = textwrap.dedent(f"""
        from conftest import call, eagerly
        from anime_gan_tf import runtime
        runtime.owns_process = True
        with eagerly():
            for words in {commands}:
                print(call(".", *words))
        """)
    # The conftest there puts the project first.
    environment = user_environment() | {"PYTHONPATH": str(project / "tests")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment,
                          capture_output=True, text=True)
    assert done.stdout.count("returncode=0") == len(commands), done.stdout + done.stderr

    expected = call(tmp_path, *bundled, "expected.png", "--hair", "aqua")
    assert expected.returncode == 0, expected.stderr
    picture = lambda name: np.asarray(Image.open(tmp_path / name), int)
    assert np.array_equal(picture("bundled.png"), picture("expected.png"))
    assert np.array_equal(picture("again.png"), picture("expected.png"))
    measured = json.loads((tmp_path / "measured.json").read_text())
    for side in ("generated", "real"):
        assert {"hair", "eyes", "both"} <= set(measured[side]) and "smile" not in measured[side]
    axes = checkpoints.read_info(tmp_path / "checkpoints/r/generator.npz")["axes"]
    assert [name for name, _ in axes] == ["fur", "eyes", "smile"]
    drawn = [line.split(",") for line in (tmp_path / "new/labels.csv").read_text().splitlines()]
    assert [row[::2] for row in drawn] == [["red", "yes"]] * 3
    for other in ("smile.png", "fur.png"):
        assert np.abs(picture("new.png") - picture(other)).max() > 0


# ----- two runs of different axes

@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A folder with a run `default`, a run `other` whose data have the axes of OTHER, and a face of
    that one."""
    cwd = tmp_path_factory.mktemp("two")
    write_mlds(cwd / "faces", 60, 16)
    write_mlds(cwd / "others", 60, 16)
    names = [(OTHER.axes["smile"][i % 2], OTHER.axes["species"][i % 3]) for i in range(60)]
    (cwd / "others/tags.csv").write_text("".join(
        f"{i},{smile} smile, {species} species\n" for i, (smile, species) in enumerate(names)))
    (cwd / "axes.json").write_text(json.dumps(dict(OTHER.axes)))
    for words in ((*TRAIN, "default", "--data", "faces"),
                  (*TRAIN, "other", "--data", "others", "--axes", "axes.json")):
        with eagerly():
            done = call(cwd, *words, "--epochs", 0.2)
        assert done.returncode == 0, done.stderr
    done = call(cwd, "--mode", "infer", "--run", "other", "--num", 1, "--out", "face.png")
    assert done.returncode == 0, done.stderr
    return cwd


def info(cwd, run):
    return checkpoints.read_info(cwd / f"checkpoints/{run}/generator.npz")


@pytest.mark.usefixtures("eager")
def test_each_run_goes_on_with_its_own_axes(two):
    assert [info(two, run)["axes"] for run in ("default", "other")] == [
        labels.to_json() for labels in (DEFAULT, OTHER)]
    for run, data in (("default", "faces"), ("other", "others")):
        before = info(two, run)["step"]
        done = call(two, *TRAIN, run, "--data", data, "--epochs", 0.4)  # without --axes
        assert done.returncode == 0, done.stderr
        assert info(two, run)["step"] > before > 0
        assert json.loads((two / f"checkpoints/{run}/run.json").read_text())["axes"] == info(
            two, run)["axes"]
    refuses(call(two, *TRAIN, "default", "--data", "faces", "--axes", "axes.json"), "--axes",
            Fault.CONFLICT)
    # What a run starts from has its axes.
    refuses(call(two, *TRAIN, "x", "--data", "faces", "--axes", "axes.json", "--start_from",
                 "default"), "--start_from", Fault.CONFLICT)
    done = call(two, *TRAIN, "further", "--data", "others", "--start_from", "other", "--epochs",
                0.1)
    assert done.returncode == 0, done.stderr
    assert info(two, "further")["axes"] == OTHER.to_json()


@pytest.mark.usefixtures("eager")
def test_each_run_draws_by_its_own_labels(two):
    draw = ("--mode", "infer", "--num", 3, "--separate")
    done = call(two, *draw, "--run", "other", "--label", "species=robot,smile=yes", "--out",
                "a.png")
    assert done.returncode == 0, done.stderr
    assert (two / "a/labels.csv").read_text() == "yes,robot\n" * 3
    done = call(two, *draw, "--run", "other", "--label", "species=robot", "--label", "smile=yes",
                "--out", "twice.png")
    assert done.returncode == 0, done.stderr
    assert (two / "twice/labels.csv").read_text() == "yes,robot\n" * 3
    for words in (("--label", "hair=aqua"), ("--hair", "aqua")):  # and by default the same name
        done = call(two, *draw, "--run", "default", *words)
        assert done.returncode == 0 and "default_aqua_hair" in done.stdout, done.stderr
    assert len(list((two / "pictures").glob("default_aqua_hair*.png"))) == 1
    done = call(two, *draw, "--label", "species=cat", "--out", "b.png")  # the run that has them
    assert done.returncode == 0 and "checkpoint used: default" not in done.stdout
    for words in (("walk", "--label", "smile=no:yes"), ("fade", "--label", "species=cat:robot")):
        done = call(two, "--mode", *words, "--run", "other", "--frames", 2, "--num", 2, "--out",
                    "c.gif")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words, subject, fault", [
    (("--run", "other", "--hair", "aqua"), "--hair", Fault.UNKNOWN),
    (("--run", "other", "--label", "hair=aqua"), "--label", Fault.UNKNOWN),
    (("--run", "other", "--label", "smile=maybe"), "--label", Fault.UNKNOWN),
    (("--run", "other", "--label", "smile=no:yes"), "--label", Fault.INVALID),
    (("--run", "other", "--label", "smile"), "--label", Fault.INVALID),
    (("--run", "other", "--label", ""), "--label", Fault.INVALID),
    (("--run", "other", "--label", "smile=no,smile=yes"), "--label", Fault.CONFLICT),
    (("--run", "default", "--hair", "aqua", "--label", "hair=red"), "--label", Fault.CONFLICT),
    (("--run", "default", "--label", "smile=yes"), "--label", Fault.UNKNOWN),
    (("--run", "other", "--vary", "face.png", "--keep", "hair"), "--keep", Fault.UNKNOWN),
    (("--run", "other", "--vary", "face.png", "--keep", "species,smile,noise"), "--keep",
     Fault.CONFLICT)])
def test_labels_that_a_checkpoint_lacks_are_refused(two, words, subject, fault):
    refuses(call(two, "--mode", "infer", *words), subject, fault)


@pytest.mark.usefixtures("eager")
def test_faces_of_one_run_are_not_taken_for_those_of_another(two):
    """Latents of equal lengths, but of other labels; and a label that the other run lacks."""
    for first, second in (("other", "default"), ("default", "other")):
        label = "smile=yes" if first == "other" else "hair=red"
        done = call(two, "--mode", "infer", "--run", first, "--label", label, "--num", 2, "--out",
                    "seeds.png")
        assert done.returncode == 0, done.stderr
        done = call(two, "--mode", "infer", "--vary", "seeds.png", "--num", 2, "--out", "code.png")
        assert done.returncode == 0, done.stderr
        for file in ("seeds.png", "code.png"):
            refuses(call(two, "--mode", "infer", "--run", second, "--latent", file), "--latent",
                    Fault.CONFLICT)


@pytest.mark.usefixtures("eager")
def test_a_run_is_measured_on_the_axes_that_the_classifier_has(two):
    done = call(two, "--mode", "evaluate", "--run", "other", "--num", 20, "--data", "others",
                "--features", "faces", "--out", "e.png")
    assert done.returncode == 0, done.stderr
    assert not {"smile", "species", "hair", "both", "all"} & set(
        json.loads((two / "e.json").read_text())["generated"])
    # A classifier of these axes has its own.
    write_mlds(two / "large", 60, 64)
    (two / "large/tags.csv").write_text("".join(
        f"{i},{'yes' if i % 2 else 'no'} smile\n" for i in range(60)))
    done = call(two, "--mode", "classifier", "--data", "large", "--axes", "axes.json", "--epochs",
                0.5, "--out", "c.npz")
    assert done.returncode == 0, done.stderr
    assert checkpoints.classifier_labels(two / "c.npz") == OTHER
    done = call(two, "--mode", "evaluate", "--run", "other", "--num", 20, "--data", "others",
                "--features", "c.npz", "--out", "e.png")
    assert done.returncode == 0, done.stderr
    assert {"smile", "species", "both"} <= set(
        json.loads((two / "e.json").read_text())["generated"])


def test_inspect_counts_the_axes_that_it_is_given(two):
    done = call(two, "--mode", "inspect", "--data", "others", "--axes", "axes.json")
    assert done.returncode == 0, done.stderr
    assert "species: cat 20, human 20, robot 20" in done.stdout


@pytest.mark.parametrize("content, fault", [
    (b"{", Fault.UNREADABLE), (b"[]", Fault.UNREADABLE), (b"{}", Fault.UNREADABLE),
    (b'{ "hair": ["aqua", "red"], "hair": ["blue", "red"]}', Fault.UNREADABLE),
    (b'{"hair": "aqua"}', Fault.UNREADABLE), (b'{"hair": ["aqua"]}', Fault.UNREADABLE),
    (b'{"eyes": ["odd", "red"]}', Fault.INVALID),
    (b'{"glasses": ["present", "absent"]}', Fault.INVALID), (None, Fault.MISSING)])
def test_axes_that_cannot_be_used_are_refused(tmp_path, content, fault):
    if content is not None:
        (tmp_path / "axes.json").write_bytes(content)
    done = call(tmp_path, *TRAIN, "r", "--data", "drawn", "--axes", "axes.json")
    subject = "--axes" if content and content.startswith(b'{"') or content == b"{}" else "axes.json"
    refuses(done, subject, fault)


@pytest.mark.usefixtures("eager")
def test_one_axis_is_enough(tmp_path):
    one = Labels({"smile": ("no", "yes", "open")})
    write_run(tmp_path, name="one", labels=one)
    for words in (("--mode", "infer", "--matrix", "--out", "m.png"),
                  ("--mode", "page", "--out", "p.html"),
                  ("--mode", "infer", "--label", "smile=open", "--num", 2, "--out", "i.png")):
        done = call(tmp_path, *words, "--run", "one")
        assert done.returncode == 0, done.stderr
    assert '"axes": [["smile", ["no", "yes", "open"]]]' in (tmp_path / "p.html").read_text()
    write_mlds(tmp_path / "faces", 12, 16)
    (tmp_path / "faces/tags.csv").write_text("".join(
        f"{i},{one.axes['smile'][i % 3]} smile\n" for i in range(12)))
    (tmp_path / "axes.json").write_text(json.dumps(dict(one.axes)))
    done = call(tmp_path, "--mode", "inspect", "--data", "faces", "--axes", "axes.json")
    assert done.returncode == 0 and "smile: no 4, yes 4, open 4" in done.stdout, done.stderr
    assert "pairs" not in done.stdout
    done = call(tmp_path, "--mode", "models")
    assert re.search(r"^one .*, smile$", done.stdout, re.M), done.stdout
