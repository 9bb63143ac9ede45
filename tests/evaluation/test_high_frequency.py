"""Fine detail: a mirrored Fourier transform, gratings and white noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from datasets.errors import InputError
from evaluation.metrics.diversity import grey
from evaluation.metrics.high_frequency import ABOVE, high_frequency_ratio


def video(seed, frames=3, height=24, width=30):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def grating(x, y, amplitude=60.0, frames=1, side=64):
    """A grey grating of so many cycles a pixel, at a phase that the cosine transform represents exactly."""
    row, column = np.mgrid[:side, :side] + 0.5
    levels = 128 + amplitude * np.cos(2 * np.pi * x * column) * np.cos(2 * np.pi * y * row)
    return np.broadcast_to(np.rint(levels)[None, ..., None], (frames, side, side, 3)).astype(np.uint8)


@pytest.mark.parametrize("sizes", [((24, 30), (24, 30)), ((17, 9), (32, 57))])
def test_agreement_with_the_fourier_transform_of_mirrored_frames(sizes):
    def energy(clip):
        total = 0.0
        for frame in grey(clip):
            mirrored = np.pad(frame, [(0, side) for side in frame.shape], mode="symmetric")
            radius = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, mirrored.shape), indexing="ij"))
            # A coefficient of the cosine transform stands at every sign of its frequencies, but none at 1/2.
            total += (np.abs(np.fft.fft2(mirrored)[radius > ABOVE]) ** 2).sum() / mirrored.size**2
        return total / len(clip)

    fake, real = video(0, 3, *sizes[0]), video(1, 2, *sizes[1]) // 2
    assert high_frequency_ratio(fake, real) == pytest.approx(energy(fake) / energy(real))


def test_only_frequencies_above_half_of_nyquist_count():
    real = grating(0.375, 0)
    for x, y in ((0, 0.375), (0.25, 0.25), (0.4375, 0.125)):
        fake = grating(x, y)
        # A product of two waves has half the energy of one.
        assert high_frequency_ratio(fake, real) == pytest.approx(0.5 if x and y else 1, rel=0.02)
    for x, y in ((0.1875, 0), (0.125, 0.125), (0, 0)):
        assert high_frequency_ratio(grating(x, y), real) < 0.001


def test_energy_goes_with_the_square_of_the_amplitude_whatever_the_size():
    assert high_frequency_ratio(grating(0.375, 0, 60), grating(0.375, 0, 30)) == pytest.approx(4, rel=0.02)
    assert high_frequency_ratio(grating(0.375, 0, side=32, frames=3), grating(0.375, 0)) == pytest.approx(1, rel=0.01)


def test_white_noise_has_the_share_of_frequencies_outside_the_quarter_circle():
    real = grating(0.375, 0)
    levels = np.random.default_rng(0).choice([68, 188], (4, 64, 64, 1)).astype(np.uint8)
    # Variance 60^2, a share 1 - pi/16 of it above; the grating has 60^2 / 2.
    expected = 2 * (1 - np.pi / 16)
    assert high_frequency_ratio(np.repeat(levels, 3, axis=-1), real) == pytest.approx(expected, rel=0.03)


def test_a_jump_between_opposite_borders_is_no_detail():
    ramp = np.broadcast_to(np.arange(200, dtype=np.uint8)[None, None, :, None], (2, 50, 200, 3))
    assert high_frequency_ratio(ramp, video(0)) < 1e-4


def test_where_detail_is_does_not_count():
    real = np.full((1, 64, 64, 3), 100, np.uint8)
    real[:, 20:36, 20:36] = video(0, 1, 16, 16)
    assert high_frequency_ratio(np.roll(real, (25, -15), axis=(1, 2)), real) == pytest.approx(1, rel=0.05)


def test_blur_lowers_and_noise_raises():
    real = np.rint(gaussian_filter(video(0, 2, 32, 57).astype(float), (0, 1, 1, 0))).astype(np.uint8)
    blurred = np.rint(gaussian_filter(real.astype(float), (0, 1, 1, 0))).astype(np.uint8)
    assert high_frequency_ratio(blurred, real) < 0.5 < 1 < 2 < high_frequency_ratio(video(1, 2, 32, 57), real)


@given(seed=st.integers(0, 10**6), height=st.integers(2, 20), width=st.integers(2, 20))
@settings(deadline=None, max_examples=30)
def test_properties(seed, height, width):
    a, b = video(seed, 3, height, width), video(seed + 1, 2, height, width)
    assert high_frequency_ratio(a, a) == 1
    assert high_frequency_ratio(a, b) == pytest.approx(1 / high_frequency_ratio(b, a))
    for same in (a[::-1], a[:, ::-1], a[:, :, ::-1], 255 - a, a.transpose(0, 2, 1, 3)):
        assert high_frequency_ratio(same, a) == pytest.approx(1)


def test_flat_frames_have_none():
    flat = np.repeat(np.arange(3, dtype=np.uint8)[:, None, None, None] * 70, 24 * 30 * 3).reshape(3, 24, 30, 3)
    assert high_frequency_ratio(flat, video(0)) == pytest.approx(0, abs=1e-12)
    with pytest.raises(InputError, match="flat"):
        high_frequency_ratio(video(0), flat)
