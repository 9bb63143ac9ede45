r"""Bootstrap intervals over clips, then samples.

Samples of one clip are alike, so the clip is the unit: every resample draws clips with replacement and, within each
drawn clip, its samples with replacement (a two-level nonparametric bootstrap; Davison and Hinkley 1997, §3.8). The
statistic is the mean over clips of the mean over samples,

    m = 1/C  sum_c  1/n_c  sum_i  x_ci ,

and the interval lies between the percentiles (1 - level)/2 and (1 + level)/2 of its resamples. Feature locations are
never resampled: neighbours overlap and are not independent. Percentile intervals over few clips are too narrow; with
one clip only its samples are resampled, and the interval says nothing about other clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


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


def balanced_mean(groups: Sequence[np.ndarray]) -> float:
    """The mean over groups of the mean within each: every clip counts the same, however many samples it has."""
    return float(np.mean([np.mean(group) for group in groups]))


def mean_interval(groups: Sequence[np.ndarray], *, resamples: int, seed: int, level: float = 0.95) -> Interval:
    """The mean over clips of the mean over samples, with its interval.

    Args:
        groups: for every clip the values [n] of its samples; finite, at least one.
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
    groups: Sequence[np.ndarray], reference: Sequence[np.ndarray], *, resamples: int, seed: int, level: float = 0.95
) -> Interval:
    """The ratio of two balanced means over the same clips, with its interval.

    Paired: a resample draws the same clips on both sides, and samples of each side on their own.

    Args:
        groups, reference: for every clip the values [n] of its samples, clips in the same order; values ≥ 0.

    Raises:
        ValueError: as `mean_interval`; also if the clips are not paired or the reference's mean is not above 0.
    """
    groups, reference = _checked(groups, resamples, level), _checked(reference, resamples, level)
    if len(groups) != len(reference):
        raise ValueError(f"a ratio needs the same clips on both sides, not {len(groups)} and {len(reference)}")
    if not all(np.all(group >= 0) for group in (*groups, *reference)) or not any(
        np.any(group > 0) for group in reference
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
    pairs = [np.repeat(0.0, max(len(one), len(other))) for one, other in zip(groups, reference, strict=True)]
    return _interval(balanced_mean(groups) / balanced_mean(reference), ratios, level, _what(pairs))


def _checked(groups: Sequence[np.ndarray], resamples: int, level: float) -> list[np.ndarray]:
    arrays = [np.asarray(group, dtype=np.float64).ravel() for group in groups]
    if not arrays or any(not array.size or not np.isfinite(array).all() for array in arrays):
        raise ValueError("every clip needs at least one value, and all values must be finite")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"needs at least 1 resample and a level between 0 and 1, not {resamples} and {level}")
    return arrays


def _resampled_means(groups: list[np.ndarray], clips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For drawn clips [R, C] the mean of as many drawn samples as each has: float64 [R, C]."""
    counts = np.array([len(group) for group in groups])
    padded = np.zeros((len(groups), counts.max()))
    for row, group in zip(padded, groups, strict=True):
        row[: len(group)] = group
    drawn = counts[clips][..., None]
    picks = (rng.random((*clips.shape, counts.max())) * drawn).astype(np.intp)
    values = padded[clips[..., None], picks]
    return np.where(np.arange(counts.max()) < drawn, values, 0.0).sum(axis=-1) / drawn[..., 0]


def _what(groups: Sequence[np.ndarray]) -> str:
    several_clips, several_samples = len(groups) > 1, any(len(group) > 1 for group in groups)
    if several_clips:
        return "clips and samples" if several_samples else "clips"
    return "samples" if several_samples else "nothing"


def _interval(estimate: float, statistics: np.ndarray, level: float, over: str) -> Interval:
    if over == "nothing":
        return Interval(estimate, float("nan"), float("nan"), over)
    # Order statistics, not interpolated: a ratio may be infinite.
    low, high = np.quantile(statistics, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return Interval(estimate, float(low), float(high), over)
