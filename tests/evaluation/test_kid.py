"""KID: torchmetrics, a loop over pairs, and what unbiased means."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.image.kid import poly_mmd

from datasets.errors import InputError
from evaluation.metrics.kid import kid, strided


def features(seed, count, channels=6, offset=0.0):
    return (np.random.default_rng(seed).normal(offset, 1, (count, channels))).astype(np.float32)


@pytest.mark.parametrize(("count", "channels"), [(2, 1), (50, 6), (512, 3), (1300, 192)])
def test_agreement_with_torchmetrics(count, channels):
    fake, real = features(0, count, channels, 0.3), features(1, count, channels)
    expected = poly_mmd(torch.tensor(real).double(), torch.tensor(fake).double())
    assert kid(fake, real) == pytest.approx(float(expected), rel=1e-9)


def test_sets_of_different_sizes():
    fake, real = features(0, 7), features(1, 4)

    def k(x, y):
        return (float(x.astype(float) @ y.astype(float)) / 6 + 1) ** 3

    within = [np.mean([k(x, y) for x, y in combinations(side, 2)]) for side in (fake, real)]
    between = np.mean([k(x, y) for x in fake for y in real])
    assert kid(fake, real) == pytest.approx(sum(within) - 2 * between)


def test_zero_on_average_over_all_ways_to_halve_a_set():
    whole = features(0, 8)
    values = []
    for chosen in combinations(range(8), 4):
        others = [i for i in range(8) if i not in chosen]
        values.append(kid(whole[list(chosen)], whole[others]))
    assert np.mean(values) == pytest.approx(0, abs=1e-12) and np.std(values) > 0.1


@given(seed=st.integers(0, 10**6), count=st.integers(2, 30), other=st.integers(2, 30))
@settings(deadline=None, max_examples=40)
def test_properties(seed, count, other):
    a, b = features(seed, count), features(seed + 1, other)
    assert kid(a, b) == pytest.approx(kid(b, a), rel=1e-9, abs=1e-9)
    assert kid(a[::-1], b) == pytest.approx(kid(a, b), rel=1e-9, abs=1e-9)
    assert kid(a, a) < 0


def test_a_distance_between_distributions_is_seen():
    real = features(0, 800, 16)
    assert abs(kid(features(1, 800, 16), real)) < 0.02
    assert kid(features(2, 800, 16, 0.5), real) > 0.5


def test_what_has_no_distance_is_refused():
    with pytest.raises(InputError, match="at least 2 features"):
        kid(features(0, 1), features(1, 5))
    with pytest.raises(ValueError, match="have no distance"):
        kid(features(0, 5, 6), features(1, 5, 7))


def test_strided_takes_a_centred_grid_of_every_frame():
    places = np.stack(np.meshgrid(range(2), range(7), range(9), indexing="ij"), axis=-1)
    assert np.array_equal(strided(places, 126), places.reshape(-1, 3))
    assert np.array_equal(np.unique(strided(places, 125)[:, 1]), [0, 2, 4, 6])
    # With every third place one is left over at either border of 9 columns, and none at those of 7 rows.
    third = strided(places, 18)
    assert np.array_equal(third, [(t, y, x) for t in range(2) for y in (0, 3, 6) for x in (1, 4, 7)])


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 15), st.integers(1, 15)),
    limit=st.integers(1, 300),
)
@settings(max_examples=60)
def test_strided_keeps_as_many_as_may_remain(shape, limit):
    places = np.moveaxis(np.indices(shape), 0, -1)
    kept = strided(places, limit)
    assert len(kept) <= max(limit, shape[0])
    assert sorted({int(t) for t in kept[:, 0]}) == list(range(shape[0]))
    assert len(np.unique(kept, axis=0)) == len(kept)
    if np.prod(shape) <= limit:
        assert len(kept) == np.prod(shape)
    for axis in (1, 2):
        taken = np.unique(kept[:, axis])
        before, after = taken[0], shape[axis] - 1 - taken[-1]
        assert 0 <= after - before <= 1
