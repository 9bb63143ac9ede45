"""The Fréchet distance against closed forms and other implementations; symmetry, zero, never negative."""

import inspect
import math

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics import METRICS
from evaluation.metrics.sgfid import FEW_LOCATIONS, few_locations, frechet_distance, sgfid
from evaluation.statistics import Statistics, gather


def gaussian(seed: int, dims: int = 12, count: int = 400, scale: float = 1.0) -> Statistics:
    """Statistics of correlated features; singular where count <= dims."""
    rng = np.random.default_rng(seed)
    return gather([rng.standard_normal((count, dims)) @ rng.standard_normal((dims, dims)) * scale + 1], dims)


def by_eigenvalues(a: Statistics, b: Statistics) -> float:
    """The formula read literally: the trace of the root is the sum of the roots of the product's eigenvalues."""
    roots = np.sqrt(np.linalg.eigvals(a.covariance @ b.covariance).astype(complex)).real
    shift = a.mean - b.mean
    return float(shift @ shift + np.trace(a.covariance) + np.trace(b.covariance) - 2 * roots.sum())


def by_sqrtm(a: Statistics, b: Statistics) -> float:
    root = scipy.linalg.sqrtm(a.covariance @ b.covariance)
    shift = a.mean - b.mean
    return float(shift @ shift + np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.trace(root).real)


pairs = {"seed": st.integers(0, 2**16), "other": st.integers(0, 2**16)}


@pytest.mark.parametrize("oracle", [by_eigenvalues, by_sqrtm])
@given(**pairs)
@settings(deadline=None, max_examples=40)
def test_equals_other_formulas_where_these_are_accurate(oracle, seed, other):
    a, b = gaussian(seed), gaussian(other + 2**17, scale=1.5)
    assert frechet_distance(a, b) == pytest.approx(oracle(a, b), rel=1e-6)


@pytest.mark.skipif(
    "disp" not in inspect.signature(scipy.linalg.sqrtm).parameters,
    reason="pytorch-fid 0.3.0 calls sqrtm(disp=…), which SciPy 1.18 removed",
)
@pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")
@pytest.mark.parametrize("dims", [2, 64, 192])
def test_equals_pytorch_fid(dims):
    from pytorch_fid.fid_score import calculate_frechet_distance

    a, b = gaussian(1, dims, 5000), gaussian(2, dims, 5000)
    expected = calculate_frechet_distance(a.mean, a.covariance, b.mean, b.covariance)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


finite = st.floats(-50, 50)
variances = st.floats(0, 100)


@given(rows=st.lists(st.tuples(finite, finite, variances, variances), min_size=1, max_size=8))
@settings(deadline=None)
def test_closed_form_of_independent_channels(rows):
    mu_a, mu_b, var_a, var_b = np.array(rows).T
    a, b = Statistics(mu_a, np.diag(var_a), 10), Statistics(mu_b, np.diag(var_b), 10)
    expected = ((mu_a - mu_b) ** 2).sum() + ((np.sqrt(var_a) - np.sqrt(var_b)) ** 2).sum()
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(**pairs, count=st.integers(2, 40))
@settings(deadline=None)
def test_symmetric_bit_for_bit_and_never_negative(seed, other, count):
    a, b = gaussian(seed, count=count), gaussian(other, count=count + 3)
    there = frechet_distance(a, b)
    assert there == frechet_distance(b, a)
    assert there >= 0 and math.isfinite(there)


@given(seed=st.integers(0, 2**16), count=st.integers(2, 300), scale=st.sampled_from([1e-3, 1.0, 1e3]))
@settings(deadline=None)
def test_zero_to_itself_even_where_singular(seed, count, scale):
    a = gaussian(seed, dims=40, count=count, scale=scale)
    assert 0 <= frechet_distance(a, a) <= 1e-9 * np.trace(a.covariance)


@pytest.mark.parametrize("count", [5000, 20], ids=["regular", "singular"])
def test_small_distances_keep_their_digits(count):
    # Two Gaussians whose distance is 1e-8 of their trace: the closed form of scaled covariances is known.
    a = gaussian(3, dims=64, count=count)
    scale = 1 + 1e-4
    b = Statistics(a.mean, a.covariance * scale**2, a.count)
    assert frechet_distance(a, b) == pytest.approx(1e-8 * np.trace(a.covariance), rel=1e-4)


@given(seed=st.integers(0, 2**16), shift=st.floats(-5, 5))
@settings(deadline=None, max_examples=30)
def test_a_common_rotation_and_shift_changes_nothing(seed, shift):
    a, b = gaussian(seed), gaussian(seed + 1)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((12, 12)))[0]
    moved = [Statistics(turn @ s.mean + shift, turn @ s.covariance @ turn.T, s.count) for s in (a, b)]
    assert frechet_distance(*moved) == pytest.approx(frechet_distance(a, b), rel=1e-8)


def test_members_are_averaged():
    real, fake = [gaussian(0), gaussian(1)], [gaussian(2), gaussian(3)]
    mean = (frechet_distance(real[0], fake[0]) + frechet_distance(real[1], fake[1])) / 2
    assert sgfid(real, fake) == pytest.approx(mean, rel=1e-12)
    with pytest.raises(ValueError):
        sgfid(real, fake[:1])
    with pytest.raises(ValueError):
        sgfid([], [])


def test_other_numbers_of_channels_have_no_distance():
    with pytest.raises(ValueError, match="12 and 5 channels"):
        frechet_distance(gaussian(0), gaussian(0, dims=5))


def test_few_locations_are_reported():
    enough, few = gaussian(0, count=FEW_LOCATIONS), gaussian(0, count=FEW_LOCATIONS - 1)
    assert few_locations(enough, enough) == ""
    assert "only 999 feature locations" in few_locations(enough, few)


def test_the_registry_describes_the_range():
    assert METRICS["sgfid"].direction == "lower" and METRICS["sgfid"].range == (0, math.inf)
    assert all(name == metric.name and metric.source and metric.blind_to for name, metric in METRICS.items())
