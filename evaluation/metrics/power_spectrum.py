r"""Whether a generated clip changes over time at the rates at which the training clip does.

    P(k) = mean over pixels of  |sum_t (g_t - mean of g) exp(-2 pi i k t / T)|^2 / T  +  1/12        k = 1 .. T/2

    power spectrum distance = sqrt( mean over k of  (10 log10 P_x(k) / P_y(k))^2 )

g is luma in grey levels. P is the periodogram of a pixel over time (Schuster 1898), averaged over the frame, from one
period a clip up to the Nyquist frequency. 1/12 of a squared grey level is what rounding to whole grey levels adds at
every frequency; with it a clip that stands still has a spectrum, and a finite distance. No window over time: of a few
frames it would leave too little.

Source: ours.

Conventions: frames may differ in size, but not in number, which sets the frequencies. 10 dB is a tenfold power, so
10 for a change of contrast by sqrt(10) at all frequencies. A reversed or translated clip has the spectrum of the clip.
"""

import numpy as np

from datasets.errors import InputError
from evaluation.metrics.diversity import grey

ROUNDING = 1 / 12
"""Variance of rounding to whole grey levels."""


def power_spectrum_distance(fake: np.ndarray, real: np.ndarray) -> float:
    """Root mean square difference of the temporal power spectra of two clips, in decibels.

    Args:
        fake, real: uint8 [T, H, W, 3], equally many frames, at least 2, of any size.

    Returns:
        >= 0; 0 for equal spectra. Two clips that stand still have equal ones.

    Raises:
        InputError: the clips differ in the number of frames, or have fewer than two.
    """
    if len(fake) != len(real):
        raise InputError(f"power spectrum: clips of {len(fake)} and {len(real)} frames; take equally many of both")
    if len(real) < 2:
        raise InputError("power spectrum: needs at least 2 frames; take longer clips")
    decibels = 10 * np.log10(_spectrum(fake) / _spectrum(real))
    return float(np.sqrt((decibels**2).mean()))


def _spectrum(frames: np.ndarray) -> np.ndarray:
    """Squared grey levels, float64 [T // 2]."""
    power = np.zeros(len(frames) // 2)
    # Row by row: the transform of all pixels at once would take several times the memory of the clip.
    for row in range(frames.shape[1]):
        luma = grey(frames[:, row])
        power += (np.abs(np.fft.rfft(luma - luma.mean(axis=0), axis=0)[1:]) ** 2).mean(axis=1)
    return power / (frames.shape[1] * len(frames)) + ROUNDING
