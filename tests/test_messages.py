"""All messages of errors, read once: they are data, and written alike."""
import ast
import re

import pytest
from conftest import ROOT

from anime_gan_tf.errors import Fault

PACKAGE = ROOT / "anime_gan_tf"
LONGEST = 300  # characters of a message, without what it quotes


def user_errors():
    """(place, Call) of every UserError that the package makes."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "UserError":
                yield f"{name}:{node.lineno}", node


def literal(node):
    """The text of a string in the source, with {} for what is put into it; {} for another value."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return literal(node.left) + literal(node.right)
    return "{}"


def test_there_are_messages():
    assert len(list(user_errors())) > 30


@pytest.mark.parametrize("call", [pytest.param(call, id=place) for place, call in user_errors()])
def test_a_message(call):
    assert len(call.args) == 3 and not call.keywords, "UserError(subject, fault, message)"
    subject, fault, message = call.args
    if ast.unparse(fault) != "fault":
        faults = re.findall(r"Fault\.(\w+)", ast.unparse(fault))
        assert faults and set(faults) <= set(Fault.__members__)
    text = literal(message)
    assert text and len(text) <= LONGEST
    assert "\n" not in text and "error" not in text.lower()
    assert not text.endswith((".", "!")) and text == text.strip()
    # What it is about is printed in front of it.
    named = literal(subject)
    assert named == "{}" or not named or not text.startswith(named)
    first = message.values[0] if isinstance(message, ast.JoinedStr) else None
    assert not (isinstance(first, ast.FormattedValue)
                and ast.unparse(first.value) == ast.unparse(subject))
