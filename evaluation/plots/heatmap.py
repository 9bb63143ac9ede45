"""What every metric says of every control: how far beyond the floor it is, and whether that is what it should say.

With b the badness of a value (the value, its negative, or |log value|, after the metric's direction) and b_0 that of
the floor, the colour is

    s = sign(b - b_0) log10(1 + |b - b_0| / |b_0|)

so that one floor more is a step of 0.3, ten are one of 1, and less than the floor is lighter than the floor itself. A
floor of 0 counts as 1 unit of the metric.
"""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from datasets.errors import InputError
from evaluation.comparisons import measured, short
from evaluation.metrics import METRICS
from evaluation.metrics.metric import Metric
from evaluation.plots.style import WIDTH, arrow, new_figure, on_colour

COLUMNS = ("metric", "control", "value", "floor", "expected", "found")
EXPECTED, FOUND = ("worse", "blind", "any"), ("worse", "same")
_LEAST, _FARTHEST = -0.6, 3.0
_SIGNS = {"worse": "▲", "blind": "=", "any": ""}


def beyond_floor(value: float, floor: float, metric: Metric) -> float:
    """s of the module, in [-3, 3]; NaN where the value or the floor is."""
    bad, limit = (float(measured(np.array([one]), metric)[0]) for one in (value, floor))
    if metric.direction == "higher":
        bad, limit = -bad, -limit
    elif metric.direction == "lower":  # as `Metric.badness` has it: below 0 is chance
        bad, limit = max(bad, 0.0), max(limit, 0.0)
    share = (bad - limit) / (abs(limit) or 1.0)
    return float(np.clip(np.sign(share) * np.log10(1 + abs(share)), -_FARTHEST, _FARTHEST))


def controls(data: pd.DataFrame, metrics: Mapping[str, Metric] = METRICS) -> Figure:
    """Metrics in rows, controls in columns; the value in every cell, a hatched frame where it is not as expected.

    A triangle before the value: the control must be worse than the floor; an equals sign: the metric must be blind to
    it; neither: either will do.

    Args:
        data: a row a metric and control with the columns `COLUMNS`; `expected` in EXPECTED, `found` in FOUND.

    Raises:
        InputError: there is nothing to draw, or a column is missing or holds something else.
    """
    _check(data)
    rows, columns = (list(dict.fromkeys(data[name])) for name in ("metric", "control"))
    colours, scale = mpl.colormaps["cividis_r"], Normalize(_LEAST, _FARTHEST)
    names = [arrow(metrics[name]) if name in metrics else name for name in rows]
    width = 1.0 + 0.065 * max(map(len, names)) + 0.62 * len(columns)
    height = 1.1 + 0.06 * max(map(len, columns)) + 0.27 * len(rows)
    with new_figure(max(WIDTH, width), max(2.6, height)) as figure:
        ax = figure.subplots()
        for cell in data.itertuples():
            place = (columns.index(cell.control), rows.index(cell.metric))
            _cell(ax, cell, place, metrics, colours, scale)
        ax.set_xlim(0, len(columns))
        ax.set_ylim(len(rows), 0)
        ax.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=40, ha="right", rotation_mode="anchor")
        ax.set_yticks(np.arange(len(rows)) + 0.5, names)
        ax.tick_params(length=0)
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set_visible(False)
        bar = figure.colorbar(mpl.cm.ScalarMappable(scale, colours), ax=ax, fraction=0.04, pad=0.02, aspect=30)
        ticks = [_LEAST, *np.log10([1, 2, 11, 101]), _FARTHEST]
        bar.set_ticks(ticks, labels=["better", "floor", "+1", "+10", "+100", "+1000"])
        bar.set_label("worse than the floor, in floors", fontsize=8)
        bar.ax.tick_params(labelsize=7.5, length=2)
        bar.outline.set_visible(False)
        key = "▲ must be worse than the floor    = must not be    hatched: it is otherwise"
        figure.suptitle(key, fontsize=7.5, color="0.35")
    return figure


def _cell(
    ax: mpl.axes.Axes,
    cell: object,
    place: tuple[int, int],
    metrics: Mapping[str, Metric],
    colours: mpl.colors.Colormap,
    scale: Normalize,
) -> None:
    column, row = place
    if np.isnan(cell.value) or np.isnan(cell.floor) or cell.metric not in metrics:
        text = "\N{EN DASH}" if np.isnan(cell.value) else short(cell.value)
        ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7, color="0.4")
        return
    colour = colours(scale(beyond_floor(cell.value, cell.floor, metrics[cell.metric])))
    ink = on_colour(colour)
    ax.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", lw=0.8))
    text = f"{_SIGNS[cell.expected]} {short(cell.value)}".strip()
    box = None
    if {"worse": "worse", "blind": "same"}.get(cell.expected, cell.found) != cell.found:
        inner = Rectangle((column + 0.04, row + 0.06), 0.92, 0.88, fill=False, edgecolor=ink, lw=1.4, hatch="////")
        inner.set_hatch_linewidth(0.5)
        ax.add_patch(inner)
        box = {"facecolor": colour, "edgecolor": "none", "pad": 1.2}
    ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7, color=ink, bbox=box)


def _check(data: pd.DataFrame) -> None:
    missing = [name for name in COLUMNS if name not in data]
    if missing or data.empty:
        what = f"column missing: {', '.join(missing)}" if missing else "there is no row"
        raise InputError(f"controls: {what}; give a row a metric and control with {', '.join(COLUMNS)}")
    for name, known in (("expected", EXPECTED), ("found", FOUND)):
        strange = sorted(set(data[name]) - set(known))
        if strange:
            raise InputError(f"controls: '{name}' is {strange[0]!r}; it must be one of {', '.join(known)}")
    if data.duplicated(["metric", "control"]).any():
        raise InputError("controls: a metric and control are there twice; give each once")
