"""A metric by clip and method: a pale dot a sample, a marker and a bar for the mean and its 95 % interval."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from datasets.errors import InputError
from evaluation.comparisons import comparable, values_by_clip
from evaluation.intervals import mean_interval
from evaluation.metrics.metric import Metric
from evaluation.plots.style import WIDTH, axis_title, legend_above, logarithmic, looks, new_figure
from evaluation.tables import RESAMPLES, in_order

COLUMNS = ("metric", "clip", "method", "kind", "seed", "sample", "value", "mean", "low", "high")


def dots_data(
    cells: pd.DataFrame,
    metric: Metric,
    *,
    protocol: str,
    order: Sequence[str] = (),
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """The values of a metric with their means and intervals.

    Intervals are within a clip (samples resampled). Controls would stretch the axis to where no method can be read;
    they are taken only where there is nothing else. Clips with an undefined value of a method lack that method.

    Args:
        cells: as `evaluation.cells.read_cells` gives them, of one protocol.
        order: names of methods in the order of their registry.
        bootstrap, seed: of the intervals.

    Returns:
        A frame with exactly the columns `COLUMNS`, a row a value; `mean`, `low` and `high` are those of its method and
        clip. Methods in their order, clips by name.

    Raises:
        InputError: the cells cannot be compared, or have no value of this metric.
    """
    cells = comparable(cells, protocol)
    cells = cells[cells["metric"] == metric.name]
    kinds = cells.drop_duplicates("method").set_index("method")["kind"]
    methods = in_order(kinds, order)
    methods = [method for method in methods if kinds[method] != "control"] or methods
    rows = []
    for method in methods:
        own = cells[cells["method"] == method]
        for clip, groups in values_by_clip(own).items():
            found = mean_interval([groups], resamples=bootstrap, seed=seed)
            values = own[own["clip"] == clip][["metric", "clip", "method", "kind", "seed", "sample", "value"]]
            rows.append(values.assign(mean=found.estimate, low=found.low, high=found.high))
    if not rows:
        raise InputError(f"{metric.name}: the cells hold no value of it; score some samples first")
    return pd.concat(rows, ignore_index=True)[list(COLUMNS)]


def dots(data: pd.DataFrame, metric: Metric) -> Figure:
    """Clips in rows, within each a line a method; the axis is logarithmic where values are positive and far apart.

    Args:
        data: as `dots_data` gives it.
    """
    methods = list(dict.fromkeys(data["method"]))
    clips = sorted(set(data["clip"]))
    step = 0.8 / len(methods)
    positive = data["value"].min() > 0
    log = positive and (metric.direction == "one" or data["value"].max() / data["value"].min() > 8)
    with new_figure(WIDTH, 1.15 + 0.18 * (len(methods) // 3) + len(clips) * max(0.45, 0.2 * len(methods))) as figure:
        ax = figure.subplots()
        for index, method in enumerate(methods):
            own = data[data["method"] == method]
            marks = looks(index, own["kind"].iloc[0], strong=True)
            for row, clip in enumerate(clips):
                here = own[own["clip"] == clip]
                if here.empty:
                    continue
                height = row - 0.4 + step * (index + 0.5)
                ax.plot(here["value"], np.full(len(here), height), ".", color=marks["color"], alpha=0.35, ms=5, mew=0)
                ax.plot(here[["low", "high"]].iloc[0], [height, height], color=marks["color"], lw=1.4)
                ax.plot(here["mean"].iloc[:1], [height], ls="", ms=5.5, **marks)
            ax.plot([], [], ls="", ms=5.5, label=method, **marks)
        if log:
            logarithmic(ax, "x")
        if metric.direction == "one":
            ax.axvline(1, color="0.4", lw=1, ls=(0, (4, 2)), zorder=1)
        ax.set_yticks(range(len(clips)), clips)
        ax.set_ylim(len(clips) - 0.5, -0.5)
        for border in range(1, len(clips)):
            ax.axhline(border - 0.5, color="0.85", lw=0.8)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(axis_title(metric, log))
        legend_above(figure, [ax])
    return figure
