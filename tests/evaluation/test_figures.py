import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from datasets.errors import InputError
from evaluation.figures import loss_curves, sgfid_by_clip, svg
from evaluation.losses import loss_names, read_losses


def write_log(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def usual_log(path, scales=3, video=True):
    rng = np.random.default_rng(0)
    lines = []
    for scale in range(scales):
        for iteration in range(50, 501, 50):
            line = {
                "scale": scale,
                "iteration": iteration,
                "critic_image": rng.normal(),
                "reconstruction": 1 / iteration,
            }
            if video:
                line |= {"critic_video": rng.normal(), "colour": rng.random() + 0.1}
            lines.append(line | {"seconds": iteration / 10})
    return write_log(path, lines)


def make_cells(methods=None, clips=("desert", "river")):
    methods = methods or {"singan-gif": 10.0, "singan-frames": 20.0, "copy": 0.0, "noise": 600.0}
    rows = [
        {
            "protocol": "quick",
            "clip": clip,
            "clip_source": "file",
            "method": method,
            "kind": "control" if method in ("copy", "noise") else "method",
            "seed": 0,
            "sample": sample,
            "metric": "sgfid",
            "value": value * (1 + 0.1 * sample),
            "encoder": "inception-fid",
            "layer": "pre-pool2",
            "locations": 2000,
        }
        for clip in clips
        for method, value in methods.items()
        for sample in range(4)
    ]
    return pd.DataFrame(rows)


# logs


def test_scales_are_put_in_a_row(tmp_path):
    losses = read_losses(usual_log(tmp_path / "losses.jsonl"))
    assert losses["step"].tolist() == list(range(50, 1501, 50))
    assert loss_names(losses) == ["critic_image", "reconstruction", "critic_video", "colour"]


def test_a_resumed_training_counts_its_later_lines(tmp_path):
    lines = [{"scale": 0, "iteration": i, "colour": float(v)} for i, v in ((1, 1), (2, 2), (2, 9), (3, 3))]
    losses = read_losses(write_log(tmp_path / "losses.jsonl", lines))
    assert losses["colour"].tolist() == [1, 9, 3]


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    path = usual_log(tmp_path / "losses.jsonl", scales=1)
    path.write_text(path.read_text() + '{"scale": 1, "iter')
    assert len(read_losses(path)) == 10


def test_missing_and_infinite_losses_are_gaps(tmp_path):
    lines = [
        {"scale": 0, "iteration": 1, "colour": 1.0, "late": None},
        {"scale": 0, "iteration": 2, "colour": float("nan"), "late": float("inf")},
    ]
    losses = read_losses(write_log(tmp_path / "losses.jsonl", lines))
    assert losses["colour"].isna().tolist() == [False, True]
    assert loss_names(losses) == ["colour"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no losses"),
        ("[]\n", "holds no losses"),
        ('nonsense\n{"scale": 0, "iteration": 1}\n', "line 1 is no"),
    ],
)
def test_a_log_that_is_none_is_refused(tmp_path, text, says):
    path = tmp_path / "losses.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_losses(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_losses(tmp_path / "none.jsonl")


# figures


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes]


def test_losses_have_a_panel_a_kind_and_lines_between_scales(tmp_path):
    figure = loss_curves(read_losses(usual_log(tmp_path / "losses.jsonl")))
    assert titles(figure) == ["Critics", "Reconstruction", "Colour statistics"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["image", "video"]
    # Two curves, each in three pieces (one a scale), and two borders between three scales.
    borders = [line for line in figure.axes[0].lines if len(set(line.get_xdata())) == 1]
    assert [line.get_xdata()[0] for line in borders] == [500, 1000]
    assert len(figure.axes[0].lines) == 2 * 3 + 2
    # In greyscale curves are told apart by their dashes.
    assert len({line.get_linestyle() for line in figure.axes[0].lines if line not in borders}) == 2


def test_a_method_without_video_losses_has_fewer_panels(tmp_path):
    figure = loss_curves(read_losses(usual_log(tmp_path / "losses.jsonl", video=False)))
    assert titles(figure) == ["Critics (image)", "Reconstruction"]
    assert not figure.legends


def test_a_log_without_any_loss_still_gives_a_figure(tmp_path):
    log = write_log(tmp_path / "losses.jsonl", [{"scale": 0, "iteration": 5}])
    assert svg(loss_curves(read_losses(log))).startswith(b"<?xml")


def drawn(figure):
    """Colour and marker of every mean, by its label in the legend."""
    lines = [line for line in figure.axes[0].lines if not line.get_label().startswith("_") and line.get_label()]
    return {line.get_label(): (line.get_color(), line.get_marker()) for line in lines}


def test_methods_differ_by_marker_and_colour_and_controls_stay_out():
    looks = drawn(sgfid_by_clip(make_cells(), protocol="quick", order=["singan-gif", "singan-frames"]))
    assert list(looks) == ["singan-gif", "singan-frames"]
    assert len({colour for colour, _ in looks.values()}) == len({marker for _, marker in looks.values()}) == 2


def test_controls_are_drawn_where_there_is_nothing_else():
    assert list(drawn(sgfid_by_clip(make_cells({"copy": 0.0, "noise": 600.0}), protocol="quick"))) == ["noise"]


def test_means_stand_where_they_should():
    figure = sgfid_by_clip(make_cells({"singan-gif": 10.0}, clips=("desert",)), protocol="quick")
    (mean,) = [line for line in figure.axes[0].lines if line.get_label() == "singan-gif"]
    assert mean.get_xdata()[0] == pytest.approx(10 * (1 + 0.15))
    assert figure.axes[0].get_xscale() == "log"


@pytest.mark.parametrize("name", ["losses", "clips"])
def test_equal_data_give_equal_bytes(tmp_path, name):
    def draw():
        if name == "clips":
            return svg(sgfid_by_clip(make_cells(), protocol="quick"))
        return svg(loss_curves(read_losses(usual_log(tmp_path / "losses.jsonl"))))

    first = draw()
    assert first == draw()
    assert ElementTree.fromstring(first).tag.endswith("svg")
    assert b"date" not in first.lower()
    # Long numbers are cut in paths only; glyphs are placed by factors that a cut would ruin.
    assert not re.search(rb' d="[^"]*\d\.\d{3}', first)
    assert re.search(rb"scale\(0\.\d{3}", first)


def test_names_are_text_and_no_formulas():
    figure = sgfid_by_clip(make_cells({r"$\frac$": 3.0}, clips=("<b>$x",)), protocol="quick")
    assert ElementTree.fromstring(svg(figure)).tag.endswith("svg")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["<b>$x"]
