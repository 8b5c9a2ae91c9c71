"""The report's plots, as SVG to embed in an HTML page.

Text and axes are `currentColor` and the background is transparent, so that a plot follows the page's light or dark
theme and printing. Glosses and signers are user input: they are never parsed as mathtext, and matplotlib escapes them.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from slr.figures.fonts import MAIN, lettered
from slr.io.evenly import evenly

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

ACCENT = "#2f7fd6"
SECOND = "#e07b39"
_INK = "#010203"  # replaced by currentColor in the SVG
STYLE: "dict[RcKeyType, Any]" = {
    "svg.fonttype": "none", "svg.hashsalt": "slr", "font.family": "sans-serif", "font.sans-serif": [MAIN],
    "font.size": 9, "text.color": _INK, "axes.labelcolor": _INK,
    "axes.edgecolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "axes.spines.top": False,
    "axes.spines.right": False, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "legend.frameon": False, "lines.linewidth": 1.8, "axes.titlesize": 9, "grid.color": _INK, "grid.alpha": 0.12,
    "grid.linewidth": 0.6,
}
_LABELLED = 48
"""Matrices with more rows or columns than this have no tick labels, and no numbers in their cells."""


_MOST_POINTS = 500
"""Maximum number of points of a curve, the plot's resolution."""
_LONGEST_NAME = 20
_LONGEST_LABEL = 32


def histogram(values: Sequence[float] | np.ndarray, label: str, *, bins: int = 24) -> str:
    """SVG histogram of `values`; `label` names the quantity and its unit, for clips."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.4), layout="constrained")
        axes = figure.add_subplot()
        axes.hist(values, bins=bins, color=ACCENT, alpha=0.85, rwidth=0.92)
        axes.set(xlabel=label, ylabel="clips")
        _whole_numbers(axes.yaxis)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        return _svg(figure)


def curves(history: pd.DataFrame, columns: dict[str, str], label: str, *, best: int | None = None) -> str:
    """SVG of training curves.

    Parameters
    ----------
    history : DataFrame
        With the column `epoch` and those of `columns`.
    columns : dict of str to str
        What to draw: column to name in the legend; at most two.
    label : str
        Label of the y axis.
    best : int, optional
        Epoch to mark: the one whose weights were kept.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.7), layout="constrained")
        axes = figure.add_subplot()
        marker = "o" if len(history) < 3 else None  # a line needs two points
        for (column, name), colour in zip(columns.items(), (ACCENT, SECOND), strict=False):
            axes.plot(history.epoch, history[column], color=colour, label=name, marker=marker)
        if best is not None:
            axes.axvline(best, color=_INK, linewidth=0.8, linestyle=(0, (3, 3)), label=f"kept: epoch {best}")
        axes.set(xlabel="epoch", ylabel=label)
        _whole_numbers(axes.xaxis)
        axes.grid()
        axes.legend()
        return _svg(figure)


def learning_curve(clips: Sequence[int], values: Sequence[float], label: str,
                   intervals: Sequence[tuple[float, float]] | None = None) -> str:
    """SVG of a metric over the number of training clips, on a logarithmic axis.

    Parameters
    ----------
    clips : sequence of int
    values : sequence of float
    label : str
        Label of the y axis.
    intervals : sequence of (low, high), optional
        Drawn as a bar at each value.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.7), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(clips, values, color=ACCENT, marker="o")
        if intervals is not None:
            lows, highs = zip(*intervals, strict=True)
            axes.vlines(clips, lows, highs, color=ACCENT, linewidth=1)
        axes.set_xscale("log")
        axes.set_xticks(clips, [f"{count:,}" for count in clips])
        axes.set_xticks([], minor=True)
        axes.set(xlabel="training clips", ylabel=label)
        axes.grid()
        return _svg(figure)


def precision_recall(curves: dict[str, tuple[np.ndarray, np.ndarray]], *, positives: float | None = None,
                     point: tuple[str, float, float] | None = None) -> str:
    """SVG of the precision-recall curve.

    Parameters
    ----------
    curves : dict of str to (actual, probability)
        Name in the legend to (N,) bool and (N,) arrays with at least one positive. The first two at most.
    positives : float, optional
        Share of positives: the precision at chance level, drawn as a dotted line.
    point : (name, recall, precision), optional
        A point to mark: the operating point of a threshold.
    """
    from sklearn.metrics import precision_recall_curve

    with lettered(STYLE, curves):
        figure = Figure(figsize=(4.2, 3.2), layout="constrained")
        axes = figure.add_subplot()
        for (name, (actual, probability)), colour in zip(curves.items(), (ACCENT, SECOND), strict=False):
            precision, recall, _ = precision_recall_curve(actual, probability)
            kept = evenly(len(recall), _MOST_POINTS)
            axes.step(recall[kept], precision[kept], where="post", color=colour, label=name)
        if positives is not None:
            axes.axhline(positives, color=_INK, linewidth=0.8, linestyle=(0, (1, 2)), label="chance")
        if point is not None:
            axes.plot(*point[1:], "o", color=_INK, markersize=5, label=point[0])
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.02))
        axes.grid()
        for text in axes.legend(loc="lower left").get_texts():
            text.set_parse_math(False)
        return _svg(figure)


def matrix(counts: np.ndarray, rows: Sequence[str], columns: Sequence[str], *, row_label: str,
           column_label: str) -> str:
    """SVG of a matrix of counts, each cell shaded by its share of its row, with its count.

    Parameters
    ----------
    counts : (R, K) int array
    rows, columns : sequences of str
    row_label, column_label : str
        Labels of rows and columns.
    """
    size_in = (min(max(0.3 * len(columns), 1.5), 8.5) + 1.3, min(max(0.3 * len(rows), 1.2), 8.5) + 1.1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shading = LinearSegmentedColormap.from_list("shares", [(*matplotlib.colors.to_rgb(ACCENT), a) for a in (0, 1)])
    with lettered(STYLE, [*rows, *columns] if max(counts.shape) <= _LABELLED else []):
        figure = Figure(figsize=size_in, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[:].set_visible(False)
        axes.set(xlabel=column_label, ylabel=row_label)
        if max(counts.shape) > _LABELLED:
            axes.imshow(shares, cmap=shading, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            return _svg(figure)
        axes.pcolormesh(shares, cmap=shading, vmin=0, vmax=1, edgecolors=_INK, linewidth=0.08)
        axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.set_xticks(np.arange(len(columns)) + 0.5, _short(columns), rotation=90, parse_math=False, fontsize=8)
        axes.set_yticks(np.arange(len(rows)) + 0.5, _short(rows), parse_math=False, fontsize=8)
        for row, column in np.argwhere(counts):
            axes.text(column + 0.5, row + 0.5, str(counts[row, column]), ha="center", va="center", fontsize=7,
                      color="white" if shares[row, column] > 0.55 else _INK)
        return _svg(figure)


class Dot(NamedTuple):
    """A labelled point of a scatter plot; `interval`: the ends of an error bar along y; `marked`: in the second
    colour."""

    name: str
    x: float
    y: float
    interval: tuple[float, float] | None = None
    marked: bool = False


def scatter(dots: Sequence[Dot], *, x_label: str, y_label: str, line: float | None = None, line_label: str = "") -> str:
    """SVG of labelled points; see `scatter_figure`."""
    with lettered(STYLE, [dot.name for dot in dots]):
        return _svg(scatter_figure(dots, x_label=x_label, y_label=y_label, line=line, line_label=line_label))


def scatter_figure(dots: Sequence[Dot], *, x_label: str, y_label: str, line: float | None = None,
                   line_label: str = "") -> Figure:
    """Scatter plot with names in a column beside the points, connected by lines, so that names don't overlap.

    Parameters
    ----------
    dots : sequence of Dot
    line : float, optional
        x position of a dotted vertical line.
    line_label : str
        Label of that line.
    """
    figure = Figure(figsize=(7.2, max(3.2, 0.17 * len(dots) + 1)), layout="constrained")
    axes = figure.add_subplot()
    for dot in dots:
        colour = SECOND if dot.marked else ACCENT
        if dot.interval:
            axes.plot([dot.x, dot.x], dot.interval, color=colour, alpha=0.35, linewidth=1.2)
        axes.plot(dot.x, dot.y, "o", color=colour, markersize=5)
    if line is not None:
        axes.axvline(line, color=_INK, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.annotate(line_label, (line, 0.02), xycoords=("data", "axes fraction"), xytext=(3, 0),
                      textcoords="offset points", fontsize=7)
    axes.margins(x=0.06, y=0.08)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid()
    axes.set_axisbelow(True)
    low, high = axes.get_ylim()
    ordered = sorted(dots, key=lambda dot: (-dot.y, -dot.x, dot.name))
    heights = _spread([(dot.y - low) / (high - low) for dot in ordered], 0.94 / max(len(dots), 18))
    for dot, height in zip(ordered, heights, strict=True):
        axes.annotate(_short([dot.name], _LONGEST_LABEL)[0], (dot.x, dot.y), xytext=(1.03, height),
                      textcoords="axes fraction", fontsize=8, va="center", parse_math=False, annotation_clip=False,
                      fontweight="bold" if dot.marked else "normal",
                      arrowprops={"arrowstyle": "-", "color": _INK, "alpha": 0.25, "linewidth": 0.6, "shrinkB": 3,
                                  "relpos": (0, 0.5)})
    return figure


def _whole_numbers(axis: Axis) -> None:
    """Restrict an axis' ticks to integers."""
    locator = axis.get_major_locator()
    assert isinstance(locator, MaxNLocator)  # the axes' default
    locator.set_params(integer=True)


def _spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Positions from 0 to 1 near the `wanted` ones (descending), at least `gap` apart if there is room."""
    places: list[float] = []
    for height in wanted:
        places.append(min(height, places[-1] - gap) if places else min(height, 1.0))
    lowest = 0.0
    for i in reversed(range(len(places))):
        places[i] = max(places[i], lowest)
        lowest = places[i] + gap
    return places


def _short(names: Sequence[str], longest: int = _LONGEST_NAME) -> list[str]:
    return [name if len(name) <= longest else f"{name[:longest - 1]}…" for name in names]


def _svg(figure: Figure) -> str:
    """The `<svg>` element only; deterministic for the same plot."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    return text[text.index("<svg"):].replace(_INK, "currentColor")
