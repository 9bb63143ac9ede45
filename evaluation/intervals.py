r"""Bootstrap intervals over clips, then samples.

Samples of one clip are alike, so the clip is the unit: every resample draws clips with replacement and, within each
drawn clip, its samples with replacement (a two-level nonparametric bootstrap; Davison and Hinkley 1997, §3.8). The
statistic is the mean over clips of the mean over samples,

    m = 1/C  sum_c  1/n_c  sum_i  x_ci ,

and the interval lies between the percentiles (1 - level)/2 and (1 + level)/2 of its resamples. Where a clip's samples
come from several seeds, each seed's samples are resampled on their own and the clip's mean is the mean over seeds;
seeds are not resampled, they are too few. Feature locations are never resampled: neighbours overlap and are not
independent. Percentile intervals over few clips are too narrow; with one clip only its samples are resampled, and the
interval says nothing about other clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Group: TypeAlias = np.ndarray | Sequence[np.ndarray]
"""The values [n] of a clip's samples, or a list of such arrays, one a seed."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its bootstrap interval.

    Attributes:
        estimate: the statistic of the data themselves.
        low, high: the ends, NaN where nothing could be resampled (one clip with one sample).
        over: what was resampled: `clips and samples`, `clips`, `samples` or `nothing`.
    """

    estimate: float
    low: float
    high: float
    over: str


def balanced_mean(groups: Sequence[Group]) -> float:
    """The mean over groups of the mean within each: every clip counts the same, however many samples it has."""
    return float(np.mean([np.mean([np.mean(seed) for seed in _seeds(group)]) for group in groups]))


def mean_interval(groups: Sequence[Group], *, resamples: int, seed: int, level: float = 0.95) -> Interval:
    """The mean over clips of the mean over samples, with its interval.

    Args:
        groups: for every clip the values [n] of its samples, or a list of them, one a seed; finite, at least one.
        resamples: how many bootstrap resamples.
        seed: of the function's own generator; equal groups and seed give an equal interval.
        level: of confidence, in (0, 1).

    Raises:
        ValueError: a group is empty or holds a value that is not finite, or an option is out of its range.
    """
    groups = _checked(groups, resamples, level)
    rng = np.random.default_rng(seed)
    clips = rng.integers(len(groups), size=(resamples, len(groups)))
    means = _resampled_means(groups, clips, rng).mean(axis=1)
    return _interval(balanced_mean(groups), means, level, _what(groups))


def ratio_interval(
    groups: Sequence[Group], reference: Sequence[Group], *, resamples: int, seed: int, level: float = 0.95
) -> Interval:
    """The ratio of two balanced means over the same clips, with its interval.

    Paired: a resample draws the same clips on both sides, and samples of each side on their own.

    Args:
        groups, reference: for every clip the values of its samples as in `mean_interval`, clips in the same order;
            values ≥ 0.

    Raises:
        ValueError: as `mean_interval`; also if the clips are not paired or the reference's mean is not above 0.
    """
    groups, reference = _paired("ratio", groups, reference, resamples, level)
    if not all(np.all(seed >= 0) for group in (*groups, *reference) for seed in group) or not any(
        np.any(seed > 0) for group in reference for seed in group
    ):
        raise ValueError("a ratio needs values that are not negative and a reference that is not all 0")
    rng = np.random.default_rng(seed)
    clips = rng.integers(len(groups), size=(resamples, len(groups)))
    above = _resampled_means(groups, clips, rng).mean(axis=1)
    below = _resampled_means(reference, clips, rng).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = above / below
    # A resample of a reference that is mostly 0 may be 0; it stands at the far end rather than vanishing.
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    return _interval(balanced_mean(groups) / balanced_mean(reference), ratios, level, _what(_both(groups, reference)))


def difference_interval(
    groups: Sequence[Group], reference: Sequence[Group], *, resamples: int, seed: int, level: float = 0.95
) -> Interval:
    """The difference of two balanced means over the same clips, `groups` minus `reference`, with its interval.

    Paired as in `ratio_interval`.

    Args:
        groups, reference: for every clip the values of its samples as in `mean_interval`, clips in the same order.

    Raises:
        ValueError: as `mean_interval`; also if the clips are not paired.
    """
    groups, reference = _paired("difference", groups, reference, resamples, level)
    rng = np.random.default_rng(seed)
    clips = rng.integers(len(groups), size=(resamples, len(groups)))
    shifts = _resampled_means(groups, clips, rng) - _resampled_means(reference, clips, rng)
    estimate = balanced_mean(groups) - balanced_mean(reference)
    return _interval(estimate, shifts.mean(axis=1), level, _what(_both(groups, reference)))


def _seeds(group: Group) -> list[np.ndarray]:
    parts = group if isinstance(group, list | tuple) and all(isinstance(one, np.ndarray) for one in group) else [group]
    return [np.asarray(one, dtype=np.float64).ravel() for one in parts]


def _checked(groups: Sequence[Group], resamples: int, level: float) -> list[list[np.ndarray]]:
    clips = [_seeds(group) for group in groups]
    if not clips or not all(clip and all(one.size and np.isfinite(one).all() for one in clip) for clip in clips):
        raise ValueError("every clip needs at least one value, and all values must be finite")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"needs at least 1 resample and a level between 0 and 1, not {resamples} and {level}")
    return clips


def _paired(
    what: str, groups: Sequence[Group], reference: Sequence[Group], resamples: int, level: float
) -> tuple[list[list[np.ndarray]], list[list[np.ndarray]]]:
    if len(groups) != len(reference):
        raise ValueError(f"a {what} needs the same clips on both sides, not {len(groups)} and {len(reference)}")
    return _checked(groups, resamples, level), _checked(reference, resamples, level)


def _both(groups: list[list[np.ndarray]], reference: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """For every clip the seeds of both sides together."""
    return [[*one, *other] for one, other in zip(groups, reference, strict=True)]


def _resampled_means(groups: list[list[np.ndarray]], clips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For drawn clips [R, C] the mean over seeds of the mean of as many drawn samples as each has: float64 [R, C]."""
    flat = [one for group in groups for one in group]
    counts = np.array([len(one) for one in flat])
    padded = np.zeros((len(flat), counts.max()))
    for row, one in zip(padded, flat, strict=True):
        row[: len(one)] = one
    of_clip = np.array([len(group) for group in groups])
    # The seeds of drawn clips [R, C, S]; places beyond a clip's own number are drawn too, and left out of the mean.
    own = np.arange(of_clip.max()) < of_clip[clips][..., None]
    seeds = np.where(own, (np.cumsum(of_clip) - of_clip)[clips][..., None] + np.arange(of_clip.max()), 0)
    drawn = counts[seeds][..., None]
    picks = (rng.random((*seeds.shape, counts.max())) * drawn).astype(np.intp)
    values = padded[seeds[..., None], picks]
    means = np.where(np.arange(counts.max()) < drawn, values, 0.0).sum(axis=-1) / drawn[..., 0]
    return np.where(own, means, 0.0).sum(axis=-1) / of_clip[clips]


def _what(groups: list[list[np.ndarray]]) -> str:
    several_clips, several_samples = len(groups) > 1, any(len(one) > 1 for group in groups for one in group)
    if several_clips:
        return "clips and samples" if several_samples else "clips"
    return "samples" if several_samples else "nothing"


def _interval(estimate: float, statistics: np.ndarray, level: float, over: str) -> Interval:
    if over == "nothing":
        return Interval(estimate, float("nan"), float("nan"), over)
    # Order statistics, not interpolated: a ratio may be infinite.
    low, high = np.quantile(statistics, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return Interval(estimate, float(low), float(high), over)
