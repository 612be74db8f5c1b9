import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest
from conftest import random_faces, ROOT, tiny
from PIL import Image

from anime_gan_tf import networks, recipes
from anime_gan_tf.labels import DEFAULT
from benchmarks import cost, enlarger, measure, options, pipeline

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
    count = lambda network: sum(weight.numpy().size for weight in network.trainable_weights)
    build = lambda recipe: networks.build(recipe, DEFAULT)
    assert json.loads(done.stdout) == {model: [count(network) for network in build(recipe)]
                                       for model, recipe in small.items()}


@pytest.mark.parametrize("program, words, refused", [
    (cost, ("--model", "nope"), "--model"), (cost, ("--model", "enlarger"), "--model"),
    (pipeline, ("--width", "3"), "--width")])
def test_benchmarks_refuse_in_one_line(monkeypatch, capsys, program, words, refused):
    monkeypatch.setattr(sys, "argv", ["benchmark", *words])
    with pytest.raises(SystemExit) as stop:
        options.run(program.main)
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {refused}:")


def test_a_recipe_without_a_baseline_is_refused(tmp_path):
    done = subprocess.run([sys.executable, "-m", "benchmarks.torch", "--model", "wgan_gp_up"],
                          capture_output=True, text=True, cwd=tmp_path,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: {'--model' if HAS_TORCH else 'torch'}:")


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
