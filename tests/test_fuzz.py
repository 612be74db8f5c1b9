"""A few of the inputs of fuzz.py, the same each time."""
import pytest

pytest.importorskip("hypothesis", reason="no hypothesis: pip install hypothesis")
import fuzz  # noqa: E402

SLOW = (fuzz.classifiers, fuzz.generators)  # each input builds a network


@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.__name__)
def test_only_clear_errors(target):
    fuzz.fuzz(target, 5 if target in SLOW else 25)
