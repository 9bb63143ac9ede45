"""What ablations change, as tables: metrics less those of the full model, time, parameters and settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation import wording
from evaluation.ablation_table import signed
from evaluation.comparisons import short, values_by_clip
from evaluation.intervals import balanced_mean
from evaluation.iteration_times import Timing
from evaluation.metrics import METRICS
from evaluation.metrics.metric import GROUPS
from evaluation.plots.style import arrow
from evaluation.report.parts import RowGroup, Table
from evaluation.report.settings import Settings


@dataclass(frozen=True)
class Difference:
    """A cell of the table of metrics: a variant less the full model.

    Attributes:
        value: the difference with its sign, or the sign of a missing value.
        interval: its 95 % interval, empty where there is none.
        word: `better`, `worse`, `more` or `less` where the interval excludes 0, else `unclear`, or empty.
    """

    value: str
    interval: str = ""
    word: str = ""


@dataclass(frozen=True)
class MetricRow:
    """A metric: its title with which way is better, its mean for the full model, and the differences."""

    title: str
    mean: str
    differences: Sequence[Difference]


@dataclass(frozen=True)
class MetricGroup:
    """The metrics that answer one question."""

    heading: str
    rows: Sequence[MetricRow]


def metric_groups(
    comparisons: pd.DataFrame, cells: pd.DataFrame, full: str, ablations: Sequence[str]
) -> list[MetricGroup]:
    """Every metric of `comparisons`, by group.

    Args:
        comparisons: as `evaluation.comparisons.compare` makes it with the full model as reference.
        cells: of the same protocol.
        full: the full model.
        ablations: the columns.
    """
    rows = {(row.metric, row.method): row for row in comparisons.itertuples()}
    own = cells[cells["method"] == full]
    groups = []
    for group, question in GROUPS.items():
        found = []
        for name, metric in METRICS.items():
            if metric.group != group or name not in set(comparisons["metric"]):
                continue
            values = values_by_clip(own[own["metric"] == name])
            mean = short(balanced_mean(list(values.values()))) if values else wording.MISSING
            differences = [_difference(rows.get((name, method)), metric.direction) for method in ablations]
            found.append(MetricRow(arrow(metric), mean, differences))
        if found:
            groups.append(MetricGroup(f"{group.capitalize()}: {question}?", found))
    return groups


def definitions(comparisons: pd.DataFrame) -> list[tuple[str, str]]:
    """What each metric of `comparisons` measures, and what it cannot see."""
    there = set(comparisons["metric"])
    return [(metric.title, metric.about) for name, metric in METRICS.items() if name in there]


def seconds_table(timing: Timing, variants: Sequence[str], full: str) -> Table:
    """Seconds an iteration by scale, and what a whole training takes as a multiple of the full model's."""
    columns = ["Variant", *_scale_names(timing), "All iterations", f"Ratio to {full}", "Rounds from, to"]
    rows = []
    for name, own in timing.only(variants).items():
        cells = [
            f"{wording.number(float(value))} ({dimensions}D)"
            for value, dimensions in zip(np.median(own.seconds, axis=0), own.dimensions, strict=True)
        ]
        ratio, spread = wording.MISSING, wording.MISSING
        if full in timing.variants and name != full:
            # Within a round, whose turns follow each other: the machine may be faster in another.
            ratios = own.training / timing.variants[full].training
            ratio = f"{np.median(ratios):.2f}"
            spread = f"{ratios.min():.2f} to {ratios.max():.2f}"
        rows.append([name, *cells, wording.minutes(float(np.median(own.training)) / 60), ratio, spread])
    return Table("Seconds an iteration, with 3D or 2D convolutions in the generator", columns, [RowGroup(None, rows)])


def parameters_table(timing: Timing, variants: Sequence[str]) -> Table:
    """Numbers of parameters by scale, of generators and of critics, with the iterations of each scale."""
    columns = ["Variant", *_scale_names(timing), "All scales"]
    groups = [
        RowGroup(heading, [[name, *(f"{value:,}" for value in of(own)), f"{sum(of(own)):,}"]
                           for name, own in timing.only(variants).items()])
        for heading, of in (
            ("Parameters of the generator", lambda own: own.parameters["generator"]),
            ("Parameters of the critics", lambda own: own.parameters["critics"]),
            ("Iterations", lambda own: own.iterations),
        )
    ]  # fmt: skip
    return Table("Size of the nets and length of the training, by scale", columns, groups)


def settings_table(settings: Settings) -> Table | None:
    """The settings that differ between variants, a column each."""
    rows = [[key, *values] for key, values in settings.differing if len(set(values)) > 1]
    if not rows:
        return None
    columns = ["Setting", *settings.methods]
    return Table("Settings that differ between variants", columns, [RowGroup(None, rows)], texts=len(columns))


def by_clip(settings: Settings) -> list[tuple[str, str]]:
    """The settings that differ between clips or seeds, but in the same way for every variant."""
    return [(key, values[0]) for key, values in settings.differing if len(set(values)) == 1]


def changes(settings: Settings, full: str) -> list[tuple[str, list[str]]]:
    """For every ablation the settings in which it differs from the full model: `losses.colour is 0, not 1`."""
    if full not in settings.methods:
        return []
    place = list(settings.methods).index(full)
    found = []
    for index, method in enumerate(settings.methods):
        if method != full:
            said = [
                f"{key.removeprefix('config.')} is {_cut(values[index])}, not {_cut(values[place])}"
                for key, values in settings.differing
                # What names or sums up the settings is none.
                if values[index] != values[place] and key != "method" and not key.endswith("sha256")
            ]
            found.append((method, said))
    return found


def _scale_names(timing: Timing) -> list[str]:
    return [f"{width}{wording.TIMES}{height}" for height, width in timing.scales]


def _difference(row: Any, direction: str) -> Difference:
    if row is None or np.isnan(row.difference):
        return Difference(wording.MISSING)
    if np.isnan(row.low):
        return Difference(signed(row.difference))
    # A difference that is the same on every resample has an interval of no width; at 0 it is none.
    sure = row.low > 0 or row.high < 0
    above, below = {"none": ("more", "less"), "higher": ("better", "worse")}.get(direction, ("worse", "better"))
    word = (above if row.difference > 0 else below) if sure else "unclear"
    return Difference(signed(row.difference), f"{short(row.low)} to {short(row.high)}", word)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
