import re

import pytest
from conftest import random_faces, tiny

from anime_gan_tf import benchmark


def test_benchmark_prints_both_rates_and_their_ratio(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "SECONDS", 0.3)
    benchmark.pipeline_against_step("dcgan", tiny("dcgan"), random_faces(20))
    line = capsys.readouterr().out.replace(",", "")
    feeding, training, ratio = (float(number) for number in re.search(
        r"pipeline (\d+) images/s step (\d+) images/s ratio ([\d.]+)", line).groups())
    assert training > 0 and ratio == pytest.approx(feeding / training, rel=0.05)
