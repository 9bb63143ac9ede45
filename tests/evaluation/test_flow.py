"""Optical flow on textures that move by known amounts, and its distances against other implementations."""

import os
from pathlib import Path

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import fourier_shift, gaussian_filter

from datasets.decode import read_video
from datasets.errors import InputError
from evaluation.metrics.flow import ENOUGH, flow, flow_direction_distance, flow_magnitude_distance

STAGE = Path(os.environ.get("SGIF_STAGE", ""))


def moving(dx, dy, frames=4, height=48, width=85, seed=0):
    """A smooth random texture that moves by (dx, dy) pixels a frame, around the borders; uint8 [T, H, W, 3]."""
    noise = np.random.default_rng(seed).standard_normal((3, height, width))
    texture = gaussian_filter(noise, (0, 2, 2), mode="wrap")
    spectra = np.fft.fft2(texture / texture.std() * 40)
    clip = [[np.fft.ifft2(fourier_shift(s, (dy * t, dx * t))).real for s in spectra] for t in range(frames)]
    return np.clip(np.rint(np.moveaxis(clip, 1, -1) + 128), 0, 255).astype(np.uint8)


def uniform(dx, dy, frames=3, height=6, width=7):
    return np.full((frames, height, width, 2), (dx, dy), np.float32)


def turned(vectors, degrees):
    turn = np.exp(1j * np.deg2rad(degrees)) * (vectors[..., 0] + 1j * vectors[..., 1])
    return np.stack([turn.real, turn.imag], axis=-1)


def random_vectors(seed, frames=3, height=5, width=6):
    rng = np.random.default_rng(seed)
    return rng.normal(rng.normal(size=2), 0.5, (frames, height, width, 2)).astype(np.float32)


@pytest.mark.parametrize("size", [(32, 57), (48, 85), (120, 90)])
@pytest.mark.parametrize("velocity", [(0.5, 0), (-1, 0), (0, 2), (-2.3, 1.4), (4, -3)])
def test_the_flow_of_a_known_motion(size, velocity):
    found = flow(moving(*velocity, height=size[0], width=size[1]))
    assert found.shape == (3, *size, 2) and found.dtype == np.float32
    assert np.median(found, axis=(0, 1, 2)) == pytest.approx(velocity, abs=0.03)
    assert np.hypot(*np.moveaxis(found - velocity, -1, 0)).mean() < 0.15


@pytest.mark.parametrize("size", [(12, 20), (20, 12), (16, 100), (9, 33)])
def test_small_frames_are_enlarged_and_the_vectors_scaled_back(size):
    found = flow(moving(0.5, -0.25, height=size[0], width=size[1]))
    assert found.shape == (3, *size, 2)
    assert np.median(found, axis=(0, 1, 2)) == pytest.approx((0.5, -0.25), abs=0.12)


@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_every_size_has_a_flow(height, width, seed):
    frames = np.random.default_rng(seed).integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    found = flow(frames)
    assert found.shape == (2, height, width, 2) and np.isfinite(found).all()


def test_equal_frames_give_equal_bytes_whatever_was_computed_before():
    import cv2

    threads = cv2.getNumThreads()
    frames = moving(1.3, 0.4)
    whole = flow(frames)
    assert flow(frames).tobytes() == whole.tobytes()
    assert np.concatenate([flow(frames[i : i + 2]) for i in range(3)]).tobytes() == whole.tobytes()
    assert cv2.getNumThreads() == threads


@pytest.mark.parametrize("size", [(20, 30), (48, 85)])
def test_a_still_clip_has_no_flow(size):
    assert not flow(np.repeat(moving(0, 0, 1, *size), 4, axis=0)).any()
    assert not flow(np.full((3, *size, 3), 77, np.uint8)).any()


def test_one_frame_has_no_flow():
    with pytest.raises(InputError, match="at least 2 frames"):
        flow(moving(1, 0, frames=1))


def test_reversed_time_keeps_speeds_and_opposes_directions():
    frames = moving(1.5, -0.5)
    there, back = flow(frames), flow(frames[::-1])
    assert flow_magnitude_distance(back, there) < 0.05
    assert flow_direction_distance(back, there) > 0.95


def test_distances_of_known_motions_are_those_of_the_velocities():
    slow, fast, down = flow(moving(1, 0)), flow(moving(2.5, 0)), flow(moving(0, 1, seed=1))
    assert flow_magnitude_distance(fast, slow) == pytest.approx(1.5, abs=0.1)
    assert flow_direction_distance(fast, slow) < 0.02
    assert flow_magnitude_distance(down, slow) < 0.05
    assert flow_direction_distance(down, slow) == pytest.approx(0.5, abs=0.02)
    halves = flow(moving(1, 0, frames=8))
    assert flow_magnitude_distance(halves[:3], halves[4:]) < 0.05
    assert flow_direction_distance(halves[:3], halves[4:]) < 0.02


def test_distances_of_uniform_flows():
    assert flow_magnitude_distance(uniform(3, 4), uniform(0, -2)) == pytest.approx(3)
    for degrees in (0, 1, 45, 90, 179, 180, 270):
        expected = min(degrees, 360 - degrees) / 180
        assert flow_direction_distance(turned(uniform(2, 0), degrees), uniform(2, 0)) == pytest.approx(expected)


def test_a_still_clip_counts_as_moving_everywhere_alike():
    still, right = uniform(0, 0), uniform(1, 0)
    assert flow_direction_distance(still, right) == pytest.approx(0.5, abs=0.01)
    assert flow_direction_distance(still, still) == 0
    assert flow_magnitude_distance(still, right) == pytest.approx(1)


def test_a_few_long_vectors_do_not_decide_the_direction():
    one_wrong = uniform(1, 0, frames=1, height=10, width=10)
    one_wrong[0, 0, 0] = -50, 0
    assert flow_direction_distance(one_wrong, uniform(1, 0)) == pytest.approx(0.01)


@given(seed=st.integers(0, 10**6), degrees=st.integers(0, 359))
@settings(deadline=None, max_examples=40)
def test_properties_of_the_distances(seed, degrees):
    a, b = random_vectors(seed), random_vectors(seed + 1, frames=4, height=3)
    for distance in (flow_magnitude_distance, flow_direction_distance):
        assert distance(a, a) == 0
        assert distance(a, b) == pytest.approx(distance(b, a))
        assert distance(a[::-1, :, ::-1], a) == pytest.approx(0, abs=1e-12)
        # A turn of both changes nothing; whole degrees, but vectors on the border of two bins may change theirs.
        assert distance(turned(a, degrees), turned(b, degrees)) == pytest.approx(distance(a, b), abs=0.01)
    assert 0 <= flow_direction_distance(a, b) <= 1
    assert flow_direction_distance(turned(a, degrees), a) <= min(degrees, 360 - degrees) / 180 + 0.01


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [(4, 7, 5), (3, 5, 6)])
def test_agreement_with_python_optimal_transport(seed, size):
    a, b = random_vectors(seed, 3, 5, 6).reshape(-1, 2), random_vectors(seed + 10, *size).reshape(-1, 2)
    speeds = [np.hypot(*part.T).astype(float) for part in (a, b)]
    expected = ot.wasserstein_1d(*speeds, p=1)
    assert flow_magnitude_distance(a[None, None], b[None, None]) == pytest.approx(expected, rel=1e-6)
    angles = [np.arctan2(part[:, 1], part[:, 0]).astype(float) for part in (a, b)]
    weights = [np.minimum(speed, ENOUGH) / np.minimum(speed, ENOUGH).sum() for speed in speeds]
    # A linear programme over all pairs, at the cost of the shorter way round.
    apart = abs(angles[0][:, None] - angles[1])
    expected = ot.emd2(*weights, np.minimum(apart, 2 * np.pi - apart)) / np.pi
    # Directions are rounded to whole degrees, half a degree at most on either side.
    assert flow_direction_distance(a[None, None], b[None, None]) == pytest.approx(expected, abs=1 / 180)


@pytest.mark.skipif(not (STAGE / "published").is_dir(), reason="SGIF_STAGE names no stage with published clips")
@pytest.mark.parametrize("clip", ["waterfall", "seashore", "desert"])
def test_a_reversed_real_clip_is_further_off_than_its_other_half(clip):
    frames = read_video(STAGE / "published" / clip / "real.mp4", first=8).frames
    floor = flow_direction_distance(flow(frames[4:]), flow(frames[:4]))
    assert flow_direction_distance(flow(frames[::-1]), flow(frames)) > 2 * floor
