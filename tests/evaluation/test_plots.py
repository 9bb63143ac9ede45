"""Figures of the benchmark: what is drawn where, equal bytes, and what is refused."""

import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from datasets.errors import InputError
from evaluation.leaderboard import FLOOR, leaderboard
from evaluation.plots import heatmap
from evaluation.plots.dots import COLUMNS, dots, dots_data
from evaluation.plots.pareto import pareto, pareto_data
from evaluation.plots.ranks import ranks, ranks_data
from evaluation.plots.style import looks, svg, write
from evaluation.plots.training_time import training_time


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
        Known("sgfid", "SGFID", "lower", "quality", "squared feature distance"),
        Known("diversity", "Diversity", "higher", "diversity"),
        Known("energy", "Energy", "one", "motion"),
        Known("nearest", "Nearest", "none", "copying"),
    )
}
LEVELS = {"singan-gif": (12, 0.4), "sgif-plus": (5, 0.3), "vgpnn": (6, 0.2), "noise": (600, 0.9), FLOOR: (2, None)}
KINDS = {"vgpnn": "peer", "noise": "control", FLOOR: "control"}


def make_cells(levels=LEVELS, clips=("desert", "river"), samples=3):
    rng = np.random.default_rng(0)
    rows = []
    for method, (sgfid, diversity) in levels.items():
        for clip in clips:
            common = {"protocol": "quick", "clip": clip, "clip_sha256": clip, "method": method, "seed": 0,
                      "kind": KINDS.get(method, "method"), "encoder": "fid", "layer": "pre-pool2"}  # fmt: skip
            for sample in range(samples):
                for name, value in (("sgfid", sgfid), ("energy", 1.0), ("nearest", 1.0)):
                    value *= rng.uniform(0.9, 1.1)
                    rows.append({**common, "sample": sample, "metric": name, "value": value})
            if diversity is not None:
                rows.append({**common, "sample": pd.NA, "metric": "diversity", "value": diversity})
    return pd.DataFrame(rows).astype({"sample": "Int64"})


@cache
def make_board():
    return leaderboard(make_cells(), protocol="quick", metrics=METRICS, bootstrap=50)


def outcomes(**changes):
    rows = [
        ("sgfid", "copy", 0.0, 2.0, "blind", "same"),
        ("sgfid", "noise", 600.0, 2.0, "worse", "worse"),
        ("energy", "copy", 1.0, 1.1, "blind", "same"),
        ("energy", "noise", 1.0, 1.1, "worse", "same"),
    ]
    return pd.DataFrame(rows, columns=list(heatmap.COLUMNS)).assign(**changes)


def times():
    rng = np.random.default_rng(1)
    levels = (("singan-gif", 60, 12), ("singan-frames", 30, 25))
    rows = [
        (method, clip, minutes * rng.uniform(0.8, 1.2), sgfid * rng.uniform(0.5, 2))
        for method, minutes, sgfid in levels
        for clip in "abc"
    ]
    return pd.DataFrame(rows, columns=["method", "clip", "minutes", "sgfid"])


def draw(name):
    """A figure and the data behind it."""
    sgfid, diversity = METRICS["sgfid"], METRICS["diversity"]
    if name == "dots":
        data = dots_data(make_cells(), sgfid, protocol="quick", bootstrap=50)
        return dots(data, sgfid), data
    if name == "ranks":
        data = ranks_data(make_board(), METRICS)
        return ranks(data, METRICS), data
    if name == "pareto":
        data = pareto_data(make_board(), sgfid, diversity)
        return pareto(data, sgfid, diversity), data
    if name == "controls":
        return heatmap.controls(outcomes(), METRICS), outcomes()
    return training_time(times()), times()


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def ticks(axis):
    """Labels of the ticks that are within the axis."""
    low, high = sorted(axis.get_view_interval())
    within = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [label for tick in within for label in (tick.label1, tick.label2) if label.get_visible()]


# what they share


@pytest.mark.parametrize("name", ["dots", "ranks", "pareto", "controls", "training_time"])
def test_equal_data_give_equal_files(tmp_path, name):
    for folder in "ab":
        figure, data = draw(name)
        write(figure, data, tmp_path / folder / "v1.2 plot")
    for suffix in ("svg", "png", "csv"):
        one, other = ((tmp_path / folder / f"v1.2 plot.{suffix}").read_bytes() for folder in "ab")
        assert one == other
    assert ElementTree.parse(tmp_path / "a" / "v1.2 plot.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "a" / "v1.2 plot.png").read_bytes().startswith(b"\x89PNG")
    assert len(pd.read_csv(tmp_path / "a" / "v1.2 plot.csv")) == len(data)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [f"v1.2 plot.{s}" for s in ("csv", "png", "svg")]


@pytest.mark.parametrize("name", ["dots", "ranks", "pareto", "controls", "training_time"])
def test_nothing_is_cut_off_and_no_label_hides_another(name):
    figure, _ = draw(name)
    figure.draw_without_rendering()
    page = figure.bbox
    labels = [text for ax in figure.axes for text in (*ax.texts, *ticks(ax.xaxis), *ticks(ax.yaxis)) if text.get_text()]
    labels += figure.texts
    boxes = [text.get_window_extent() for text in labels]
    for text, box in zip(labels, boxes, strict=True):
        assert (box.min >= page.min - 1).all(), text
        assert (box.max <= page.max + 1).all(), text
    for index, (text, box) in enumerate(zip(labels, boxes, strict=True)):
        for other, against in zip(labels[:index], boxes[:index], strict=True):
            if text.get_rotation() % 90 == other.get_rotation() % 90 == 0:
                assert not box.shrunk(0.98, 0.9).overlaps(against.shrunk(0.98, 0.9)), (text, other)


def test_methods_can_be_told_apart_and_none_is_too_pale():
    marks = [looks(index, "method", strong=True) for index in range(10)]
    assert len({(mark["marker"], mark["color"]) for mark in marks}) == 10
    assert max(np.dot(to_rgb(mark["color"]), (0.299, 0.587, 0.114)) for mark in marks) < 0.7


def test_plots_do_not_import_torch():
    code = "import sys, evaluation.figures, evaluation.plots.dots, evaluation.plots.ranks, evaluation.plots.pareto, "
    code += "evaluation.plots.heatmap, evaluation.plots.training_time; sys.exit('torch' in sys.modules)"
    home = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=home, check=False).returncode == 0


# dots


def test_dots_have_every_value_and_means_where_they_should_be():
    data = dots_data(make_cells(), METRICS["sgfid"], protocol="quick", order=["sgif-plus"])
    assert tuple(data.columns) == COLUMNS
    assert list(dict.fromkeys(data["method"])) == ["sgif-plus", "singan-gif", "vgpnn"]
    for (_, _), own in data.groupby(["method", "clip"]):
        assert own["mean"].tolist() == pytest.approx([own["value"].mean()] * 3)
        assert (own["low"] <= own["mean"]).all()
        assert (own["mean"] <= own["high"]).all()
    ax = dots(data, METRICS["sgfid"]).axes[0]
    drawn = [line.get_xdata()[0] for line in ax.lines if line.get_marker() in "osD" and len(line.get_xdata())]
    assert sorted(drawn) == pytest.approx(sorted(set(data["mean"])))


def test_the_axis_of_dots_follows_the_metric():
    def axis(metric, levels=LEVELS):
        data = dots_data(make_cells(levels), METRICS[metric], protocol="quick", bootstrap=20)
        return dots(data, METRICS[metric]).axes[0]

    ratio = axis("energy")
    assert ratio.get_xscale() == "log"
    assert [line.get_xdata()[0] for line in ratio.lines if line.get_linestyle() == "--"] == [1]
    assert ratio.get_xlabel() == "Energy, 1 is best (logarithmic)"
    assert axis("sgfid").get_xscale() == "linear"
    assert axis("sgfid", {"a": (1, 0.5), "b": (90, 0.5)}).get_xscale() == "log"
    assert axis("diversity").get_xlabel() == "Diversity, higher is better"


def test_dots_of_controls_are_drawn_where_there_is_nothing_else():
    data = dots_data(make_cells({"noise": (600, 0.9)}), METRICS["sgfid"], protocol="quick")
    assert set(data["method"]) == {"noise"}
    with pytest.raises(InputError, match="no value of it"):
        dots_data(make_cells(), Known("strange", "Strange", "lower", "quality"), protocol="quick")


# ranks


def test_the_table_of_ranks_has_every_rank_once():
    figure, data = draw("ranks")
    board = make_board().set_index("method")
    for row in data.itertuples():
        name = "rank_overall" if row.metric == "overall" else f"{row.metric}_rank"
        assert row.rank == board.loc[row.method, name]
    assert set(data["metric"]) == {"sgfid", "diversity", "energy", "overall"}
    assert not set(data["method"]) & {"noise", FLOOR}
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert shown == ["SGFID ↓", "Diversity ↑", "Energy → 1", "Mean rank"]


def test_who_has_no_rank_has_a_dash():
    cells = make_cells()
    cells = cells[(cells["method"] != "vgpnn") | (cells["clip"] == "desert")]
    board = leaderboard(cells, protocol="quick", metrics=METRICS, bootstrap=20)
    assert texts(ranks(ranks_data(board, METRICS), METRICS)).count("–") == 4
    with pytest.raises(InputError, match="ranks nothing"):
        ranks_data(board[board["kind"] == "control"], METRICS)


# pareto


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=7))
def test_the_front_is_what_nobody_beats(pairs):
    board = pd.DataFrame(
        [{"kind": "method", "method": f"m{i}", "ranked": True, "sgfid_mean": float(x), "sgfid_low": x, "sgfid_high": x,
          "diversity_mean": float(y), "diversity_low": y, "diversity_high": y} for i, (x, y) in enumerate(pairs)]
    )  # fmt: skip
    data = pareto_data(board, METRICS["sgfid"], METRICS["diversity"])
    expected = [not any(a <= x and b >= y and (a, b) != (x, y) for a, b in pairs) for x, y in pairs]
    assert data["front"].tolist() == expected


def test_pareto_shows_methods_the_floor_and_no_control():
    figure, data = draw("pareto")
    assert data.set_index("method")["front"].to_dict() == {
        "singan-gif": True, "sgif-plus": True, "vgpnn": False, FLOOR: False,
    }  # fmt: skip
    assert {"singan-gif", "sgif-plus", "vgpnn", f"floor: {FLOOR}"} <= set(texts(figure))
    assert figure.axes[0].get_xscale() == "log"


def test_pareto_keeps_unranked_methods_off_the_front():
    cells = make_cells({**LEVELS, "easy": (1, 0.9)})
    cells = cells[(cells["method"] != "easy") | (cells["clip"] == "desert")]
    board = leaderboard(cells, protocol="quick", metrics=METRICS, bootstrap=20)
    data = pareto_data(board, METRICS["sgfid"], METRICS["diversity"])
    assert not data.set_index("method").loc["easy", "front"]
    assert data.set_index("method").loc["sgif-plus", "front"]
    assert "easy (fewer clips)" in texts(pareto(data, METRICS["sgfid"], METRICS["diversity"]))


def test_pareto_needs_two_metrics_with_a_direction():
    board = make_board()
    for bad, says in ((METRICS["energy"], "neither"), (replace(METRICS["sgfid"], name="other"), "no such metric")):
        with pytest.raises(InputError, match=says):
            pareto_data(board, bad, METRICS["diversity"])
    with pytest.raises(InputError, match="no method has both"):
        pareto_data(board[board["kind"].isin(("control", "floor"))], METRICS["sgfid"], METRICS["diversity"])


# controls


@pytest.mark.parametrize(
    ("metric", "value", "floor", "expected"),
    [
        ("sgfid", 2, 2, 0),
        ("sgfid", 20, 2, 1),
        ("sgfid", 0, 2, -np.log10(2)),
        ("sgfid", 1e9, 2, 3),
        ("sgfid", 9, 0, 1),
        ("diversity", 0.5, 1, np.log10(1.5)),
        ("diversity", 2, 1, -np.log10(2)),
        ("energy", 0.25, 2, np.log10(2)),
        ("energy", 1, 0.5, -np.log10(2)),
        ("nearest", 20, 2, 1),
    ],
)
def test_how_far_beyond_the_floor(metric, value, floor, expected):
    assert heatmap.beyond_floor(value, floor, METRICS[metric]) == pytest.approx(expected)


def hatched(figure):
    return sum(isinstance(patch, Rectangle) and bool(patch.get_hatch()) for patch in figure.axes[0].patches)


def test_only_what_is_not_as_expected_is_hatched():
    assert hatched(heatmap.controls(outcomes(), METRICS)) == 1
    assert hatched(heatmap.controls(outcomes(expected="any"), METRICS)) == 0
    assert hatched(heatmap.controls(outcomes(expected="blind", found="worse"), METRICS)) == 4


def test_the_map_of_controls_shows_every_value():
    assert sorted(texts(heatmap.controls(outcomes(), METRICS))) == sorted(["= 0", "▲ 600", "= 1.00", "▲ 1.00"])
    blank = heatmap.controls(outcomes(value=np.nan), METRICS)
    assert texts(blank) == ["–"] * 4


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (outcomes().drop(columns="floor"), "column missing: floor"),
        (outcomes().iloc[:0], "there is no row"),
        (outcomes(expected="better"), "'expected' is 'better'"),
        (outcomes(found="blind"), "'found' is 'blind'"),
        (outcomes(metric="sgfid"), "there twice"),
    ],
)
def test_a_bad_frame_of_controls_is_refused(data, says):
    with pytest.raises(InputError, match=says):
        heatmap.controls(data, METRICS)


# training time


def test_training_time_has_a_mean_a_method_and_leaves_out_what_no_axis_shows():
    data = pd.concat([times(), pd.DataFrame([("copy", "a", np.nan, 0.0)], columns=times().columns)])
    figure = training_time(data)
    ax = figure.axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert texts(figure) == ["singan-gif", "singan-frames"]
    means = times().groupby("method")[["minutes", "sgfid"]].mean()
    drawn = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if line.get_markersize() == 7]
    assert np.allclose(sorted(drawn), sorted(map(tuple, means.to_numpy())))
    with pytest.raises(InputError, match="column missing: minutes"):
        training_time(times().drop(columns="minutes"))
    with pytest.raises(InputError, match="no method has both"):
        training_time(times().assign(minutes=np.nan))


def test_names_are_text_and_no_formulas():
    data = times().replace("singan-gif", r"<b>$\frac$")
    assert ElementTree.fromstring(svg(training_time(data))).tag.endswith("svg")
