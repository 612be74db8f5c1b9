import numpy as np
import pytest
from anime_gan_tf.attributes import ANY, AXES, UNKNOWN
from conftest import refusal

from anime_gan_tf import attributes
from anime_gan_tf.errors import Fault

HAIR, EYES = AXES["hair"], AXES["eyes"]


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
    for i, (axis, values) in enumerate(AXES.items()):
        for value in values:
            expected = [ANY] * len(AXES)
            expected[i] = value
            text = spelling.format(value=value, axis=axis)
            for given in (text, text.upper()):
                assert list(attributes.names(attributes.parse(given))) == expected, given


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
            assert attributes.parse(text.format(a=hair, b=eyes)) == (h, e), (hair, eyes)


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
    ("blue hair\nNegative prompt: red eyes\nSteps: 20, Model: red hair", ("blue", "any")),
    ("", ("any", "any")),
])
def test_in_doubt_there_is_no_tag(text, expected):
    assert attributes.names(attributes.parse(text)) == expected


def test_there_are_as_many_values_as_in_the_published_set():
    assert (len(HAIR), len(EYES)) == (12, 11)


def test_lookup_accepts_any_and_spellings():
    assert attributes.lookup("hair", "any") == UNKNOWN
    assert attributes.lookup("hair", " Blond ") == HAIR.index("blonde")


def test_lookup_refuses_what_is_no_value():
    with refusal("--hair", Fault.UNKNOWN):
        attributes.lookup("hair", "ornge")


def test_joint_table_counts_pairs():
    table = attributes.joint_table([(0, 1), (0, 1), (2, 3), (UNKNOWN, UNKNOWN)])
    assert table.shape == (12, 11)
    assert table[0, 1] == pytest.approx(2 / 3) and table[2, 3] == pytest.approx(1 / 3)


def test_joint_table_spreads_half_known_faces():
    table = attributes.joint_table([(0, 1), (0, 1), (0, 2), (5, UNKNOWN)])
    assert table[5].sum() == pytest.approx(1 / 4)
    assert table[5, 1] == pytest.approx(2 / 3 / 4) and table[5, 2] == pytest.approx(1 / 3 / 4)


def test_joint_table_of_one_axis_and_of_none():
    assert np.allclose(attributes.joint_table([(3, UNKNOWN)])[3], 1 / 11)
    assert attributes.joint_table([(UNKNOWN, UNKNOWN)]) is None


def test_draw_follows_the_table_and_the_wish():
    table = np.zeros((12, 11))
    table[0, 1], table[0, 2], table[4, 2] = 0.5, 0.25, 0.25
    rng = np.random.default_rng(0)
    drawn = [attributes.draw(rng, table) for _ in range(2000)]
    assert set(drawn) == {(0, 1), (0, 2), (4, 2)}
    assert np.mean([pair == (0, 1) for pair in drawn]) == pytest.approx(0.5, abs=0.05)
    assert {attributes.draw(rng, table, (UNKNOWN, 1)) for _ in range(50)} == {(0, 1)}
    assert {attributes.draw(rng, table, (0, UNKNOWN))[1] for _ in range(50)} == {1, 2}
    assert attributes.draw(rng, table, (7, 7)) == (7, 7)  # never seen, but asked for
    assert attributes.unseen(table, (7, 2)) == [f"{HAIR[7]} hair"]


def test_phrase_is_what_parse_reads():
    for hair in range(UNKNOWN, len(HAIR)):
        for eyes in range(UNKNOWN, len(EYES)):
            assert attributes.parse(attributes.phrase((hair, eyes))) == (hair, eyes)
    assert attributes.phrase((0, 6)) == "aqua hair orange eyes"
    assert attributes.phrase((UNKNOWN, UNKNOWN)) == ""
