"""Speed and memory of the train step by width, batch and image size.

`python -m benchmarks.cost --model rpgan`
"""
import dataclasses
import pathlib

import numpy as np

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import npz, plots
from benchmarks import measure, options

SECONDS = 10
SWEEPS = {"width": (16, 32, 64), "batch_size": (16, 32, 64, 128), "image_size": (32, 64, 128, 256)}
AT = {"width": 32, "batch_size": 32, "image_size": 64}  # of the fields that a sweep does not change


def cost(model, recipe, out):
    """Measures every point in its own process, prints a table with fitted exponents, and plots it.

    Args: out: path of the plot; the table has the same name and the ending .md.
    """
    table = ["| width | batch | px | images/s | seconds a face | peak MiB | min. step MiB | "
             "peak / min. |", "|---|---|---|---|---|---|---|---|"]
    print(f"{model}; peak: beyond TensorFlow itself, loaded\n" + "\n".join(table), flush=True)
    done, fits, lines = {}, [], {"seconds a face": {}, "peak MiB": {}}
    for name, values in SWEEPS.items():
        for value in values:
            sizes = AT | {name: value}
            key = tuple(sizes.values())
            if key not in done:
                changed = dataclasses.replace(recipe, **sizes)
                done[key] = found = measure.implementation(changed, SECONDS)
                table.append("| " + " | ".join(map(str, sizes.values())) + " | "
                             f"{found.rate:.1f} | {1 / found.rate:.4f} | {found.peak:,.0f} | "
                             f"{found.min_step:,.0f} | {found.peak / found.min_step:.1f} |")
                print(table[-1], flush=True)
        points = [done[tuple((AT | {name: value}).values())] for value in values]
        seconds, peaks = [1 / point.rate for point in points], [point.peak for point in points]
        lines["seconds a face"][name] = (np.array(values) / AT[name], seconds)
        lines["peak MiB"][name] = (np.array(values) / AT[name], peaks)
        fits.append(f"seconds a face grow as {name} to the {_exponent(values, seconds):.2f}, "
                    f"the peak as {name} to the {_exponent(values, peaks):.2f}")
    print("\n".join(fits))
    npz.write_atomically(out.with_suffix(".md"),
                         lambda file: file.write(("\n".join([*table, "", *fits]) + "\n").encode()))
    plots.curves(out, lines, f"{model}: width 32, batch 32 and 64 px, one of them changed",
                 "times as large", "log")
    print(f"table: {out.with_suffix('.md')}\nplot:  {out}")


def _exponent(x, y):
    """The slope of a straight line through the points on logarithmic axes."""
    return np.polyfit(np.log(x), np.log(y), 1)[0]


def main(argv):
    parser = options.parser("Speed and memory as width, batch and image size grow.")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("pictures/cost.png"),
                        help="the plot, a .png; the table gets the ending .md [%(default)s]")
    chosen = parser.parse_args(argv)
    recipe = options.recipe(chosen, chosen.model)
    if recipe.enlarges:
        raise UserError("--model", Fault.CONFLICT, f"{chosen.model} draws no faces from noise")
    cost(chosen.model, recipe, chosen.out)


if __name__ == "__main__":
    options.run(main)
