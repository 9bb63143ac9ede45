"""The matrix of controls: what counts as worse, what surprises, and how it is written."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation.control_matrix import (
    COLUMNS,
    control_rows,
    expected,
    found,
    read_rows,
    surprises,
    unseen,
    write_matrix,
    write_rows,
)
from evaluation.controls import CONTROLS
from evaluation.metrics import METRICS

RANKED = [name for name, metric in METRICS.items() if metric.of == "sample" and metric.direction != "none"]


def worst(metric):
    return {"lower": 1e4, "higher": -1e4, "one": 1e4}[metric.direction]


def best(metric):
    return {"lower": 0.0, "higher": 1e3, "one": 1.0}[metric.direction]


def floor(metric):
    return {"lower": 2.0, "higher": 10.0, "one": 1.5}[metric.direction]


def stated(**changes):
    """Values of all controls that are exactly as the registry says; `changes` are metric -> {control: value}."""
    values = {
        control: {
            name: worst(METRICS[name]) if control in METRICS[name].worse_on else best(METRICS[name]) for name in RANKED
        }
        for control in CONTROLS
    }
    for name, own in changes.items():
        for control, value in own.items():
            values[control][name] = value
    return values


FLOORS = {name: floor(METRICS[name]) for name in RANKED}


def outcomes(clip="desert", floors=FLOORS, **changes):
    return control_rows(clip, stated(**changes), floors)


def test_every_metric_meets_every_control_in_the_order_of_the_registries():
    rows = outcomes()
    assert tuple(rows.columns) == COLUMNS
    pairs = [(name, control) for name in METRICS for control in CONTROLS]
    assert list(zip(rows["metric"], rows["control"], strict=True)) == pairs
    assert set(rows["clip"]) == {"desert"}


def test_what_is_expected_is_what_the_registry_says():
    words = {"worse": "worse_on", "blind": "same_on"}
    for row in outcomes().itertuples():
        metric = METRICS[row.metric]
        assert row.expected == expected(metric, row.control)
        for word, attribute in words.items():
            assert (row.expected == word) == (row.control in getattr(metric, attribute))
    named = {control for metric in METRICS.values() for control in (*metric.worse_on, *metric.same_on)}
    assert named <= set(CONTROLS)


@given(
    st.sampled_from([METRICS[name] for name in RANKED]),
    st.floats(0.01, 1e3),
    st.floats(0.01, 1e3),
)
def test_worse_is_farther_from_the_best_value_than_the_floor(metric, value, limit):
    """By another way: a ratio is as bad as its inverse, more diversity is better, a smaller distance is better."""
    distance = {
        "lower": lambda x: x,
        "higher": lambda x: -x,
        "one": lambda x: math.log(max(x, 1 / x)),
    }[metric.direction]
    far = distance(value) - distance(limit)
    if abs(far - 1e-6) > 1e-9:
        assert found(metric, value, limit) == ("worse" if far > 1e-6 else "same")
    assert found(metric, limit, limit) == "same"


def test_what_has_no_value_or_no_direction_finds_nothing():
    sgfid, unranked = METRICS["sgfid"], METRICS["frame_distance"]
    for value, limit in ((None, 1.0), (1.0, None), (math.nan, 1.0), (1.0, math.nan)):
        assert found(sgfid, value, limit) == ""
    assert found(unranked, 5.0, 1.0) == ""
    assert found(METRICS["kid"], -0.1, -0.7) == "same"  # below 0 by chance is no merit
    assert found(METRICS["motion_energy"], 0.0, 1.5) == "worse"  # a ratio of 0 is infinitely far from 1


def test_rounding_alone_is_not_worse():
    assert found(METRICS["contrast"], 1 + 1e-9, 1.0) == "same"
    assert found(METRICS["sgfid"], 1e-7, 0.0) == "same"


def test_stated_outcomes_surprise_nobody_and_others_do():
    assert surprises(outcomes()).empty
    changed = outcomes(sgfid={"noise": 0.0, "copy": 99.0, "block-shuffle": 99.0}, kid={"noise": None})
    wrong = surprises(changed)
    assert sorted(zip(wrong["metric"], wrong["control"], wrong["found"], strict=True)) == [
        ("sgfid", "copy", "worse"), ("sgfid", "noise", "same"),
    ]  # fmt: skip
    assert surprises(outcomes(floors={})).empty


def test_unseen_controls_are_named_and_a_copy_asks_for_a_metric_of_copying():
    seen = {control for name in RANKED for control in METRICS[name].worse_on}
    assert unseen(outcomes()) == [("desert", control) for control in CONTROLS if control not in seen]
    everything = {control: 1e4 for control in CONTROLS if control != "copy"}
    assert unseen(outcomes(patch_swd=everything)) == []
    # NNFDIV sees a copy too, but is no metric of copying.
    assert unseen(outcomes(patch_swd=everything, zero_displacement={"copy": 0.0})) == [("desert", "copy")]


def test_rows_read_back_exactly(tmp_path):
    first, second = outcomes(), outcomes("river", sgfid={"noise": 1 / 3})
    for name, rows in (("a", first), ("b", second)):
        write_rows(rows, tmp_path / f"{name}.csv")
    again = read_rows([tmp_path / "a.csv", tmp_path / "b.csv"])
    pd.testing.assert_frame_equal(again, pd.concat([first, second], ignore_index=True), check_dtype=False)
    write_rows(again[again["clip"] == "river"], tmp_path / "c.csv")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "c.csv").read_bytes()


def test_other_files_are_refused_in_one_line(tmp_path):
    (tmp_path / "other.csv").write_text("clip,metric\ndesert,sgfid\n")
    for name in ("none.csv", "other.csv"):
        with pytest.raises(InputError) as caught:
            read_rows([tmp_path / name])
        assert str(caught.value).startswith(f"{tmp_path / name}: ") and "\n" not in str(caught.value)


def test_the_matrix_says_what_is_otherwise_and_marks_it(tmp_path):
    rows = pd.concat(
        [outcomes(), outcomes("a|*b*", sgfid={"noise": 0.25}, zero_displacement={"copy": 0.0})], ignore_index=True
    )
    write_matrix(rows, tmp_path / "controls.md")
    text = (tmp_path / "controls.md").read_text()
    stated_outcomes = 2 * sum(len(m.worse_on) + len(m.same_on) for m in METRICS.values())
    assert f"{stated_outcomes - 2} of {stated_outcomes} stated outcomes were found." in text
    assert r"a\|\*b\*: sgfid on noise, must be worse: 0.250 (floor 2.00)." in text
    assert r"copy (a\|\*b\*)" in text.split("Not found by any metric: ")[1].splitlines()[0]
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1 and len(table) == 2 + len(METRICS)
    (line,) = [line for line in tables[1] if line.startswith("| SGFID ")]
    assert "0.250 ▴ !" in line and "**" in line
    assert all(f"- {name}: {control.shows}" in text for name, control in CONTROLS.items())
    assert not re.search(r"\bnan\b", text.lower())
    for clip in ("desert", "a|*b*"):
        for suffix in (".svg", ".png", ".csv"):
            assert (tmp_path / f"controls-{clip}{suffix}").stat().st_size > 0
    assert np.isfinite(read_rows([tmp_path / "controls.csv"]).dropna()["value"]).all()


def test_what_has_no_value_does_not_count_as_found(tmp_path):
    write_matrix(outcomes(floors={**FLOORS, "sgfid": None}), tmp_path / "controls.md")
    left = sum(len(m.worse_on) + len(m.same_on) for name, m in METRICS.items() if name != "sgfid")
    assert f"{left} of {left} stated outcomes were found." in (tmp_path / "controls.md").read_text()


def test_no_surprise_is_said_too(tmp_path):
    everything = {control: 1e4 for control in CONTROLS if control != "copy"}
    free = {control: value for control, value in everything.items() if control not in METRICS["patch_swd"].same_on}
    write_matrix(outcomes(patch_swd=free), tmp_path / "controls.md")
    text = (tmp_path / "controls.md").read_text()
    assert "Every control is found by some metric, and a copy by one of copying." in text
    assert "!" not in text.split("## desert")[1]
