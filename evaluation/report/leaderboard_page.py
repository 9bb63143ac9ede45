"""The page of a leaderboard: who is ahead on what, the trade-off of quality and diversity, and every value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from datasets.files import write_text
from evaluation import wording
from evaluation.comparisons import short
from evaluation.leaderboard import PEOPLE_HEADER, PEOPLE_QUESTION, people_rows, reading
from evaluation.metrics import METRICS
from evaluation.metrics.metric import GROUPS, Metric
from evaluation.plots.style import arrow, svg
from evaluation.report.differences import differences_table
from evaluation.report.document import data_uri, render
from evaluation.report.parts import Picture, RowGroup, Table
from evaluation.tables import METRIC

_KINDS = {
    "method": "Methods",
    "peer": "Peers: methods of others",
    "control": "Controls, not ranked",
    "floor": "The clip against itself, not ranked",
}
_RANKED = ("method", "peer")


@dataclass(frozen=True)
class Group:
    """The metrics that answer one question."""

    name: str
    anchor: str
    table: Table
    about: Sequence[tuple[str, str]]


def build_leaderboard_page(
    out: str | Path,
    board: pd.DataFrame,
    comparisons: pd.DataFrame,
    figures: Mapping[str, Figure],
    *,
    warnings: Sequence[tuple[str, str]] = (),
    notes: Sequence[tuple[str, str]] = (),
    metrics: Mapping[str, Metric] = METRICS,
) -> None:
    """Write one self-contained HTML file to `out`.

    Args:
        board: as `evaluation.leaderboard.leaderboard` makes it.
        comparisons: as `evaluation.comparisons.compare` makes it; may be empty.
        figures: any of `ranks`, `pareto`, `dots` and `training_time`.
        warnings: topic and text of what changes what may be concluded.
        notes: of what else a reader should know.
    """
    shown = [metric for name, metric in metrics.items() if f"{name}_mean" in board]
    first = board.iloc[0]
    context = {
        "title": f"Leaderboard, protocol {first['protocol']}",
        "headline": headline(board, metrics),
        "warnings": [{"topic": topic, "text": text} for topic, text in warnings],
        "facts": [
            ("Protocol", first["protocol"]),
            ("Ranked", str(int(board["ranked"].sum()))),
            ("Clips", str(int(board["clips"].max()))),
            ("Metrics", str(len(shown))),
            ("Encoder", f"{first['encoder']}, {first['layer']}"),
        ],
        "ranks": _ranks(board),
        "ranks_figure": _picture(figures["ranks"], "ranks") if "ranks" in figures else None,
        "figures": [_picture(figure, name) for name, figure in figures.items() if name != "ranks"],
        "groups": [
            _group(group, [metric for metric in shown if metric.group == group], board)
            for group in GROUPS if any(metric.group == group for metric in shown)
        ],
        "people": _people(board),
        "people_question": PEOPLE_QUESTION,
        "comparisons": differences_table(comparisons, "Method", metrics=metrics),
        "comparisons_lead": _lead(comparisons),
        "reading": [*reading(board, metrics), *notes],
    }  # fmt: skip
    write_text(out, render("leaderboard.html", context))


def headline(board: pd.DataFrame, metrics: Mapping[str, Metric] = METRICS) -> str:
    """The leaderboard in two sentences: first on SGFID, first by mean rank, and how many metrics others lead on."""
    ranked = board[board["ranked"]]
    if ranked.empty:
        return "No method was scored on all clips, so nothing is ranked."
    text = ""
    if best := _first(ranked, f"{METRIC}_rank"):
        value = ranked.loc[ranked["method"] == best[0], f"{METRIC}_mean"].iloc[0]
        text = f"{wording.listing(best)} {'leads' if len(best) == 1 else 'lead'} on SGFID with {wording.number(value)}"
    leads: dict[str, int] = {}
    led = [first for name in metrics if (first := _first(ranked, f"{name}_rank"))]
    for method in (method for first in led for method in first):
        leads[method] = leads.get(method, 0) + 1
    counts = [f"{method} on {count}" for method, count in sorted(leads.items(), key=lambda item: (-item[1], item[0]))]
    found = f"of {wording.counted(len(led), 'ranked metric')}, {wording.listing(counts)}"
    if overall := _first(ranked, "rank_overall"):
        found += f"; by mean rank {wording.listing(overall)} {'is' if len(overall) == 1 else 'are'} first"
    return f"{text}. Leaders {found}." if text else f"Leaders {found}."


def _first(ranked: pd.DataFrame, column: str) -> list[str]:
    """The methods with the least rank; several where they share it."""
    if column not in ranked or not ranked[column].notna().any():
        return []
    return ranked.loc[ranked[column] == ranked[column].min(), "method"].tolist()


_TEXTS = {
    "ranks": (
        "Ranks of all methods on all metrics, by group; the same ranks stand in the tables below.",
        "Rank 1 is best. Columns are metrics, by group; the last one is the mean rank.",
    ),
    "pareto": (
        "SGFID against diversity of every method with intervals; the values stand in the tables.",
        "Nobody is better on both than the methods on the line.",
    ),
    "dots": (
        "SGFID of every sample by clip and method, with means and intervals.",
        "A pale dot is a sample; a marker is the mean of a clip, with a 95 % interval over its samples.",
    ),
    "training_time": (
        "SGFID against minutes of training of every trained method.",
        "Methods whose samples came from outside have no training time here.",
    ),
}


def _picture(figure: Figure, name: str) -> Picture:
    alt, caption = _TEXTS[name]
    return Picture(data_uri(svg(figure), "image/svg+xml"), alt, caption)


def _ranks(board: pd.DataFrame) -> Table:
    names = ["rank_overall", *(n for n in board.columns if n.startswith("rank_") and n != "rank_overall")]
    rows = [
        [row["method"], *(wording.number(row[name]) for name in names), str(row["clips"]), row["note"] or ""]
        for _, row in board[board["kind"].isin(_RANKED)].iterrows()
    ]
    columns = ["Method", *(name.removeprefix("rank_").capitalize() for name in names), "Clips", "Note"]
    return Table("Mean ranks, 1 is best", columns, [RowGroup(None, rows)])


def _group(group: str, metrics: Sequence[Metric], board: pd.DataFrame) -> Group:
    rows = {
        kind: [
            [row["method"], *(_value(row, metric) for metric in metrics)]
            for _, row in board[board["kind"] == kind].iterrows()
        ]
        for kind in _KINDS
    }
    table = Table(
        "Mean over clips, its 95 % interval, and # the rank",
        ["Method", *(arrow(metric) for metric in metrics)],
        [RowGroup(_KINDS[kind], own) for kind, own in rows.items() if own],
    )
    about = [(metric.title, metric.about) for metric in metrics]
    return Group(f"{group.capitalize()}: {GROUPS[group]}?", f"group-{group}", table, about)


def _people(board: pd.DataFrame) -> Table | None:
    rows = people_rows(board)
    return Table("Share with its 95 % interval", PEOPLE_HEADER, [RowGroup(None, rows)]) if rows else None


def _value(row: pd.Series, metric: Metric) -> str:
    mean, low, high, rank = (row[f"{metric.name}_{what}"] for what in ("mean", "low", "high", "rank"))
    if np.isnan(mean):
        return wording.MISSING
    text = short(mean) if np.isnan(low) else f"{short(mean)} ({short(low)} to {short(high)})"
    return text if np.isnan(rank) else f"{text} #{rank:g}"


def _lead(frame: pd.DataFrame) -> str:
    if frame.empty:
        return ""
    reference, tested = frame["reference"].iloc[0], int(frame["p"].notna().sum())
    text = (
        f"Every method against {reference}: mean difference over clips with its bootstrap interval, and the "
        "matched-pairs rank-biserial correlation as effect size (-1: less on every clip, 1: more on every clip)."
    )
    least = frame["smallest_p"].min()
    if np.isnan(least):
        text += " No method shares a clip with it, so there is nothing to compare."
    elif not tested:
        text += (
            f" No p is printed: with so few clips none below {least:g} is possible, so a test could not have found "
            "anything."
        )
    return text
