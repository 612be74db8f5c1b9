"""Speed of the input pipeline and of the train step.  `python -m benchmarks.pipeline`"""
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.training.job import PRECISIONS
from benchmarks import options
from benchmarks.measure import calls_a_second

SECONDS = 10


def compare(model, recipe, loaded, compute="auto"):
    """Prints images/s of the input pipeline alone, of the train step alone, and their ratio."""
    import tensorflow as tf

    from anime_gan_tf.data import pipeline
    from anime_gan_tf.training import precision
    from anime_gan_tf.training.state import make_state
    from anime_gan_tf.training.train_step import make_train_step

    compute = precision.choose(compute)[0]
    per_step = recipe.batch_size * recipe.n_critic
    batches = iter(pipeline.batches(loaded, recipe, seed=0))
    pipeline_rate = calls_a_second(lambda: next(batches), SECONDS) * per_step

    labels, distribution = loaded.labels, loaded.labels.joint_distribution(loaded.tags)
    step = make_train_step(recipe, make_state(recipe, 0, labels, compute=compute),
                           labels.uniform_distribution() if distribution is None else distribution)
    batch = next(batches)
    run = lambda: float(step(*batch, tf.constant(0.0))["g_loss"])
    step_rate = calls_a_second(run, SECONDS) * per_step
    print(f"{model} {recipe.image_size} px, width {recipe.width}, batch {recipe.batch_size} x "
          f"{recipe.n_critic}, {compute}: pipeline {pipeline_rate:,.0f} images/s, step "
          f"{step_rate:,.0f} images/s, ratio {pipeline_rate / step_rate:.1f}")


def main(argv):
    parser = options.parser("Speed of the input pipeline and of the train step.")
    parser.add_argument("--data", help="a folder or .zip of faces; drawn ones by default")
    parser.add_argument("--precision", default="auto", choices=PRECISIONS)
    chosen = parser.parse_args(argv)
    recipe = options.recipe(chosen, chosen.model)
    loaded = (dataset.load(sources.open_path(chosen.data, DEFAULT), recipe.image_size)
              if chosen.data else synthetic.load(recipe.image_size, DEFAULT))
    compare(chosen.model, recipe, loaded, chosen.precision)


if __name__ == "__main__":
    options.run(main)
