"""Wall time of short commands, relative to `import tensorflow`.

`python -m benchmarks.startup`
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

from anime_gan_tf import runtime

ROUNDS = 5


def startup():
    """Prints each command's median wall time of ROUNDS runs, and its ratio to the bare import."""
    program, environment = runtime.program()
    environment |= {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder:
        main = program[1:]
        commands = {
            "import tensorflow": ["-c", "import tensorflow"],
            "import tensorflow, keras": ["-c", "import tensorflow, keras"],
            "--help": [*main, "--help"],
            "--hair purpel (refused)": [*main, "--mode", "infer", "--hair", "purpel"],
            "--mode models": [*main, "--mode", "models"],
            "--mode infer, 25 faces": [*main, "--mode", "infer", "--run", "pretrained_rpgan",
                                       "--out", os.path.join(folder, "faces.png")],
        }
        times = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, argv in commands.items():
                start = time.monotonic()
                subprocess.run([sys.executable, *argv], env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
                times[name].append(time.monotonic() - start)
    bare = statistics.median(times["import tensorflow"])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:<26}{median:6.2f} s   {median / bare:5.2f} of import tensorflow")


if __name__ == "__main__":
    startup()
