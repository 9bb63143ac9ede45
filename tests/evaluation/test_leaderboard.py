"""The leaderboard: who is ranked, by what, and who never is."""

import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation.intervals import mean_interval
from evaluation.leaderboard import (
    FLOOR,
    leaderboard,
    reversals,
    write_leaderboard,
    write_leaderboard_markdown,
)


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
        Known("kid", "KID", "lower", "quality"),
        Known("diversity", "Diversity", "higher", "diversity"),
        Known("energy", "Energy", "one", "motion"),
        Known("nearest", "Nearest", "none", "copying"),
    )
}
KINDS = {"copy": "control", "noise": "control", FLOOR: "control", "vgpnn": "peer"}


def make_cells(values, clips=("desert", "river"), **changes):
    """Cells from {method: {metric: values, one a clip, each a number or a list of samples}}."""
    rows = [
        {
            "protocol": "quick",
            "clip": clip,
            "clip_source": "published",
            "method": method,
            "kind": KINDS.get(method, "method"),
            "seed": 0,
            "sample": index if np.ndim(samples) else pd.NA,
            "metric": metric,
            "value": float(value),
            "encoder": "inception-fid",
            "layer": "pre-pool2",
            "locations": 2000,
            "config_sha256": "",
            "clip_sha256": f"sha of {clip}",
            **changes,
        }
        for method, metrics in values.items()
        for metric, by_clip in metrics.items()
        for clip, samples in zip(clips, by_clip, strict=False)
        for index, value in enumerate(np.atleast_1d(samples))
    ]
    return pd.DataFrame(rows).astype({"sample": "Int64"})


def usual():
    return {
        "singan-gif": {"sgfid": [[10, 12], [20, 22]], "diversity": [0.4, 0.5], "energy": [[0.5, 2], [1, 1]]},
        "sgif-plus": {"sgfid": [[4, 5], [6, 7]], "diversity": [0.3, 0.3], "energy": [[1.1, 1.1], [1.1, 1.1]]},
        "vgpnn": {"sgfid": [[5, 6], [7, 8]], "diversity": [0.2, 0.3], "energy": [[3, 3], [0.0, 0.0]]},
        "copy": {"sgfid": [[0], [0]], "diversity": [0.0, 0.0], "energy": [[1], [1]]},
        FLOOR: {"sgfid": [[1.5], [2.5]], "energy": [[1.2], [0.9]]},
    }


def board(values=None, **options):
    cells = values if isinstance(values, pd.DataFrame) else make_cells(values or usual())
    return leaderboard(cells, protocol="quick", metrics=METRICS, bootstrap=200, **options)


def row(frame, method):
    return frame[frame["method"] == method].iloc[0]


def test_ranks_go_by_direction_and_values_are_means_with_intervals():
    frame = board()
    plus = row(frame, "sgif-plus")
    assert (plus["sgfid_mean"], plus["sgfid_rank"], plus["diversity_rank"]) == (5.5, 1, 2)
    expected = mean_interval([np.array([4.0, 5]), np.array([6.0, 7])], resamples=200, seed=0)
    assert (plus["sgfid_low"], plus["sgfid_high"]) == (expected.low, expected.high)
    assert (plus["clips"], plus["samples"], plus["ranked"], plus["note"]) == (2, 4, True, "")
    assert frame[frame["ranked"]].set_index("method")["diversity_rank"].to_dict() == {
        "sgif-plus": 2, "singan-gif": 1, "vgpnn": 3,
    }  # fmt: skip
    # The mean of 0.5, 2, 1, 1 is near 1, but 1.1 throughout is nearer; a ratio of 0 is as far as can be.
    assert frame[frame["ranked"]].set_index("method")["energy_rank"].to_dict() == {
        "sgif-plus": 1, "singan-gif": 2, "vgpnn": 3,
    }  # fmt: skip
    assert row(frame, "singan-gif")["energy_off"] == pytest.approx(math.log(2) / 2)


def test_mean_ranks_are_over_a_group_and_over_all():
    frame = board()
    gif = row(frame, "singan-gif")
    assert [gif[f"rank_{name}"] for name in ("quality", "diversity", "motion", "overall")] == [3, 1, 2, 2]
    assert row(frame, "sgif-plus")["rank_overall"] == pytest.approx(4 / 3)
    assert "rank_copying" not in frame
    assert frame["method"].tolist() == ["sgif-plus", "singan-gif", "vgpnn", "copy", FLOOR]


def test_controls_and_the_floor_are_never_ranked():
    frame = board()
    assert frame["kind"].tolist()[-2:] == ["control", "floor"]
    ranks = [name for name in frame.columns if name.endswith("_rank") or name.startswith("rank_")]
    assert frame.loc[frame["kind"].isin(("control", "floor")), ranks].isna().all(axis=None)
    assert row(frame, FLOOR)["sgfid_mean"] == 2
    assert sorted(frame["sgfid_rank"].dropna()) == [1, 2, 3]


def test_floors_that_the_cells_lack_can_be_given():
    frame = board(floors={"sgfid": 99.0, "diversity": 0.1, "unknown": 1.0})
    floor = row(frame, FLOOR)
    assert (floor["sgfid_mean"], floor["diversity_mean"]) == (2, 0.1)
    alone = board({name: own for name, own in usual().items() if name != FLOOR}, floors={"sgfid": 99.0})
    assert row(alone, FLOOR)[["kind", "sgfid_mean", "clips"]].tolist() == ["floor", 99.0, 0]
    assert FLOOR not in set(board({"copy": usual()["copy"], "vgpnn": usual()["vgpnn"]})["method"])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=7), st.sampled_from(["sgfid", "diversity"]))
def test_ties_share_the_mean_rank(values, metric):
    frame = board({f"m{index}": {metric: [[value], [value]]} for index, value in enumerate(values)})
    sign = -1 if metric == "diversity" else 1
    expected = dict(
        zip([f"m{i}" for i in range(len(values))], scipy.stats.rankdata(sign * np.array(values)), strict=True)
    )
    assert frame.set_index("method")[f"{metric}_rank"].to_dict() == expected


def test_a_method_with_fewer_clips_is_listed_but_takes_no_rank():
    values = usual()
    values["easy"] = {"sgfid": [[1.0]], "diversity": [0.9], "energy": [[1.0]]}
    frame = board(values)
    easy = row(frame, "easy")
    assert not easy["ranked"]
    assert easy["note"] == "scored on 1 of 2 clips, lacks river"
    assert easy["sgfid_mean"] == 1
    assert math.isnan(easy["sgfid_rank"])
    assert math.isnan(easy["rank_overall"])
    assert row(frame, "sgif-plus")["sgfid_rank"] == 1
    assert frame["method"].tolist()[3] == "easy"


def test_a_metric_without_a_value_costs_its_rank_and_the_mean_ranks():
    values = usual()
    values["vgpnn"]["diversity"] = [0.9, np.nan]
    frame = board(values)
    peer = row(frame, "vgpnn")
    assert peer["note"] == "no Diversity on river"
    assert peer["sgfid_rank"] == 2
    assert [math.isnan(peer[name]) for name in ("diversity_rank", "rank_diversity", "rank_overall")] == [True] * 3
    assert peer["rank_quality"] == 2
    assert row(frame, "singan-gif")["diversity_rank"] == 1
    del values["vgpnn"]["diversity"]
    assert row(board(values), "vgpnn")["note"] == "no Diversity"


def test_a_clip_on_which_nobody_has_a_value_is_left_out_for_all():
    frame = board({name: {"sgfid": [[1.0 * i], [np.nan]]} for i, name in enumerate(("a", "b"))})
    assert frame["sgfid_rank"].tolist() == [1, 2]
    none = board({"a": {"sgfid": [[1.0], [1.0]], "kid": [[np.nan], [np.nan]]}})
    assert none[["sgfid_rank", "rank_quality", "rank_overall"]].iloc[0].tolist() == [1, 1, 1]
    assert math.isnan(none["kid_rank"].iloc[0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoder": "random-inception"}, "encoder: the cells mix"),
        ({"layer": "pre-pool1"}, "layer: the cells mix"),
        ({"protocol": "native"}, "protocol: the cells mix"),
        ({"clip_sha256": "that of the GIF"}, "clip 'desert': .* different versions"),
    ],
)
def test_numbers_that_cannot_be_compared_never_share_a_ranking(changes, says):
    other = make_cells({"other": {"sgfid": [[1.0], [2.0]]}}, **changes)
    with pytest.raises(InputError, match=says):
        board(pd.concat([make_cells(usual()), other]))


def test_cells_without_its_metrics_are_refused():
    with pytest.raises(InputError, match="no metric of the leaderboard"):
        board({"a": {"strange": [[1.0], [2.0]]}})
    with pytest.raises(InputError, match="hold nothing of it"):
        leaderboard(make_cells(usual()), protocol="paper", metrics=METRICS)


def test_reversals_name_who_passes_whom():
    assert reversals(board(), METRICS) == {
        "diversity": {"singan-gif": ["sgif-plus", "vgpnn"]},
        "energy": {"singan-gif": ["vgpnn"]},
    }
    assert reversals(board({"a": {"kid": [[1.0], [2.0]]}}), METRICS) == {}


def test_csv_is_the_same_bytes_and_reads_back_exactly(tmp_path):
    for name in "ab":
        write_leaderboard(board(), tmp_path / f"{name}.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    again = pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False)
    assert again.columns.tolist() == board().columns.tolist()
    assert again["sgfid_low"].map(float).tolist() == board()["sgfid_low"].tolist()
    assert again["sgfid_rank"].tolist() == ["1.0", "3.0", "2.0", "", ""]


def markdown(tmp_path, values=None):
    write_leaderboard_markdown(board(values), tmp_path / "l.md", metrics=METRICS)
    return (tmp_path / "l.md").read_text()


def test_markdown_marks_the_best_and_keeps_controls_out(tmp_path):
    text = markdown(tmp_path)
    quality = text.split("## Quality")[1].split("\n## ")[0]
    lines = {line.split("|")[1].strip(): line for line in quality.splitlines() if line.startswith("|")}
    assert "**5.50** (" in lines["sgif-plus"]
    assert lines["sgif-plus"].rstrip("| ").endswith("rank 1")
    assert "**" not in lines["*copy*"]
    assert "rank" not in lines["*half-against-half*"]
    assert "2 of 2 other ranked metrics turn the order of SGFID: Diversity and Energy." in text
    assert "**Order, Diversity.** singan-gif passes sgif-plus and vgpnn." in text
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block}) == 1


def test_markdown_says_when_no_metric_turns_the_order_and_who_is_not_ranked(tmp_path):
    same = {name: {"sgfid": [[v], [v]], "kid": [[v], [v]]} for name, v in (("a", 1.0), ("b|*x*", 2.0))}
    text = markdown(tmp_path, {**same, "few": {"sgfid": [[1.0]], "kid": [[1.0]]}})
    assert "No other metric turns the order of SGFID." in text
    assert "**Not ranked.** few: scored on fewer clips than others." in text
    assert r"b\|\*x\*" in text
