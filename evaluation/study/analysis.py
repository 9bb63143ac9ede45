"""From votes to results: rates, detection, equivalence and agreement, by method and clip, beside the paper's 44 of 90.

The unit of a majority is an item of a fake, one stimulus; a tie is no majority for "real", and ties are counted. Rates
by vote weigh every vote alike. Only votes that no rule left out are used.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.errors import InputError
from datasets.files import write_json
from evaluation.study.agreement import alpha_interval
from evaluation.study.exclusions import stimulus
from evaluation.study.key import Key
from evaluation.study.rate_table import RateRow
from evaluation.study.rates import (
    Estimate,
    clustered_rate,
    difference,
    equivalence,
    pigeonhole,
    quantile,
    spread,
    tabulate,
    wilson,
)
from evaluation.study.signal_detection import FAKE, REAL, Detection, detection
from evaluation.study.votes import SIMULATED, find_key, read_left_out, read_votes

PAPER = (44, 90)
"""Fakes that most of three workers judged real, of how many (Arora and Lee 2021, section 4)."""
REALS = "real"
"""What the real clips are called where methods are named."""
MEASURES = ("judged_real_majority", "judged_real_vote", "dprime", "criterion", "alpha", "equivalence_p")
_NONE = Estimate(float("nan"), float("nan"), float("nan"), 0)


@dataclass(frozen=True)
class Majority:
    """Attributes:
    rate: of items that most votes called real, with Wilson's interval; `n` is the number of items with a vote.
    judged: how many those are.
    ties: items with as many votes for either.
    """

    rate: Estimate
    judged: int
    ties: int


@dataclass(frozen=True)
class VoteRate:
    """The rate of "real" among votes.

    Attributes:
        independent: with Wilson's interval, as if no vote had to do with another.
        clustered: with the interval clustered by worker and clip; of one clip, by worker and sample.
        bootstrap: with the pigeonhole bootstrap's over the same.
    """

    independent: Estimate
    clustered: Estimate
    bootstrap: Estimate


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests that the rate by vote is within 1/2 +- margin; low, high: the clustered 90 % interval."""

    margin: float
    p: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether equivalence is shown at the 5 % level."""
        return self.p < 0.05


@dataclass(frozen=True)
class MethodResult:
    """What the votes say of a method's samples, of all clips or one (then without detection and equivalence)."""

    majority: Majority
    votes: VoteRate
    agreement: Estimate
    equivalence: Equivalence | None = None
    detection: Detection | None = None


@dataclass(frozen=True)
class Analysis:
    """Attributes:
    key: of the study.
    methods: by name, in the order of the design.
    by_clip: (method, clip) -> the same.
    reals: of the real clips; None where none were shown.
    reals_by_clip: by clip.
    differences: (method, other) -> rate by vote of the one minus that of the other, clustered.
    paper: method -> its rate by majority minus the paper's, with Newcombe's interval.
    counts: of votes, workers, sheets and items, and what was left out.
    """

    key: Key
    methods: Mapping[str, MethodResult]
    by_clip: Mapping[tuple[str, str], MethodResult]
    reals: VoteRate | None
    reals_by_clip: Mapping[str, VoteRate]
    differences: Mapping[tuple[str, str], Estimate]
    paper: Mapping[str, Estimate]
    counts: Mapping[str, Any]


def analyse(key: Key, votes: pd.DataFrame, left_out: pd.DataFrame | None = None) -> Analysis:
    """Analyse a study.

    Args:
        key: of the study.
        votes: as `evaluation.study.votes.read_votes` gives them.
        left_out: as `read_left_out` gives it; what was no vote, for the counts.

    Raises:
        InputError: the votes are not of this study, or no vote on any fake counts.
    """
    told = _told(key, votes)
    counted = told[told["excluded"] == ""]
    fakes, reals = (counted[counted["kind"] == kind] for kind in ("fake", "real"))
    if fakes.empty:
        raise InputError("votes.csv: no vote on a fake counts; see its column 'excluded', and collect more votes")
    methods = [method for method in key.design.methods if (fakes["method"] == method).any()]
    of_method = {method: fakes[fakes["method"] == method] for method in methods}
    results = {method: _method(key, own, reals) for method, own in of_method.items()}
    by_clip = {
        (method, clip): _result(own[own["clip"] == clip], "stimulus")
        for method, own in of_method.items()
        for clip in key.design.clips
        if (own["clip"] == clip).any()
    }
    return Analysis(
        key,
        results,
        by_clip,
        _vote_rate(reals, "clip") if len(reals) else None,
        {clip: _vote_rate(own, "stimulus") for clip in key.design.clips if len(own := reals[reals["clip"] == clip])},
        {
            (method, methods[0]): _gap(of_method[method], of_method[methods[0]])
            for method in methods[1:]
        },
        {
            method: difference(result.majority.judged, result.majority.rate.n, *PAPER)
            for method, result in results.items()
        },
        _counts(key, told, left_out),
    )  # fmt: skip


def analyse_imported(key: Path, votes: Path) -> Analysis:
    """Analyse what an import wrote.

    Args:
        key: the key folder, or a key file in it.
        votes: `votes.csv` or its folder; `left_out.csv` beside it is counted.

    Raises:
        InputError: a file is missing or damaged, or as `analyse`.
    """
    frame = read_votes(votes)
    left_out = (votes if votes.is_dir() else votes.parent) / "left_out.csv"
    return analyse(find_key(key, set(frame["study"])), frame, read_left_out(left_out) if left_out.exists() else None)


def rate_rows(analysis: Analysis) -> Iterator[RateRow]:
    """The rows of `rates.csv`; intervals of votes are the clustered ones."""

    def row(method: str, clip: str, measure: str, estimate: Estimate):
        return method, clip, measure, estimate.value, estimate.low, estimate.high, estimate.n

    of_all = {(method, ""): result for method, result in analysis.methods.items()}
    for (method, clip), result in {**of_all, **analysis.by_clip}.items():
        yield row(method, clip, "judged_real_majority", result.majority.rate)
        yield row(method, clip, "judged_real_vote", result.votes.clustered)
        if result.detection is not None:
            yield row(method, clip, "dprime", result.detection.dprime)
            yield row(method, clip, "criterion", result.detection.criterion)
        yield row(method, clip, "alpha", result.agreement)
        if (test := result.equivalence) is not None:
            p = Estimate(test.p, float("nan"), float("nan"), result.votes.clustered.n)
            yield row(method, clip, "equivalence_p", p)
    if analysis.reals is not None:
        for clip, rate in {"": analysis.reals, **analysis.reals_by_clip}.items():
            yield row(REALS, clip, "judged_real_vote", rate.clustered)


def write_analysis(analysis: Analysis, path: Path) -> None:
    """Write `analysis.json`; null where a value is not defined."""
    methods = {}
    for method, result in analysis.methods.items():
        clips = {clip: asdict(own) for (of, clip), own in analysis.by_clip.items() if of == method}
        shown = None if result.equivalence is None else result.equivalence.shown
        methods[method] = {**asdict(result), "equivalence_shown": shown, "clips": clips}
    value = {
        "study": analysis.key.study,
        "design": analysis.key.design.to_json(),
        "made_from": dict(analysis.key.made_from),
        "counts": analysis.counts,
        "methods": methods,
        "reals": None if analysis.reals is None else asdict(analysis.reals),
        "reals_by_clip": {clip: asdict(rate) for clip, rate in analysis.reals_by_clip.items()},
        "differences": [
            {"method": one, "other": other, **asdict(estimate)}
            for (one, other), estimate in analysis.differences.items()
        ],
        "paper": {
            "judged": PAPER[0], "of": PAPER[1], **asdict(wilson(*PAPER)),
            "difference": {method: asdict(estimate) for method, estimate in analysis.paper.items()},
        },
    }  # fmt: skip
    write_json(path, _defined(value))


def _told(key: Key, votes: pd.DataFrame) -> pd.DataFrame:
    """The votes with what each item shows: kind, clip, method, stimulus; and `real`, whether that was said."""
    if (votes["study"] != key.study).any():
        other = votes.loc[votes["study"] != key.study, "study"].iloc[0]
        raise InputError(f"votes.csv: of study {other}, and the key is of {key.study}; name the key file of that study")
    unknown = votes.loc[~votes["item"].isin(key.items), "item"]
    if len(unknown):
        raise InputError(f"votes.csv: the key has no item {unknown.iloc[0]}; import the answers again")
    items = votes["item"].map(key.items.get)
    return votes.assign(
        kind=items.map(lambda item: item.kind),
        clip=items.map(lambda item: item.clip),
        method=items.map(lambda item: item.method),
        stimulus=items.map(lambda item: "/".join(map(str, stimulus(item)))),
        real=(votes["answer"] == "real").astype(float),
    )


def _method(key: Key, fakes: pd.DataFrame, reals: pd.DataFrame) -> MethodResult:
    cells = tabulate(fakes["real"].to_numpy(), fakes["worker"], fakes["clip"])
    p, low, high = (float(part) for part in equivalence(cells, key.design.margin))
    found = None
    if len(reals):
        both = pd.concat([fakes, reals])
        groups = np.repeat([FAKE, REAL], [len(fakes), len(reals)])
        found = detection(tabulate(both["real"].to_numpy(), both["worker"], both["clip"], groups))
    base = _result(fakes, "clip")
    return MethodResult(base.majority, base.votes, base.agreement, Equivalence(key.design.margin, p, low, high), found)


def _result(fakes: pd.DataFrame, cluster: str) -> MethodResult:
    by_stimulus = fakes.groupby("stimulus", sort=True)
    said = by_stimulus["real"].agg(["sum", "count"])
    judged = int((2 * said["sum"] > said["count"]).sum())
    counts = np.column_stack([said["sum"], said["count"] - said["sum"]])
    # Within one clip its samples are drawn; else clips, then the samples of each.
    units = said.index if cluster == "stimulus" else by_stimulus["clip"].first()
    return MethodResult(
        Majority(wilson(judged, len(said)), judged, int((2 * said["sum"] == said["count"]).sum())),
        _vote_rate(fakes, cluster),
        alpha_interval(counts, list(units)),
    )


def _vote_rate(votes: pd.DataFrame, cluster: str) -> VoteRate:
    """The rate of "real" with votes clustered by worker and `cluster`, "clip" or "stimulus"."""
    real, n = votes["real"].to_numpy(), len(votes)
    cells = tabulate(real, votes["worker"], votes[cluster])
    low, high = (float(end) for end in clustered_rate(cells))
    boot = (float(end) for end in pigeonhole(cells))
    independent = wilson(int(real.sum()), n)
    value = independent.value
    return VoteRate(independent, Estimate(value, low, high, n), Estimate(value, *boot, n))


def _gap(one: pd.DataFrame, other: pd.DataFrame) -> Estimate:
    """Rate by vote of the one minus that of the other, clustered over the workers and clips of both."""
    both = pd.concat([one, other])
    groups = np.repeat([0, 1], [len(one), len(other)])
    cells = tabulate(both["real"].to_numpy(), both["worker"], both["clip"], groups)
    rates = cells.rates()
    found = spread(cells, np.array([1.0, -1.0]))
    value, reach = float(rates[0] - rates[1]), float(quantile(found, 0.975) * found.error)
    return Estimate(value, max(value - reach, -1.0), min(value + reach, 1.0), len(both))


def _counts(key: Key, told: pd.DataFrame, left_out: pd.DataFrame | None) -> dict[str, Any]:
    counted = told[told["excluded"] == ""]
    fakes = counted[counted["kind"] == "fake"]
    wanted = {stimulus(item) for item in key.items.values() if item.kind == "fake"}
    votes = fakes.groupby("stimulus")["real"].count()
    a_worker = counted.groupby("worker")["item"].count()
    rules = told.loc[told["excluded"] != "", "excluded"].value_counts()
    reasons = pd.Series(dtype=int) if left_out is None else left_out["reason"].value_counts()
    return {
        "votes": len(told),
        "counted": len(counted),
        "on_fakes": len(fakes),
        "on_reals": int((counted["kind"] == "real").sum()),
        "workers": int(counted["worker"].nunique()),
        "workers_left_out": int(told["worker"].nunique() - counted["worker"].nunique()),
        "votes_a_worker": [int(a_worker.min()), float(a_worker.median()), int(a_worker.max())],
        "sheets": int(counted["sheet"].nunique()),
        "fakes": len(wanted),
        "fakes_without_votes": len(wanted) - len(votes),
        "fakes_with_fewer_votes": int((votes < key.design.votes).sum()),
        "excluded": {rule: int(count) for rule, count in rules.sort_index().items()},
        "no_votes": {reason: int(count) for reason, count in reasons.sort_index().items()},
        "not_recorded": int((counted["exposure_ms"].isna() | counted["reaction_ms"].isna()).sum()),
        "blurred": int((counted["blurred"] > 0).sum()),
        "simulated": int((counted["source"] == SIMULATED).sum()),
    }


def _defined(value: Any) -> Any:
    """With None for NaN."""
    if isinstance(value, Mapping):
        return {key: _defined(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
