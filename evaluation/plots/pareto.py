"""Two metrics against each other, as a rule SGFID and diversity, and who is not beaten on both.

A method is on the front if no other is at least as good on both metrics and better on one.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from datasets.errors import InputError
from evaluation.metrics.metric import Metric
from evaluation.plots.style import WIDTH, axis_title, label_points, logarithmic, looks, new_figure
from evaluation.tables import in_order

COLUMNS = ("method", "kind", "ranked", "x", "x_low", "x_high", "y", "y_low", "y_high", "front")


def pareto_data(board: pd.DataFrame, x: Metric, y: Metric) -> pd.DataFrame:
    """Means and intervals of two metrics of every method, peer and the floor, and whether it is on the front.

    Only ranked rows can be on the front: others were scored on other clips. Controls and methods without a value on
    either are left out, and so is a value of x that a logarithmic axis cannot show.

    Args:
        board: as `evaluation.leaderboard.leaderboard` makes it.
        x, y: metrics whose direction is `lower` or `higher`.

    Returns:
        A frame with exactly the columns `COLUMNS`, in the order of the leaderboard; the floor, whose y may be NaN,
        last.

    Raises:
        InputError: no method has both metrics, or one has no direction.
    """
    for metric in (x, y):
        if metric.direction not in ("lower", "higher"):
            raise InputError(f"{metric.name}: it is neither lower nor higher that is better; choose another metric")
        if f"{metric.name}_mean" not in board:
            raise InputError(f"{metric.name}: the leaderboard has no such metric; score the samples again")
    names = {"method": "method", "kind": "kind", "ranked": "ranked"}
    for axis, metric in (("x", x), ("y", y)):
        names |= {
            f"{metric.name}_mean": axis,
            f"{metric.name}_low": f"{axis}_low",
            f"{metric.name}_high": f"{axis}_high",
        }
    data = board[list(names)].rename(columns=names)
    floor = data["kind"] == "floor"
    data = data[(data["x"] > 0) & (floor | (data["kind"] != "control") & data["y"].notna())]
    if (data["kind"] == "floor").all():
        raise InputError(f"{x.name} and {y.name}: no method has both; score the samples again")
    signs = np.array([1 if metric.direction == "lower" else -1 for metric in (x, y)])
    scores = data[["x", "y"]].to_numpy(np.float64) * signs
    able = (data["ranked"] & (data["kind"] != "floor")).to_numpy(bool)
    data["front"] = able & ~np.array([_beaten(own, scores[able]) for own in scores])
    return data[list(COLUMNS)].reset_index(drop=True)


def pareto(data: pd.DataFrame, x: Metric, y: Metric, *, order: Sequence[str] = ()) -> Figure:
    """A marker a method with the intervals of both means, the front as steps, the floor of x as a dashed line.

    Args:
        data: as `pareto_data` gives it.
        x, y: the metrics; x is on a logarithmic axis.
        order: names of methods in the order of their registry, which gives them the looks they have elsewhere.
    """
    methods = data[data["kind"] != "floor"]
    front = methods[methods["front"]].sort_values("x")
    indices = {name: index for index, name in enumerate(in_order(methods.set_index("method")["kind"], order))}
    lines = []
    with new_figure(WIDTH, 3.6) as figure:
        ax = figure.subplots()
        for row in methods.itertuples():
            marks = looks(indices[row.method], row.kind, strong=True)
            for ends in ([(row.x_low, row.y), (row.x_high, row.y)], [(row.x, row.y_low), (row.x, row.y_high)]):
                if not np.isnan(ends).any():
                    ax.plot(*np.transpose(ends), color=marks["color"], lw=0.9, alpha=0.6)
                    lines.append(ends)
            hollow = {} if row.front else {"mfc": "white", "mec": marks["color"], "mew": 1.2}
            ax.plot([row.x], [row.y], ls="", ms=6.5, zorder=3, **marks | hollow)
        corners = _steps(front[["x", "y"]].to_numpy(np.float64), x)
        if len(corners):
            ax.plot(*corners.T, color="0.55", lw=1.2, zorder=1)
            lines += [corners[index : index + 2] for index in range(len(corners) - 1)]
            ax.set_title("filled: on the front, beaten by nobody on both", loc="right", fontsize=7.5, color="0.35")
        ax.margins(0.12)
        for row in data[data["kind"] == "floor"].itertuples():
            ax.axvline(row.x, color="0.4", lw=1, ls=(0, (4, 2)), zorder=1)
            ax.annotate(f"floor: {row.method}", (row.x, 0), xycoords=("data", "axes fraction"), xytext=(3, 4),
                        textcoords="offset points", rotation=90, va="bottom", fontsize=7, color="0.35")  # fmt: skip
        logarithmic(ax, "x")
        ax.set_xlabel(axis_title(x, True))
        ax.set_ylabel(axis_title(y))
        names = [row.method if row.ranked else f"{row.method} (fewer clips)" for row in methods.itertuples()]
        label_points(figure, ax, methods[["x", "y"]].to_numpy(np.float64), names, np.array(lines).reshape(-1, 2, 2))
    return figure


def _steps(front: np.ndarray, x: Metric) -> np.ndarray:
    """Corners [m, 2] of the border of what the front [n, 2], sorted by x, beats."""
    corners = list(front[:1])
    for before, after in pairwise(front):
        # Between two points it is the one with the better x that beats.
        corners += [(after[0], before[1]) if x.direction == "lower" else (before[0], after[1]), after]
    return np.array(corners)


def _beaten(own: np.ndarray, others: np.ndarray) -> bool:
    return bool(((others <= own).all(axis=1) & (others < own).any(axis=1)).any())
