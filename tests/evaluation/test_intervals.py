import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evaluation.intervals import balanced_mean, mean_interval, ratio_interval

values = st.lists(st.floats(0.01, 1000), min_size=1, max_size=6).map(np.array)
groups = st.lists(values, min_size=1, max_size=5)


def loop_bootstrap(clips, resamples, seed):
    """The definition, written as it is said: draw clips, then samples of each."""
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(resamples):
        drawn = [clips[index] for index in rng.integers(len(clips), size=len(clips))]
        means.append(np.mean([rng.choice(clip, size=len(clip)).mean() for clip in drawn]))
    return np.quantile(means, [0.025, 0.975])


@settings(deadline=None, max_examples=50)
@given(groups)
def test_the_interval_lies_within_the_values_and_is_reproducible(clips):
    one, two = (mean_interval(clips, resamples=200, seed=3) for _ in range(2))
    assert repr(one) == repr(two)  # NaN is not equal to itself
    assert one.estimate == balanced_mean(clips)
    if one.over != "nothing":
        pooled = np.concatenate(clips)
        slack = 1e-9 * pooled.max()
        assert pooled.min() - slack <= one.low <= one.high <= pooled.max() + slack


@settings(deadline=None, max_examples=30)
@given(groups, st.floats(0.1, 10))
def test_scaling_the_values_scales_the_interval(clips, factor):
    one = mean_interval(clips, resamples=100, seed=0)
    scaled = mean_interval([clip * factor for clip in clips], resamples=100, seed=0)
    assert np.allclose([scaled.low, scaled.high], [one.low * factor, one.high * factor], rtol=1e-9, equal_nan=True)


def test_it_agrees_with_the_definition_as_a_loop():
    rng = np.random.default_rng(1)
    clips = [rng.normal(mean, 3, size) for mean, size in ((10, 4), (20, 10), (35, 7))]
    expected = loop_bootstrap(clips, 20_000, seed=8)
    found = mean_interval(clips, resamples=20_000, seed=9)
    # Two independent bootstraps; the ends of such an interval vary by a few percent of its width.
    assert np.abs(np.array([found.low, found.high]) - expected).max() < 0.03 * (expected[1] - expected[0])


def test_its_width_follows_the_variance_over_clips_where_clips_have_one_sample():
    clips = np.random.default_rng(2).normal(50, 5, size=(40, 1))
    found = mean_interval(list(clips), resamples=5000, seed=0)
    expected = 2 * 1.96 * clips.std() / math.sqrt(len(clips))
    assert found.over == "clips"
    assert (found.high - found.low) == pytest.approx(expected, rel=0.08)


def test_clips_are_balanced_however_many_samples_they_have():
    assert balanced_mean([np.full(9, 1.0), np.full(1, 3.0)]) == 2.0


def test_with_one_clip_only_its_samples_are_resampled():
    sample = np.random.default_rng(3).normal(10, 2, 25)
    found = mean_interval([sample], resamples=5000, seed=0)
    assert found.over == "samples"
    assert (found.high - found.low) == pytest.approx(2 * 1.96 * sample.std() / 5, rel=0.1)


def test_differences_between_clips_widen_the_interval():
    rng = np.random.default_rng(4)
    near = [rng.normal(10, 1, 10) for _ in range(5)]
    far = [clip + 20 * index for index, clip in enumerate(near)]
    narrow, wide = (mean_interval(clips, resamples=1000, seed=0) for clips in (near, far))
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)


def test_one_value_has_no_interval():
    found = mean_interval([np.array([4.0])], resamples=10, seed=0)
    assert (found.estimate, found.over) == (4.0, "nothing")
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_another_seed_gives_other_resamples():
    clips = [np.arange(10.0), np.arange(5.0, 25.0)]
    assert mean_interval(clips, resamples=50, seed=0) != mean_interval(clips, resamples=50, seed=1)


def test_a_ratio_is_paired_by_clip():
    reference = [np.array([value]) for value in (1.0, 10.0, 100.0)]
    found = ratio_interval([2 * clip for clip in reference], reference, resamples=500, seed=0)
    assert (found.estimate, found.low, found.high) == (2.0, 2.0, 2.0)


def test_a_ratio_of_equal_methods_includes_one():
    rng = np.random.default_rng(5)
    one, two = ([rng.gamma(9, 10, 10) for _ in range(3)] for _ in range(2))
    found = ratio_interval(one, two, resamples=1000, seed=0)
    assert found.low < 1 < found.high
    assert found.low < found.estimate < found.high


def test_a_reference_that_is_mostly_zero_leaves_the_interval_open_above():
    found = ratio_interval([np.ones(3)], [np.array([0.0, 0.0, 1.0])], resamples=1000, seed=0)
    assert found.high == math.inf
    assert found.low > 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_interval([], resamples=10, seed=0),
        lambda: mean_interval([np.array([])], resamples=10, seed=0),
        lambda: mean_interval([np.array([math.nan])], resamples=10, seed=0),
        lambda: mean_interval([np.ones(2)], resamples=0, seed=0),
        lambda: mean_interval([np.ones(2)], resamples=10, seed=0, level=1),
        lambda: ratio_interval([np.ones(2)], [np.ones(2)] * 2, resamples=10, seed=0),
        lambda: ratio_interval([np.ones(2)], [np.zeros(2)], resamples=10, seed=0),
        lambda: ratio_interval([-np.ones(2)], [np.ones(2)], resamples=10, seed=0),
    ],
)
def test_what_has_no_interval_is_refused(call):
    with pytest.raises(ValueError, match="needs"):
        call()


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_agrees_with_scipys_bootstrap_where_there_is_one_level(level):
    """One sample a clip resamples clips alone, one clip its samples alone: both are scipy's percentile bootstrap."""
    values = np.random.default_rng(3).lognormal(1.0, 0.6, 12)
    rng = np.random.default_rng(1)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=40_000, confidence_level=level, method="percentile", rng=rng
    ).confidence_interval
    width = expected.high - expected.low
    for groups in ([values], [np.array([value]) for value in values]):
        found = mean_interval(groups, resamples=40_000, seed=2, level=level)
        assert found.low == pytest.approx(expected.low, abs=0.03 * width)
        assert found.high == pytest.approx(expected.high, abs=0.03 * width)
