"""`python -m evaluation score|metrics`: output, JSON and exit statuses."""

import json

import numpy as np
import pytest

from datasets import cli
from datasets.clip import make_clip, save_clip
from datasets.errors import InputError
from evaluation.__main__ import main
from evaluation.metrics import METRICS

RANDOM = ["--encoder", "random-inception"]


@pytest.fixture
def clips(tmp_path):
    rng = np.random.default_rng(0)
    for name, shape in (("real", (3, 40, 48)), ("a", (3, 40, 48)), ("b", (3, 40, 48)), ("large", (3, 48, 48))):
        save_clip(tmp_path / f"{name}.npz", make_clip(rng.integers(0, 256, (*shape, 3), dtype=np.uint8)))
    (tmp_path / "broken.gif").write_bytes(b"GIF89a")
    return tmp_path


def run(clips, *arguments):
    return cli.run(main, ["score", *(str(clips / a) if "." in a else a for a in arguments)])


def test_score_prints_and_writes_json(clips, capsys):
    assert run(clips, "real.npz", "a.npz", "real.npz", *RANDOM, "--json", "scores.json") == 0
    output = capsys.readouterr()
    found = json.loads((clips / "scores.json").read_text())
    assert [row["fake"] for row in found] == [str(clips / "a.npz"), str(clips / "real.npz")]
    for row in found:
        assert row["real"] == str(clips / "real.npz") and row["encoder"] == "random-inception"
        assert row["layer"] == "pre-pool2" and row["frames"] == 3 and row["locations"] == 3 * 6 * 8
        assert f"{row['sgfid']:.6f}" in output.out
    assert found[1]["sgfid"] <= 1e-6 < found[0]["sgfid"]
    assert "random-inception, pre-pool2 (192-d), 3 frames" in output.out and output.err == ""


def test_layer_and_max_frames(clips):
    assert (
        run(clips, "real.npz", "a.npz", *RANDOM, "--layer", "pre-pool1", "--max-frames", "2", "--json", "s.json") == 0
    )
    (row,) = json.loads((clips / "s.json").read_text())
    assert row["layer"] == "pre-pool1" and row["frames"] == 2


def test_part_of_the_files_scored_is_status_3(clips, capsys):
    fakes = ("a.npz", "broken.gif", "none.mp4", "large.npz", "b.npz")
    assert run(clips, "real.npz", *fakes, *RANDOM, "--json", "scores.json") == 3
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert len(lines) == 4 and all(line.startswith("error: ") for line in lines)
    for line, name in zip(lines, ("broken.gif", "none.mp4", "large.npz"), strict=False):
        assert str(clips / name) in line and name in lines[-1]
    assert "scored 2 of 5 clips" in lines[-1] and "mean of 2" in output.out
    found = json.loads((clips / "scores.json").read_text())
    assert [row["fake"] for row in found] == [str(clips / "a.npz"), str(clips / "b.npz")]


@pytest.mark.parametrize(
    ("arguments", "expected", "lines"),
    [
        (("real.npz", "broken.gif"), "broken.gif", 1),
        (("real.npz", "none.mp4"), "none.mp4: no such file", 1),
        (("real.npz", "large.npz"), "--resize", 1),
        (("none.gif", "a.npz"), "none.gif: no such file", 1),
        (("real.npz", "broken.gif", "large.npz"), "none of the 2 clips", 3),
        (("real.npz", "a.npz", "--max-frames", "0"), "must be 1 or more", 1),
        (("real.npz", "a.npz", "--layer", "pool"), "unknown layer", 1),
    ],
)
def test_nothing_scored_is_status_2_and_no_json(clips, capsys, arguments, expected, lines):
    assert run(clips, *arguments, *RANDOM, "--json", "scores.json") == 2
    output = capsys.readouterr()
    assert output.out == "" and len(output.err.splitlines()) == lines
    assert output.err.splitlines()[-1].startswith("error: ") and expected in output.err.splitlines()[-1]
    assert not (clips / "scores.json").exists()


@pytest.mark.parametrize("target", ["folder.json", "a.npz/scores.json"])
def test_json_that_cannot_be_written_is_status_2(clips, capsys, target):
    (clips / "folder.json").mkdir()
    before = (clips / "a.npz").read_bytes()
    assert run(clips, "real.npz", "a.npz", *RANDOM, "--json", target) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1 and str(clips / target) in error and "cannot be written" in error
    assert (clips / "a.npz").read_bytes() == before and not list(clips.glob(".*"))


def test_resize_scores_other_sizes(clips, capsys):
    assert run(clips, "real.npz", "large.npz", *RANDOM, "--resize", "--json", "scores.json") == 0
    (row,) = json.loads((clips / "scores.json").read_text())
    assert row["resized"] is True and "resized from 48x48 to 48x40" in capsys.readouterr().out


def test_unknown_encoder_is_status_2(clips, capsys):
    assert run(clips, "real.npz", "a.npz", "--encoder", "random-incepton") == 2
    assert "did you mean random-inception?" in capsys.readouterr().err


def test_no_weights_is_status_2_with_the_remedies_and_no_fallback(clips, capsys, monkeypatch):
    def no_network(*args, **kwargs):
        raise InputError("https://…: cannot be reached")

    for variable in ("SGIF_INCEPTION_WEIGHTS", "SGIF_STAGE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(clips / "torch"))
    monkeypatch.setattr("datasets.fetch.fetch", no_network)
    assert run(clips, "real.npz", "a.npz", "--json", "scores.json") == 2
    output = capsys.readouterr()
    assert output.out == "" and not (clips / "scores.json").exists()
    error = output.err.splitlines()[-1]
    for remedy in ("SGIF_INCEPTION_WEIGHTS", "SGIF_STAGE", "--encoder random-inception", "cannot be reached"):
        assert remedy in error


@pytest.mark.parametrize("arguments", [[], ["score"], ["score", "x"], ["nothing"]])
def test_wrong_usage_is_one_line_and_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_metrics_are_listed(capsys):
    assert cli.run(main, ["metrics"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(METRICS) + 1
    for line, metric in zip(lines[1:], METRICS.values(), strict=True):
        assert line.startswith(metric.name) and metric.direction in line and metric.blind_to in line
