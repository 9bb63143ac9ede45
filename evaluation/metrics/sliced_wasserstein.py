r"""Sliced Wasserstein distance between the space-time patches of two clips: do the same ones occur equally often?

Rabin et al. (2011); over patches of images Elnekave and Weiss (2022), here over patches x of 3 frames and 5 x 5 pixels:

    d^2 = mean over directions u of  W_2^2(u·x of one clip, u·x of the other),    |u| = 1
    W_2^2(a, b) = integral over 0 < s < 1 of (quantile_a(s) - quantile_b(s))^2

In one dimension W_2 pairs the sorted values. Each patch's mean colour is taken from it: it varies most, would drown the
changes within three frames that tell a clip from its reverse, and colours have a metric of their own.

Conventions: in grey levels; 0 for a copy. Quantiles are inverted distribution functions (steps), so clips of different
lengths are compared exactly. Directions are seeded, uniform over the sphere and the same for every pair of clips. Of
clips with more than `patches` patches a choice is compared, the same places in clips of one size. The distance between
the halves of a clip tells what its own continuation reaches.
"""

import numpy as np

from datasets.errors import InputError

PATCH = (3, 5, 5)
_BLOCK = 8192


def sliced_wasserstein(
    fake: np.ndarray, real: np.ndarray, *, directions: int = 256, patches: int = 65536, seed: int = 0
) -> float:
    """Sliced 2-Wasserstein distance of centred patches, in grey levels, >= 0; symmetric.

    Args:
        fake, real: uint8 [T, H, W, 3] of any two shapes.
        directions: how many lines the patches are projected on.
        patches: at most so many of each clip.
        seed: of directions and places.

    Raises:
        InputError: a clip has no patch.
    """
    lines = _directions(directions, seed)
    one, other = _projections(fake, lines, patches, seed), _projections(real, lines, patches, seed)
    return float(np.sqrt(np.mean([_wasserstein(a, b) for a, b in zip(one, other, strict=True)])))


def _directions(count: int, seed: int) -> np.ndarray:
    """Unit vectors among centred patches, float64 [values, count]."""
    lines = np.random.default_rng(seed).standard_normal((int(np.prod(PATCH)), 3, count))
    # Taking the mean colour from the direction takes it from every patch.
    lines -= lines.mean(axis=0)
    return lines.reshape(-1, count) / np.sqrt((lines**2).sum(axis=(0, 1)))


def _projections(frames: np.ndarray, lines: np.ndarray, patches: int, seed: int) -> np.ndarray:
    """Sorted projections of a clip's patches on each line, float32 [lines, N]."""
    if any(n < side for n, side in zip(frames.shape, PATCH, strict=False)):
        raise InputError(
            f"sliced Wasserstein: a clip of {list(frames.shape)} has no patch of {list(PATCH)}; take a larger"
        )
    windows = np.lib.stride_tricks.sliding_window_view(frames, PATCH, axis=(0, 1, 2))
    shape = windows.shape[:3]
    count = int(np.prod(shape))
    chosen = np.arange(count)
    if count > patches:
        chosen = np.sort(np.random.default_rng(seed).choice(count, patches, replace=False))
    found = np.empty((lines.shape[1], len(chosen)), np.float32)
    for start in range(0, len(chosen), _BLOCK):
        places = np.unravel_index(chosen[start : start + _BLOCK], shape)
        # [n, 3, frames, rows, columns] to the order of the directions.
        block = np.moveaxis(windows[places], 1, -1).reshape(len(places[0]), -1)
        found[:, start : start + _BLOCK] = (block.astype(np.float32) @ lines.astype(np.float32)).T
    found.sort(axis=1)
    return found


def _wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Squared 2-Wasserstein distance of two sorted samples [N] and [M]."""
    if len(a) == len(b):
        return float(((a - b) ** 2).mean(dtype=np.float64))
    # Between all steps of either quantile function, both are constant.
    ends = np.union1d(np.arange(1, len(a) + 1) * len(b), np.arange(1, len(b) + 1) * len(a))
    widths, last = np.diff(ends, prepend=0), ends - 1
    return float((widths * (a[last // len(b)] - b[last // len(a)]) ** 2.0).sum() / (len(a) * len(b)))
