"""A third attribute axis is one more row in attributes.AXES, and nothing else."""
import re
import shutil
import subprocess
import sys

import numpy as np
from conftest import ROOT, user_environment, write_mlds
from PIL import Image


def test_a_third_axis_is_one_row_of_the_table(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(ROOT / "anime_gan_tf", project / "anime_gan_tf",
                    ignore=shutil.ignore_patterns("__pycache__", "pretrained"))
    shutil.copytree(ROOT / "anime_gan_tf/pretrained/pretrained_classifier",
                    project / "anime_gan_tf/pretrained/pretrained_classifier")
    for file in ("main.py", "tests/conftest.py"):
        (project / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, project / file)
    table = project / "anime_gan_tf/attributes.py"
    table.write_text(re.sub(r'(    "eyes": \([^)]*\),\n)', r'\1    "smile": ("no", "yes"),\n',
                            table.read_text()))
    write_mlds(tmp_path / "faces", 120, 16)
    tags = tmp_path / "faces/tags.csv"
    lines = tags.read_text().splitlines()
    tags.write_text("".join(f"{line} {'yes' if i % 3 else 'no'} smile\n"
                            for i, line in enumerate(lines)))

    train = ("--mode", "train", "--model", "rpgan", "--perceptual", 0, "--image_size", 16,
             "--width", 4, "--batch_size", 4, "--data", "faces", "--run", "r", "--epochs", 0.1)
    draw = ("--mode", "infer", "--hair", "red", "--smile", "yes", "--num", 3, "--separate",
            "--out", "red.png")
    again = ("--mode", "infer", "--latent", "red.png", "--smile", "no", "--out", "no.png")
    measure = ("--mode", "evaluate", "--num", 20, "--data", "faces", "--features", "faces")
    # In one process: four times importing TensorFlow would take longer than the rest.
    code = (f"from conftest import call; [print(call('.', *words)) for words in "
            f"{[train, draw, again, measure]}]")
    # The conftest there puts the project first.
    environment = user_environment() | {"PYTHONPATH": str(project / "tests")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment,
                          capture_output=True, text=True)
    assert done.stdout.count("returncode=0") == 4, done.stdout + done.stderr
    assert "120 tagged faces" in done.stdout
    lines = (tmp_path / "red/labels.csv").read_text().splitlines()
    assert [line.split(",")[::2] for line in lines] == [["red", "yes"]] * 3
    smiling, not_smiling = (np.asarray(Image.open(tmp_path / name), int)
                            for name in ("red.png", "no.png"))
    assert smiling.shape == not_smiling.shape and np.abs(smiling - not_smiling).max() > 0
    # The bundled classifier knows the first two axes and measures those.
    assert (re.search(r"eyes accuracy[^\n]*all accuracy", done.stdout)
            and "smile accuracy" not in done.stdout)
