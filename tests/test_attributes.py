import numpy as np
import pytest

from anime_gan_tf import attributes
from anime_gan_tf.attributes import AXES, UNKNOWN
from anime_gan_tf.errors import UserError

HAIR, EYES = AXES["hair"], AXES["eyes"]


@pytest.mark.parametrize("text, expected", [
    ("aqua hair orange eyes", ("aqua", "orange")),
    ("orange eyes aqua hair", ("aqua", "orange")),
    ("long_hair, blonde_hair, blue_eyes", ("blonde", "blue")),
    ("Grey Hair; GRAY EYE", ("gray", "gray")),
    ("pink hair", ("pink", "any")),
    ("red eyes", ("any", "red")),
    ("red hair blue hair green eyes", ("any", "green")),  # contradictory
    ("yellow hair white eyes", ("any", "any")),           # colours of the other axis
    ("", ("any", "any")),
])
def test_parse(text, expected):
    assert attributes.names(attributes.parse(text)) == expected


def test_every_pair_survives_being_written_and_parsed():
    for h, hair in enumerate(HAIR):
        for e, eyes in enumerate(EYES):
            assert attributes.parse(f"{hair} hair {eyes} eyes") == (h, e)
    assert (len(HAIR), len(EYES)) == (12, 11)


def test_lookup_accepts_any_and_spellings():
    assert attributes.lookup("hair", "any") == UNKNOWN
    assert attributes.lookup("hair", " Blond ") == HAIR.index("blonde")


def test_lookup_names_flag_choices_and_nearest():
    with pytest.raises(UserError, match=r"--hair: 'ornge'.*aqua, black.*did you mean orange\?"):
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
    for tags in ((0, 7), (11, attributes.UNKNOWN), (attributes.UNKNOWN, 3)):
        assert attributes.parse(attributes.phrase(tags)) == tags
    assert attributes.phrase((0, 6)) == "aqua hair orange eyes"
    assert attributes.phrase((attributes.UNKNOWN, attributes.UNKNOWN)) == ""
