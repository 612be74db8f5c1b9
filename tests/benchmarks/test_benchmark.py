import importlib.util
import json
import math
import re
import runpy
import subprocess
import sys

import pytest
from conftest import random_faces, refusal, ROOT, tiny
from PIL import Image

from anime_gan_tf import networks, recipes
from anime_gan_tf.data import synthetic
from anime_gan_tf.errors import Fault
from anime_gan_tf.evaluation.detection import Face
from anime_gan_tf.labels import DEFAULT
from benchmarks import cost, detector, enlarger, measure, options, pipeline

HAS_TORCH = importlib.util.find_spec("torch") is not None


def test_pipeline_prints_both_rates_and_their_ratio(monkeypatch, capsys):
    monkeypatch.setattr(pipeline, "SECONDS", 0.3)
    pipeline.compare("dcgan", tiny("dcgan"), random_faces(20), "float32")
    line = capsys.readouterr().out.replace(",", "")
    feeding, training, ratio = (float(number) for number in re.search(
        r"pipeline (\d+) images/s step (\d+) images/s ratio ([\d.]+)", line).groups())
    assert training > 0 and ratio == pytest.approx(feeding / training, rel=0.05)


def test_a_measurement_runs_in_a_process_of_its_own():
    found = measure.implementation(tiny("dcgan"), 0.1)
    assert found.rate > 0 and found.peak > 0 and found.bare > 100 and found.min_step > 0


TWINS = """
import dataclasses, json, sys
from anime_gan_tf import recipes
from benchmarks import torch_baseline
from anime_gan_tf.labels import DEFAULT
found = {}
for model, changes in json.loads(sys.argv[1]).items():
    step = torch_baseline.Step(dataclasses.replace(recipes.RECIPES[model], **changes))
    step()
    found[model] = [sum(w.numel() for w in network.parameters())
                    for network in (step.generator, step.discriminator)]
print(json.dumps(found))
"""


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is no requirement of this program")
def test_the_torch_baseline_has_the_same_numbers_of_weights():
    small = {model: tiny(model, image_size=64)
             for model in ("dcgan", "wgan_gp", "acgan_dcgan", "acgan", "rpgan")}
    changes = {model: {name: getattr(recipe, name) for name in recipes.FLAGS}
               for model, recipe in small.items()}
    # In a process of its own: PyTorch's triton may crash in one that has loaded TensorFlow.
    done = subprocess.run([sys.executable, "-c", TWINS, json.dumps(changes)], capture_output=True,
                          check=True, cwd=ROOT)
    count = lambda network: sum(math.prod(weight.shape) for weight in network.trainable_weights)
    with networks.unallocated():
        assert json.loads(done.stdout) == {
            model: [count(network) for network in networks.build(recipe, DEFAULT)]
            for model, recipe in small.items()}


@pytest.mark.parametrize("program, words, refused", [
    (cost, ("--model", "nope"), "--model"), (cost, ("--model", "enlarger"), "--model"),
    (pipeline, ("--width", "3"), "--width"), (detector, (), "--data"),
    (detector, ("--pictures", "whole.zip"), "--marks"),
    (detector, ("--data", "faces.zip", "--scenes", "0"), "--scenes")])
def test_benchmarks_refuse_in_one_line(monkeypatch, capsys, program, words, refused):
    monkeypatch.setattr(sys, "argv", ["benchmark", *words])
    with pytest.raises(SystemExit) as stop:
        options.run(program.main)
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {refused}:")


def test_a_recipe_without_a_baseline_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmark", "--model", "wgan_gp_up"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("benchmarks.torch", run_name="__main__")  # as `python -m` does
    assert stop.value.code == 2
    refused = "--model" if HAS_TORCH else "torch"
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {refused}:")


def test_the_enlarger_is_measured_beside_damaged_faces(tmp_path, capsys):
    for i, image in enumerate(random_faces(40, 16).images):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    enlarger.main(["--data", str(tmp_path), "--image_size", "16"])
    found = {}
    for line in capsys.readouterr().out.splitlines()[3:]:
        name, *values = (cell.strip() for cell in line.strip("|").split("|"))
        found[name] = [float(value) for value in values]
    assert len(found) == 5
    psnr = {name: values[0] for name, values in found.items()}
    # Noise is lost when it is reduced, whoever enlarges it; a weak blur keeps more of it.
    assert psnr["bicubic"] < psnr["true, blurred by 0.6 px"]
    assert psnr["pretrained_enlarger"] < psnr["true, JPEG of quality 85"]


def test_found_faces_are_near_a_mark_and_doubtful_ones_count_for_nothing():
    face = lambda *box: Face(*box, 0.9)
    marks, ignored = [face(50, 50, 40), face(150, 50, 40)], [face(50, 150, 40)]
    compare = lambda *faces: detector.compare(faces, marks, ignored)
    assert compare() == (0, 0, 2)
    assert compare(face(50, 73, 20)) == (1, 0, 1)       # within .6 of 40, larger than 40 / 2.2
    assert compare(face(50, 75, 20)) == (0, 1, 2)
    assert compare(face(50, 50, 17)) == compare(face(50, 50, 90)) == (0, 1, 2)
    assert compare(face(50, 50, 40), face(52, 50, 40)) == (1, 1, 1)      # twice
    assert compare(face(50, 150, 40), face(52, 150, 40)) == (0, 0, 2)


def test_detectors_are_measured_on_marked_pictures_and_on_scenes(tmp_path, capsys):
    (tmp_path / "faces").mkdir()
    (tmp_path / "whole").mkdir()
    for i in range(20):
        Image.fromarray(synthetic.face(i, 48)[0]).save(tmp_path / f"faces/{i}.png")
        if i < 2:
            picture = Image.new("RGB", (150, 100), "gray")
            picture.paste(Image.fromarray(synthetic.face(i, 60)[0]), (70, 30))
            picture.save(tmp_path / f"whole/{i}.png")
    marks = {f"{i}.png": {"faces": [[100, 60, 57]], "ignored": []} for i in range(2)}
    (tmp_path / "marks.json").write_text(json.dumps(marks))
    words = ["--pictures", str(tmp_path / "whole"), "--marks", str(tmp_path / "marks.json")]
    detector.main([*words, "--data", str(tmp_path / "faces"), "--scenes", "1"])
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in capsys.readouterr().out.splitlines()[2:]]
    assert len(rows) == len(detector.THRESHOLDS)
    counts = [[[int(number) for number in cell.split(", ")] for cell in (row[1], row[3])]
              for row in rows]
    assert all(whole[0] + whole[2] == 2 for whole, _ in counts)
    for low, high in zip(counts, counts[1:]):  # a higher threshold finds fewer of both kinds
        assert all(a >= b for each in zip(low, high) for a, b in zip(each[0][:2], each[1][:2]))
    for wrong, fault in (({"0.png": marks["0.png"]}, Fault.MISSING),
                         ({"0.png": {"faces": [[1, 2]]}}, Fault.UNREADABLE)):
        (tmp_path / "marks.json").write_text(json.dumps(wrong))
        with refusal("--marks", fault):
            detector.main(words)
