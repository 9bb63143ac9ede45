"""Bidirectional similarity: closed forms, all pairs, and which of its halves sees what."""

import numpy as np
import pytest

from datasets.errors import InputError
from evaluation.metrics.similarity import PATCH, SCALES, BidirectionalSimilarity


def scene(seed, frames=5, height=40, width=60, grain=3):
    rng = np.random.default_rng(seed)
    t, y, x = np.meshgrid(*map(np.arange, (frames, height, width)), indexing="ij")
    waves = [
        np.sin(a * x + b * y + c * t + d)[..., None] * rng.uniform(0, 30, 3)
        for a, b, c, d in rng.uniform(-0.5, 0.5, (8, 4)) * (1, 1, 2, 12)
    ]
    return (128 + sum(waves) + rng.normal(0, grain, (frames, height, width, 3))).clip(0, 255).astype(np.uint8)


def one_way(clip, other):
    """RMS distance to the nearest patch, from all pairs in float64."""

    def rows(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, PATCH, axis=(0, 1, 2))
        return windows.reshape(int(np.prod(windows.shape[:3])), -1).astype(np.float64)

    a, b = rows(clip), rows(other)
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt((squares.min(axis=1) / a.shape[1]).clip(0).mean())


def area(clip, factor):
    """Means of blocks, as far as they go without a rest."""
    t, h, w, c = clip.shape
    blocks = clip.reshape(t, h // factor, factor, w // factor, factor, c).astype(float)
    return np.round(blocks.mean(axis=(2, 4))).astype(np.uint8)


def test_it_is_the_mean_over_scales_of_all_pairs():
    fake, real = scene(1, 4, 36, 48), scene(0, 4, 36, 48)
    found = BidirectionalSimilarity(real, patches=10**6)(fake)
    # A quarter has a short side of 9, which is too small.
    pairs = [(fake, real), (area(fake, 2), area(real, 2))]
    assert found.coherence == pytest.approx(np.mean([one_way(a, b) for a, b in pairs]), rel=0.01)
    assert found.completeness == pytest.approx(np.mean([one_way(b, a) for a, b in pairs]), rel=0.01)


def test_a_copy_is_perfect_and_a_brighter_one_off_by_as_much():
    real = scene(0)
    similarity = BidirectionalSimilarity(real)
    assert similarity(real).coherence == similarity(real).completeness == 0
    grey = np.full((4, 32, 57, 3), 90, np.uint8)
    brighter = BidirectionalSimilarity(grey)(grey + np.uint8(6))
    assert (brighter.coherence, brighter.completeness) == (6, 6)


def test_what_is_missing_lacks_completeness_and_what_is_alien_coherence():
    real = scene(0, grain=0)
    similarity = BidirectionalSimilarity(real)
    # One half of the scene over and over: nothing alien but the seam.
    half = np.concatenate([real[:, :, :30], real[:, :, :30]], axis=2)
    missing = similarity(half)
    assert missing.completeness > 1.5 * missing.coherence
    frozen = similarity(np.repeat(real[:1], 5, axis=0))
    assert frozen.completeness > 1
    alien = real.copy()
    alien[:, :, 40:] = np.random.default_rng(0).integers(0, 256, alien[:, :, 40:].shape, dtype=np.uint8)
    alien = similarity(alien)
    assert alien.coherence > 1.5 * alien.completeness


def test_a_sample_of_patches_comes_near_all_and_is_the_same_on_repeat():
    fake, real = scene(1), scene(0)
    every = BidirectionalSimilarity(real, patches=10**6)(fake)
    some = BidirectionalSimilarity(real, patches=500)
    assert some(fake) == some(fake) == BidirectionalSimilarity(real, patches=500)(fake)
    assert some(fake).coherence == pytest.approx(every.coherence, rel=0.1)
    assert some(fake) != BidirectionalSimilarity(real, patches=500, seed=1)(fake)


def test_both_ways_swap_with_the_clips():
    fake, real = scene(1), scene(0)
    forth, back = BidirectionalSimilarity(real)(fake), BidirectionalSimilarity(fake)(real)
    assert (forth.coherence, forth.completeness) == (back.completeness, back.coherence)


def test_small_and_short_clips():
    assert SCALES[0] == 1
    small = BidirectionalSimilarity(scene(0, 3, 7, 9))(scene(1, 4, 7, 9))
    assert small.coherence > 0 and small.completeness > 0
    with pytest.raises(InputError, match="no patch"):
        BidirectionalSimilarity(scene(0, 2))
    with pytest.raises(InputError, match="one size"):
        BidirectionalSimilarity(scene(0))(scene(0, width=61))
