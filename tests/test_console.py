"""What reaches the terminal."""
import io
import sys

import pytest

from anime_gan_tf import console


@pytest.mark.parametrize("text, shown", [
    ("plain, é, あ", "plain, é, あ"),
    ("ideographic\u3000space", "ideographic\u3000space"),
    ("a\x1b[2Jb", r"a\x1b[2Jb"),
    ("two\nlines\r", r"two\nlines\r"),
    ("\u202egnp.exe", r"\u202egnp.exe"),
    ("\x9b31m", r"\x9b31m"),
    ("lone\udcff", r"lone\udcff")])
def test_a_line_is_shown_and_not_obeyed(text, shown):
    assert console.printable(text) == shown


def test_what_a_terminal_cannot_encode_is_escaped():
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", newline="")
    console.say("é あ", "second", file=terminal)
    assert terminal.buffer.getvalue() == "é \\u3042\nsecond\n".encode("latin-1")


def test_it_prints_on_stdout(capsys):
    console.say("a")
    console.say("b", file=sys.stderr)
    assert capsys.readouterr() == ("a\n", "b\n")
