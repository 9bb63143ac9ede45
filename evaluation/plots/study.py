"""A real-or-fake study: who was judged real how often, overall and by clip."""

import pandas as pd
from matplotlib.figure import Figure

from evaluation.plots.style import WIDTH, legend_above, looks, new_figure
from evaluation.study.analysis import PAPER, REALS, Analysis
from evaluation.study.rates import wilson

COLUMNS = ("method", "clip", "what", "value", "low", "high", "n")


def study_data(analysis: Analysis) -> pd.DataFrame:
    """Every rate with the interval that is drawn: Wilson's of majorities, the clustered one of votes.

    Returns:
        A frame with exactly the columns `COLUMNS`; `what` is majority, votes, or paper; clip "" is all clips.
    """
    rows = []
    of_all = {(method, ""): result for method, result in analysis.methods.items()}
    for (method, clip), result in {**of_all, **analysis.by_clip}.items():
        for what, found in (("majority", result.majority.rate), ("votes", result.votes.clustered)):
            rows.append((method, clip, what, found.value, found.low, found.high, found.n))
    if analysis.reals is not None:
        for clip, rate in {"": analysis.reals, **analysis.reals_by_clip}.items():
            own = rate.clustered
            rows.append((REALS, clip, "votes", own.value, own.low, own.high, own.n))
    paper = wilson(*PAPER)
    rows.append(("the paper", "", "paper", paper.value, paper.low, paper.high, paper.n))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def overall(data: pd.DataFrame, margin: float) -> Figure:
    """A row a method and what is counted; a band of the margin around one half."""
    rows = data[data["clip"] == ""]
    names = list(dict.fromkeys(rows["method"]))
    with new_figure(WIDTH, 0.75 + 0.3 * len(rows)) as figure:
        ax = figure.subplots()
        _half(ax, margin)
        for height, (_, row) in enumerate(rows.iterrows()):
            marks = looks(names.index(row["method"]), "method", strong=True)
            ax.plot([row["low"], row["high"]], [height, height], color=marks["color"], lw=1.6)
            ax.plot([row["value"]], [height], ls="", ms=6.5, **marks)
        shown = {REALS: "real clips"}
        labels = [
            row["method"] if row["what"] == "paper" else f"{shown.get(row['method'], row['method'])}, {row['what']}"
            for _, row in rows.iterrows()
        ]
        ax.set_yticks(range(len(rows)), labels)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        _rate_axis(ax)
    return figure


def by_clip(data: pd.DataFrame, margin: float) -> Figure:
    """Votes by clip, within each a line a method."""
    rows = data[(data["clip"] != "") & (data["what"] == "votes")]
    names = list(dict.fromkeys(data.loc[data["what"] != "paper", "method"]))
    clips = list(dict.fromkeys(rows["clip"]))
    step = 0.8 / len(names)
    with new_figure(WIDTH, 1.0 + len(clips) * max(0.34, 0.2 * len(names))) as figure:
        ax = figure.subplots()
        _half(ax, margin)
        for index, name in enumerate(names):
            marks = looks(index, "method", strong=True)
            for _, row in rows[rows["method"] == name].iterrows():
                height = clips.index(row["clip"]) - 0.4 + step * (index + 0.5)
                ax.plot([row["low"], row["high"]], [height, height], color=marks["color"], lw=1.4)
                ax.plot([row["value"]], [height], ls="", ms=5.5, **marks)
            ax.plot([], [], ls="", ms=5.5, label=name, **marks)
        ax.set_yticks(range(len(clips)), clips)
        ax.set_ylim(len(clips) - 0.5, -0.5)
        for border in range(1, len(clips)):
            ax.axhline(border - 0.5, color="0.85", lw=0.8)
        _rate_axis(ax)
        legend_above(figure, [ax])
    return figure


def _half(ax, margin: float) -> None:
    ax.axvspan(0.5 - margin, 0.5 + margin, color="0.94", lw=0, zorder=0)
    ax.axvline(0.5, color="0.4", lw=1, ls=(0, (4, 2)), zorder=1)


def _rate_axis(ax) -> None:
    ax.set_xlim(-0.02, 1.02)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("Judged real, with 95 % interval")
