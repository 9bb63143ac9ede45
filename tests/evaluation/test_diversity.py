"""Diversity against a literal reading of SinGAN's definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.errors import InputError
from evaluation.metrics.diversity import diversity, grey


def clips(count: int, seed: int = 0, shape=(3, 5, 7, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


@given(count=st.integers(2, 6), seed=st.integers(0, 2**16))
@settings(deadline=None, max_examples=50)
def test_is_the_mean_deviation_of_voxels_over_the_clips_contrast(count, seed):
    samples, real = clips(count, seed), clips(1, seed + 1)[0]
    expected = (samples @ [0.299, 0.587, 0.114]).std(axis=0).mean() / (real @ [0.299, 0.587, 0.114]).std()
    assert diversity(iter(samples), real) == pytest.approx(expected, rel=1e-9)


@given(seed=st.integers(0, 2**16), order=st.permutations(range(4)))
@settings(deadline=None, max_examples=30)
def test_order_of_samples_does_not_matter(seed, order):
    samples, real = clips(4, seed), clips(1, seed + 1)[0]
    assert diversity(samples[list(order)], real) == pytest.approx(diversity(samples, real), rel=1e-12)


def test_identical_samples_have_none():
    assert diversity([clips(1)[0]] * 3, clips(1, 1)[0]) == 0


def test_the_real_clip_may_be_of_another_shape():
    assert diversity(clips(2), clips(1, shape=(9, 4, 4, 3))[0]) > 0


def test_grey_is_what_pillow_calls_grey():
    frame = clips(1)[0, 0]
    expected = np.asarray(Image.fromarray(frame).convert("L"), dtype=float)
    assert np.abs(grey(frame[None])[0] - expected).max() <= 1


def test_what_has_no_diversity_is_refused():
    with pytest.raises(InputError, match="needs at least 2 samples, got 1"):
        diversity(clips(1), clips(1)[0])
    with pytest.raises(InputError, match="one single grey value"):
        diversity(clips(2), np.full((2, 4, 4, 3), 7, np.uint8))
    with pytest.raises(ValueError, match="different shapes"):
        diversity([clips(1)[0], clips(1)[0][:2]], clips(1)[0])
