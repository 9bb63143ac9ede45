r"""Do people agree more than by chance? Krippendorff's alpha for two answers and any number of votes a clip.

With n_uv votes v on stimulus u, m_u = n_u1 + n_u2 >= 2, n_v = sum_u n_uv and n = n_1 + n_2 (Krippendorff 2011),

    alpha = 1 - D_o / D_e     D_o = 1 - 1/n sum_u sum_v n_uv (n_uv - 1) / (m_u - 1)     D_e = 2 n_1 n_2 / (n (n - 1)) .

1 is full agreement, 0 chance. Stimuli with fewer than two votes say nothing about agreement and are left out. Low alpha
is no fault of a study of this kind: where nobody can tell, all votes are guesses, and alpha is 0.

The interval is a percentile bootstrap that draws clips, then the stimuli of each: two samples of a clip are alike.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from evaluation.study.rates import LEVEL, RESAMPLES, Estimate


def alpha(counts: np.ndarray) -> np.ndarray:
    """Krippendorff's alpha of votes by answer, whole [..., U, 2]; NaN where all pairable votes are alike."""
    return _alpha(_sums(np.asarray(counts, dtype=np.float64)).sum(-2))


def alpha_interval(
    counts: np.ndarray,
    clips: Sequence[Hashable],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Estimate:
    """Alpha with its bootstrap interval.

    Args:
        counts: votes by stimulus and answer, whole [U, 2].
        clips: of each stimulus, U.
        resamples, seed, level: of the bootstrap.

    Returns:
        `n` is the number of stimuli with at least two votes. The ends are NaN with fewer than two clips, or where most
        resamples have all votes alike.
    """
    counts = np.asarray(counts, dtype=np.float64)
    pairable = counts.sum(1) > 1
    names, clip = np.unique(np.asarray(clips, dtype=str)[pairable], return_inverse=True)
    sums = _sums(counts[pairable])
    value = float(_alpha(sums.sum(0))) if len(sums) else float("nan")
    undefined = Estimate(value, float("nan"), float("nan"), len(sums))
    if len(names) < 2:
        return undefined
    rng = np.random.default_rng(seed)
    sizes = np.bincount(clip)
    padded = np.zeros((len(names), sizes.max(), sums.shape[1]))
    for index, size in enumerate(sizes):
        padded[index, :size] = sums[clip == index]
    drawn = rng.integers(len(names), size=(resamples, len(names)))
    picks = (rng.random((*drawn.shape, sizes.max())) * sizes[drawn][..., None]).astype(np.intp)
    own = np.arange(sizes.max()) < sizes[drawn][..., None]
    values = _alpha((padded[drawn[..., None], picks] * own[..., None]).sum((1, 2)))
    values = values[~np.isnan(values)]
    if len(values) < resamples / 2:
        return undefined
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), len(sums))


def _sums(counts: np.ndarray) -> np.ndarray:
    """What a stimulus adds: agreeing pairs over m - 1, and its votes of either answer; zeros if it has fewer than 2."""
    votes = counts.sum(-1, keepdims=True)
    pairs = (counts * (counts - 1)).sum(-1, keepdims=True) / np.maximum(votes - 1, 1)
    return np.where(votes > 1, np.concatenate([pairs, counts], axis=-1), 0.0)


def _alpha(sums: np.ndarray) -> np.ndarray:
    """From sums [..., 3] over stimuli."""
    agreeing, one, two = np.moveaxis(sums, -1, 0)
    n = one + two
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = 1 - agreeing / n
        expected = 2 * one * two / (n * (n - 1))
        return np.where(expected > 0, 1 - observed / expected, np.nan)
