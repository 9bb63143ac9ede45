"""Sheets: what stands on which, and that positions say nothing."""

from collections import Counter

import pytest

from evaluation.study.design import make_design
from evaluation.study.schedule import plan_sheets

CLIPS = tuple("abcdefghi")


def planned(preset="rigorous", methods=("m",), clips=CLIPS, **changes):
    design = make_design(preset, methods, clips, **changes)
    return design, plan_sheets(design)


@pytest.mark.parametrize("methods", [("m",), ("m", "n"), ("m", "n", "o")])
@pytest.mark.parametrize("preset", ["paper", "rigorous"])
def test_every_fake_stands_on_one_sheet_and_every_sheet_shows_every_clip(preset, methods):
    design, sheets = planned(preset, methods)
    assert len(sheets) == design.samples * len(methods)
    shown = Counter((s.clip, s.method, s.number) for sheet in sheets for s in sheet if s.kind == "fake")
    assert shown == {(c, m, k): 1 for c in CLIPS for m in methods for k in range(10)}
    for sheet in sheets:
        assert sorted(s.clip for s in sheet if s.kind == "fake") == list(CLIPS)
        assert sorted(s.clip for s in sheet if s.kind == "real") == (list(CLIPS) if design.reals else [])
        assert sum(s.kind == "catch" for s in sheet) == design.catch_trials
        assert sheet[0].kind != "catch"


def test_the_rigorous_study_of_the_paper_has_ten_sheets_of_nine_fakes_and_nine_reals():
    _, sheets = planned(catch_trials=0)
    assert [Counter(s.kind for s in sheet) for sheet in sheets] == [{"fake": 9, "real": 9}] * 10


@pytest.mark.parametrize("clips", [CLIPS, CLIPS[:2], CLIPS[:1]])
def test_real_and_fake_of_a_clip_are_in_different_halves(clips):
    _, sheets = planned(clips=clips)
    for sheet in sheets:
        scored = [slot for slot in sheet if slot.kind != "catch"]
        halves = scored[: len(clips)], scored[len(clips) :]
        for half in halves:
            assert sorted(slot.clip for slot in half) == sorted(clips)


@pytest.mark.parametrize("methods", [("m",), ("m", "n", "o")])
def test_at_every_position_real_and_fake_are_equally_frequent(methods):
    _, sheets = planned(methods=methods)
    for place in range(len(sheets[0])):
        kinds = Counter(sheet[place].kind for sheet in sheets)
        assert kinds["real"] == kinds["fake"], place


def test_no_sheet_is_one_method():
    _, sheets = planned(methods=("m", "n", "o"))
    for sheet in sheets:
        assert Counter(slot.method for slot in sheet if slot.kind == "fake") == {"m": 3, "n": 3, "o": 3}


def test_the_order_is_that_of_the_seed():
    assert planned(seed=1)[1] == planned(seed=1)[1]
    assert planned(seed=1)[1] != planned(seed=2)[1]


def test_without_reals_each_position_has_each_clip_as_often_forwards_as_backwards():
    _, sheets = planned("paper")
    for even, odd in zip(sheets[::2], sheets[1::2], strict=True):
        assert [slot.clip for slot in even] == [slot.clip for slot in odd][::-1]
    assert len({tuple(slot.clip for slot in sheet) for sheet in sheets}) == 10
