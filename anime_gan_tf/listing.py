"""--mode models: the recipes, and what is trained on this machine. Needs no TensorFlow."""
import textwrap

from anime_gan_tf import checkpoints
from anime_gan_tf.errors import UserError
from anime_gan_tf.recipes import PARAMETERS, RECIPES


def models():
    """Prints every recipe with its source, size and weights, then every run with its kimg and data."""
    for name, recipe in RECIPES.items():
        generator, discriminator = PARAMETERS[name]
        print(f"{name:<13}{recipe.image_size:>4} px, {generator / 1e6:5.2f} M weights in the generator, "
              f"{discriminator / 1e6:5.2f} M in the discriminator" + (", hair and eyes" if recipe.conditional else ""))
        print(textwrap.indent(textwrap.fill(recipe.source, 100), " " * 14))
    found = checkpoints.runs()
    print(f"\ntrained, in {checkpoints.ROOT.resolve()}/ or bundled:" if found else
          f"\nnothing is trained in {checkpoints.ROOT.resolve()}/ yet")
    for name, path in sorted(found.items()):
        try:
            info = checkpoints.read_info(path)
        except UserError as error:  # one stranger does not hide the others
            print(error)
            continue
        recipe = info["recipe"]
        print(f"{name:<24}{info['model']}, {recipe['image_size']} px, width {recipe['width']}, "
              f"{info['kimg']:,.0f} kimg of {info['data']} ({info['faces']:,} faces)")
