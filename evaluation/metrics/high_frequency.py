r"""Whether a generated clip has as much fine detail, or noise, as the training clip.

    E = mean over frames of  1/N sum over |f| > 1/4 of G(f)^2

    high frequency ratio = E of the generated clip  /  E of the training clip

G is the orthonormal cosine transform (DCT-II) of the luma of a frame of N pixels, f in cycles a pixel: half the Nyquist
frequency, and more, in any direction. E is the variance of grey above it, in squared grey levels, whatever the size of
the frame. The cosine transform is the Fourier transform of the frame continued by its mirror images, so no jump
between opposite borders counts as detail. A window that fades the borders out does the same, but counts what is in
the middle: translating a natural scene by some dozens of pixels then gives ratios from 0.4 to 1.7.

Source: ours.

Conventions: 1 is best; below it a clip is blurred, above it noisy or too sharp. Which of the two it cannot tell.
"""

import numpy as np

from datasets.errors import InputError
from evaluation.metrics.diversity import grey

ABOVE = 0.25
"""Cycles a pixel."""


def high_frequency_ratio(fake: np.ndarray, real: np.ndarray) -> float:
    """Energy of fine detail of `fake` over that of `real`, both uint8 [T, H, W, 3] of any shape; >= 0.

    Raises:
        InputError: the real clip has no fine detail: its frames are flat.
    """
    own = _energy(real)
    if own < 1e-9:  # rounding errors
        raise InputError("high frequencies: the real clip has none, its frames are flat; choose another clip")
    return _energy(fake) / own


def _energy(frames: np.ndarray) -> float:
    """Squared grey levels."""
    from scipy.fft import dctn

    rows, columns = (np.arange(side) / (2 * side) for side in frames.shape[1:3])
    high = np.hypot(rows[:, None], columns) > ABOVE
    total = sum(float((dctn(grey(frame), norm="ortho")[high] ** 2).sum()) for frame in frames)
    return total / (len(frames) * high.size)
