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
    shutil.copytree(ROOT / "anime_gan_tf", project / "anime_gan_tf", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "checkpoints/pretrained_classifier", project / "checkpoints/pretrained_classifier")
    shutil.copy(ROOT / "main.py", project)
    table = project / "anime_gan_tf/attributes.py"
    table.write_text(re.sub(r'(    "eyes": .*\n)', r'\1    "smile": ("no", "yes"),\n', table.read_text()))
    write_mlds(tmp_path / "faces", 120, 16)
    tags = tmp_path / "faces/tags.csv"
    tags.write_text("".join(f"{line} {'yes' if i % 3 else 'no'} smile\n" for i,
                            line in enumerate(tags.read_text().splitlines())))

    def run(*words):
        done = subprocess.run([sys.executable, str(project / "main.py"), *map(str, words)], cwd=tmp_path,
                              env=user_environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    train = ("--mode", "train", "--model", "rpgan", "--perceptual", 0, "--image_size", 16, "--width", 4, "--batch_size",
             4,
             "--data", "faces", "--run", "r")
    assert "120 tagged faces" in run(*train, "--epochs", 0.1)
    run("--mode", "infer", "--hair", "red", "--smile", "yes", "--num", 3, "--separate", "--out", "red.png")
    lines = (tmp_path / "red/labels.csv").read_text().splitlines()
    assert [line.split(",")[::2] for line in lines] == [["red", "yes"]] * 3
    run("--mode", "infer", "--latent", "red.png", "--smile", "no", "--out", "no.png")
    smiling, not_smiling = (np.asarray(Image.open(tmp_path / name), int) for name in ("red.png", "no.png"))
    assert smiling.shape == not_smiling.shape and np.abs(smiling - not_smiling).max() > 0
    # The bundled classifier knows the first two axes and measures those.
    assert re.search(r"eyes accuracy.*\n +all accuracy", run("--mode", "evaluate", "--num", 20, "--data", "faces"))
