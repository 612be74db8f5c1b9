"""Plots as PNG files, drawn by matplotlib without a display."""
import warnings

import matplotlib
import numpy as np
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure

from anime_gan_tf.console import printable
from anime_gan_tf.storage import npz

matplotlib.use("Agg")
matplotlib.rcParams["text.parse_math"] = False  # a title may be a file's name, with a $ in it
warnings.filterwarnings("ignore", "Glyph .* missing")  # from the font, such as those of Japanese


def confusion(path, matrices, values, title):
    """A heat map for each axis: requested values (rows) by predicted values (columns).

    Args: matrices: {axis: int (values, values)} of metrics.confusion(); values: {axis: names}.
    """
    figure = Figure(figsize=(7 * len(matrices), 6.5), layout="constrained")
    figure.suptitle(_plain(title))
    for axes, (axis, counts) in zip(figure.subplots(1, len(matrices), squeeze=False)[0],
                                    matrices.items()):
        share = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for i, j in zip(*np.nonzero(counts)):
            axes.text(j, i, f"{100 * share[i, j]:.0f}", ha="center", va="center", fontsize=8,
                      color="white" if share[i, j] > 0.5 else "black")
        names = values[axis]
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)),
                        [f"{name} ({count:,})" for name, count in zip(names, counts.sum(axis=1))])
        axes.set(xlabel="predicted", ylabel="requested (faces)",
                 title=f"{axis}: {np.trace(counts) / max(counts.sum(), 1):.1%} as requested; % of "
                       f"each row")
    _save(path, figure)


def balance(path, counts, joint_counts, title):
    """The number of faces with each value, and with each pair of values of the first two axes.

    Args: counts: {axis: {value: count}}; joint_counts: int, one dimension for each axis, of faces
      with a value of each axis.
    """
    figure = Figure(figsize=(14, 6), layout="constrained")
    figure.suptitle(_plain(title))
    grid = figure.add_gridspec(len(counts), min(2, len(counts)))
    for i, (axis, of_axis) in enumerate(counts.items()):
        axes = figure.add_subplot(grid[i, 0])
        bars = axes.bar(of_axis.keys(), of_axis.values(), color=_colors(of_axis), edgecolor="gray")
        axes.bar_label(bars, [f"{count:,}" for count in of_axis.values()], fontsize=8)
        axes.set_title(axis)
        axes.margins(y=0.15)
    if len(counts) > 1:
        _pairs(figure.add_subplot(grid[:, 1]), counts, joint_counts)
    _save(path, figure)


def _pairs(axes, counts, joint_counts):
    """The heat map of the first two axes, for balance()."""
    joint_counts = joint_counts.sum(axis=tuple(range(2, joint_counts.ndim)))
    (down, rows), (across, columns) = list(counts.items())[:2]
    depth = np.log1p(joint_counts)
    axes.imshow(depth, cmap="Blues")
    for (i, j), count in np.ndenumerate(joint_counts):
        axes.text(j, i, f"{count:,}", ha="center", va="center", fontsize=8,
                  color="white" if depth[i, j] > 0.6 * depth.max() > 0 else "black")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set(xlabel=across, ylabel=down, title="faces of each pair, with both tags")


def curves(path, groups, title, xlabel="step", scale="linear"):
    """Line plots. groups: {plot: {line: (steps, values)}}; scale: of both axes, linear or log."""
    columns = min(3, len(groups)) or 1
    rows = -(-len(groups) // columns) or 1
    figure = Figure(figsize=(5.5 * columns, 3.5 * rows), layout="constrained")
    figure.suptitle(_plain(title))
    plots = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in plots[len(groups):]:
        axes.axis("off")
    for axes, (group, lines) in zip(plots, groups.items()):
        for name, (steps, values) in lines.items():
            axes.plot(steps, values, label=_plain(name), linewidth=1,
                      marker="o" if scale == "log" else None)
        axes.set(title=_plain(group), xlabel=xlabel, yscale=scale)
        axes.set_xscale(scale, **({"base": 2} if scale == "log" else {}))
        axes.legend(fontsize=8)
    _save(path, figure)


def _plain(text):
    """An untrusted text for matplotlib, which would read $...$ as a formula, fails on lone
    surrogates and hides names that begin with _."""
    return printable(text).replace("$", r"\$").replace("_", " _", text.startswith("_"))


def _colors(names):
    return [{"blonde": "khaki"}.get(name, name if is_color_like(name) else "lightgray")
            for name in names]


def _save(path, figure):
    npz.write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=80))
