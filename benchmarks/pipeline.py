"""Is the input pipeline ever what training waits for?  `python -m benchmarks.pipeline`"""
from anime_gan_tf.data import dataset, sources, synthetic
from anime_gan_tf.labels import DEFAULT
from anime_gan_tf.training.job import PRECISIONS
from benchmarks import options
from benchmarks.measure import calls_a_second

SECONDS = 10


def pipeline_against_step(model, recipe, faces, compute="auto"):
    """Prints images/s of the input pipeline alone, of the train step alone, and their ratio."""
    import tensorflow as tf

    from anime_gan_tf.data import pipeline
    from anime_gan_tf.training import precision
    from anime_gan_tf.training.state import make_state
    from anime_gan_tf.training.train_step import make_train_step

    compute = precision.choose(compute)[0]
    per_step = recipe.batch_size * recipe.n_critic
    batches = iter(pipeline.batches(faces, recipe, seed=0))
    feeding = calls_a_second(lambda: next(batches), SECONDS) * per_step

    table = faces.labels.joint_distribution(faces.tags)
    step = make_train_step(recipe, make_state(recipe, 0, faces.labels, compute=compute),
                           faces.labels.uniform_distribution() if table is None else table)
    batch = next(batches)
    run = lambda: float(step(*batch, tf.constant(0.0))["g_loss"])
    training = calls_a_second(run, SECONDS) * per_step
    print(f"{model} {recipe.image_size} px, width {recipe.width}, batch {recipe.batch_size} x "
          f"{recipe.n_critic}, {compute}: pipeline {feeding:,.0f} images/s, step {training:,.0f} "
          f"images/s, ratio {feeding / training:.1f}")


def main(argv):
    parser = options.parser("Speed of the input pipeline beside the train step's.")
    parser.add_argument("--data", help="a folder or .zip of faces; drawn ones by default")
    parser.add_argument("--precision", default="auto", choices=PRECISIONS)
    chosen = parser.parse_args(argv)
    recipe = options.recipe(chosen, chosen.model)
    faces = (dataset.load(sources.open_path(chosen.data, DEFAULT), recipe.image_size) if chosen.data
             else synthetic.load(recipe.image_size, DEFAULT))
    pipeline_against_step(chosen.model, recipe, faces, chosen.precision)


if __name__ == "__main__":
    options.run(main)
