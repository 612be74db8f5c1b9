"""--mode models"""
import textwrap

from anime_gan_tf import recipes
from anime_gan_tf.console import say
from anime_gan_tf.errors import UserError
from anime_gan_tf.labels import DEFAULT_AXES
from anime_gan_tf.recipes import PARAMETERS, RECIPES
from anime_gan_tf.storage import catalog, checkpoints, schema


def parse(flags):
    del flags


def run(request):
    """Prints every recipe with source, size and weights, then every run with kimg and data."""
    del request
    for name, recipe in RECIPES.items():
        generator, discriminator = PARAMETERS[name]
        say(f"{name:<13}{recipe.image_size:>4} px, {generator / 1e6:5.2f} M weights in the "
            f"generator, {discriminator / 1e6:5.2f} M in the discriminator"
            + (f", {' and '.join(DEFAULT_AXES)}" if recipe.conditional else ""))
        for part, text in recipes.sources(name).items():
            say(*textwrap.wrap(f"{part}: {text}", 114, initial_indent=" " * 14,
                               subsequent_indent=" " * 16))
    found = catalog.runs()
    say("", f"trained, in {checkpoints.ROOT.resolve()}/ or bundled:" if found else
        f"nothing is trained in {checkpoints.ROOT.resolve()}/ yet")
    for name, path in sorted(found.items()):
        try:
            info = checkpoints.read_info(path)
            checkpoints.weights(path)
        except UserError as error:  # one bad file does not hide the others
            say(f"{name:<24}left out: {error}")
            continue
        recipe = info["recipe"]
        say(f"{name:<24}{info['model']}, {recipe['image_size']} px, width {recipe['width']}, "
            f"{info['kimg']:,.0f} kimg of {info['data']} ({info['faces']:,} faces)"
            + (f", {' and '.join(schema.labels_of(info).axes)}" if recipe["conditional"] else ""))
