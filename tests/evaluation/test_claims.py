"""Verdicts on the paper's claims: made cells with a known answer for each verdict and each reason."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation.claims import LEAST_SIDE, NEITHER, PAPER_SIDE, judge, seed_spread, write_claims
from evaluation.facts import ClipFacts
from evaluation.intervals import difference_interval

FULL = "singan-gif"
CLIPS = ("desert", "river", "seashore")
PARTS = {"colour_distance": "no-color-loss", "high_frequency": "no-image-critic"}
LARGE = {clip: ClipFacts("published", False, 8, 168, 298) for clip in CLIPS}


def make_cells(values, *, protocol="cpu", clips=CLIPS, seeds=(0, 1, 2)):
    """Cells from {metric: {method: array [clips, seeds, samples]}}."""
    rows = [
        {
            "protocol": protocol,
            "clip": clip,
            "clip_source": "published",
            "method": method,
            "kind": "method",
            "seed": seed,
            "sample": sample,
            "metric": metric,
            "value": float(value),
            "encoder": "inception-fid",
            "layer": "pre-pool2",
            "locations": 2000,
            "config_sha256": "",
            "clip_sha256": f"sha of {clip}",
        }
        for metric, methods in values.items()
        for method, of_clips in methods.items()
        for clip, of_seeds in zip(clips, of_clips, strict=False)
        for seed, samples in zip(seeds, of_seeds, strict=False)
        for sample, value in enumerate(samples)
    ]
    columns = ["protocol", "method", "metric", "clip", "seed", "sample", "value"]
    return pd.DataFrame(rows).astype({"sample": "Int64"}) if rows else pd.DataFrame(columns=columns)


def values(shift, *, spread=0.1, noise=0.05, shape=(3, 3, 4), level=5.0, seed=0):
    """Full model and ablation: `shift` [clips] apart, with the same seeds' means, whose deviation is `spread`."""
    rng = np.random.default_rng(seed)
    offsets = np.linspace(-1, 1, shape[1]) if shape[1] > 1 else np.zeros(1)
    offsets = offsets * (spread / offsets.std(ddof=1)) if shape[1] > 1 else offsets
    base = level + np.arange(shape[0])[:, None, None] + offsets[None, :, None]
    wobble = noise * (np.arange(shape[2]) - (shape[2] - 1) / 2) * rng.choice((-1, 1), size=shape[2])
    full = base + wobble
    return full, full + np.broadcast_to(shift, shape[:1])[:, None, None]


def cells_of(shift, metric="colour_distance", *, seeds=(0, 1, 2), protocol="cpu", swapped=False, **options):
    full, without = values(shift, **options)
    pair = (without, full) if swapped else (full, without)
    return make_cells({metric: dict(zip((FULL, PARTS[metric]), pair, strict=True))}, seeds=seeds, protocol=protocol)


def claim_of(cells, metric="colour_distance", *, timing=None, facts=LARGE, protocol="cpu"):
    found = judge(cells, timing, protocol=protocol, facts=facts, bootstrap=300)
    assert [claim.name for claim in found] == ["Colour loss", "Image critic", "Training time"]
    assert all(claim.reason.endswith(".") and ".." not in claim.reason for claim in found)
    return found[list(PARTS).index(metric)]


def make_timing(full=((1.0, 3.0),) * 3, neither=((2.0, 6.0),) * 3, *, size=(256, 256), frames=8, iterations=(10, 20)):
    def variant(seconds):
        count = len(iterations)
        return {"iterations": list(iterations), "dimensions": [3] * count, "seconds": [list(one) for one in seconds],
                "parameters": {"generator": [5] * count, "critics": [7] * count}}  # fmt: skip

    variants = {FULL: variant(full), **({} if neither is None else {NEITHER: variant(neither)})}
    return {"device": "cpu", "threads": 1, "precision": "float32", "clock": "wall",
            "clip": None, "frames": frames, "size": list(size),
            "rounds": len(full), "scales": [{"size": [25, 25]}] * len(iterations), "variants": variants}  # fmt: skip


def time_claim(timing):
    return judge(make_cells({}), timing, protocol="quick")[2]


# the two claims about samples


@pytest.mark.parametrize("metric", PARTS)
def test_a_difference_that_is_large_throughout_is_supported(metric):
    claim = claim_of(cells_of((1.0, 2.0, 3.0), metric), metric)
    assert (claim.verdict, claim.found) == ("supported", pytest.approx(2))
    assert 0.1 < claim.low < 2 < claim.high
    assert (claim.clips, claim.seeds, claim.size) == (CLIPS, (0, 1, 2), "168x298, 8 frames")
    assert "all 3 clips" in claim.reason and "0.1" in claim.reason and "more" in claim.reason


@pytest.mark.parametrize("metric", PARTS)
def test_the_same_the_other_way_round_is_contradicted(metric):
    claim = claim_of(cells_of((-1.0, -2.0, -3.0), metric), metric)
    assert (claim.verdict, claim.found) == ("contradicted", pytest.approx(-2))
    assert "less without the part" in claim.reason


def test_the_interval_is_the_hierarchical_bootstraps():
    full, without = values((1.0, 2.0, 3.0))
    expected = difference_interval([list(c) for c in without], [list(c) for c in full], resamples=300, seed=0)
    claim = claim_of(cells_of((1.0, 2.0, 3.0)))
    assert (claim.found, claim.low, claim.high) == pytest.approx((expected.estimate, expected.low, expected.high))


@pytest.mark.parametrize(
    ("shift", "options", "reason"),
    [
        ((1.0, -0.2, 2.0), {}, "lips disagree: no-color-loss has more on 2 and less on 1 of 3"),
        ((1.0, 0.0, 2.0), {}, "lips disagree: no-color-loss has more on 2 and less on 0 of 3"),
        ((0.05, 0.02, 0.01), {"noise": 1.0}, "he interval spans 0"),
        ((1.0, 1.0, 1.0), {"spread": 1.5}, "eeds of singan-gif differ by 1.50, and the interval begins at"),
        ((9.0, 9.0, 9.0), {"shape": (3, 2, 4)}, "oo few seeds: 2 that both have on every clip, and 3 are needed"),
        ((9.0, 9.0, 9.0), {"shape": (3, 1, 4)}, "oo few seeds: 1"),
    ],
)
def test_whatever_is_in_doubt_is_inconclusive_and_says_why(shift, options, reason):
    claim = claim_of(cells_of(shift, **options))
    assert claim.verdict == "inconclusive" and reason in claim.reason
    assert claim.found == pytest.approx(np.mean(shift)) and claim.low <= claim.found <= claim.high


def test_several_doubts_are_all_said():
    claim = claim_of(cells_of((1.0, -1.0, 0.1), shape=(3, 1, 4), protocol="quick"), protocol="quick")
    assert [text in claim.reason for text in ("oo small", "too few seeds", "clips disagree", "spans 0")] == [True] * 4


@pytest.mark.parametrize("protocol", ["quick", "smoke"])
def test_protocols_that_are_too_small_never_conclude(protocol):
    claim = claim_of(cells_of((9.0, 9.0, 9.0), protocol=protocol), protocol=protocol)
    assert (claim.verdict, claim.found) == ("inconclusive", pytest.approx(9)) and "oo small" in claim.reason


@pytest.mark.parametrize(("side", "verdict"), [(LEAST_SIDE - 1, "inconclusive"), (LEAST_SIDE, "supported")])
def test_a_short_side_of_any_clip_may_be_too_small(side, verdict):
    facts = {**LARGE, "river": ClipFacts("published", False, 8, 300, side)}
    claim = claim_of(cells_of((9.0, 9.0, 9.0)), facts=facts)
    assert claim.verdict == verdict and ("oo small" in claim.reason) == (verdict == "inconclusive")
    assert claim.size == f"168x298, 8 frames and 300x{side}, 8 frames"


@pytest.mark.parametrize("facts", [None, {}, {"desert": LARGE["desert"]}])
def test_without_the_size_of_a_clip_nothing_is_concluded(facts):
    # That of the timing is no clip's: times are measured at the paper's size too, whatever was trained on.
    claim = claim_of(cells_of((9.0, 9.0, 9.0)), facts=facts, timing=make_timing(size=(256, 256)))
    assert (claim.verdict, claim.size, claim.found) == ("inconclusive", "", pytest.approx(9))
    assert claim.reason == "The size of the clips is not known."


def test_noise_is_above_one_and_what_is_below_may_be_detail():
    noisy = claim_of(cells_of(0.5, "high_frequency", level=1.0), "high_frequency")
    blurred = claim_of(cells_of(0.5, "high_frequency", level=-1.0, spread=0.05), "high_frequency")
    assert noisy.verdict == blurred.verdict == "supported"
    assert "detail rather than noise" in blurred.reason and "detail" not in noisy.reason
    # By |log| this full model (0.25) is as far from 1 as its ablation (4): signed, they are far apart.
    full = np.full((3, 3, 2), 0.25) + np.array([0.0, 0.001, 0.002])[None, :, None]
    cells = make_cells({"high_frequency": {FULL: full, "no-image-critic": np.full((3, 3, 2), 4.0)}})
    assert claim_of(cells, "high_frequency").verdict == "supported"


@pytest.mark.parametrize("missing", [FULL, "no-color-loss"])
def test_what_was_not_measured_is_inconclusive(missing):
    cells = cells_of((9.0, 9.0, 9.0))
    claim = claim_of(cells[cells["method"] != missing])
    assert (claim.verdict, claim.found, claim.low, claim.clips, claim.size) == ("inconclusive", None, None, (), "")
    assert claim.reason == f"Nothing to compare: Colour distance of {missing} was not measured."
    undefined = cells.assign(value=cells["value"].mask(cells["method"] == missing))
    assert claim_of(undefined).reason == f"Nothing to compare: Colour distance of {missing} is undefined."


def test_no_cells_at_all_and_no_timing_leave_all_inconclusive():
    found = judge(make_cells({}), None, protocol="cpu")
    assert [claim.verdict for claim in found] == ["inconclusive"] * 3
    other = judge(cells_of((9.0, 9.0, 9.0)), None, protocol="paper", facts=LARGE)
    assert [claim.found for claim in other] == [None] * 3
    assert found[2].reason == "Nothing was timed."


def test_clips_and_seeds_count_where_both_have_them():
    cells = cells_of((1.0, 2.0, 3.0))
    without = cells["method"] == "no-color-loss"
    claim = claim_of(cells[~(without & (cells["clip"] == "river"))])
    assert (claim.clips, claim.found) == (("desert", "seashore"), pytest.approx(2))
    claim = claim_of(cells[~(without & (cells["clip"] == "river") & (cells["seed"] == 1))])
    assert (claim.seeds, claim.verdict) == ((0, 2), "inconclusive") and "oo few seeds: 2" in claim.reason
    apart = cells[without != (cells["clip"] == "river")]
    assert claim_of(apart).reason == "Nothing to compare: no clip has Colour distance of both no-color-loss and " + (
        f"{FULL}."
    )


def test_a_single_sample_has_no_interval():
    full, other = np.ones((1, 1, 1)), 2 * np.ones((1, 1, 1))
    claim = claim_of(make_cells({"colour_distance": {FULL: full, "no-color-loss": other}}))
    assert (claim.found, claim.low, claim.high, claim.verdict) == (1, None, None, "inconclusive")
    assert "a single sample has no interval" in claim.reason


def test_one_clip_is_named():
    assert "the only clip, desert" in claim_of(cells_of((9.0,), shape=(1, 3, 4))).reason


def test_cells_that_cannot_be_compared_are_refused():
    cells = cells_of((1.0, 2.0, 3.0))
    with pytest.raises(InputError, match="encoder"):
        claim_of(cells.assign(encoder=["a"] + ["b"] * (len(cells) - 1)))


shifts = st.lists(st.sampled_from([-3.0, -1.0, -0.05, 0.0, 0.05, 1.0, 3.0]), min_size=3, max_size=3)
OPPOSITE = {"supported": "contradicted", "contradicted": "supported", "inconclusive": "inconclusive"}


@settings(deadline=None, max_examples=40)
@given(shifts, st.sampled_from([0.02, 0.5]), st.integers(1, 4))
def test_swapping_the_two_turns_the_verdict(shift, spread, seeds):
    options = {"spread": spread, "shape": (3, seeds, 3), "seeds": tuple(range(seeds))}
    one = claim_of(cells_of(tuple(shift), **options))
    other = claim_of(cells_of(tuple(shift), swapped=True, **options))
    assert other.verdict == OPPOSITE[one.verdict]
    assert other.found == pytest.approx(-one.found)


@settings(deadline=None, max_examples=30)
@given(shifts, st.sampled_from([0.25, 2.0, 64.0]))
def test_the_unit_does_not_matter_to_colours(shift, factor):
    cells = cells_of(tuple(shift))
    one, other = claim_of(cells), claim_of(cells.assign(value=cells["value"] * factor))
    assert other.verdict == one.verdict
    assert (other.found, other.low) == pytest.approx((one.found * factor, one.low * factor))


@settings(deadline=None, max_examples=30)
@given(st.floats(0.0, 3.0), st.floats(0.01, 2.0))
def test_whether_it_is_supported_follows_from_shift_and_spread(shift, spread):
    # All values of a side are its seed's mean, so the interval is the shift alone: the closed form of the rule.
    claim = claim_of(cells_of((shift,) * 3, spread=spread, noise=0.0))
    if abs(shift - spread) > 1e-6 and shift > 1e-6:
        assert claim.verdict == ("supported" if shift > spread else "inconclusive")


def test_the_spread_is_over_seeds_of_means_over_clips():
    groups = [[np.array([1.0, 3.0]), np.array([4.0])], [np.array([10.0]), np.array([16.0, 20.0])]]
    assert seed_spread(groups) == pytest.approx(np.std([6.0, 11.0], ddof=1))


# the claim about time


def test_the_saving_is_that_of_all_iterations_within_rounds():
    full, neither = ((1.0, 3.0), (1.0, 4.0), (2.0, 3.0)), ((2.0, 4.0), (2.0, 4.5), (4.0, 4.0))
    claim = time_claim(make_timing(full, neither, iterations=(10, 20)))
    saved = sorted(100 * (1 - a / b) for a, b in ((70, 100), (90, 110), (80, 120)))
    assert (claim.low, claim.found, claim.high) == pytest.approx(tuple(saved))
    assert (claim.verdict, claim.size, claim.unit) == ("supported", "256x256, 8 frames", "% of the time")
    assert "in keeping with the paper's 20 %" in claim.reason


@pytest.mark.parametrize(
    ("share", "verdict", "words"),
    [
        (0.3, "supported", "larger than the paper's 20 %"),
        (0.95, "supported", "smaller than the paper's 20 %"),
        (1.1, "contradicted", "cost time in every round"),
    ],
)
def test_any_saving_at_the_papers_size_supports_it(share, verdict, words):
    claim = time_claim(make_timing(((share, share), (share * 1.01, share)), ((1.0, 1.0),) * 2))
    assert claim.verdict == verdict and words in claim.reason
    assert claim.found == pytest.approx(100 * (1 - share), abs=1)


@pytest.mark.parametrize(
    ("size", "frames", "conclusive"),
    [
        ((144, PAPER_SIDE), 8, True), ((PAPER_SIDE, 144), 32, True),
        ((144, PAPER_SIDE - 1), 8, False), ((256, 256), 7, False), ((48, 85), 8, False),
    ],
)  # fmt: skip
def test_only_the_papers_size_is_conclusive(size, frames, conclusive):
    claim = time_claim(make_timing(size=size, frames=frames))
    assert claim.found == pytest.approx(50)
    assert (claim.verdict == "supported") == conclusive and ("oo small" in claim.reason) != conclusive


def test_rounds_must_agree_and_be_several():
    claim = time_claim(make_timing(((1.0, 1.0), (1.0, 1.0)), ((0.9, 0.9), (1.2, 1.2))))
    assert claim.verdict == "inconclusive" and "ounds disagree" in claim.reason
    claim = time_claim(make_timing(((1.0, 1.0),), ((2.0, 2.0),)))
    assert (claim.verdict, claim.found) == ("inconclusive", pytest.approx(50)) and "oo few rounds" in claim.reason


def test_without_the_variant_that_has_neither_it_is_inconclusive():
    claim = time_claim(make_timing(neither=None))
    assert (claim.verdict, claim.found, claim.reason) == ("inconclusive", None, f"Not timed: {NEITHER}.")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)), min_size=2, max_size=5), st.floats(0.01, 100))
def test_a_slower_machine_saves_as_much_and_swapping_turns_the_verdict(rounds, factor):
    full, neither = [[(pair[side],) * 2 for pair in rounds] for side in (0, 1)]
    one, other = time_claim(make_timing(full, neither)), time_claim(make_timing(neither, full))
    slower = time_claim(make_timing(*([[s * factor for s in r] for r in side] for side in (full, neither))))
    assert slower.found == pytest.approx(one.found, abs=1e-6)
    if all(abs(a / b - 1) > 1e-9 for a, b in rounds):
        assert other.verdict == OPPOSITE[one.verdict] and slower.verdict == one.verdict


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t.pop("variants"),
        lambda t: t["variants"][FULL].pop("iterations"),
        lambda t: t["variants"][FULL]["seconds"].pop(),
        lambda t: t["variants"][FULL]["seconds"][0].append(1.0),
        lambda t: t["variants"][FULL]["seconds"][0].__setitem__(0, 0.0),
        lambda t: t.update(size=[256]),
        lambda t: t.update(rounds="three"),
    ],
)
def test_a_damaged_timing_file_is_refused_in_one_line(damage):
    timing = json.loads(json.dumps(make_timing()))
    damage(timing)
    with pytest.raises(InputError, match="delete it and measure again") as caught:
        time_claim(timing)
    assert "\n" not in str(caught.value)


# for reading


def test_the_page_shows_every_claim_with_its_reason(tmp_path):
    cells = pd.concat([cells_of((1.0, 2.0, 3.0)), cells_of(-1.0, "high_frequency")])
    claims = judge(cells, make_timing(neither=None), protocol="cpu", facts=LARGE, bootstrap=300)
    for name in ("one.md", "two.md"):
        write_claims(claims, tmp_path / name, "cpu")
    text = (tmp_path / "one.md").read_text()
    assert text == (tmp_path / "two.md").read_text()
    assert text.startswith("# The paper's claims, protocol cpu\n")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")][2:]
    assert [row[:2] for row in rows] == [
        ["Colour loss", "**supported**"], ["Image critic", "**contradicted**"], ["Training time", "**inconclusive**"]
    ]  # fmt: skip
    assert rows[0][2] == "+2.00 grey levels" and rows[1][2] == "-1.00" and rows[2][2:4] == ["–", "–"]
    assert rows[0][4:] == ["168x298, 8 frames", "desert, river and seashore", "0, 1, 2"]
    assert all(claim.reason in text for claim in claims[:1]) and "## How to read this" in text
    assert "3.4.3" in text and "section 3.2" in text and "3.3.2" in text and "nan" not in text
