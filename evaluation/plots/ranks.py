"""Ranks of methods on every metric as a table of colours and numbers: dark is best."""

from collections.abc import Mapping
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from datasets.errors import InputError
from evaluation.metrics import METRICS
from evaluation.metrics.metric import Metric
from evaluation.plots.style import arrow, new_figure, on_colour

COLUMNS = ("method", "kind", "group", "metric", "rank", "mean")
OVERALL = "overall"
_GAP = 0.25


def ranks_data(board: pd.DataFrame, metrics: Mapping[str, Metric] = METRICS) -> pd.DataFrame:
    """The ranks of a leaderboard in tidy form.

    Args:
        board: as `evaluation.leaderboard.leaderboard` makes it.

    Returns:
        A frame with exactly the columns `COLUMNS`: every method and peer on every ranked metric by groups, then on
        OVERALL, the mean rank; NaN where a row has none.

    Raises:
        InputError: no metric is ranked.
    """
    own = board[board["kind"].isin(("method", "peer"))]
    shown = [metric for name, metric in metrics.items() if f"{name}_rank" in own and own[f"{name}_rank"].notna().any()]
    if not shown:
        raise InputError("ranks: the leaderboard ranks nothing; score two methods on the same clips first")
    groups = list(dict.fromkeys(metric.group for metric in shown))
    shown.sort(key=lambda metric: groups.index(metric.group))
    rows = [
        {"method": row["method"], "kind": row["kind"], "group": metric.group, "metric": metric.name,
         "rank": row[f"{metric.name}_rank"], "mean": row[f"{metric.name}_mean"]}
        for _, row in own.iterrows() for metric in shown
    ] + [
        {"method": row["method"], "kind": row["kind"], "group": OVERALL, "metric": OVERALL,
         "rank": row["rank_overall"], "mean": np.nan}
        for _, row in own.iterrows()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ranks(data: pd.DataFrame, metrics: Mapping[str, Metric] = METRICS) -> Figure:
    """Methods in rows, metrics in columns, groups set apart; a dash where a method has no rank.

    Args:
        data: as `ranks_data` gives it.
    """
    methods = list(dict.fromkeys(data["method"]))
    columns = data.drop_duplicates("metric")[["metric", "group"]].to_numpy().tolist()
    left = [0.0]
    for (_, before), (_, after) in pairwise(columns):
        left.append(left[-1] + 1 + _GAP * (before != after))
    values = data.set_index(["method", "metric"])["rank"]
    colours = mpl.colormaps["cividis"]
    last = max(2.0, float(data["rank"].max()))
    names = [metrics[name].title if name in metrics else "Mean rank" for name, _ in columns]
    longest = max(map(len, names))
    with new_figure(1.5 + 0.38 * (left[-1] + 1), 0.75 + 0.055 * longest + 0.28 * len(methods)) as figure:
        ax = figure.subplots()
        for row, method in enumerate(methods):
            for (name, _), x in zip(columns, left, strict=True):
                rank = values[method, name]
                if np.isnan(rank):
                    ax.text(x + 0.5, row + 0.5, "\N{EN DASH}", ha="center", va="center", color="0.4", fontsize=8)
                    continue
                colour = colours((rank - 1) / (last - 1))
                ax.add_patch(Rectangle((x, row), 1, 1, facecolor=colour, edgecolor="white", lw=0.8))
                text = f"{rank:.1f}" if name == OVERALL else f"{rank:g}"
                ax.text(x + 0.5, row + 0.5, text, ha="center", va="center", color=on_colour(colour), fontsize=8)
        for group in dict.fromkeys(group for _, group in columns):
            places = [x for (_, other), x in zip(columns, left, strict=True) if other == group]
            _name_group(ax, group, places[0], places[-1] + 1)
        ax.set_xlim(0, left[-1] + 1)
        ax.set_ylim(len(methods), -0.55)
        labels = [arrow(metrics[name]) if name in metrics else title
                  for (name, _), title in zip(columns, names, strict=True)]  # fmt: skip
        ax.set_xticks([x + 0.5 for x in left], labels, rotation=90, fontsize=8)
        ax.set_yticks([row + 0.5 for row in range(len(methods))], methods)
        ax.tick_params(length=0)
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set_visible(False)
    return figure


def _name_group(ax: mpl.axes.Axes, group: str, start: float, end: float) -> None:
    if group == OVERALL:
        return
    ax.plot([start + 0.05, end - 0.05], [-0.1, -0.1], color="0.4", lw=0.8)
    ax.text((start + end) / 2, -0.18, group, ha="center", va="bottom", fontsize=7.5, color="0.3")
