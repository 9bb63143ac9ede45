r"""Methods compared with a reference, clip by clip.

The clip is the unit: samples of one clip are alike. With x_c the mean over seeds of the mean over samples of a method
on clip c, and y_c that of the reference,

    difference = mean over c of d_c,   d_c = x_c - y_c                                       in the metric's unit
    effect     = (W+ - W-) / (W+ + W-)                                                       in [-1, 1]
    p          = share of the 2^n ways to give n differences signs with  |W+ - W-|  as large as it is

W+ and W- are the sums of the ranks of |d_c| over positive and negative d_c: the matched-pairs rank-biserial correlation
(Kerby 2014) and the exact two-sided signed-rank test (Wilcoxon 1945). The interval is a bootstrap's
(`evaluation.intervals`). p is corrected for the number of methods compared with the reference on a metric (Holm 1979).

Conventions:
- Differences of 0 are dropped before ranking, equal |d_c| share their mean rank, and the distribution of W+ is that of
  the ranks so obtained. All 2^n signs count, none is approximated. Without any difference the effect is undefined.
- The smallest p that n differences allow is 2 / 2^n. Where it is above 0.05 no p is given: the test could not have
  found anything. Holm's number of tests is that of the p given.
- A metric whose best value is 1 is compared by |log value|, at most log 1000: a ratio of 0 is infinitely far from 1.
- A difference or an effect below 0 means less than the reference, which is better or worse as the metric has it.
- A clip counts where both have all their values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.errors import InputError
from datasets.files import write_text
from evaluation import wording
from evaluation.intervals import difference_interval
from evaluation.markdown import escape, grid
from evaluation.metrics import METRICS
from evaluation.metrics.metric import GROUPS, Metric
from evaluation.tables import RESAMPLES, in_order

COLUMNS = (
    *("method", "reference", "metric", "clips", "difference", "low", "high"),
    *("effect", "p", "p_holm", "smallest_p", "note"),
)
LEVEL = 0.05
"""Where the smallest possible p is above it, none is given."""
FARTHEST = float(np.log(1000))
"""The largest |log value| that a ratio may have."""


@dataclass(frozen=True)
class SignedRank:
    """What the signs and ranks of paired differences say.

    Attributes:
        pairs: number of differences that are not 0.
        effect: matched-pairs rank-biserial correlation in [-1, 1], NaN without any pair.
        p: exact and two-sided, None where `smallest_p` is above LEVEL.
        smallest_p: the least that p could be with so many pairs, at most 1.
    """

    pairs: int
    effect: float
    p: float | None
    smallest_p: float


def signed_rank(differences: np.ndarray) -> SignedRank:
    """The exact Wilcoxon signed-rank test of differences [n], finite; zeros are dropped, ties share their mean rank."""
    differences = np.asarray(differences, dtype=np.float64)
    differences = differences[differences != 0]
    count = differences.size
    smallest = min(1.0, 2.0 ** (1 - count))
    if not count:
        return SignedRank(0, float("nan"), None, smallest)
    # Mean ranks are halves at most, so twice a rank is whole and sums of them are places in an array.
    ranks = np.rint(2 * pd.Series(np.abs(differences)).rank().to_numpy()).astype(int)
    above, total = int(ranks[differences > 0].sum()), int(ranks.sum())
    effect = (2 * above - total) / total
    p = exact_p(ranks, above) if smallest <= LEVEL else None
    return SignedRank(count, effect, p, smallest)


def exact_p(ranks: np.ndarray, above: int) -> float:
    """P(|2 W - total| >= |2 above - total|), W the sum of the `ranks` [n], int >= 0, that n fair coins choose."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        moved = np.zeros_like(chances)
        moved[rank:] = chances[: chances.size - rank]
        # Halves of halves: exact in float64 up to 52 ranks.
        chances = (chances + moved) / 2
    far = np.abs(2 * np.arange(chances.size) - (chances.size - 1)) >= abs(2 * above - (chances.size - 1))
    return min(1.0, float(chances[far].sum()))


def holm(values: Sequence[float]) -> np.ndarray:
    """Holm's adjusted p values [n] of p values [n]: the i-th smallest times n - i + 1, never below a smaller one's."""
    values = np.asarray(values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1)))
    return adjusted


def compare(
    cells: pd.DataFrame,
    *,
    protocol: str,
    reference: str,
    metrics: Mapping[str, Metric] = METRICS,
    order: Sequence[str] = (),
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Every method and peer compared with `reference` on every metric that the reference has.

    Args:
        cells: as `evaluation.cells.read_cells` gives them, of one protocol.
        reference: a name of a method, a peer or a control.
        metrics: by name; others are left out.
        order: names of methods in the order of their registry.
        bootstrap: resamples of the interval.
        seed: of the bootstrap; each row starts from it anew.

    Returns:
        A frame with exactly the columns `COLUMNS`, metrics in their order, then methods; NaN where there is no value.

    Raises:
        InputError: the cells cannot be compared (`comparable`), or hold no such reference.
    """
    cells = comparable(cells, protocol)
    kinds = cells.drop_duplicates("method").set_index("method")["kind"]
    if reference not in kinds:
        known = wording.listing(in_order(kinds, order))
        raise InputError(f"reference '{reference}': the cells hold no such method; choose one of {known}")
    others = [name for name in in_order(kinds, order) if name != reference and kinds[name] != "control"]
    rows = []
    for name, metric in metrics.items():
        own = cells[cells["metric"] == name]
        if reference not in set(own["method"]):
            continue
        groups = {method: _measured(own[own["method"] == method], metric) for method in (reference, *others)}
        for method in others:
            row = _row(groups[method], groups[reference], bootstrap, seed)
            rows.append({"method": method, "reference": reference, "metric": name, **row})
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["p_holm"] = np.nan
    for _, family in frame[frame["p"].notna()].groupby("metric"):
        frame.loc[family.index, "p_holm"] = holm(family["p"])
    return frame.astype(dict.fromkeys(("difference", "low", "high", "effect", "p", "p_holm", "smallest_p"), float))


def comparable(cells: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """The cells, checked: they are of this protocol, and whatever is compared was measured alike on the same clips.

    Raises:
        InputError: there are none, or they mix protocols, encoders, layers of a metric or versions of a clip.
    """
    if not (cells["protocol"] == protocol).any():
        raise InputError(f"protocol '{protocol}': the cells hold nothing of it; score some samples first")
    for column in ("protocol", "encoder"):
        _alike(cells[column], column)
    for _, own in cells.groupby("metric"):
        _alike(own["layer"], "layer")
    versions = cells.drop_duplicates(["clip", "clip_sha256"])
    twice = versions[versions.duplicated("clip")]
    if len(twice):
        own = cells[cells["clip"] == twice["clip"].iloc[0]]
        one, other = own.drop_duplicates("clip_sha256")["method"].iloc[:2]
        raise InputError(
            f"clip '{twice['clip'].iloc[0]}': {one} and {other} were scored against different versions of it, which "
            "cannot be compared; score all against one"
        )
    return cells


def values_by_clip(cells: pd.DataFrame) -> dict[str, list[np.ndarray]]:
    """For every clip the values of a method on a metric, as `evaluation.intervals` takes them: an array [n] a seed.

    Where no seed has more than one value, as in metrics of a whole set, all are in one array. A clip with an undefined
    value is left out.
    """
    found = {}
    for clip, own in cells.groupby("clip", sort=True):
        if own["value"].notna().all():
            seeds = [group["value"].to_numpy(np.float64) for _, group in own.groupby("seed", sort=True)]
            found[str(clip)] = seeds if max(map(len, seeds)) > 1 else [np.concatenate(seeds)]
    return found


def measured(values: np.ndarray, metric: Metric) -> np.ndarray:
    """Values [n] as they are compared: themselves, or |log value| up to FARTHEST where 1 is best."""
    if metric.direction != "one":
        return values
    return np.abs(np.log(np.clip(values, np.exp(-FARTHEST), np.exp(FARTHEST))))


def write_comparisons(frame: pd.DataFrame, path: str | Path) -> None:
    """Write `frame` as CSV; floats read back exactly."""
    write_text(path, csv_text(frame))


def write_comparisons_markdown(
    frame: pd.DataFrame, path: str | Path, *, protocol: str, metrics: Mapping[str, Metric] = METRICS
) -> None:
    """Write what `compare` gave as Markdown for reading: a table a group of metrics, then what the numbers mean.

    Raises:
        InputError: there is nothing to compare.
    """
    if frame.empty:
        raise InputError(f"{path}: there is no method to compare with the reference; score one first")
    reference = str(frame["reference"].iloc[0])
    blocks = [f"# Comparisons with {escape(reference)}, protocol {escape(protocol)}"]
    for group in dict.fromkeys(metrics[name].group for name in frame["metric"]):
        own = frame[[metrics[name].group == group for name in frame["metric"]]]
        blocks += [f"## {group.capitalize()}: {GROUPS[group]}", _table(own, metrics)]
    blocks += ["## How to read this", "\n".join(f"- {line}" for line in _reading(frame, metrics))]
    write_text(path, "\n\n".join(blocks) + "\n")


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV: floats read back exactly, missing values are empty."""
    text = frame.astype(object).where(frame.notna(), "")
    return text.map(lambda value: repr(float(value)) if isinstance(value, float) else str(value)).to_csv(
        index=False, lineterminator="\n"
    )


def short(value: float) -> str:
    """As `evaluation.wording.number`, but two significant digits of what would be rounded away: 0.00042, not 0.000.

    Below a millionth lies what rounding left of a 0.
    """
    if not np.isfinite(value) or abs(value) >= 0.0995 or abs(value) < 1e-6:
        return wording.number(value)
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")


def _alike(column: pd.Series, name: str) -> None:
    found = sorted(set(column))
    if len(found) > 1:
        raise InputError(f"{name}: the cells mix {wording.listing(found)}, which cannot be compared; give those of one")


def _measured(cells: pd.DataFrame, metric: Metric) -> dict[str, list[np.ndarray]]:
    return {clip: [measured(one, metric) for one in seeds] for clip, seeds in values_by_clip(cells).items()}


def _row(
    groups: dict[str, list[np.ndarray]], base: dict[str, list[np.ndarray]], bootstrap: int, seed: int
) -> dict[str, Any]:
    clips = [clip for clip in base if clip in groups]
    lacking = sorted(set(groups) ^ set(base))
    notes = [f"without {wording.listing(lacking)}, where only one has values"] if lacking else []
    if not clips:
        return {"clips": 0, "note": "; ".join(["no clip where both have values", *notes])}
    sides = ([groups[clip] for clip in clips], [base[clip] for clip in clips])
    interval = difference_interval(*sides, resamples=bootstrap, seed=seed)
    means = [np.array([np.mean([one.mean() for one in seeds]) for seeds in side]) for side in sides]
    test = signed_rank(means[0] - means[1])
    if test.p is None:
        notes.insert(0, _no_p(len(clips), test))
    return {
        "clips": len(clips),
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "effect": test.effect,
        "p": np.nan if test.p is None else test.p,
        "smallest_p": test.smallest_p,
        "note": "; ".join(notes),
    }


def _no_p(clips: int, test: SignedRank) -> str:
    if not test.pairs:
        return "the two do not differ on any clip"
    which = wording.counted(test.pairs, "clip") if test.pairs == clips else f"{test.pairs} of {clips} clips that differ"
    return f"with {which} no p below {test.smallest_p:g} is possible"


def _table(frame: pd.DataFrame, metrics: Mapping[str, Metric]) -> str:
    tests = ["p", "p (Holm)"] if frame["p"].notna().any() else []
    header = ["Metric", "Method", "Clips", "Difference", "95 % interval", "Effect", *tests, "Better on average"]
    rows = [
        [
            escape(metrics[row.metric].title),
            escape(row.method),
            str(row.clips),
            short(row.difference),
            wording.MISSING if np.isnan(row.low) else f"{short(row.low)} to {short(row.high)}",
            wording.MISSING if np.isnan(row.effect) else f"{row.effect:+.2f}",
            *([_p(row.p), _p(row.p_holm)] if tests else []),
            escape(_better(row, metrics[row.metric])),
        ]
        for row in frame.itertuples()
    ]
    return grid(header, rows, left=2)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else wording.number(value)


def _better(row: Any, metric: Metric) -> str:
    if metric.direction == "none" or not abs(row.difference) > 0:
        return wording.MISSING
    return row.method if (row.difference > 0) == (metric.direction == "higher") else row.reference


def _reading(frame: pd.DataFrame, metrics: Mapping[str, Metric]) -> list[str]:
    reference = escape(frame["reference"].iloc[0])
    lines = [
        f"**Difference.** Mean over clips of the method's mean less that of {reference}, in the metric's unit; below 0 "
        "the method has less. The interval is a 95 % bootstrap interval that resamples clips, then the samples of "
        "each; with few clips it is rather too narrow.",
        "**Effect.** Matched-pairs rank-biserial correlation of the clips' differences: 1 where the method has more on "
        "every clip, -1 where it has less on every clip, 0 where the ranks balance.",
        "**p.** Exact two-sided Wilcoxon signed-rank test over clips, then corrected after Holm for the number of "
        "methods that were tested on the metric.",
    ]
    ratios = [metrics[name].title for name in dict.fromkeys(frame["metric"]) if metrics[name].direction == "one"]
    if ratios:
        which = escape(wording.listing(ratios))
        lines.append(f"**Ratios.** {which}: 1 is best, so the size of the logarithm is compared; less is better.")
    notes: dict[str, dict[str, list[str]]] = {}
    for row in frame[frame["note"] != ""].itertuples():
        for note in row.note.split("; "):
            notes.setdefault(note, {}).setdefault(row.method, []).append(metrics[row.metric].title)
    rows = frame["method"].value_counts()
    for note, by_method in notes.items():
        # A note on every metric of a method, as a rule, because the clips that a method has are the same for all.
        where = [method if len(titles) == rows[method] else f"{method} on {wording.listing(titles)}"
                 for method, titles in by_method.items()]  # fmt: skip
        lines.append(f"**Note.** {escape('; '.join(where))}: {escape(note)}.")
    return lines
