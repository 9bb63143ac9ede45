"""Paired comparisons: exact tests against brute force and scipy, Holm and intervals against their definitions."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation.comparisons import (
    COLUMNS,
    FARTHEST,
    compare,
    exact_p,
    holm,
    short,
    signed_rank,
    values_by_clip,
    write_comparisons,
    write_comparisons_markdown,
)
from evaluation.intervals import balanced_mean, difference_interval, mean_interval


@dataclass(frozen=True)
class Known:
    name: str
    title: str
    direction: str
    group: str
    unit: str = ""


METRICS = {
    metric.name: metric
    for metric in (
        Known("sgfid", "SGFID", "lower", "quality"),
        Known("diversity", "Diversity", "higher", "diversity"),
        Known("energy", "Energy", "one", "motion"),
        Known("nearest", "Nearest", "none", "copying"),
    )
}


def make_cells(values, *, kinds=None, metric="sgfid", **changes):
    """Cells from {method: {clip: {seed: values}}}, or {method: {clip: values}} with seed 0; `sample` empty for sets."""
    rows = []
    for method, clips in values.items():
        for clip, seeds in clips.items():
            for seed, samples in (seeds if isinstance(seeds, dict) else {0: seeds}).items():
                for sample, value in enumerate(np.atleast_1d(samples)):
                    rows.append(
                        {
                            "protocol": "quick",
                            "clip": clip,
                            "clip_source": "published",
                            "method": method,
                            "kind": (kinds or {}).get(method, "method"),
                            "seed": seed,
                            "sample": sample if np.ndim(samples) else pd.NA,
                            "metric": metric,
                            "value": float(value),
                            "encoder": "inception-fid",
                            "layer": "pre-pool2",
                            "locations": 2000,
                            "config_sha256": "",
                            "clip_sha256": f"sha of {clip}",
                            **changes,
                        }
                    )
    return pd.DataFrame(rows).astype({"sample": "Int64"})


def shifted(shifts, samples=3, seed=0):
    """A reference on clips a, b, … and `other`, which lies `shifts` above it on each."""
    rng = np.random.default_rng(seed)
    names = [chr(ord("a") + index) for index in range(len(shifts))]
    base = {name: rng.gamma(9, 1, samples) for name in names}
    other = {name: base[name] + shift for name, shift in zip(names, shifts, strict=True)}
    return {"base": base, "other": other}


# the signed-rank test

differences = st.lists(st.integers(-6, 6), min_size=0, max_size=9).map(lambda values: np.array(values, dtype=float))


def enumerated(values):
    """p by going through all signs of the ranks, as the definition says."""
    values = values[values != 0]
    ranks = scipy.stats.rankdata(np.abs(values))
    seen = abs(np.sign(values) @ ranks)
    sums = [abs(np.array(signs) @ ranks) for signs in itertools.product((-1, 1), repeat=values.size)]
    return np.mean([one >= seen - 1e-9 for one in sums])


@settings(deadline=None, max_examples=80)
@given(differences)
def test_p_is_that_of_all_signs_with_ties_and_zeros(values):
    found = signed_rank(values)
    pairs = np.count_nonzero(values)
    assert found.pairs == pairs
    assert found.smallest_p == min(1, 2 / 2**pairs)
    if pairs >= 6:
        assert found.p == pytest.approx(enumerated(values), abs=1e-12)
        assert found.smallest_p <= found.p <= 1
    else:
        assert found.p is None


@settings(deadline=None, max_examples=40)
@given(st.integers(6, 30), st.integers(0, 1000))
def test_without_ties_it_is_scipys_exact_test(count, seed):
    values = np.random.default_rng(seed).normal(0.3, 1, count)
    assert signed_rank(values).p == pytest.approx(scipy.stats.wilcoxon(values, method="exact").pvalue, rel=1e-9)


def test_with_ties_it_is_scipys_permutation_test():
    values = np.array([1, 1, 2, -2, 3, 3, 3, -1, 4.0])
    every = scipy.stats.wilcoxon(values, method=scipy.stats.PermutationMethod(n_resamples=np.inf))
    assert signed_rank(values).p == pytest.approx(every.pvalue, rel=1e-9)


def test_p_of_known_ranks():
    # Ranks 1 to 6, twice, with the least one negative: W- = 1, so 2 * P(W- <= 1) = 2 * 2 / 64.
    assert exact_p(np.array([2, 4, 6, 8, 10, 12]), 40) == 4 / 64
    assert signed_rank(np.arange(1.0, 7)).p == signed_rank(-np.arange(1.0, 7)).p == 2 / 64


@settings(deadline=None, max_examples=50)
@given(differences)
def test_the_effect_is_a_correlation_that_turns_with_the_sign(values):
    found, turned = signed_rank(values), signed_rank(-values)
    if found.pairs:
        assert -1 <= found.effect <= 1
        assert found.effect == -turned.effect
        assert (abs(found.effect) == 1) == (len(set(np.sign(values[values != 0]))) == 1)
    else:
        assert math.isnan(found.effect)
    assert found.p == turned.p


def test_the_effect_of_known_differences():
    # Ranks 1, 2, 3, 4: (1 + 2 + 4 - 3) / 10.
    assert signed_rank(np.array([0.1, 2, -30, 400])).effect == pytest.approx(0.4)
    # Both have rank 1.5, the zero none.
    assert signed_rank(np.array([-1, 1, 0])).effect == 0


# Holm

chances = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@settings(deadline=None, max_examples=80)
@given(chances)
def test_holm_is_the_closed_test_of_bonferroni(values):
    def closed(index):
        sets = [s for size in range(1, len(values) + 1) for s in itertools.combinations(range(len(values)), size)]
        return max(min(1, len(s) * min(values[other] for other in s)) for s in sets if index in s)

    assert holm(values) == pytest.approx([closed(index) for index in range(len(values))], abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(chances)
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(values):
    adjusted = holm(values)
    assert (adjusted >= values).all()
    assert (adjusted <= np.minimum(1, len(values) * np.array(values))).all()
    assert (np.diff(adjusted[np.argsort(values, kind="stable")]) >= 0).all()


def test_holm_of_a_known_case():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


# intervals of differences


def test_a_difference_interval_agrees_with_its_definition_as_a_loop():
    rng = np.random.default_rng(1)
    one, other = ([[rng.normal(10 + 5 * c, 3, n) for n in (4, 6)] for c in range(4)] for _ in range(2))
    draws = np.random.default_rng(7)

    def mean(clips):
        return np.mean([np.mean([draws.choice(seed, len(seed)).mean() for seed in clip]) for clip in clips])

    shifts = []
    for _ in range(8000):
        drawn = draws.integers(4, size=4)
        shifts.append(mean([one[c] for c in drawn]) - mean([other[c] for c in drawn]))
    low, high = np.quantile(shifts, [0.025, 0.975])
    found = difference_interval(one, other, resamples=8000, seed=0)
    assert np.abs([found.low - low, found.high - high]).max() < 0.05 * (high - low)
    assert found.estimate == pytest.approx(balanced_mean(one) - balanced_mean(other))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.floats(-50, 50), min_size=1, max_size=4).map(np.array), min_size=2, max_size=5))
def test_a_constant_shift_is_certain_where_clips_have_one_sample(clips):
    clips = [clip[:1] for clip in clips]
    found = difference_interval([clip + 2 for clip in clips], clips, resamples=100, seed=0)
    assert [found.estimate, found.low, found.high] == pytest.approx([2, 2, 2])
    turned = difference_interval(clips, [clip + 2 for clip in clips], resamples=100, seed=0)
    assert [turned.low, turned.high] == pytest.approx([-2, -2])


def test_seeds_count_the_same_however_many_samples_they_have():
    clip = [np.full(9, 1.0), np.full(1, 3.0)]
    assert balanced_mean([clip]) == 2
    found = mean_interval([clip, clip], resamples=50, seed=0)
    assert (found.low, found.high) == (2, 2)


def test_one_seed_as_a_list_is_the_array_itself():
    clips = [np.arange(4.0), np.arange(7.0)]
    assert mean_interval([[clip] for clip in clips], resamples=99, seed=2) == mean_interval(clips, resamples=99, seed=2)


def test_unpaired_clips_have_no_difference():
    with pytest.raises(ValueError, match="same clips"):
        difference_interval([np.ones(2)], [np.ones(2)] * 2, resamples=10, seed=0)


# comparisons


def run(cells, **options):
    return compare(cells, protocol="quick", reference="base", metrics=METRICS, bootstrap=200, **options)


def test_a_row_has_what_its_definition_says():
    cells = make_cells(shifted([-1, -2, -3, -4, -5, -6, 0.5]))
    frame = run(cells)
    assert tuple(frame.columns) == COLUMNS
    (row,) = frame.itertuples()
    assert (row.method, row.reference, row.metric, row.clips) == ("other", "base", "sgfid", 7)
    assert row.difference == pytest.approx(-20.5 / 7)
    assert row.low < row.difference < row.high
    assert row.effect == pytest.approx((1 - 27) / 28)
    expected = scipy.stats.wilcoxon([-1, -2, -3, -4, -5, -6, 0.5], method="exact").pvalue
    assert row.p == row.p_holm == pytest.approx(expected)
    assert (row.smallest_p, row.note) == (2 / 128, "")
    pd.testing.assert_frame_equal(frame, run(cells))


@pytest.mark.parametrize(
    ("shifts", "note"),
    [
        ([1, 2, 3, 4, 5], "with 5 clips no p below 0.0625 is possible"),
        ([1, 2, 0, 0, 0, 0, 0], "with 2 of 7 clips that differ no p below 0.5 is possible"),
        ([1], "with 1 clip no p below 1 is possible"),
        ([0, 0], "the two do not differ on any clip"),
    ],
)
def test_there_is_no_p_where_none_could_be_small(shifts, note):
    (row,) = run(make_cells(shifted(shifts))).itertuples()
    assert math.isnan(row.p)
    assert math.isnan(row.p_holm)
    assert row.note == note


def test_holm_corrects_within_a_metric_over_the_methods_tested():
    values = shifted(np.arange(1.0, 9))
    rng = np.random.default_rng(3)
    values["third"] = {clip: own + rng.normal(0, 1) for clip, own in values["base"].items()}
    values["few"] = {clip: own + 1 for clip, own in list(values["base"].items())[:4]}
    frame = run(pd.concat([make_cells(values), make_cells(values, metric="nearest")]))
    for name in ("sgfid", "nearest"):
        own = frame[(frame["metric"] == name) & frame["p"].notna()]
        assert set(own["method"]) == {"other", "third"}
        assert own["p_holm"].tolist() == holm(own["p"]).tolist()
    few = frame[frame["method"] == "few"].iloc[0]
    assert few["note"].startswith("with 4 clips no p below 0.125 is possible; without e, f, g and h")
    assert math.isnan(few["p_holm"])


def test_seeds_then_samples_are_averaged_and_sets_are_one_value_a_seed():
    base = {"a": {0: [1.0, 1, 1, 1], 1: [5.0]}, "b": {0: [2.0], 1: [2.0]}}
    other = {"a": {0: [4.0]}, "b": {0: [2.0]}}
    (row,) = run(make_cells({"base": base, "other": other})).itertuples()
    assert row.difference == pytest.approx(0.5)
    whole = make_cells({"base": {"a": {0: 1.0, 1: 2.0}}, "other": {"a": {0: 4.0}}}, metric="diversity")
    assert whole["sample"].isna().all()
    assert [one.tolist() for one in values_by_clip(whole[whole["method"] == "base"])["a"]] == [[1.0, 2.0]]
    assert run(whole)["difference"].tolist() == [2.5]


def test_ratios_are_compared_by_their_distance_from_one():
    cells = make_cells({"base": {"a": [2.0], "b": [0.5]}, "other": {"a": [1.0], "b": [0.0]}}, metric="energy")
    (row,) = run(cells).itertuples()
    assert row.difference == pytest.approx((0 + FARTHEST) / 2 - math.log(2))
    # 2 and 1/2 are as far from 1 as each other.
    same = make_cells({"base": {"a": [2.0], "b": [4.0]}, "other": {"a": [0.5], "b": [0.25]}}, metric="energy")
    assert run(same)["difference"].tolist() == pytest.approx([0], abs=1e-12)


def test_a_clip_with_an_undefined_value_does_not_count():
    cells = make_cells({"base": {"a": [1.0], "b": [2.0]}, "other": {"a": [3.0], "b": [np.nan]}})
    (row,) = run(cells).itertuples()
    assert (row.clips, row.difference) == (1, 2)
    assert "without b, where only one has values" in row.note
    (row,) = run(make_cells({"base": {"a": [1.0]}, "other": {"b": [3.0]}})).itertuples()
    assert row.clips == 0
    assert math.isnan(row.difference)
    assert row.note.startswith("no clip where both have values")


def test_controls_are_not_compared_but_may_be_the_reference():
    cells = make_cells(shifted([1, 2]), kinds={"base": "control"})
    assert set(run(cells)["method"]) == {"other"}
    assert run(make_cells(shifted([1, 2]), kinds={"other": "control"})).empty


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoder": "random-inception"}, "encoder: the cells mix inception-fid and random-inception"),
        ({"layer": "pre-pool1"}, "layer: the cells mix"),
        ({"protocol": "native"}, "protocol: the cells mix native and quick"),
        ({"clip_sha256": "another"}, "clip 'a': base and other were scored against different versions"),
    ],
)
def test_what_was_measured_otherwise_is_not_compared(changes, says):
    one, other = (make_cells({name: {"a": [1.0]}}, **more) for name, more in (("base", {}), ("other", changes)))
    with pytest.raises(InputError, match=says):
        run(pd.concat([one, other]))


def test_unknown_names_are_refused():
    cells = make_cells(shifted([1]))
    with pytest.raises(InputError, match="hold nothing of it"):
        compare(cells, protocol="paper", reference="base", metrics=METRICS)
    with pytest.raises(InputError, match="choose one of base and other"):
        compare(cells, protocol="quick", reference="third", metrics=METRICS)


def test_csv_reads_back_exactly_and_empty_is_missing(tmp_path):
    frame = run(make_cells(shifted([0.1, 0.2, 0.3])))
    write_comparisons(frame, tmp_path / "c.csv")
    again = pd.read_csv(tmp_path / "c.csv", dtype=str, keep_default_na=False)
    for name in ("difference", "low", "high"):
        assert again[name].map(float).tolist() == frame[name].tolist()
    assert set(again["p"]) == {""}


def test_markdown_says_who_is_better_and_why_there_is_no_p(tmp_path):
    cells = pd.concat([make_cells(shifted([-1, -2, -3]), metric=name) for name in METRICS])
    write_comparisons_markdown(run(cells), tmp_path / "c.md", protocol="quick", metrics=METRICS)
    text = (tmp_path / "c.md").read_text()
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if "| other" in line}
    assert rows["SGFID"].rstrip("| ").endswith("other")
    assert rows["Diversity"].rstrip("| ").endswith("base")
    assert rows["Nearest"].rstrip("| ").endswith("–")
    assert "| p " not in text
    assert "**Note.** other: with 3 clips no p below 0.25 is possible." in text
    write_comparisons_markdown(run(make_cells(shifted(range(1, 9)))), tmp_path / "p.md", protocol="q", metrics=METRICS)
    assert "| 0.008 |" in (tmp_path / "p.md").read_text()
    with pytest.raises(InputError, match="no method to compare"):
        write_comparisons_markdown(run(cells).iloc[:0], tmp_path / "n.md", protocol="quick", metrics=METRICS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00042, "0.00042"),
        (1e-13, "0.000"),
        (-0.0123, "-0.012"),
        (0.5, "0.500"),
        (12.34, "12.3"),
        (0, "0"),
        (float("nan"), "–"),
    ],
)
def test_small_numbers_keep_two_digits(value, text):
    assert short(value) == text
