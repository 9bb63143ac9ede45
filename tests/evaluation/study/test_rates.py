"""Rates, detection and agreement: closed forms, other people's implementations, and coverage by simulation."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from evaluation.study.agreement import alpha, alpha_interval
from evaluation.study.power import Size, at_rate
from evaluation.study.raters import Raters, draw
from evaluation.study.rates import (
    Cells,
    clustered_rate,
    difference,
    equivalence,
    pigeonhole,
    spread,
    tabulate,
    wilson,
)
from evaluation.study.signal_detection import detection, ends

RNG = np.random.default_rng(0)


def votes(seed, count=200, workers=12, clips=7, groups=1):
    """Random votes with their workers, clips and groups."""
    rng = np.random.default_rng(seed)
    return rng.integers(2, size=count), *(rng.integers(n, size=count) for n in (workers, clips, groups))


def test_the_papers_interval_is_what_is_quoted():
    found = wilson(44, 90)
    assert (f"{found.low:.3f}", f"{found.high:.3f}") == ("0.388", "0.590")
    assert found.value == 44 / 90


@pytest.mark.parametrize(("k", "n"), [(0, 7), (7, 7), (44, 90), (131, 270), (1, 1000)])
def test_wilsons_interval_solves_its_equation(k, n):
    found = wilson(k, n)
    for end in (found.low, found.high):
        if 0 < end < 1:
            assert abs(k / n - end) == pytest.approx(norm.ppf(0.975) * np.sqrt(end * (1 - end) / n), rel=1e-6)
    assert found.low <= k / n <= found.high


def test_newcombes_interval_is_the_published_one():
    # Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/10.
    for (k1, n1, k2, n2), low, high in [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ]:
        found = difference(k1, n1, k2, n2)
        assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_cells_hold_every_vote():
    real, workers, clips, groups = votes(1, groups=3)
    cells = tabulate(real, workers, clips, groups)
    for k, w, c in itertools.product(range(3), range(12), range(7)):
        here = (groups == k) & (workers == w) & (clips == c)
        assert cells.count[k, w, c] == here.sum() and cells.yes[k, w, c] == real[here].sum()
    both = tabulate(np.stack([real, 1 - real]), workers, clips, groups)
    np.testing.assert_array_equal(both.yes[0] + both.yes[1], both.count)


def brute_force_variance(real, workers, clips, weights):
    """The two-way clustered variance of sum(weights * (real - mean of its group)), vote by vote."""

    def one_way(names):
        sums = [weights[names == name].sum() for name in set(names)]
        return sum(value**2 for value in sums) * len(sums) / (len(sums) - 1)

    pairs = workers * 1000 + clips
    by_worker, by_clip, by_both = one_way(workers), one_way(clips), one_way(pairs)
    return max(by_worker + by_clip - by_both, by_worker, by_clip)


@pytest.mark.parametrize("gradient", [[1.0, 0.0], [1.0, -1.0], [0.3, 2.0]])
def test_the_spread_is_that_of_a_sum_over_votes(gradient):
    real, workers, clips, groups = votes(2, groups=2)
    # People and clips that differ, so that the floor of independent votes does not matter.
    real = (real + (workers % 3) + (clips % 2) > 1).astype(int)
    rates = [real[groups == k].mean() for k in (0, 1)]
    weights = np.array([gradient[k] * (r - rates[k]) / (groups == k).sum() for r, k in zip(real, groups, strict=True)])
    expected = brute_force_variance(real, workers, clips, weights)
    found = spread(tabulate(real, workers, clips, groups), np.array(gradient))
    assert found.error**2 == pytest.approx(expected)
    assert found.freedom >= 6


def test_many_studies_at_once_are_each_on_its_own():
    _, workers, clips, groups = votes(3, groups=2)
    real = RNG.integers(2, size=(5, 200))
    together = tabulate(real, workers, clips, groups)
    low, high = clustered_rate(together)
    boot = pigeonhole(together, resamples=200)
    p, *_ = equivalence(together, 0.1)
    for index, row in enumerate(real):
        alone = tabulate(row, workers, clips, groups)
        assert clustered_rate(alone) == (pytest.approx(low[index]), pytest.approx(high[index]))
        assert pigeonhole(alone, resamples=200) == (pytest.approx(boot[0][index]), pytest.approx(boot[1][index]))
        assert equivalence(alone, 0.1)[0] == pytest.approx(p[index])
        assert ends(alone)[0] == pytest.approx(ends(together)[0][index])


@pytest.mark.parametrize("said", [0, 1])
def test_votes_that_are_all_alike_have_an_interval_that_is_no_point(said):
    cells = tabulate(np.full(90, said), np.arange(90) % 10, np.arange(90) // 10)
    low, high = clustered_rate(cells)
    assert (low < 0.01 and 0.02 < high < 0.2) if said == 0 else (high > 0.99 and 0.8 < low < 0.98)


def test_one_person_or_one_clip_is_clustered_by_the_other_and_one_of_each_by_nothing():
    real = np.array([0, 1, 1, 0, 1, 0])
    several = np.array([0, 0, 1, 1, 2, 2])
    one_clip, one_worker = tabulate(real, several, real * 0), tabulate(real, real * 0, several)
    assert clustered_rate(one_clip) == pytest.approx(clustered_rate(one_worker))
    assert 0 < clustered_rate(one_clip)[0] < 0.5 < clustered_rate(one_clip)[1] < 1
    neither = tabulate(real, real * 0, real * 0)
    assert np.isnan([*clustered_rate(neither), *pigeonhole(neither)]).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_equivalence_is_shown_exactly_where_the_90_percent_interval_lies_within_the_margin(seed):
    rng = np.random.default_rng(seed)
    real, workers, clips, _ = votes(seed, 600)
    real = (rng.random(600) < rng.uniform(0.4, 0.6)).astype(int)
    p, low, high = equivalence(tabulate(real, workers, clips), 0.1)
    assert (p < 0.05) == (low > 0.4 and high < 0.6)


def test_the_bootstrap_is_that_of_drawing_votes():
    real, workers, clips, _ = votes(4, 60, 5, 4)
    low, high = pigeonhole(tabulate(real, workers, clips), resamples=20000)
    rng, means = np.random.default_rng(9), []
    for _ in range(4000):
        w, c = rng.integers(5, size=5), rng.integers(4, size=4)
        weights = (w[:, None] == workers).sum(0) * (c[:, None] == clips).sum(0)
        means.append(np.average(real, weights=weights) if weights.sum() else np.nan)
    assert (low, high) == pytest.approx(np.nanquantile(means, [0.025, 0.975]), abs=0.015)


def test_dprime_and_criterion_are_the_textbooks():
    # 20 of 25 reals and 5 of 25 fakes called real; log-linear: 20.5/26 and 5.5/26.
    real = np.repeat([1, 0, 1, 0], [20, 5, 5, 20])
    groups = np.repeat([1, 0], 25)
    found = detection(tabulate(real, np.arange(50) % 10, np.arange(50) % 5, groups))
    hit, false = norm.ppf([20.5 / 26, 5.5 / 26])
    assert found.dprime.value == pytest.approx(hit - false) and found.criterion.value == pytest.approx(0, abs=1e-12)
    assert found.gap.value == pytest.approx(0.6) and found.gap.low < 0.6 < found.gap.high
    lenient = detection(
        tabulate(np.repeat([1, 0, 1, 0], [25, 0, 20, 5]), np.arange(50) % 10, np.arange(50) % 5, groups)
    )
    assert lenient.criterion.value < -1 and np.isfinite([lenient.dprime.low, lenient.dprime.high]).all()


def test_the_derivatives_are_those_of_dprime_and_criterion():
    real, workers, clips, groups = votes(5, 400, groups=2)
    cells = tabulate(real, workers, clips, groups)
    step = 1e-5
    z = norm.ppf(cells.shrunk())
    for index, sign in enumerate(([-1.0, 1.0], [-0.5, -0.5])):
        slopes = [(norm.ppf(r + step) - norm.ppf(r - step)) / (2 * step) for r in cells.shrunk()]
        found = spread(cells, np.array(sign) * slopes)
        _, _, low, high = ends(cells)
        centre = [z[1] - z[0], -(z[0] + z[1]) / 2][index]
        assert (low[index] + high[index]) / 2 == pytest.approx(centre)
        assert (high[index] - low[index]) / found.error > 2 * norm.ppf(0.975)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=12))
def test_alpha_is_that_of_another_implementation(counts):
    krippendorff = pytest.importorskip("krippendorff", reason="the other implementation is not installed")
    table = np.array(counts)
    pairable = table[table.sum(1) > 1]
    if not (pairable.sum(0) > 0).all():
        assert np.isnan(alpha(table))
        return
    expected = krippendorff.alpha(value_counts=pairable, level_of_measurement="nominal")
    assert alpha(table) == pytest.approx(expected, abs=1e-12)


def test_alpha_is_1_where_all_agree_and_0_where_all_guess():
    assert alpha(np.array([[3, 0], [0, 3], [3, 0]])) == 1
    guesses = np.random.default_rng(0).binomial(3, 0.4, 20000)
    assert alpha(np.column_stack([guesses, 3 - guesses])) == pytest.approx(0, abs=0.02)


def test_alphas_interval_holds_it_and_needs_two_clips():
    yes = np.random.default_rng(1).binomial(3, np.tile([0.2, 0.8, 0.5], 30))
    counts = np.column_stack([yes, 3 - yes])
    found = alpha_interval(counts, list(np.arange(90) // 10))
    assert found.low < found.value < found.high and found.n == 90
    assert alpha_interval(counts, list(np.arange(90) // 10)) == found
    one = alpha_interval(counts, ["same"] * 90)
    assert one.value == found.value and np.isnan([one.low, one.high]).all()
    assert np.isnan(alpha_interval(np.array([[1, 0], [0, 1]]), ["a", "b"]).value)  # no stimulus has two votes


def coverage(low, high, truth):
    return float(np.mean((low <= truth) & (truth <= high)))


def simulated(raters, rate, studies=500, size=None, seed=0):
    """Whether each vote says real [studies, N], its worker and its clip."""
    workers, clips, items = (size or Size(9, 10, 3)).layout()
    rng = np.random.default_rng(seed)
    said = draw(at_rate(raters, rate), np.zeros(len(clips), bool), workers, clips, items, rng, studies)
    return said, workers, clips


def test_wilsons_interval_holds_the_rate_of_independent_votes_and_not_that_of_clustered_ones():
    said, _, _ = simulated(Raters(), 0.49)
    alone = [wilson(k, said.shape[1]) for k in said.sum(1)]
    assert 0.92 <= coverage(np.array([one.low for one in alone]), np.array([one.high for one in alone]), 0.49) <= 0.97
    said, _, _ = simulated(Raters(worker_spread=0.3, clip_spread=0.3, item_spread=0.3), 0.49)
    alone = [wilson(k, said.shape[1]) for k in said.sum(1)]
    assert coverage(np.array([one.low for one in alone]), np.array([one.high for one in alone]), 0.49) < 0.85


@pytest.mark.parametrize("size", [Size(9, 10, 3), Size(3, 10, 3)], ids=["9 clips", "3 clips"])
@pytest.mark.parametrize("rate", [0.49, 0.15])
def test_the_clustered_interval_holds_the_rate_of_clustered_votes(size, rate):
    raters = Raters(worker_spread=0.3, clip_spread=0.4, item_spread=0.3)
    cells = tabulate(*simulated(raters, rate, size=size))
    assert 0.92 <= coverage(*clustered_rate(cells), rate) <= 0.995
    assert coverage(*pigeonhole(cells), rate) >= 0.90


def test_people_alone_or_clips_alone_are_enough_to_spoil_a_narrower_interval():
    for raters in (Raters(worker_spread=0.6), Raters(clip_spread=0.6)):
        said, workers, clips = simulated(raters, 0.49)
        assert coverage(*clustered_rate(tabulate(said, workers, clips)), 0.49) > 0.92
        # As if every vote came from somebody else.
        alone = tabulate(said, np.arange(len(workers)), clips)
        wrong = coverage(*clustered_rate(alone), 0.49)
        assert wrong < 0.92 if raters.worker_spread else wrong > 0.92


def test_equivalence_is_wrongly_shown_at_the_edge_of_the_margin_in_few_studies():
    raters = Raters(worker_spread=0.3, clip_spread=0.3, item_spread=0.3)
    p, *_ = equivalence(tabulate(*simulated(raters, 0.6)), 0.1)
    assert (p < 0.05).mean() < 0.08
    p, *_ = equivalence(tabulate(*simulated(Raters(), 0.5, size=Size(18, 20, 5))), 0.1)
    assert (p < 0.05).mean() > 0.99


def test_the_crowds_dprime_and_criterion_are_found():
    raters = Raters(dprime=0.9, bias=0.2, lapse=0.05, worker_spread=0.3, clip_spread=0.3, item_spread=0.3)
    workers, clips, items = Size(9, 10, 3).layout()
    real = np.repeat([False, True], len(clips))
    rng = np.random.default_rng(3)
    places = np.tile(workers, 2), np.tile(clips, 2), np.concatenate([items, 90 + clips])
    said = draw(raters, real, *places, rng, 500)
    dprime, criterion, low, high = ends(tabulate(said, places[0], places[1], real.astype(int)))
    truth = raters.crowd()
    assert (dprime.mean(), criterion.mean()) == pytest.approx(truth, abs=0.03)
    assert truth[0] < 0.85  # people who differ and lapse bring the crowd's below their own
    for index in (0, 1):
        assert coverage(low[index], high[index], truth[index]) >= 0.91


def test_rates_of_a_group_without_votes_are_not_defined():
    cells = Cells(np.zeros((2, 3, 3)), np.stack([np.ones((3, 3)), np.zeros((3, 3))]))
    assert cells.rates()[0] == 0 and np.isnan(cells.rates()[1])
