"""Plots as PNG files, drawn by matplotlib without a screen."""
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from anime_gan_tf import checkpoints
from anime_gan_tf.attributes import AXES

matplotlib.use("Agg")


def confusion(path, tables, title):
    """Two heat maps: which colour was wanted (rows), which one the classifier saw (columns).

    Args: tables: {"hair": int (12, 12), "eyes": int (11, 11)}.
    """
    figure = Figure(figsize=(14, 6.5), layout="constrained")
    figure.suptitle(title)
    for axes, (axis, table) in zip(figure.subplots(1, 2), tables.items()):
        share = table / table.sum(axis=1, keepdims=True).clip(min=1)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for i, j in zip(*np.nonzero(table)):
            axes.text(j, i, f"{100 * share[i, j]:.0f}", ha="center", va="center", fontsize=8,
                      color="white" if share[i, j] > 0.5 else "black")
        names = AXES[axis]
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), [f"{name} ({count:,})" for name, count in zip(names, table.sum(axis=1))])
        axes.set(xlabel="seen", ylabel="wanted (faces)",
                 title=f"{axis}: {np.trace(table) / max(table.sum(), 1):.1%} as wanted; % of each row")
    _save(path, figure)


def balance(path, table, title):
    """How often each colour, and each pair of colours, occurs. table: int (12, 11)."""
    figure = Figure(figsize=(14, 6), layout="constrained")
    figure.suptitle(title)
    grid = figure.add_gridspec(2, 2)
    for i, (axis, names) in enumerate(AXES.items()):
        counts = table.sum(axis=1 - i)
        axes = figure.add_subplot(grid[i, 0])
        bars = axes.bar(names, counts, color=_colours(names), edgecolor="gray")
        axes.bar_label(bars, [f"{count:,}" for count in counts], fontsize=8)
        axes.set_title(axis)
        axes.margins(y=0.15)
    axes = figure.add_subplot(grid[:, 1])
    axes.imshow(np.log1p(table), cmap="Blues")
    for (i, j), count in np.ndenumerate(table):
        axes.text(j, i, f"{count:,}", ha="center", va="center", fontsize=8,
                  color="white" if table[i, j] and np.log1p(count) > 0.6 * np.log1p(table.max()) else "black")
    axes.set_xticks(range(table.shape[1]), AXES["eyes"], rotation=45, ha="right")
    axes.set_yticks(range(table.shape[0]), AXES["hair"])
    axes.set(xlabel="eyes", ylabel="hair", title="faces of each pair")
    _save(path, figure)


def curves(path, groups, title, xlabel="step", scale="linear"):
    """Line plots. groups: {plot: {line: (steps, values)}}; scale: of both axes, linear or log."""
    columns = min(3, len(groups)) or 1
    rows = -(-len(groups) // columns) or 1
    figure = Figure(figsize=(5.5 * columns, 3.5 * rows), layout="constrained")
    figure.suptitle(title)
    plots = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in plots[len(groups):]:
        axes.axis("off")
    for axes, (group, lines) in zip(plots, groups.items()):
        for name, (steps, values) in lines.items():
            axes.plot(steps, values, label=name, linewidth=1, marker="o" if scale == "log" else None)
        axes.set(title=group, xlabel=xlabel, yscale=scale)
        axes.set_xscale(scale, **({"base": 2} if scale == "log" else {}))
        axes.legend(fontsize=8)
    _save(path, figure)


def _colours(names):
    return [{"blonde": "khaki"}.get(name, name) for name in names]


def _save(path, figure):
    checkpoints.write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=80))
