"""Temporal power spectra: another implementation, closed forms, and what they cannot see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import periodogram

from datasets.errors import InputError
from evaluation.metrics.diversity import grey
from evaluation.metrics.power_spectrum import ROUNDING, power_spectrum_distance


def video(seed, frames=6, height=5, width=7):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def still(frames=6):
    return np.repeat(video(0, 1), frames, axis=0)


def waving(amplitude, period, frames=8):
    """Grey that goes up and down all over the frame, by whole levels."""
    levels = np.rint(128 + amplitude * np.cos(2 * np.pi * np.arange(frames) / period))
    return np.broadcast_to(levels[:, None, None, None], (frames, 3, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize("frames", [2, 3, 6, 7, 16])
def test_agreement_with_scipy(frames):
    def spectrum(clip):
        _, power = periodogram(grey(clip), axis=0, detrend="constant", return_onesided=False)
        return power[1 : frames // 2 + 1].mean(axis=(1, 2)) + 1 / 12

    fake, real = video(1, frames), video(2, frames, 9, 4) // 3
    expected = np.sqrt(((10 * np.log10(spectrum(fake) / spectrum(real))) ** 2).mean())
    assert power_spectrum_distance(fake, real) == pytest.approx(expected)


def test_tenfold_power_is_ten_decibels():
    # At period 2 every level is exact, and the only frequency of 2 frames is Nyquist's.
    fake, real = waving(100, 2, frames=2), waving(10, 2, frames=2)
    power = np.array([100, 10]) ** 2 * 2 + ROUNDING
    assert power_spectrum_distance(fake, real) == pytest.approx(10 * np.log10(power[0] / power[1]))
    assert power_spectrum_distance(fake, real) == pytest.approx(20, abs=0.01)


def test_rates_are_told_apart():
    assert power_spectrum_distance(waving(50, 8), waving(50, 4)) > 20
    assert power_spectrum_distance(waving(50, 4), waving(45, 4)) < 1


def test_a_still_clip_lies_far_off_but_not_at_infinity():
    assert 20 < power_spectrum_distance(still(), video(1)) < 100
    assert power_spectrum_distance(video(1), still()) == pytest.approx(power_spectrum_distance(still(), video(1)))
    assert power_spectrum_distance(still(), np.full((6, 2, 2, 3), 9, np.uint8)) == 0


@given(seed=st.integers(0, 10**6), frames=st.integers(2, 9))
@settings(deadline=None, max_examples=30)
def test_properties(seed, frames):
    a, b = video(seed, frames), video(seed + 1, frames, 4, 3)
    assert power_spectrum_distance(a, a) == 0
    assert power_spectrum_distance(a, b) == pytest.approx(power_spectrum_distance(b, a))
    for same in (a[::-1], np.roll(a, (1, 2), axis=(1, 2)), np.roll(a, 1, axis=0), 255 - a):
        assert power_spectrum_distance(same, a) == pytest.approx(0, abs=1e-9)


def test_what_has_no_common_frequencies_is_refused():
    with pytest.raises(InputError, match="equally many"):
        power_spectrum_distance(video(0, 5), video(0, 6))
    with pytest.raises(InputError, match="at least 2 frames"):
        power_spectrum_distance(video(0, 1), video(0, 1))
