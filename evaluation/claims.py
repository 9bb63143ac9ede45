r"""The paper's claims about the parts of its model, judged from what the ablations measured.

Two claims are about samples. With x_c the mean over seeds of the mean over samples of a metric on clip c without the
part, and y_c that of the full model,

    d = mean over c of d_c,   d_c = x_c - y_c,   with a bootstrap interval [low, high]    (`evaluation.intervals`)
    spread = standard deviation (n - 1) over seeds of the full model's m_s,
             m_s = mean over c of the mean over the samples of seed s

and the paper says d > 0. That is supported where all d_c > 0, low > 0 and low > spread, and contradicted where all
d_c < 0, high < 0 and -high > spread: clips agree, the difference is not that of the samples drawn, and it is larger
than what another seed of the full model would make. Otherwise, with fewer than three seeds a variant, or with clips too
small to tell, it is inconclusive.

The third is about time. With t_r the seconds of all iterations of all scales in round r (`evaluation.ablation_table`),

    saved = median over r of  100 (1 - t_r of the full model / t_r of the model with neither part)            in %

whose interval goes from the least to the greatest over rounds. It is supported where the least is above 0, contradicted
where the greatest is below, at the paper's size only.

Source: SinGAN-GIF (Arora and Lee 2021), sections 3.2, 3.3.1, 3.3.2 and 3.4.3.

Conventions:
- High frequencies are compared as they are, not as distance from 1: noise lies above.
- A clip counts where both variants have all their values, and a seed where both have it on every such clip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from datasets.files import write_text
from evaluation import wording
from evaluation.ablation_table import signed
from evaluation.comparisons import comparable, short, values_by_clip
from evaluation.facts import ClipFacts
from evaluation.intervals import Interval, balanced_mean, difference_interval
from evaluation.iteration_times import Timing, read_timing
from evaluation.markdown import escape, grid
from evaluation.metrics import METRICS
from evaluation.tables import RESAMPLES

Verdict = Literal["supported", "contradicted", "inconclusive"]

NEITHER = "no-separable-no-2d-switch"
"""The variant with neither separable convolutions nor the switch to 2D, in timings only."""
PAPER_SAVES = 20.0
"""Percent of the training time that the paper saves by both."""
LEAST_SIDE = 84
"""Short side in pixels below which samples tell nothing about the paper's."""
PAPER_SIDE, PAPER_FRAMES = 250, 8
"""A longer side of so many pixels, and so many frames, count as the paper's size."""
LEAST_SEEDS = 3
LEAST_ROUNDS = 2
TOO_SMALL = ("quick", "smoke")
"""Protocols whose samples are too small for any conclusion."""


@dataclass(frozen=True)
class Claim:
    """What the paper says, what was found, and whether that bears it out.

    Attributes:
        name: one or two words.
        statement: the paper's, in our words, with its section.
        measure: what was compared, in words.
        unit: of `found`; empty for a ratio.
        found: the number, None where nothing could be compared.
        low, high: its interval, None where there is none.
        size: as `48x85, 8 frames`, height first; empty where it is not known.
        clips, seeds: that were compared.
        verdict: whether the measurement bears the statement out.
        reason: for the verdict, one sentence.
    """

    name: str
    statement: str
    measure: str
    unit: str
    found: float | None
    low: float | None
    high: float | None
    size: str
    clips: tuple[str, ...]
    seeds: tuple[int, ...]
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class _Part:
    """A part of the model, and what is said to be higher without it."""

    name: str
    statement: str
    metric: str
    without: str
    noise_above: float | None = None  # where the claim is about values above this


_PARTS = (
    _Part(
        name="Colour loss",
        statement="Without the loss on colour statistics samples drift away from the clip's colours; with it they "
        "keep them (section 3.4.3, Figure 4).",
        metric="colour_distance",
        without="no-color-loss",
    ),
    _Part(
        name="Image critic",
        statement="A video critic alone often leaves high-frequency noise in the frames; an image critic beside it "
        "removes it (section 3.2).",
        metric="high_frequency",
        without="no-image-critic",
        noise_above=1.0,
    ),
)


@dataclass(frozen=True)
class _Size:
    """Height, width and frames of a clip."""

    height: int
    width: int
    frames: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}, {wording.counted(self.frames, 'frame')}"


@dataclass(frozen=True)
class _Evidence:
    """What a claim about samples is judged from.

    Attributes:
        clips, seeds: that count.
        shifts: difference of each clip, float64 [C].
        interval: of their mean.
        without: mean without the part.
        spread: over seeds of the full model, None with fewer than `LEAST_SEEDS`.
    """

    clips: tuple[str, ...]
    seeds: tuple[int, ...]
    shifts: np.ndarray
    interval: Interval
    without: float
    spread: float | None


def judge(
    cells: pd.DataFrame,
    timing: Mapping[str, Any] | None,
    *,
    protocol: str,
    full: str = "singan-gif",
    facts: Mapping[str, ClipFacts] | None = None,
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> list[Claim]:
    """The verdict on each claim, always all three.

    Args:
        cells: as `evaluation.cells.read_cells` gives them, of one protocol.
        timing: the timing file of the ablations, parsed, or None.
        protocol: whose cells are meant.
        full: name of the full model.
        facts: of the clips, for their size; without it a claim about samples is inconclusive. The size in `timing` need
            not be theirs.
        bootstrap: resamples of the intervals.
        seed: of the bootstrap; each interval starts from it anew.

    Raises:
        InputError: cells of this protocol cannot be compared (`evaluation.comparisons.comparable`), or the timing file
            is not one.
    """
    cells = cells[cells["protocol"] == protocol]
    if len(cells):
        cells = comparable(cells, protocol)
    timed = None if timing is None else read_timing(timing)
    claims = []
    for part in _PARTS:
        found = _evidence(part, cells, full, bootstrap, seed)
        sizes = [] if isinstance(found, str) else _sizes(found.clips, facts or {})
        claims.append(_judge_part(part, found, sizes, protocol, full))
    return [*claims, _judge_time(timed, full)]


def write_claims(claims: Sequence[Claim], path: str | Path, protocol: str) -> None:
    """Write the claims as Markdown for reading: a table, each with its reason, and how to read them."""
    rows = [
        [
            escape(claim.name),
            f"**{claim.verdict}**",
            wording.MISSING if claim.found is None else _with_unit(signed(claim.found), claim.unit),
            wording.MISSING
            if claim.low is None or claim.high is None
            else f"{signed(claim.low)} to {signed(claim.high)}",
            escape(claim.size) or wording.MISSING,
            escape(wording.listing(claim.clips)) or wording.MISSING,
            ", ".join(map(str, claim.seeds)) or wording.MISSING,
        ]
        for claim in claims
    ]
    blocks = [
        f"# The paper's claims, protocol {escape(protocol)}",
        grid(["Claim", "Verdict", "Found", "Interval", "Size", "Clips", "Seeds"], rows, left=2),
    ]
    for claim in claims:
        blocks += [
            f"## {escape(claim.name)}: {claim.verdict}",
            "\n".join(
                [
                    f"- **The paper.** {escape(claim.statement)}",
                    f"- **Measured.** {escape(claim.measure)}",
                    f"- **Why {claim.verdict}.** {escape(claim.reason)}",
                ]
            ),
        ]
    blocks += ["## How to read this", "\n".join(f"- {line}" for line in _READING)]
    write_text(path, "\n\n".join(blocks) + "\n")


def seed_spread(groups: Sequence[Sequence[np.ndarray]]) -> float:
    """Standard deviation (n - 1) over seeds of the mean over clips of the mean over samples.

    Args:
        groups: for every clip the values [n] of its samples, an array a seed, seeds in the same order, at least two.
    """
    means = np.array([[one.mean() for one in seeds] for seeds in groups])
    return float(means.mean(axis=0).std(ddof=1))


def _evidence(part: _Part, cells: pd.DataFrame, full: str, bootstrap: int, seed: int) -> _Evidence | str:
    """What there is to compare, or in a sentence why nothing is."""
    own, title = cells[cells["metric"] == part.metric], METRICS[part.metric].title
    sides = {name: own[own["method"] == name] for name in (part.without, full)}
    groups = {name: values_by_clip(side) for name, side in sides.items()}
    if absent := [name for name, side in sides.items() if side.empty]:
        return f"Nothing to compare: {title} of {wording.listing(absent)} was not measured."
    if undefined := [name for name, by_clip in groups.items() if not by_clip]:
        return f"Nothing to compare: {title} of {wording.listing(undefined)} is undefined."
    clips = tuple(sorted(set(groups[full]) & set(groups[part.without])))
    if not clips:
        return f"Nothing to compare: no clip has {title} of both {wording.listing(list(sides))}."
    seeds = tuple(sorted(set.intersection(*(_seeds_on(side, clip) for side in sides.values() for clip in clips))))
    above, below = ([groups[name][clip] for clip in clips] for name in sides)
    shifts = np.array([balanced_mean([x]) - balanced_mean([y]) for x, y in zip(above, below, strict=True)])
    interval = difference_interval(above, below, resamples=bootstrap, seed=seed)
    spread = None
    if len(seeds) >= LEAST_SEEDS:
        spread = seed_spread([_by_seed(sides[full], clip, seeds) for clip in clips])
    return _Evidence(clips, seeds, shifts, interval, balanced_mean(above), spread)


def _judge_part(part: _Part, found: _Evidence | str, sizes: Sequence[_Size], protocol: str, full: str) -> Claim:
    metric = METRICS[part.metric]
    measure = f"{metric.title}, that of {part.without} less that of {full}: {metric.definition}."
    if isinstance(found, str):
        return Claim(part.name, part.statement, measure, metric.unit, None, None, None, "", (), (),
                     "inconclusive", found)  # fmt: skip
    low, high = found.interval.low, found.interval.high
    doubts = [*_too_small(sizes, protocol), *_doubts(found, part, full)]
    if doubts:
        verdict, reason = "inconclusive", "; ".join(doubts)
    else:
        verdict = "supported" if low > 0 else "contradicted"
        reason = (
            f"{metric.title}: {'more' if low > 0 else 'less'} without the part on {_every(found.clips)}, by an "
            f"interval that lies beyond what seeds of {full} differ by, {short(found.spread)}"
        )
        if part.noise_above is not None and low > 0 and found.without <= part.noise_above:
            reason += (
                f"; yet even without it there is no more than in the clip ({short(found.without)} of it), so it may "
                "be detail rather than noise"
            )
    return Claim(
        name=part.name,
        statement=part.statement,
        measure=measure,
        unit=metric.unit,
        found=found.interval.estimate,
        low=None if np.isnan(low) else low,
        high=None if np.isnan(high) else high,
        size=" and ".join(dict.fromkeys(map(str, sizes))),
        clips=found.clips,
        seeds=found.seeds,
        verdict=verdict,
        reason=_sentence(reason),
    )


def _judge_time(timed: Timing | None, full: str) -> Claim:
    measure = (
        f"Time of all iterations of all scales that {full} saves against {NEITHER}; an iteration of each scale was "
        "timed, in turns."
    )
    lacking = [name for name in (full, NEITHER) if timed is None or name not in timed.variants]
    numbers: tuple[float | None, ...] = (None, None, None)
    if timed is None:
        verdict, reason = "inconclusive", "nothing was timed"
    elif lacking:
        verdict, reason = "inconclusive", f"not timed: {wording.listing(lacking)}"
    else:
        saved = 100 * (1 - timed.variants[full].training / timed.variants[NEITHER].training)
        numbers = float(np.median(saved)), float(saved.min()), float(saved.max())
        verdict, reason = _verdict_on_time(saved, _size_of(timed))
    return Claim(
        "Training time",
        "Channel-wise separable convolutions and the switch from 3D to 2D together cut the training time by about "
        f"{PAPER_SAVES:g} % at 256x256 (sections 3.3.1 and 3.3.2).",
        measure,
        "% of the time",
        *numbers,
        size="" if timed is None else str(_size_of(timed)),
        clips=() if timed is None or timed.clip is None else (timed.clip,),
        seeds=(),
        verdict=verdict,
        reason=_sentence(reason),
    )


def _verdict_on_time(saved: np.ndarray, size: _Size) -> tuple[Verdict, str]:
    """Verdict and reason, for the percent saved in each round [R]."""
    doubts = []
    if max(size.height, size.width) < PAPER_SIDE or size.frames < PAPER_FRAMES:
        doubts.append(f"too small: {size}, where the paper has 256x256 and at least {PAPER_FRAMES}")
    if len(saved) < LEAST_ROUNDS:
        doubts.append("too few rounds: a single one shows no spread")
    elif saved.min() <= 0 <= saved.max():
        doubts.append("rounds disagree on whether any time is saved")
    if doubts:
        return "inconclusive", "; ".join(doubts)
    if saved.max() < 0:
        return "contradicted", "both parts together cost time in every round"
    low, high = saved.min(), saved.max()
    than = "larger than" if low > PAPER_SAVES else "smaller than" if high < PAPER_SAVES else "in keeping with"
    return "supported", f"time is saved in every round; the saving is {than} the paper's {PAPER_SAVES:g} %"


def _sizes(clips: Sequence[str], facts: Mapping[str, ClipFacts]) -> list[_Size]:
    """Of every clip, or none where that of one is not known."""
    known = [facts[clip] for clip in clips if clip in facts]
    return [_Size(one.height, one.width, one.frames) for one in known] if len(known) == len(clips) else []


def _size_of(timed: Timing) -> _Size:
    return _Size(timed.height, timed.width, timed.frames)


def _seeds_on(cells: pd.DataFrame, clip: str) -> set[int]:
    return {int(seed) for seed in cells.loc[cells["clip"] == clip, "seed"]}


def _by_seed(cells: pd.DataFrame, clip: str, seeds: Sequence[int]) -> list[np.ndarray]:
    """The values [n] of each seed on a clip."""
    own = cells[cells["clip"] == clip]
    return [own.loc[own["seed"] == seed, "value"].to_numpy(np.float64) for seed in seeds]


def _too_small(sizes: Sequence[_Size], protocol: str) -> list[str]:
    if protocol in TOO_SMALL:
        return [f"too small: protocol {protocol} allows no conclusions"]
    if not sizes:
        return ["the size of the clips is not known"]
    side = min(min(size.height, size.width) for size in sizes)
    return [f"too small: a short side of {side} px, and {LEAST_SIDE} are needed"] if side < LEAST_SIDE else []


def _doubts(found: _Evidence, part: _Part, full: str) -> list[str]:
    """Everything that stands between the evidence and a conclusion."""
    doubts, low, high = [], found.interval.low, found.interval.high
    if found.spread is None:
        doubts.append(f"too few seeds: {len(found.seeds)} that both have on every clip, and {LEAST_SEEDS} are needed")
    above, below = int((found.shifts > 0).sum()), int((found.shifts < 0).sum())
    if len(found.clips) not in (above, below):
        doubts.append(f"clips disagree: {part.without} has more on {above} and less on {below} of {len(found.clips)}")
    if np.isnan(low):
        doubts.append("a single sample has no interval")
    elif low <= 0 <= high:
        doubts.append("the interval spans 0")
    elif found.spread is not None and (near := max(low, -high)) <= found.spread:
        doubts.append(f"seeds of {full} differ by {short(found.spread)}, and the interval begins at {short(near)}")
    return doubts


def _every(clips: Sequence[str]) -> str:
    return f"all {len(clips)} clips" if len(clips) > 1 else f"the only clip, {clips[0]}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {escape(unit)}".rstrip()


_READING = (
    f"**Colour loss, image critic.** Supported: higher without the part on every clip, by an interval that excludes 0 "
    "and whose near end lies beyond the spread over seeds; contradicted: the same the other way round. The interval is "
    "a 95 % bootstrap interval that resamples clips, then the samples of each. The spread is the standard deviation of "
    f"the full model's means of single seeds; it needs at least {LEAST_SEEDS}.",
    "**High frequencies.** Noise lies above 1, so values are compared as they are, not by their distance from 1.",
    "**Training time.** The median over rounds, and from the least to the greatest. Supported if every round saves "
    f"time at the paper's size (a side of at least {PAPER_SIDE} px, {PAPER_FRAMES} frames), however much.",
    f"**Inconclusive** says that this measurement cannot tell, not that the paper is wrong. Below {LEAST_SIDE} px, and "
    f"in protocols {wording.listing(TOO_SMALL)}, nets have too few scales and steps to show what the paper saw.",
    "**One clip** says nothing about others, whatever the verdict.",
)
