"""Composition, super-resolution and motion transfer, judged: on clips whose values are known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from datasets.clip import make_clip
from datasets.resize import resize_frames
from evaluation.applications import animation, composition, superresolution
from evaluation.encoders.encoder import load_encoder
from evaluation.metrics.flow import flow

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("random-inception")


def scene(frames=4, height=40, width=56, step=2, seed=0):
    """Smooth noise that moves to the right."""
    rng = np.random.default_rng(seed)
    whole = gaussian_filter(rng.normal(size=(height, width + frames * step, 3)), (1.5, 1.5, 0))
    whole = (128 + 40 * whole / whole.std()).clip(0, 255).astype(np.uint8)
    return np.stack([whole[:, (frames - t) * step : (frames - t) * step + width] for t in range(frames)])


def steps(height=12, width=15, inset=(3, 4, 8, 11), inner=100):
    frames = np.zeros((2, height, width, 3), np.uint8)
    top, left, bottom, right = inset
    frames[:, top:bottom, left:right] = inner
    return frames


def test_the_jump_is_the_step_across_the_seam():
    assert composition.jump(steps(), (3, 4, 8, 11)) == 100
    assert composition.jump(steps(), (2, 3, 9, 12)) == 0
    assert composition.jump(steps(inset=(0, 9, 12, 15)), (0, 9, 12, 15)) == 100


def test_a_seam_that_only_moved_is_found():
    moved = steps(inset=(2, 3, 9, 12))
    assert composition.jump(moved, (3, 4, 8, 11)) == 0
    assert composition.sharpest(moved, (3, 4, 8, 11), 2) == 100
    assert composition.sharpest(steps(inset=(0, 7, 12, 15)), (0, 9, 12, 15), 1) == 0
    assert composition.sharpest(steps(inset=(0, 7, 12, 15)), (0, 9, 12, 15), 2) == 100


def test_the_usual_step_of_a_slope_is_its_slope():
    y, x = np.mgrid[:10, :10]
    frames = np.stack([np.stack([3 * x + 5 * y] * 3, -1)] * 2).astype(np.uint8)
    assert composition.usual_step(frames) == 4


def test_the_distance_to_a_seam_counts_pixels():
    found = composition.seam_distance((12, 15), (3, 4, 8, 11))
    sides = [(y, x) for y in range(3, 8) for x in range(4, 11) if y in (3, 7) or x in (4, 10)]
    for y in range(12):
        for x in range(15):
            near = min(max(abs(y - a), abs(x - b)) for a, b in sides)
            assert found[y, x] == near + (3 <= y < 8 and 4 <= x < 11)
    shifted = composition.seam_distance((5, 10), (0, 6, 5, 10))
    assert shifted[2].tolist() == [6, 5, 4, 3, 2, 1, 1, 2, 3, 4]


def composed(real, ours, name="shift"):
    cut = real.shape[2] * 2 // 3
    edited = np.roll(real, -(real.shape[2] - cut), axis=2)
    source = {"inset": [0, cut, *real.shape[1:3]], "margin": 8, "kind": "generated"}
    result = edited.copy()
    band = slice(cut - 8, cut + 8)
    result[:, :, band] = ours(edited)[:, :, band]
    return {f"{name}-edited": make_clip(edited), name: make_clip(result, **source)}


def test_a_mended_seam_beats_the_edit_and_the_edit_does_not(encoder):
    real = scene()

    def mended(edited):
        return gaussian_filter(edited, (0, 0, 3, 0))

    for ours, won in ((mended, True), (lambda edited: edited, False)):
        made = composed(real, ours) | composed(real, ours, "paste")
        verdict = composition.judge(make_clip(real), made, {}, encoder)
        found = {measure.measure: measure for measure in verdict.measures}
        assert found["jump_shift"].beats is won and found["sharpest_paste"].beats is won
        assert found["jump_shift"].baseline_value > 2 and found["unedited_shift"].value == 0
        assert verdict.sheet.dtype == np.uint8 and len(verdict.shown) == 5


def test_a_change_beyond_the_band_is_seen(encoder):
    real = scene()
    made = composed(real, lambda edited: edited) | composed(real, lambda edited: edited, "paste")
    made["shift"].frames[0, 0, 0] ^= 16
    found = {m.measure: m for m in composition.judge(make_clip(real), made, {}, encoder).measures}
    assert found["unedited_shift"].value == 16 and not found["unedited_shift"].beats
    assert found["unedited_paste"].beats


def test_features_near_the_seam_are_those_of_a_narrow_clip(encoder):
    """As many as lie within 12 pixels on either side."""
    frames = scene(2, 64, 128)
    near = composition.seam_statistics(frames, (0, 64, 64, 128), encoder)
    everywhere = composition.seam_statistics(frames, (0, 64, 64, 128), load_encoder("random-inception"))
    columns = 128 // 4
    assert near[0].count == everywhere[0].count and 0.1 < near[0].count / (2 * 12 * columns) < 0.35


def test_psnr_is_that_of_the_error():
    real = np.full((2, 8, 8, 3), 100, np.uint8)
    assert superresolution.peak_signal_to_noise(real + 10, real) == pytest.approx(20 * np.log10(25.5))
    assert superresolution.peak_signal_to_noise(real, real) == np.inf


def test_ssim_is_its_formula_where_windows_do_not_matter():
    """Of flat frames only the means count; of a frame and its negative the structure is opposite."""
    a, b = (np.full((1, 20, 20, 3), value, np.uint8) for value in (50, 100))
    constant = (0.01 * 255) ** 2
    expected = (2 * 50 * 100 + constant) / (50**2 + 100**2 + constant)
    assert superresolution.structural_similarity(a, b) == pytest.approx(expected)
    noise = RNG.integers(0, 256, (2, 30, 30, 3), dtype=np.uint8)
    assert superresolution.structural_similarity(noise, noise) == pytest.approx(1)
    assert superresolution.structural_similarity(255 - noise, noise) < -0.5


def test_bicubic_ties_with_itself_and_the_clip_wins(encoder):
    real = scene(3, 48, 64)
    small = resize_frames(real, 24, 32)
    for large, won in ((resize_frames(small, 48, 64), False), (real, True)):
        made = {"small": make_clip(small), "large": make_clip(large)}
        verdict = superresolution.judge(make_clip(real), made, {"factor": 2}, encoder)
        found = {measure.measure: measure for measure in verdict.measures}
        assert found["sgfid"].beats is won and found["ssim"].beats is won
        assert found["psnr_loss"].beats and (found["psnr_loss"].value == 0) is not won


def test_rows_that_were_cut_off_do_not_count(encoder):
    real = scene(3, 49, 65)
    small = resize_frames(np.ascontiguousarray(real[:, :48, :64]), 24, 32)
    made = {"small": make_clip(small), "large": make_clip(np.ascontiguousarray(real[:, :48, :64]))}
    found = superresolution.judge(make_clip(real), made, {"factor": 2}, encoder).measures[0]
    assert found.value == pytest.approx(0, abs=1e-6)


def test_the_correlation_of_flows():
    a = RNG.normal(size=(3, 10, 12, 2))
    assert animation.flow_correlation(a, 3 * a) == pytest.approx(1)
    assert animation.flow_correlation(a, -a) == pytest.approx(-1)
    assert animation.flow_correlation(a, np.zeros_like(a)) == 0
    assert abs(animation.flow_correlation(a, RNG.normal(size=a.shape))) < 0.2
    assert animation.flow_correlation(a[:2], a) == pytest.approx(1)


def test_a_flow_that_is_the_same_everywhere_is_no_merit():
    alike = np.ones((2, 20, 30, 2))
    assert animation.displaced_correlation(alike) == pytest.approx(1)
    here = np.zeros((2, 40, 60, 2))
    here[:, 10:14, 20:24] = 1
    assert animation.displaced_correlation(here) < 0.1


def test_colours_of_parts():
    frames = np.zeros((2, 16, 24, 3), np.uint8)
    frames[1, :2, :3] = 80
    found = animation.part_colours(frames)
    assert found.shape == (8, 8, 3) and found[0, 0].tolist() == [40, 40, 40] and not found[1:].any()
    assert animation.part_colours(frames[:, :3, :5]).shape == (3, 5, 3)


def test_the_clip_itself_beats_all_and_a_still_image_nothing(encoder):
    real = scene(5, 48, 64, 3)
    real[:, :24] = real[:1, :24]  # it moves below only
    for frames, won in ((real, True), (np.repeat(real[2:3], 5, axis=0), False)):
        made = {}
        for name in ("own", "sample"):
            made |= {f"{name}-image": make_clip(real[2:3]), name: make_clip(frames)}
        found = {m.measure: m for m in animation.judge(make_clip(real), made, {}, encoder).measures}
        for name in ("own", "sample"):
            assert found[f"correlation_{name}"].beats is won and found[f"speed_{name}"].beats is won
        assert found["correlation_own"].value == pytest.approx(float(won), abs=1e-6)
    assert flow(real)[:, 30:].mean() != 0
