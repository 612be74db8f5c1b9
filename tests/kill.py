"""Kills a training at random moments and compares what comes of it with one that was left alone.

    python tests/kill.py --kills 20 --seed 0

Trains the tiny acgan of the tests once without interruption, then again under SIGKILL: each process
is killed at a random moment after it began to train, every other one as soon as it next writes a
file, and started anew until the run is over. Prints how many died with a file half written, and
whether all weights are equal bit for bit. Not one of the tests, because it takes minutes.
"""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
from conftest import command, run, user_environment, write_mlds

TINY = ("--mode", "train", "--model", "acgan", "--n_critic", 2, "--image_size", 16, "--width", 4,
        "--depth", 1, "--batch_size", 4, "--data", "faces", "--save_every", "0.5s")
EPOCHS_A_KILL = 50  # more than a process gets done before it is killed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        cwd = pathlib.Path(folder)
        write_mlds(cwd / "faces")
        train = (*TINY, "--epochs", EPOCHS_A_KILL * options.kills)
        print("once without interruption ...", flush=True)
        done = run(cwd, *train, "--run", "whole")
        assert done.returncode == 0, done.stderr
        state, during = cwd / "checkpoints/killed/state.npz", 0
        for i in range(options.kills):
            process = subprocess.Popen(command(*train, "--run", "killed"), cwd=cwd,
                                       env=user_environment(), stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
            said = []
            for line in process.stdout:
                said.append(line)
                if " to go at " in line:  # after its first steps
                    break
            else:
                sys.exit(f"the run was over after {i} kills; raise EPOCHS_A_KILL: {said}")
            time.sleep(chance.uniform(0, 3))
            writing = lambda: list(state.parent.glob(".writing.*"))
            while i % 2 and process.poll() is None and not writing():
                time.sleep(0.0005)
            process.kill()
            process.wait()
            left = writing()
            during += bool(left)
            step = int(np.load(state)["step"]) if state.exists() else 0
            print(f"kill {i + 1}: at step {step} or later" + (", during a save" if left else ""),
                  flush=True)
        done = run(cwd, *train, "--run", "killed")
        assert done.returncode == 0, done.stderr
        a, b = (np.load(cwd / "checkpoints" / name / "state.npz") for name in ("whole", "killed"))
        names = [name for name in a.files if name != "seconds"]
        unlike = [name for name in names if not np.array_equal(a[name], b[name])]
        print(f"{options.kills} kills, {during} of them during a save; {int(b['step'])} steps; "
              f"{len(unlike)} of {len(names)} arrays differ from the uninterrupted run's")
        sys.exit(bool(unlike))


if __name__ == "__main__":
    main()
