"""How much memory a training takes at least."""
from conftest import call, refuses, tiny

from anime_gan_tf import networks
from anime_gan_tf.errors import Fault
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.training import memory


def test_min_step_bytes_counts_what_a_step_of_dcgan_holds():
    recipe = tiny("dcgan")  # 16 px, width 4, batch 4: 4x4x8 -> 8x8x4 ... -> 1
    generator, discriminator = networks.build(recipe, DEFAULT)
    count = lambda weights: sum(weight.numpy().size for weight in weights)
    trained = count(generator.trainable_weights) + count(discriminator.trainable_weights)
    kept = (2 * count(generator.weights) + count(discriminator.weights)
            + 3 * trained)  # gradients and Adam's two moments
    images = 4 * 16 * 16 * 3
    # Convolution, LeakyReLU; the same with BatchNorm; the score.
    outputs = 2 * 8 * 8 * 4 + 3 * 4 * 4 * 8 + 1
    # Dense, BatchNorm, ReLU; the same; convolution, tanh.
    drawn = 3 * 4 * 4 * 8 + 3 * 8 * 8 * 4 + 2 * 16 * 16 * 3
    total = kept + images + 4 * max(2 * outputs, outputs + drawn)
    assert memory.min_step_bytes(recipe, DEFAULT) == 4 * total


def test_an_enlarger_is_counted_at_the_size_of_its_crops():
    of = lambda **changes: memory.min_step_bytes(tiny("enlarger", **changes), DEFAULT)
    more = of(crop_size=64, image_size=64) - of(crop_size=32, image_size=64)
    assert more == 3 * (of(crop_size=32, image_size=64) - of(crop_size=16, image_size=64)) * 4 / 3


def test_half_as_many_bytes_in_bfloat16():
    of = lambda size, compute: memory.min_step_bytes(tiny("dcgan", batch_size=size), DEFAULT,
                                                     compute)
    images = 4 * 16 * 16 * 3
    grows = {compute: of(5, compute) - of(4, compute) - images
             for compute in ("float32", "bfloat16")}
    assert 2 * grows["bfloat16"] == grows["float32"]


def test_a_training_that_no_memory_holds_is_refused_before_faces_are_drawn(tmp_path):
    done = call(tmp_path, "--mode", "train", "--model", "dcgan", "--data", "drawn",
                "--image_size", 128, "--batch_size", 2 ** 16, "--run", "r")
    refuses(done, "--batch_size", Fault.TOO_LARGE)
    assert not list(tmp_path.iterdir())
