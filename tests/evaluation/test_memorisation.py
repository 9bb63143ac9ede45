"""Copying, motion and colour: closed forms and what each does to known clips."""

import numpy as np
import pytest

from datasets.errors import InputError
from evaluation.metrics.colour import colour_distance
from evaluation.metrics.contrast import contrast_ratio
from evaluation.metrics.memorisation import frame_distance, zero_displacement
from evaluation.metrics.motion import motion_energy_ratio


def video(seed, frames=5, height=12, width=14):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def brute_force(fake, real):
    """All patches of both, looked up in Python integers."""

    def patches(x):
        t, h, w = (n - 2 for n in x.shape[:3])
        return [
            x[a : a + 3, b : b + 3, c : c + 3].astype(np.int64) for a in range(t) for b in range(h) for c in range(w)
        ]

    keys = patches(real)
    own = [((p - q) ** 2).sum() for p, q in zip(patches(fake), keys, strict=True)]
    best = [min(((p - q) ** 2).sum() for q in keys) for p in patches(fake)]
    return np.mean([a <= b for a, b in zip(own, best, strict=True)])


def test_a_copy_lies_all_at_zero_and_noise_or_a_shift_hardly_at_all():
    real = video(0)
    assert zero_displacement(real, real) == 1
    assert zero_displacement(np.roll(real, 3, axis=2), real) < 0.05
    assert zero_displacement(video(1), real) < 0.05


def test_the_share_is_that_of_a_search_over_all_pairs():
    real = video(0, 4, 7, 8)
    fake = np.where(np.arange(8)[None, None, :, None] < 5, real, video(1, 4, 7, 8))
    assert zero_displacement(fake, real, patches=20000) == pytest.approx(brute_force(fake, real), abs=0.02)


def test_half_a_copy_lies_half_at_zero():
    real = video(0, 5, 20, 40)
    fake = real.copy()
    fake[:, :, 20:] = video(2, 5, 20, 20)
    # Of 38 columns of patches the first 18 lie wholly in the copied half.
    assert zero_displacement(fake, real, patches=8000) == pytest.approx(18 / 38, abs=0.06)


def test_bad_shapes_are_refused():
    with pytest.raises(InputError, match="one size"):
        zero_displacement(video(0), video(0, height=13))
    with pytest.raises(InputError, match="no patch"):
        zero_displacement(video(0, frames=2), video(0, frames=2))
    with pytest.raises(InputError, match="one size"):
        frame_distance(video(0), video(0, width=15))
    still = np.repeat(video(0)[:1], 4, axis=0)
    for measure in (frame_distance, motion_energy_ratio):
        with pytest.raises(InputError, match="stands still"):
            measure(video(0, 4), still)


def test_frame_distance_is_zero_for_a_shuffled_copy_and_one_for_a_step_ahead():
    ramp = np.zeros((4, 8, 8, 3), np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None, None] * 10
    assert frame_distance(ramp[::-1], ramp) == 0
    assert frame_distance(ramp[-1:] + 10, ramp) == pytest.approx(1)


def test_motion_energy_of_known_clips():
    real = np.zeros((4, 8, 8, 3), np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None, None] * 10
    assert motion_energy_ratio(real, real) == 1
    assert motion_energy_ratio(real * 2, real) == pytest.approx(4)
    assert motion_energy_ratio(np.repeat(real[:1], 4, axis=0), real) == 0


def test_contrast_of_known_clips():
    real = video(0) // 2 + 40
    assert contrast_ratio(real[::-1], real) == 1
    assert contrast_ratio(real // 2, real) == pytest.approx(0.5, rel=0.01)
    assert contrast_ratio(np.full_like(real, 9), real) == 0
    with pytest.raises(InputError, match="single grey"):
        contrast_ratio(real, np.full_like(real, 9))


def test_colour_distance_sees_mean_and_contrast_of_each_channel():
    real = video(0) // 2 + 40
    assert colour_distance(real, real) == 0
    assert colour_distance(np.roll(real, 3, axis=1)[::-1], real) == pytest.approx(0, abs=1e-9)
    assert colour_distance(real + np.uint8(7), real) == pytest.approx(7)
    red = real.copy()
    red[..., 0] += 6
    assert colour_distance(red, real) == pytest.approx(6 / 3**0.5)
    flat = np.full_like(real, 103)
    assert colour_distance(flat, real) > 20
