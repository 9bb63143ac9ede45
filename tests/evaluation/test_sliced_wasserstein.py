"""The sliced Wasserstein distance: against POT, closed forms, and what it sees and does not."""

import numpy as np
import pytest

from datasets.errors import InputError
from evaluation.metrics.sliced_wasserstein import PATCH, sliced_wasserstein


def video(seed, frames=5, height=20, width=24):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def drifting(frames=6, height=24, width=44, speed=1):
    """A saw-tooth that moves to the right: slow to rise, quick to fall; patches start at four whole periods."""
    x = np.arange(width)[None, None, :, None] - speed * np.arange(frames)[:, None, None, None]
    return np.broadcast_to((x % 10) * 20, (frames, height, width, 3)).astype(np.uint8)


def centred(frames):
    """All patches without their mean colour, float64 [N, values], one by one."""
    rows = []
    for place in np.ndindex(*(n - side + 1 for n, side in zip(frames.shape, PATCH, strict=False))):
        patch = frames[tuple(slice(at, at + side) for at, side in zip(place, PATCH, strict=True))].astype(float)
        rows.append((patch - patch.mean(axis=(0, 1, 2))).ravel())
    return np.array(rows)


def directions(count, seed):
    """As the metric draws them: colours last, without a mean, of length 1."""
    lines = np.random.default_rng(seed).standard_normal((75, 3, count))
    lines = (lines - lines.mean(axis=0)).reshape(225, count)
    return lines / np.linalg.norm(lines, axis=0)


@pytest.mark.parametrize("frames", [5, 4])
def test_it_is_pots_of_the_same_directions(frames):
    ot = pytest.importorskip("ot")
    fake, real = video(1, frames, 9, 11) // 2, video(0, 5, 9, 10)
    expected = ot.sliced_wasserstein_distance(centred(fake), centred(real), projections=directions(32, 3), p=2)
    assert sliced_wasserstein(fake, real, directions=32, seed=3) == pytest.approx(expected, rel=1e-4)


def test_a_copy_is_at_zero_and_so_is_another_colour():
    real = video(0) // 2
    assert sliced_wasserstein(real, real) == 0
    assert sliced_wasserstein(real + np.array([9, 0, 60], np.uint8), real) == pytest.approx(0, abs=1e-3)
    grey = np.full_like(real, 50)
    assert sliced_wasserstein(grey, grey + np.uint8(3)) == pytest.approx(0, abs=1e-3)


def test_contrast_scales_it():
    grey = np.full((4, 12, 14, 3), 128, np.uint8)
    step = video(0, 4, 12, 14) // 8
    near, far = (sliced_wasserstein(grey + factor * step, grey) for factor in (1, 2))
    assert far == pytest.approx(2 * near, rel=1e-4)


def test_it_is_symmetric_and_repeats():
    fake, real = video(1, 4), video(0) // 2
    value = sliced_wasserstein(fake, real)
    assert value == sliced_wasserstein(fake, real) == pytest.approx(sliced_wasserstein(real, fake), rel=1e-9)
    assert value != sliced_wasserstein(fake, real, seed=1)


def test_it_sees_time_run_backwards_frames_shuffled_and_frozen():
    real = drifting()
    halves = sliced_wasserstein(real[3:], real[:3])
    shuffled = real[[3, 0, 5, 2, 4, 1]]
    assert halves < 0.5
    for wrong in (real[::-1], shuffled, np.repeat(real[:1], 6, axis=0), drifting(speed=2)):
        assert sliced_wasserstein(wrong, real) > 10 * max(halves, 0.1)


def test_it_does_not_see_where_a_patch_lies():
    real = drifting()
    assert sliced_wasserstein(real[:, :, 7:41], real[:, :, :34]) == pytest.approx(0, abs=1e-3)


def test_a_choice_of_patches_comes_near_all():
    fake, real = video(1) // 2, video(0)
    whole = sliced_wasserstein(fake, real)
    assert sliced_wasserstein(fake, real, patches=500) == pytest.approx(whole, rel=0.1)
    assert sliced_wasserstein(real, real, patches=50) == 0


def test_a_clip_without_a_patch_is_refused():
    for bad in (video(0, frames=2), video(0, width=4)):
        with pytest.raises(InputError, match="no patch"):
            sliced_wasserstein(bad, video(0))
