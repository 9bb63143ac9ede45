"""The leaderboard: one row a method with every metric, its rank on it, and its mean ranks.

The value of a method on a metric is the mean over clips of the mean over seeds of the mean over samples, with a 95 %
bootstrap interval (`evaluation.intervals`). Among ranked rows, rank 1 is best and equal values share their mean rank;

    mean rank of a group  =  mean over the metrics of the group of the ranks on them

and the overall one is the mean over all metrics that are ranked.

Conventions:
- Ranked are methods and peers with every clip that any of them has. Others are listed, and `note` says what they lack.
- Controls are listed, never ranked. The floor is what the real clip scores against itself, one half against the other:
  samples of a generative model cannot be expected to do better.
- A method with an undefined value on a clip has no rank on that metric, no mean rank of its group and none overall. A
  metric that no ranked row has a rank on is left out of the mean ranks.
- Where 1 is best, `<metric>_off` is the mean |log value| (`evaluation.comparisons`), and ranks are by it: 0.5 on one
  clip and 2 on another do not add up to a perfect ratio.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.errors import InputError
from datasets.files import write_text
from evaluation import wording
from evaluation.comparisons import comparable, csv_text, measured, short, values_by_clip
from evaluation.intervals import balanced_mean, mean_interval
from evaluation.markdown import escape, grid
from evaluation.metrics import METRICS
from evaluation.metrics.metric import DIRECTIONS, GROUPS, Metric
from evaluation.records import FLOOR
from evaluation.tables import METRIC, RESAMPLES, in_order

KINDS = ("method", "peer", "control", "floor")
PEOPLE = ("judged_real", "judged_real_low", "judged_real_high", "judged_real_votes", "judged_real_majority")
"""What a study of people adds; columns that are there only where there was one."""
PEOPLE_HEADER = ("Method", "Judged real, of votes", "By majority", "Votes")
PEOPLE_QUESTION = "People: are samples taken for real?"
_RANKED = ("method", "peer")


def leaderboard(
    cells: pd.DataFrame,
    *,
    protocol: str,
    metrics: Mapping[str, Metric] = METRICS,
    order: Sequence[str] = (),
    floors: Mapping[str, float] | None = None,
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """The leaderboard of a protocol.

    Args:
        cells: as `evaluation.cells.read_cells` gives them, of one protocol; the control FLOOR is the floor.
        metrics: by name, in the order of the columns; those without any cell are left out.
        order: names of methods in the order of their registry, for rows of equal rank.
        floors: by metric, for those that the cells have no floor of.
        bootstrap: resamples of the intervals.
        seed: of the bootstrap; each value starts from it anew.

    Returns:
        A frame with the columns kind (of KINDS), method, ranked, clips, samples; for every metric `<metric>_mean`,
        `_low`, `_high`, `_rank` and, where 1 is best, `_off`; `rank_<group>` for every group with a ranked metric,
        `rank_overall`; encoder, layer, protocol, note. Best overall rank first, then those without one, controls, the
        floor. NaN where there is no value.

    Raises:
        InputError: the cells cannot be compared (`evaluation.comparisons.comparable`), or hold none of the metrics.
    """
    cells = comparable(cells, protocol)
    metrics = {name: metric for name, metric in metrics.items() if (cells["metric"] == name).any()}
    if not metrics:
        raise InputError(f"protocol '{protocol}': the cells hold no metric of the leaderboard; score the samples again")
    kinds = cells.drop_duplicates("method").set_index("method")["kind"]
    clips = sorted(set(cells.loc[cells["kind"].isin(_RANKED), "clip"]))
    rows, defined = [], {}
    for method in in_order(kinds, order):
        own = cells[cells["method"] == method]
        groups = {name: values_by_clip(own[own["metric"] == name]) for name in metrics}
        defined[method] = {name: set(by_clip) for name, by_clip in groups.items()}
        rows.append(_row(own, groups, clips, metrics, bootstrap, seed))
    frame = _with_ranks(pd.DataFrame(_with_floor(rows, floors or {}, metrics)), defined, metrics)
    first = cells.iloc[0]
    frame = frame.assign(encoder=first["encoder"], layer=first["layer"], protocol=protocol)
    places = frame["kind"].map(KINDS.index).where(~frame["kind"].isin(_RANKED), 0)
    frame = frame.assign(place=places).sort_values(["place", "rank_overall"], kind="stable", na_position="last")
    return frame[[*(name for name in frame.columns if name not in ("place", "note")), "note"]].reset_index(drop=True)


def with_study(frame: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """The leaderboard with how often people took each method's samples for real; not ranked, people are no metric.

    Args:
        frame: as `leaderboard` makes it.
        rates: as `evaluation.study.rate_table.read_rates` gives them.

    Returns:
        The frame with the columns `PEOPLE` before `encoder`: the rate by vote with its clustered interval, the number
        of votes, the rate by majority. NaN for methods that the study did not show.
    """
    overall = rates[rates["clip"] == ""].set_index(["method", "measure"])
    votes = overall.xs("judged_real_vote", level="measure")
    majority = overall.xs("judged_real_majority", level="measure")
    columns = (votes["value"], votes["low"], votes["high"], votes["n"], majority["value"])
    joined = frame.copy()
    place = joined.columns.get_loc("encoder")
    for offset, (name, values) in enumerate(zip(PEOPLE, columns, strict=True)):
        joined.insert(place + offset, name, joined["method"].map(values))
    return joined


def reversals(frame: pd.DataFrame, metrics: Mapping[str, Metric] = METRICS) -> dict[str, dict[str, list[str]]]:
    """Which ranked metrics turn the order of SGFID: metric -> method -> those before it on SGFID and behind it here."""
    found: dict[str, dict[str, list[str]]] = {}
    if f"{METRIC}_rank" not in frame:
        return found
    ranked = frame[frame[f"{METRIC}_rank"].notna()].set_index("method")
    for name in _ranked_metrics(frame, metrics):
        before, here = ranked[f"{METRIC}_rank"], ranked[f"{name}_rank"]
        for method in ranked.index:
            passed = ranked.index[(before < before[method]) & (here > here[method])]
            if len(passed):
                found.setdefault(name, {})[method] = passed.tolist()
    return found


def write_leaderboard(frame: pd.DataFrame, path: str | Path) -> None:
    """Write the leaderboard as CSV; floats read back exactly."""
    write_text(path, csv_text(frame))


def write_leaderboard_markdown(
    frame: pd.DataFrame, path: str | Path, *, metrics: Mapping[str, Metric] = METRICS
) -> None:
    """Write the leaderboard as Markdown for reading: mean ranks, a table a group of metrics, and what they mean."""
    first = frame.iloc[0]
    shown = {name: metric for name, metric in metrics.items() if f"{name}_mean" in frame}
    blocks = [
        f"# Leaderboard, protocol {escape(first['protocol'])}",
        f"Encoder {escape(first['encoder'])}, layer {escape(first['layer'])}.",
        "## Mean ranks",
        _mean_ranks(frame),
    ]
    for group in dict.fromkeys(metric.group for metric in shown.values()):
        own = [metric for metric in shown.values() if metric.group == group]
        blocks += [f"## {group.capitalize()}: {GROUPS[group]}", _values(frame, own)]
    if people := people_rows(frame):
        blocks += [f"## {PEOPLE_QUESTION}", grid(PEOPLE_HEADER, [[escape(name), *rest] for name, *rest in people])]
    blocks += [
        "## How to read this",
        "\n".join(f"- **{escape(topic)}.** {escape(text)}" for topic, text in reading(frame, shown)),
    ]
    write_text(path, "\n\n".join(blocks) + "\n")


def people_rows(frame: pd.DataFrame) -> list[list[str]]:
    """For every method that a study showed: its name, and what `PEOPLE_HEADER` says, in words."""
    if "judged_real" not in frame:
        return []
    return [
        [
            row["method"],
            f"{row['judged_real']:.1%} ({row['judged_real_low']:.1%} to {row['judged_real_high']:.1%})",
            f"{row['judged_real_majority']:.1%}",
            f"{row['judged_real_votes']:,.0f}",
        ]
        for _, row in frame[frame["judged_real"].notna()].iterrows()
    ]


def _row(
    cells: pd.DataFrame,
    groups: Mapping[str, dict[str, list[np.ndarray]]],
    clips: Sequence[str],
    metrics: Mapping[str, Metric],
    bootstrap: int,
    seed: int,
) -> dict[str, Any]:
    first = cells.iloc[0]
    kind = "floor" if first["method"] == FLOOR else str(first["kind"])
    own = set(cells["clip"])
    lacking = [clip for clip in clips if clip not in own]
    notes = []
    if lacking:
        scored = len(clips) - len(lacking)
        notes.append(f"scored on {scored} of {len(clips)} clips, lacks {wording.listing(lacking)}")
    row = {
        "kind": kind,
        "method": first["method"],
        "ranked": kind in _RANKED and not lacking,
        "clips": len(own),
        "samples": len(cells[cells["sample"].notna()].drop_duplicates(["clip", "seed", "sample"])),
    }
    for name, metric in metrics.items():
        row |= {f"{name}_{what}": np.nan for what in _parts(metric)}
        by_clip = list(groups[name].values())
        if by_clip:
            interval = mean_interval(by_clip, resamples=bootstrap, seed=seed)
            row |= {f"{name}_mean": interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
        if by_clip and metric.direction == "one":
            row[f"{name}_off"] = balanced_mean([[measured(one, metric) for one in seeds] for seeds in by_clip])
        if kind in _RANKED and (undefined := sorted(own - set(groups[name]))):
            where = f" on {wording.listing(undefined)}" if groups[name] else ""
            notes.append(f"no {metric.title}{where}")
    return {**row, "note": "; ".join(notes)}


def _parts(metric: Metric) -> tuple[str, ...]:
    return ("mean", "low", "high", "off", "rank") if metric.direction == "one" else ("mean", "low", "high", "rank")


def _with_floor(
    rows: list[dict[str, Any]], floors: Mapping[str, float], metrics: Mapping[str, Metric]
) -> list[dict[str, Any]]:
    """The rows, with the floor's values that the cells lack."""
    given = {f"{name}_mean": float(value) for name, value in floors.items() if name in metrics}
    own = [row for row in rows if row["kind"] == "floor"]
    if given and not own:
        empty = {f"{name}_{what}": np.nan for name, metric in metrics.items() for what in _parts(metric)}
        own = [{"kind": "floor", "method": FLOOR, "ranked": False, "clips": 0, "samples": 0, **empty, "note": ""}]
        rows = [*rows, *own]
    for row in own:
        row.update({key: value for key, value in given.items() if np.isnan(row[key])})
    return rows


def _with_ranks(
    frame: pd.DataFrame, defined: Mapping[str, Mapping[str, set[str]]], metrics: Mapping[str, Metric]
) -> pd.DataFrame:
    """The frame with ranks and mean ranks; `defined` has the clips on which a method has a value of a metric."""
    for name, metric in metrics.items():
        if metric.direction == "none":
            continue
        methods = frame.loc[frame["ranked"], "method"]
        every = set().union(*(defined[method][name] for method in methods))
        # Who lacks a clip that another has a value on would be ranked on other clips, maybe easier ones.
        full = [method for method in methods if every and defined[method][name] == every]
        ranked = frame.index[frame["method"].isin(full)]
        values = frame.loc[ranked, f"{name}_off" if metric.direction == "one" else f"{name}_mean"]
        frame.loc[ranked, f"{name}_rank"] = values.rank(ascending=metric.direction != "higher")
    found = _ranked_metrics(frame, metrics)
    for group in dict.fromkeys(metrics[name].group for name in found):
        own = [f"{name}_rank" for name in found if metrics[name].group == group]
        frame[f"rank_{group}"] = frame[own].mean(axis=1, skipna=False)
    frame["rank_overall"] = frame[[f"{name}_rank" for name in found]].mean(axis=1, skipna=False)
    return frame


def _ranked_metrics(frame: pd.DataFrame, metrics: Mapping[str, Metric]) -> list[str]:
    return [name for name in metrics if f"{name}_rank" in frame and frame[f"{name}_rank"].notna().any()]


def _mean_ranks(frame: pd.DataFrame) -> str:
    own = frame[frame["kind"].isin(_RANKED)]
    ranks = [name for name in frame.columns if name.startswith("rank_") and name != "rank_overall"]
    ranks.insert(0, "rank_overall")
    best = own[ranks].min()
    rows = [
        [
            escape(row["method"]),
            row["kind"],
            str(row["clips"]),
            *(_bold(wording.number(row[name]), row[name] == best[name]) for name in ranks),
            escape(row["note"]),
        ]
        for _, row in own.iterrows()
    ]
    header = ["Method", "Kind", "Clips", *(name.removeprefix("rank_").capitalize() for name in ranks), "Note"]
    return grid(header, rows, left=2)


def _values(frame: pd.DataFrame, metrics: Sequence[Metric]) -> str:
    header = ["Method", *(f"{escape(metric.title)}, {DIRECTIONS[metric.direction]}" for metric in metrics)]
    rows = []
    for _, row in frame.iterrows():
        name = escape(row["method"])
        rows.append(
            [name if row["kind"] in _RANKED else f"*{name}*", *(_value(row, metric, frame) for metric in metrics)]
        )
    return grid(header, rows)


def _value(row: pd.Series, metric: Metric, frame: pd.DataFrame) -> str:
    mean, low, high, rank = (row[f"{metric.name}_{what}"] for what in ("mean", "low", "high", "rank"))
    if np.isnan(mean):
        return wording.MISSING
    text = _bold(short(mean), rank == frame[f"{metric.name}_rank"].min())
    if not np.isnan(low):
        text += f" ({short(low)} to {short(high)})"
    return text if np.isnan(rank) else f"{text}, rank {rank:g}"


def _bold(text: str, whether: bool) -> str:
    return f"**{text}**" if whether else text


def reading(frame: pd.DataFrame, metrics: Mapping[str, Metric] = METRICS) -> list[tuple[str, str]]:
    """What a reader of the leaderboard must know: topics, each with a sentence or two."""
    shown = {name: metric for name, metric in metrics.items() if f"{name}_mean" in frame}
    lines = [
        (
            "Values",
            "Mean over clips, in brackets its 95 % bootstrap interval that resamples clips, then the samples of each. "
            "With few clips it is rather too narrow.",
        ),
        (
            "Ranks",
            "1 is best; equal values share their mean rank. The overall rank is the mean over all ranked metrics, so a "
            "group counts by its number of metrics.",
        ),
    ]
    if "judged_real" in frame:
        lines.append((
            "People", "Share of votes that called a sample real, with a 95 % interval over people and clips; from the "
            "study's report. Not ranked. 50 % is no goal by itself: see there how often real clips were called so.",
        ))  # fmt: skip
    ratios = [metric.title for metric in shown.values() if metric.direction == "one"]
    if ratios:
        lines.append((
            "Ratios", f"{wording.listing(ratios)}: ranked by the mean distance of their logarithm from 0, over samples "
            "and clips, not by the mean that is shown.",
        ))  # fmt: skip
    if (frame["kind"] == "control").any():
        lines.append(("Controls", "They show what a metric can and cannot see, and are not ranked."))
    if (frame["kind"] == "floor").any():
        lines.append((
            FLOOR, "The floor: one half of the real clip scored against the other, with half as many frames. No method "
            "need do better, and it is not ranked.",
        ))  # fmt: skip
    unranked = frame[frame["kind"].isin(_RANKED) & ~frame["ranked"]]
    if len(unranked):
        lines.append(
            ("Not ranked", f"{wording.listing(unranked['method'].tolist())}: scored on fewer clips than others.")
        )
    return [*lines, *_turned(frame, shown)]


def _turned(frame: pd.DataFrame, metrics: Mapping[str, Metric]) -> list[tuple[str, str]]:
    """Which metrics turn the order of SGFID, in words."""
    others = [name for name in _ranked_metrics(frame, metrics) if name != METRIC]
    if not others or frame.get(f"{METRIC}_rank", pd.Series(dtype=float)).count() < 2:
        return []
    turned = reversals(frame, metrics)
    if not turned:
        return [("Order", "No other metric turns the order of SGFID.")]
    titles = wording.listing([metrics[name].title for name in turned])
    count = wording.counted(len(others), "other ranked metric")
    return [
        ("Order", f"{len(turned)} of {count} {'turns' if len(turned) == 1 else 'turn'} the order of SGFID: {titles}."),
        *(
            (
                f"Order, {metrics[name].title}",
                "; ".join(f"{method} passes {wording.listing(behind)}" for method, behind in by.items()) + ".",
            )
            for name, by in turned.items()
        ),
    ]
