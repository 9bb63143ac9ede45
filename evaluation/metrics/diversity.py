"""Diversity of the samples drawn from one clip.

SinGAN (Shaham et al. 2019), section 3: 'the standard deviation (std) of the intensity values of each pixel over 100
generated images, averaged over all pixels, and normalized by the std of the intensity values of the training image'.
Here over voxels, as VGPNN (Haim et al. 2022) does for videos:

    diversity = mean over (t, y, x) of std over samples of grey(t, y, x)  /  std over (t, y, x) of the real clip's grey

Conventions: grey is Rec. 601 luma; deviations are those of a population (n in the denominator), so two samples count
less than many; 0 for identical samples; large random translations of one clip come near 1.
"""

from collections.abc import Iterable

import numpy as np

from datasets.errors import InputError

_LUMA = np.array([0.299, 0.587, 0.114])


def diversity(samples: Iterable[np.ndarray], real: np.ndarray) -> float:
    """Diversity of `samples` relative to the contrast of `real`, >= 0.

    Args:
        samples: at least two arrays uint8 [T, H, W, 3], all of one shape; taken one at a time.
        real: uint8 [T', H', W', 3], of any shape.

    Raises:
        InputError: fewer than two samples, or a real clip of one single grey value.
        ValueError: samples of different shapes.
    """
    contrast = float(grey(real).std())
    # One grey value throughout leaves a deviation of rounding errors, not of zero.
    if contrast < 1e-9:
        raise InputError("diversity: the real clip is of one single grey value; choose another clip")
    count = 0
    mean = scatter = np.zeros(())
    for sample in samples:
        luma = grey(sample)
        if count and luma.shape != mean.shape:
            raise ValueError(f"samples of different shapes: {list(mean.shape)} and {list(luma.shape)}")
        count += 1
        shift = luma - mean
        mean = mean + shift / count
        scatter = scatter + shift * (luma - mean)
    if count < 2:
        raise InputError(f"diversity: needs at least 2 samples, got {count}; draw more")
    return float(np.sqrt(scatter / count).mean()) / contrast


def grey(frames: np.ndarray) -> np.ndarray:
    """Rec. 601 luma, float64 [T, H, W] in [0, 255], of uint8 RGB frames [T, H, W, 3]."""
    return frames @ _LUMA
