"""What ablations change, as tables: metrics less those of the full model, time, parameters and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from datasets.errors import InputError
from evaluation import wording
from evaluation.comparisons import short, values_by_clip
from evaluation.intervals import balanced_mean
from evaluation.metrics import METRICS
from evaluation.metrics.metric import DIRECTIONS, GROUPS
from evaluation.plots.style import arrow
from evaluation.report.parts import RowGroup, Table
from evaluation.report.settings import Settings


@dataclass(frozen=True)
class VariantTiming:
    """What a timing file says of a variant; every list is by scale, coarsest first.

    Attributes:
        iterations: how many a training makes.
        dimensions: of the generator's convolutions, 3 or 2.
        generator, critics: numbers of parameters.
        seconds: float64 [rounds, scales], of one iteration.
    """

    iterations: Sequence[int]
    dimensions: Sequence[int]
    generator: Sequence[int]
    critics: Sequence[int]
    seconds: np.ndarray


@dataclass(frozen=True)
class Timing:
    """A timing file: how it was measured, in words, the scales (height, width), and the variants that it has."""

    how: str
    scales: Sequence[tuple[int, int]]
    variants: Mapping[str, VariantTiming]


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


def read_timing(timing: Mapping[str, Any] | None, variants: Sequence[str]) -> Timing | None:
    """The timing file, checked; None where there is none, or none of the variants is in it.

    Raises:
        InputError: it is no timing file.
    """
    if timing is None:
        return None
    try:
        scales = [(int(scale["size"][0]), int(scale["size"][1])) for scale in timing["scales"]]
        found = {name: _variant(timing["variants"][name]) for name in variants if name in timing["variants"]}
        if any(len(one) != len(scales) for own in found.values() for one in _by_scale(own)):
            raise ValueError
        clip = f"{timing['clip']}, " if timing["clip"] else ""
        height, width = timing["size"]
        how = (
            f"Measured in turns over the variants, {wording.counted(int(timing['rounds']), 'round')}, on "
            f"{timing['device']} with {wording.counted(int(timing['threads']), 'thread')} in {timing['precision']}: "
            f"{clip}{wording.counted(int(timing['frames']), 'frame')} of {width}{wording.TIMES}{height} px."
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError("timing of the ablations: not such a file; let the step that times them run again") from error
    return Timing(how, scales, found) if found else None


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
    return [
        (
            metric.title,
            f"{metric.definition[0].upper()}{metric.definition[1:]} ({DIRECTIONS[metric.direction]}"
            f"{'; in ' + metric.unit if metric.unit else ''}). It cannot see {metric.blind_to}.",
        )
        for name, metric in METRICS.items()
        if name in set(comparisons["metric"])
    ]


def all_differences(comparisons: pd.DataFrame) -> Table | None:
    """Every row of `comparisons` with its effect size and test."""
    if comparisons.empty:
        return None
    columns = ["Metric", "Ablation", "Difference", "95 % interval", "Effect", "p (Holm)", "Clips", "Note"]
    rows = [
        [
            METRICS[row.metric].title if row.metric in METRICS else row.metric,
            row.method,
            _signed(row.difference),
            wording.MISSING if np.isnan(row.low) else f"{short(row.low)} to {short(row.high)}",
            wording.MISSING if np.isnan(row.effect) else f"{row.effect:+.2f}",
            wording.number(row.p_holm),
            str(row.clips),
            row.note,
        ]
        for row in comparisons.itertuples()
    ]
    caption = f"Differences from {comparisons['reference'].iloc[0]}, clip by clip, with effect size and test"
    return Table(caption, columns, [RowGroup(None, rows)], texts=2)


def seconds_table(timing: Timing, full: str) -> Table:
    """Seconds an iteration by scale, and what a whole training takes as a multiple of the full model's."""
    columns = ["Variant", *_scale_names(timing), "All iterations", f"Ratio to {full}", "Rounds from, to"]
    base = _totals(timing.variants[full]) if full in timing.variants else None
    rows = []
    for name, own in timing.variants.items():
        totals = _totals(own)
        seconds = own.seconds.mean(axis=0)
        cells = [
            f"{wording.number(float(value))} ({dimensions}D)"
            for value, dimensions in zip(seconds, own.dimensions, strict=True)
        ]
        ratio, spread = wording.MISSING, wording.MISSING
        if base is not None and name != full and len(base) == len(totals):
            # Within a round, whose turns follow each other: the machine may be faster in another.
            ratios = totals / base
            ratio = f"{ratios.mean():.2f}"
            spread = f"{ratios.min():.2f} to {ratios.max():.2f}"
        rows.append([name, *cells, wording.minutes(float(totals.mean()) / 60), ratio, spread])
    return Table("Seconds an iteration, with 3D or 2D convolutions in the generator", columns, [RowGroup(None, rows)])


def parameters_table(timing: Timing) -> Table:
    """Numbers of parameters by scale, of generators and of critics, with the iterations of each scale."""
    columns = ["Variant", *_scale_names(timing), "All scales"]
    groups = [
        RowGroup(heading, [[name, *(f"{value:,}" for value in of(own)), f"{sum(of(own)):,}"]
                           for name, own in timing.variants.items()])
        for heading, of in (
            ("Parameters of the generator", lambda own: own.generator),
            ("Parameters of the critics", lambda own: own.critics),
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


def _variant(own: Mapping[str, Any]) -> VariantTiming:
    counts = [own["iterations"], own["dimensions"], own["parameters"]["generator"], own["parameters"]["critics"]]
    seconds = np.array(own["seconds"], dtype=np.float64)
    if seconds.ndim != 2 or not seconds.size or not np.isfinite(seconds).all() or (seconds < 0).any():
        raise ValueError
    return VariantTiming(*([int(value) for value in one] for one in counts), seconds)


def _by_scale(own: VariantTiming) -> list[Sequence[Any]]:
    return [own.iterations, own.dimensions, own.generator, own.critics, own.seconds[0]]


def _totals(own: VariantTiming) -> np.ndarray:
    """Seconds of a whole training [rounds]."""
    return own.seconds @ np.array(own.iterations, dtype=np.float64)


def _scale_names(timing: Timing) -> list[str]:
    return [f"{width}{wording.TIMES}{height}" for height, width in timing.scales]


def _difference(row: Any, direction: str) -> Difference:
    if row is None or np.isnan(row.difference):
        return Difference(wording.MISSING)
    if np.isnan(row.low):
        return Difference(_signed(row.difference))
    # A difference that is the same on every resample has an interval of no width; at 0 it is none.
    sure = row.low > 0 or row.high < 0
    above, below = {"none": ("more", "less"), "higher": ("better", "worse")}.get(direction, ("worse", "better"))
    word = (above if row.difference > 0 else below) if sure else "unclear"
    return Difference(_signed(row.difference), f"{short(row.low)} to {short(row.high)}", word)


def _signed(value: float) -> str:
    said = short(value)
    return f"+{said}" if value > 0 and said != "0" else said


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
