"""The ablation table: what each part of the full model is for, and what it costs.

A row is a variant: the full model first, then the ablations. Every metric has its mean over clips (of the mean over
seeds of the mean over samples) and the difference to the full model with its interval (`evaluation.comparisons`). Nets
have their numbers of parameters, and iterations their time, from the timing file of the ablations.

With s_rk the seconds of an iteration at scale k in round r, and n_k the iterations of that scale,

    seconds a scale    = median over r of s_rk
    training time      = median over r of  t_r = sum over k of n_k s_rk
    ratio              = median over r of  t_r / t_r of the full model,      from its least to its greatest over r

and the ratio of a scale is that of s_rk alike. A round takes the variants in turns, so what slows the machine for a
while slows both sides of a ratio.

Conventions:
- The difference of a metric whose best value is 1 is one of |log value|; its mean is that of the values themselves.
- Training minutes and peak memory are those of the trainings themselves, where the timing is a measurement of its own.
- What a variant lacks is NaN, and `note` says what that is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.files import write_text
from evaluation import wording
from evaluation.comparisons import compare, csv_text, short, values_by_clip
from evaluation.intervals import balanced_mean
from evaluation.iteration_times import NETS, Times, read_timing
from evaluation.latex import escape as latex_escape
from evaluation.markdown import escape, grid
from evaluation.metrics import METRICS
from evaluation.metrics.metric import DIRECTIONS, GROUPS, Metric
from evaluation.tables import RESAMPLES
from evaluation.trainings import Cost, Run, mean_minutes, peak_memory_mb, runs_of

_ARROWS = {"lower": r" $\downarrow$", "higher": r" $\uparrow$", "one": r" $\to 1$", "none": ""}


def ablation_table(
    cells: pd.DataFrame,
    *,
    protocol: str,
    full: str,
    order: Sequence[str] = (),
    timing: Mapping[str, Any] | None = None,
    costs: Mapping[Run, Cost] | None = None,
    metrics: Mapping[str, Metric] = METRICS,
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """The ablation table of a protocol.

    Args:
        cells: as `evaluation.cells.read_cells` gives them, of one protocol.
        full: name of the full model.
        order: names of the ablations in the order of the rows; by default all methods that the cells have. Variants
            that were only timed follow.
        timing: the timing file, parsed.
        costs: of the trainings, by (clip, method, seed).
        metrics: by name, in the order of the columns; those without any cell of the full model are left out.
        bootstrap: resamples of the intervals.
        seed: of the bootstrap; each interval starts from it anew.

    Returns:
        A frame with the columns protocol, variant, clips, seeds, samples; for every metric `<metric>_mean`,
        `_difference`, `_low`, `_high`; `generator_parameters`, `critics_parameters` and each `_<k>` for scale k from 1;
        `timed_minutes`, `ratio`, `ratio_low`, `ratio_high`; for every scale `seconds_<k>`, `ratio_<k>`,
        `ratio_<k>_low`, `ratio_<k>_high`; train_minutes, peak_memory_mb, note. NaN where there is no value.

    Raises:
        InputError: the cells cannot be compared with the full model (`evaluation.comparisons.compare`), or the timing
            file is not one.
    """
    comparisons = compare(
        cells, protocol=protocol, reference=full, metrics=metrics, order=order, bootstrap=bootstrap, seed=seed
    )
    times = {} if timing is None else read_timing(timing).variants
    ablations = order or sorted(set(cells.loc[cells["kind"] == "method", "method"]))
    base = cells[cells["method"] == full]
    metrics = {name: metric for name, metric in metrics.items() if (base["metric"] == name).any()}
    rows = []
    for variant in dict.fromkeys((full, *ablations, *times)):
        own = cells[cells["method"] == variant]
        notes = [*_lacking(set(base["clip"]), own), *([] if variant in times or timing is None else ["not timed"])]
        rows.append(
            {
                "protocol": protocol,
                "variant": variant,
                "clips": own["clip"].nunique(),
                "seeds": own["seed"].nunique(),
                "samples": len(own[own["sample"].notna()].drop_duplicates(["clip", "seed", "sample"])),
                **_metrics(own, comparisons[comparisons["method"] == variant], metrics, notes),
                **_costs(times.get(variant), times.get(full)),
                "train_minutes": mean_minutes(runs_of(own), costs or {}),
                "peak_memory_mb": peak_memory_mb(runs_of(own), costs or {}),
                "note": "; ".join(notes),
            }
        )
    frame = pd.DataFrame(rows)
    frame = frame.astype({name: "Int64" for name in frame.columns if "_parameters" in name})
    # A variant without times has none of their columns, and those of another then come after its note.
    last = ["train_minutes", "peak_memory_mb", "note"]
    return frame[[*(name for name in frame.columns if name not in last), *last]]


def write_ablation_table(frame: pd.DataFrame, path: str | Path, *, metrics: Mapping[str, Metric] = METRICS) -> None:
    """Write the table as CSV, from which floats read back exactly, and the same as .md and .tex beside it."""
    write_ablation_markdown(frame, Path(path).with_suffix(".md"), metrics=metrics)
    write_ablation_latex(frame, Path(path).with_suffix(".tex"), metrics=metrics)
    write_text(path, csv_text(frame))


def write_ablation_markdown(frame: pd.DataFrame, path: str | Path, *, metrics: Mapping[str, Metric] = METRICS) -> None:
    """Write the table as Markdown for reading: a table a group of metrics, one of costs, two by scale, and what they
    mean."""
    shown = {name: metric for name, metric in metrics.items() if f"{name}_mean" in frame}
    full = frame["variant"].iloc[0]
    blocks = [
        f"# Ablations, protocol {escape(frame['protocol'].iloc[0])}",
        f"The full model is {escape(full)}; each other row is that model changed as its name says.",
    ]
    for group in dict.fromkeys(metric.group for metric in shown.values()):
        own = [metric for metric in shown.values() if metric.group == group]
        blocks += [f"## {group.capitalize()}: {GROUPS[group]}", _values(frame, own)]
    blocks += ["## Cost: what a variant needs", _cost_table(frame)]
    if scales := scales_of(frame):
        blocks += [
            "## By scale",
            "Parameters of the generator, and of the critics together.",
            _parameters(frame, scales),
            "Seconds of an iteration, and in brackets the ratio to the full model.",
            _seconds(frame, scales),
        ]
    blocks += ["## How to read this", "\n".join(f"- {line}" for line in _reading(frame, shown))]
    write_text(path, "\n\n".join(blocks) + "\n")


def write_ablation_latex(frame: pd.DataFrame, path: str | Path, *, metrics: Mapping[str, Metric] = METRICS) -> None:
    """Write the table as LaTeX (booktabs), turned: so many metrics do not fit beside each other, and variants do."""
    shown = {name: metric for name, metric in metrics.items() if f"{name}_mean" in frame}
    rows = [row for _, row in frame.iterrows()]
    lines: list[str] = []
    for group in dict.fromkeys(metric.group for metric in shown.values()):
        own = [metric for metric in shown.values() if metric.group == group]
        lines += [
            _latex_line(f"{latex_escape(metric.title)}{_ARROWS[metric.direction]}",
                        [_latex_value(row, metric.name) for row in rows])
            for metric in own
        ]  # fmt: skip
        lines.append(r"\midrule")
    lines += [_latex_line(latex_escape(title), [latex_escape(of(row)) for row in rows]) for title, of in _COSTS.items()]
    full = frame["variant"].iloc[0]
    caption = (
        f"Ablations of {full}, protocol {frame['protocol'].iloc[0]}. Mean over clips and, in brackets, the difference "
        "to the full model (of the size of the logarithm for ratios); * where its 95 % bootstrap interval excludes 0. "
        "Time ratio: median over rounds of the time of all iterations over the full model's, from least to greatest."
    )
    document = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{latex_escape(caption)}}}",
        r"  \label{tab:ablations}",
        f"  \\begin{{tabular}}{{l{'r' * len(rows)}}}",
        r"    \toprule",
        f"    {_latex_line('', [latex_escape(row['variant']) for row in rows])}",
        r"    \midrule",
        *(f"    {line}" for line in lines),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    write_text(path, "\n".join(document) + "\n")


def scales_of(frame: pd.DataFrame) -> list[int]:
    """The scales that a table has columns of, from 1."""
    return sorted(int(name.removeprefix("seconds_")) for name in frame.columns if name.startswith("seconds_"))


def _lacking(clips: set[str], cells: pd.DataFrame) -> list[str]:
    if cells.empty:
        return ["not scored"]
    lacking = sorted(clips - set(cells["clip"]))
    return [f"not scored on {wording.listing(lacking)}"] if lacking else []


def _metrics(
    cells: pd.DataFrame, comparisons: pd.DataFrame, metrics: Mapping[str, Metric], notes: list[str]
) -> dict[str, float]:
    """Mean and difference of each metric; where one is undefined goes to `notes`."""
    by_metric = comparisons.set_index("metric")
    row: dict[str, float] = {}
    for name, metric in metrics.items():
        groups = values_by_clip(cells[cells["metric"] == name])
        row[f"{name}_mean"] = balanced_mean(list(groups.values())) if groups else np.nan
        found = by_metric.loc[name] if name in by_metric.index else None
        for what in ("difference", "low", "high"):
            row[f"{name}_{what}"] = np.nan if found is None else float(found[what])
        if undefined := sorted(set(cells["clip"]) - set(groups)):
            notes.append(f"no {metric.title} on {wording.listing(undefined)}")
    return row


def _costs(own: Times | None, full: Times | None) -> dict[str, float]:
    """Parameters, seconds and ratios of one variant."""
    if own is None:
        return {}
    row: dict[str, float] = {f"{net}_parameters": int(own.parameters[net].sum()) for net in NETS}
    for net in NETS:
        row |= {f"{net}_parameters_{k}": int(count) for k, count in enumerate(own.parameters[net], 1)}
    row["timed_minutes"] = float(np.median(own.training)) / 60
    row |= _ratio("ratio", own.training, None if full is None else full.training)
    for k, seconds in enumerate(own.seconds.T, 1):
        row[f"seconds_{k}"] = float(np.median(seconds))
        row |= _ratio(f"ratio_{k}", seconds, None if full is None else full.seconds[:, k - 1])
    return row


def _ratio(name: str, above: np.ndarray, below: np.ndarray | None) -> dict[str, float]:
    """Median, least and greatest of the ratios within rounds; arrays [rounds]."""
    if below is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), np.nan)
    ratios = above / below
    return {name: float(np.median(ratios)), f"{name}_low": float(ratios.min()), f"{name}_high": float(ratios.max())}


def _values(frame: pd.DataFrame, metrics: Sequence[Metric]) -> str:
    header = ["Variant", *(f"{escape(metric.title)}, {DIRECTIONS[metric.direction]}" for metric in metrics)]
    rows = [[escape(row["variant"]), *(_value(row, metric.name) for metric in metrics)] for _, row in frame.iterrows()]
    return grid(header, rows)


def _value(row: pd.Series, name: str) -> str:
    mean, difference, low, high = (row[f"{name}_{what}"] for what in ("mean", "difference", "low", "high"))
    if np.isnan(mean):
        return wording.MISSING
    text = short(mean)
    if not np.isnan(difference):
        text += f", {signed(difference)}"
    return text if np.isnan(low) else f"{text} ({short(low)} to {short(high)})"


def signed(value: float) -> str:
    """As `evaluation.comparisons.short`, a positive number with its sign."""
    return f"+{short(value)}" if value > 0 else short(value)


def _latex_value(row: pd.Series, name: str) -> str:
    mean, difference, low, high = (row[f"{name}_{what}"] for what in ("mean", "difference", "low", "high"))
    if np.isnan(mean):
        return latex_escape(wording.MISSING)
    star = "*" if low > 0 or high < 0 else ""
    return latex_escape(short(mean) if np.isnan(difference) else f"{short(mean)} ({signed(difference)}{star})")


def _latex_line(title: str, cells: Sequence[str]) -> str:
    return " & ".join([title, *cells]) + r" \\"


def _count(value: Any) -> str:
    return wording.MISSING if pd.isna(value) else f"{value:,}"


def _spread(row: pd.Series, name: str) -> str:
    """A ratio, and from where to where it goes over rounds."""
    if np.isnan(row[name]):
        return wording.MISSING
    return f"{row[name]:.2f} ({row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f})"


_COSTS = {
    "Generator, parameters": lambda row: _count(row.get("generator_parameters")),
    "Critics, parameters": lambda row: _count(row.get("critics_parameters")),
    "Timed": lambda row: wording.minutes(row.get("timed_minutes", np.nan)),
    "Time ratio": lambda row: _spread(row, "ratio") if "ratio" in row else wording.MISSING,
    "Training a clip": lambda row: wording.minutes(row["train_minutes"]),
    "Peak memory": lambda row: wording.memory(row["peak_memory_mb"]),
}


def _cost_table(frame: pd.DataFrame) -> str:
    rows = [[escape(row["variant"]), *(of(row) for of in _COSTS.values())] for _, row in frame.iterrows()]
    return grid(["Variant", *_COSTS], rows)


def _parameters(frame: pd.DataFrame, scales: Sequence[int]) -> str:
    rows = [[escape(row["variant"]), *(_both_nets(row, k) for k in scales)] for _, row in frame.iterrows()]
    return grid(["Variant", *(f"Scale {k}" for k in scales)], rows)


def _both_nets(row: pd.Series, k: int) -> str:
    counts = [row[f"{net}_parameters_{k}"] for net in NETS]
    return wording.MISSING if any(map(pd.isna, counts)) else " + ".join(map(_count, counts))


def _seconds(frame: pd.DataFrame, scales: Sequence[int]) -> str:
    rows = [[escape(row["variant"]), *(_scale_time(row, k) for k in scales)] for _, row in frame.iterrows()]
    return grid(["Variant", *(f"Scale {k}" for k in scales)], rows)


def _scale_time(row: pd.Series, k: int) -> str:
    text = short(row[f"seconds_{k}"])
    return text if np.isnan(row[f"ratio_{k}"]) else f"{text} ({row[f'ratio_{k}']:.2f})"


def _reading(frame: pd.DataFrame, metrics: Mapping[str, Metric]) -> list[str]:
    full = escape(frame["variant"].iloc[0])
    lines = [
        f"**Values.** Mean over clips, then the difference to {full} with its 95 % bootstrap interval that resamples "
        "clips, then the samples of each. With few clips it is rather too narrow.",
    ]
    if ratios := [metric.title for metric in metrics.values() if metric.direction == "one"]:
        which = escape(wording.listing(ratios))
        lines.append(f"**Ratios.** {which}: the mean is that of the values, the difference that of |log value|.")
    lines += [
        "**Timed.** The time of all iterations of all scales, from an iteration of each that was measured in turns "
        f"over the variants. The ratio to {full} is taken within a round: the median over rounds, and from the least "
        "to the greatest.",
        "**Training a clip.** What the trainings took themselves, with whatever else the machine did; memory is the "
        "peak.",
    ]
    for _, row in frame[frame["note"] != ""].iterrows():
        lines.append(f"**Note.** {escape(row['variant'])}: {escape(row['note'])}.")
    return lines
