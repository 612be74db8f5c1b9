"""Two devices, and two processes, train what one does. TensorFlow bears one strategy in a process:
each has its own."""
import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
from conftest import call, command, refuses, ROOT, user_environment

from anime_gan_tf.errors import Fault

MIRRORED = """
import gc, sys
sys.path[:0] = sys.argv[1:]
import numpy as np, tensorflow as tf
from conftest import random_faces, tiny
from anime_gan_tf.training import distribution
from anime_gan_tf.data import pipeline
from anime_gan_tf.training.state import make_state
from anime_gan_tf.training.train_step import make_train_step
from anime_gan_tf.labels import DEFAULT

gc.freeze()  # Keras collects garbage with every network
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
tf.config.experimental.enable_op_determinism()
# Optimizing a graph takes longer than a few steps do, and changes no result.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
recipe = tiny("acgan_dcgan", n_critic=2)
faces, runs = random_faces(16), []
for strategy in (None, distribution.make("mirrored", recipe)):
    tf.config.run_functions_eagerly(strategy is None)
    state = make_state(recipe, 0, DEFAULT, strategy)
    step = make_train_step(recipe, state, DEFAULT.joint_distribution(faces.tags), strategy)
    batches = pipeline.batches(faces, recipe, 0)
    metrics = [step(*batch, tf.constant(0.5)) for _, batch in zip(range(3), batches)]
    networks = state.generator, state.discriminator, state.ema_generator
    weights = [weight for network in networks for weight in network.weights]
    runs.append((metrics, [np.asarray(weight) for weight in weights]))
assert strategy.num_replicas_in_sync == 2
(metrics, weights), (others, their_weights) = runs
for one, two in zip(metrics, others):
    for name in one:
        if "grad_norm" not in name:  # an average of two norms is not the norm of an average
            np.testing.assert_allclose(one[name], two[name], rtol=1e-5, atol=1e-5, err_msg=name)
for one, two in zip(weights, their_weights):
    np.testing.assert_allclose(one, two, atol=2e-5)
"""


def test_two_mirrored_devices_train_what_one_does():
    done = subprocess.run([sys.executable, "-c", MIRRORED, str(ROOT), str(ROOT / "tests")],
                          capture_output=True, text=True,
                          env=os.environ | {"TF_ENABLE_ONEDNN_OPTS": "1"})
    assert done.returncode == 0, done.stderr


def test_two_workers_train_what_one_does_and_survive_the_loss_of_one(tmp_path, mlds):
    words = ("--mode", "train", "--model", "dcgan", "--data", mlds, "--image_size", 16,
             "--width", 4, "--batch_size", 4, "--precision", "float32")
    refuses(call(tmp_path, *words, "--strategy", "multiworker", "--budget", "1m"), "--budget",
            Fault.CONFLICT)

    with socket.socket() as a, socket.socket() as b:
        a.bind(("127.0.0.1", 0)), b.bind(("127.0.0.1", 0))
        cluster = {"worker": [f"127.0.0.1:{port.getsockname()[1]}" for port in (a, b)]}
    config = lambda index: json.dumps({"cluster": cluster,
                                       "task": {"type": "worker", "index": index}})
    leader, other = (subprocess.Popen(
        command(*words, "--strategy", "multiworker", "--run", "two", "--epochs", 100000,
                "--save_every", "1s"), cwd=tmp_path,
        env=user_environment() | {"TF_CONFIG": config(index)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True) for index in range(2))
    state, start = tmp_path / "checkpoints/two/state.npz", time.monotonic()
    while (not (tmp_path / "checkpoints/two/generator.npz").exists()
           and time.monotonic() < start + 300):
        time.sleep(0.2)
    other.kill()
    other.communicate()
    _, error = leader.communicate(timeout=120)
    refuses(subprocess.CompletedProcess((), leader.returncode, stderr=error), "--strategy",
            Fault.STOPPED, exit_code=3)
    with np.load(state) as arrays:
        # A few steps more; of the 24 faces 20 are to train on.
        epochs = (int(arrays["step"]) + 5) * 4 / 20

    for name in ("two", "one"):  # the one goes on on one device, the other has never known another
        done = call(tmp_path, *words, "--run", name, "--epochs", epochs)
        assert done.returncode == 0, done.stderr
    with np.load(state) as two, np.load(tmp_path / "checkpoints/one/state.npz") as one:
        assert int(two["step"]) == int(one["step"]) > 5
        for name in one.files:
            if name.startswith(("generator/", "discriminator/", "average/")):
                np.testing.assert_allclose(two[name], one[name], atol=1e-3, err_msg=name)


def test_multiworker_wants_tf_config(tmp_path, mlds):
    done = call(tmp_path, "--mode", "train", "--data", mlds, "--strategy", "multiworker")
    refuses(done, "--strategy", Fault.MISSING)
    assert "TF_CONFIG" in done.stderr


def test_a_recipe_for_one_device_is_refused_with_what_to_add(tmp_path):
    words = ("--mode", "train", "--model", "rpgan_32", "--data", "missing", "--strategy")
    done = call(tmp_path, *words, "mirrored")
    refuses(done, "--strategy", Fault.CONFLICT)
    assert "--penalty_every 1" in done.stderr
    refuses(call(tmp_path, *words, "multiworker", "--penalty_every", 1), "--strategy",
            Fault.MISSING)
