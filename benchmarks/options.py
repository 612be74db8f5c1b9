"""The command lines of the benchmarks."""
import argparse
import sys

from anime_gan_tf import recipes, runtime
from anime_gan_tf.errors import UserError


def parser(description, model="dcgan"):
    """An argparse parser with --model, where it has a default, and every field of a recipe."""
    made = argparse.ArgumentParser(description=description)
    if model:
        made.add_argument("--model", default=model, help="[%(default)s]")
    for name, field in recipes.FLAGS.items():
        kind = ({"action": argparse.BooleanOptionalAction} if field.type is bool
                else {"type": field.type})
        made.add_argument(f"--{name}", help=field.metadata["help"].replace("%", "%%"), **kind)
    return made


def recipe(options, model):
    """The Recipe of that name, with the fields that the command line names."""
    return recipes.resolve(model, {name: getattr(options, name) for name in recipes.FLAGS})


def run(main):
    """Calls main(argv) with TensorFlow loaded. Bad input ends in one line and exit code 2."""
    try:
        runtime.load()
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(_refusal(error))


def _refusal(error):
    sys.stderr.write(f"error: {error}\n")
    return error.exit_code
