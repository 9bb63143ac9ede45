r"""KID: the kernel distance between two clips' Inception features.

The squared maximum mean discrepancy under a cubic kernel (Binkowski et al. 2018, section 4), without the bias that a
Fréchet distance of few features has:

    k(x, y) = (x . y / C + 1)^3

    KID = mean over i != j of k(x_i, x_j)  +  mean over i != j of k(y_i, y_j)  -  2 mean over i, j of k(x_i, y_j)

Conventions:
- Exact, over all pairs; no subsets are drawn, so nothing is random. Sums are float64.
- Unbiased: 0 on average for two sets drawn apart from one distribution, so it may come out negative. For a copy it
  always does: a feature is paired with itself between the sets, but not within them. So it does for frames of the same
  scene, and the fewer features, the more (-0.1 for copies of 8 frames of 168 x 298, -0.7 of 48 x 85).
- Features are taken at places apart from each other (`strided`). Neighbours overlap (at pre-pool2 a feature sees 23
  pixels at stride 4), so they are no independent draws, which being unbiased rests on, and they cost the square of
  their number.
"""

import numpy as np

from datasets.errors import InputError

_BLOCK = 512


def kid(fake: np.ndarray, real: np.ndarray) -> float:
    """Kernel distance between two sets of features; about 0 or above, 0 on average for equal distributions.

    Args:
        fake, real: float [N, C] and [N', C].

    Raises:
        InputError: a set has fewer than two features.
        ValueError: the two have different numbers of channels.
    """
    if fake.ndim != 2 or real.ndim != 2 or fake.shape[1] != real.shape[1]:
        raise ValueError(f"features of {list(fake.shape)} and {list(real.shape)} have no distance")
    fewest = min(len(fake), len(real))
    if fewest < 2:
        raise InputError(f"KID: needs at least 2 features a clip, not {fewest}; take longer clips or larger frames")
    fake, real = fake.astype(np.float64), real.astype(np.float64)
    return _within(fake) + _within(real) - 2 * _between(fake, real)


def strided(features: np.ndarray, limit: int = 2000) -> np.ndarray:
    """Features at every s-th place in both directions, with the least s that leaves at most `limit`.

    Args:
        features: [T, H', W', C], the maps of all frames.
        limit: how many features may remain; where frames are more, one a frame remains.

    Returns:
        [N, C]; the same places in every frame, centred in the map.
    """
    frames, height, width, channels = features.shape
    step = 1
    while frames * -(-height // step) * -(-width // step) > limit and step < max(height, width):
        step += 1
    top, left = ((height - 1) % step) // 2, ((width - 1) % step) // 2
    return features[:, top::step, left::step].reshape(-1, channels)


def _within(x: np.ndarray) -> float:
    """Mean of the kernel over pairs of different features of one set."""
    total = 0.0
    for start in range(0, len(x), _BLOCK):
        values = _kernel(x[start : start + _BLOCK], x)
        total += float(values.sum() - np.trace(values, offset=start))
    return total / (len(x) * (len(x) - 1))


def _between(x: np.ndarray, y: np.ndarray) -> float:
    """Mean of the kernel over pairs of two sets."""
    total = sum(float(_kernel(x[start : start + _BLOCK], y).sum()) for start in range(0, len(x), _BLOCK))
    return total / (len(x) * len(y))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3
