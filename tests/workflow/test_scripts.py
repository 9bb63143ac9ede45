"""The scripts of the rules, called one after the other as functions of paths, without Snakemake."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.clip import load_clip
from datasets.errors import InputError
from datasets.synthetic import render
from evaluation.controls import make_control
from evaluation.encoders.encoder import load_encoder
from evaluation.features import clip_statistics
from evaluation.statistics import load_statistics
from sgif.config import flatten
from sgif.presets import resolve
from workflow import versions
from workflow.layout import Layout
from workflow.methods import FULL
from workflow.scripts import (
    ablation_report,
    ablation_table,
    ablation_timing,
    cells,
    clips,
    contact_sheet,
    control_matrix,
    controls,
    encoders,
    leaderboard,
    metrics,
    page,
    reference,
    samples,
    table1,
    training,
)
from workflow.turns import Turns

METRICS = ["sgfid", "diversity", "motion_energy"]
LIMITS = {"source": "clips", "short_side": 32, "long_side": None, "frames": 4, "minimum": 25}
TINY = {"pyramid.scales": 2, "model.scales_3d": 1, "model.channels": 4, "optim.iterations": 1}
VARIANTS = ("singan-gif", "no-color-loss")
FLOOR = ("waterfall", "half-against-half", 0)


def config(method):
    return json.dumps(flatten(resolve("smoke", method, TINY)))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Everything from the clip to the table of one clip, two trained methods and one control."""
    root = tmp_path_factory.mktemp("results")
    layout = Layout(str(root), "smoke", ("waterfall",), (*VARIANTS, "copy"), VARIANTS, (0,), 2)
    clip, weights = layout.clip("waterfall"), root / "encoders" / "random-inception.safetensors"
    limits = json.dumps(LIMITS)
    with pytest.MonkeyPatch.context() as patched:
        # An empty cache, and a proxy that nobody listens at: no network.
        patched.setenv("SGIF_CACHE", str(root / "cache"))
        patched.setenv("https_proxy", "http://127.0.0.1:9")
        patched.delenv("SGIF_STAGE", raising=False)
        clips.main(["waterfall", str(clip), "--source", "synthetic:waterfall", "--limits", limits])
    encoders.main(["random-inception", str(weights)])
    encoder = ["--encoder", "random-inception", "--weights", str(weights)]
    stats = root / "stats" / "waterfall.npz"
    reference.main([str(clip), str(stats), *encoder, "--layer", "pre-pool2"])
    for cell in (*layout.cells(), FLOOR):
        _, method, seed = cell
        files = layout.sample_files(cell) if cell != FLOOR else []
        if method in VARIANTS:
            finished = str(layout.run_files("finished.json")[cell])
            own = ["--method", method, "--preset", "smoke", "--config", config(method), "--threads", "1"]
            training.main([str(clip), finished, "--seed", "0", *own])
        if files:
            run = [finished] if method in VARIANTS else []
            draw = ["--seed", str(seed), "--num", "2", "--out", str(files[0].parent), "--run", *run]
            samples.main([str(clip), method, *draw])
        paths = ["--clip", str(clip), "--reference", str(stats), "--samples", *map(str, files)]
        names = ["--method", method, "--seed", str(seed), "--protocol", "smoke", "--metrics", *METRICS]
        metrics.main([str(layout.metrics(cell)), *encoder, *paths, *names])
    cells.main([str(root / "tables" / "cells.csv"), "--layout", layout.to_json()])
    from_cells = ["--cells", str(root / "tables" / "cells.csv"), "--layout", layout.to_json()]
    table1.main([str(root / "table1.csv"), *from_cells])
    return layout, encoder


def rows(path, key):
    with Path(path).open(newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def test_a_clip_is_the_rendered_scene_at_the_protocols_size(made):
    clip = load_clip(made[0].clip("waterfall"))
    assert clip.frames.shape == (4, 32, 57, 3) and clip.source["fallback"] is True


def test_a_clip_that_is_no_longer_what_was_planned_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("SGIF_STAGE", raising=False)
    with pytest.raises(InputError, match="clouds: was planned as published:0 and is now synthetic:clouds"):
        clips.make_clip("clouds", tmp_path / "clouds.npz", "published:0", LIMITS, {})
    assert not list(tmp_path.iterdir())


def test_the_reference_is_the_statistics_of_the_clip(made):
    layout, (_, name, _, weights) = made
    (found, *_), identity = load_statistics(Path(layout.root, "stats", "waterfall.npz"))
    encoder = load_encoder(name, Path(weights), "pre-pool2")
    (expected, *_) = clip_statistics(load_clip(layout.clip("waterfall")).frames, encoder)
    np.testing.assert_array_equal(found.mean, expected.mean)
    assert identity == encoder.identity


def test_samples_of_a_control_are_the_controls(made):
    layout, _ = made
    clip = load_clip(layout.clip("waterfall"))
    for index, path in enumerate(layout.sample_files(("waterfall", "copy", 0))):
        np.testing.assert_array_equal(load_clip(path).frames, make_control("copy", clip, 0, index).frames)
        assert path.with_suffix(".gif").stat().st_size > 100


def test_samples_of_neither_a_training_nor_a_control_are_refused(made, tmp_path):
    with pytest.raises(InputError, match="nothing: no control of this name"):
        samples.draw(made[0].clip("waterfall"), "nothing", 0, 1, tmp_path, None)


def test_a_run_on_another_clip_gives_no_samples(made, tmp_path):
    layout, _ = made
    other = tmp_path / "other.npz"
    clips.save_clip(other, render("waterfall", height=32, width=57, frames=4, seed=5))
    finished = layout.run_files("finished.json")[("waterfall", "singan-gif", 0)]
    with pytest.raises(InputError, match="was trained on another clip"):
        samples.draw(other, "singan-gif", 0, 1, tmp_path / "out", finished)


def test_cells_have_every_value_of_every_metric_file(made):
    layout, _ = made
    with Path(layout.root, "tables", "cells.csv").open(newline="") as file:
        found = {(r["method"], r["sample"], r["metric"]): float(r["value"]) for r in csv.DictReader(file) if r["value"]}
    for cell in (*layout.cells(), FLOOR):
        for values in json.loads(layout.metrics(cell).read_text())["samples"]:
            assert found[cell[1], str(values["sample"]), "sgfid"] == values["sgfid"]


def test_table1_has_a_row_a_method_with_its_costs(made):
    table = rows(Path(made[0].root, "table1.csv"), "method")
    assert {"singan-gif", "no-color-loss", "copy"} <= set(table)
    assert float(table["copy"]["sgfid_mean"]) < 1e-6 < float(table["singan-gif"]["sgfid_mean"])
    assert float(table["singan-gif"]["train_minutes"]) > 0 and table["copy"]["train_minutes"] == ""
    assert all(Path(made[0].root, f"table1.{kind}").stat().st_size > 500 for kind in ("md", "tex"))


def test_the_leaderboard_ranks_methods_and_not_controls(made, tmp_path):
    layout, _ = made
    arguments = ["--cells", str(Path(layout.root, "tables", "cells.csv")), "--layout", layout.to_json()]
    leaderboard.main([str(tmp_path / "leaderboard.csv"), *arguments])
    board = rows(tmp_path / "leaderboard.csv", "method")
    ranks = [float(board[name]["sgfid_rank"]) for name in VARIANTS]
    assert sum(ranks) == 3 and board["copy"]["sgfid_rank"] == ""  # after one iteration the two may be equal
    assert "no-color-loss" in (tmp_path / "leaderboard.html").read_text()


def test_controls_and_their_matrix(made, tmp_path):
    layout, encoder = made
    paths = {"--clip": layout.clip("waterfall"), "--reference": Path(layout.root, "stats", "waterfall.npz")}
    paths["--floor"] = layout.metrics(FLOOR)
    arguments = [str(part) for pair in paths.items() for part in pair]
    controls.main([str(tmp_path / "waterfall.csv"), *arguments, *encoder, "--metrics", *METRICS])
    control_matrix.main([str(tmp_path / "controls.md"), str(tmp_path / "waterfall.csv")])
    matrix = rows(tmp_path / "controls.csv", "control")
    assert {"copy", "noise"} <= set(matrix) and "| SGFID" in (tmp_path / "controls.md").read_text()


def test_the_page_embeds_clip_and_samples_and_says_what_it_was_told(made, tmp_path):
    layout, _ = made
    page.main([str(tmp_path / "index.html"), "--layout", layout.to_json(), "--notes", '["A remark of the test."]'])
    text = (tmp_path / "index.html").read_text()
    assert "A remark of the test." in text and "singan-gif, sample 1" in text


def test_the_commit_is_unknown_outside_of_a_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "HOME", tmp_path)
    assert versions.commit() == "unknown"


def test_the_contact_sheet_has_a_row_for_the_clip_and_for_each_sample(made, tmp_path):
    layout, _ = made
    contact_sheet.main([str(tmp_path / "samples.png"), "--layout", layout.to_json()])
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.height >= (1 + 2 * len(VARIANTS)) * contact_sheet.FRAME_HEIGHT


def test_ablations_from_times_to_the_report(made, tmp_path):
    full = Layout.from_json(made[0].to_json())
    layout = Layout(full.root, "smoke", full.clips, VARIANTS, VARIANTS, (0,), 2)
    configs = json.dumps({name: json.loads(config(name)) for name in reversed(VARIANTS)})
    timing = tmp_path / "timing.json"
    ablation_timing.main([str(timing), "--size", "4", "32", "57", "--configs", configs, "--threads", "1"])
    assert [path.name for path in tmp_path.glob("timing*")] == ["timing.json"]  # its turns have gone
    times = json.loads(timing.read_text())["variants"]
    assert list(times) == list(VARIANTS)  # the full model first, whatever the order of the configs
    ablation_table.main([str(tmp_path / "table.csv"), "--layout", layout.to_json(), "--timing", str(timing)])
    assert set(rows(tmp_path / "table.csv", "variant")) >= set(VARIANTS)
    claims = json.loads((tmp_path / "claims.json").read_text())
    assert {claim["verdict"] for claim in claims} == {"inconclusive"}
    inputs = [part for name in ("cells.csv", "claims.json", "timing.json")
              for part in (f"--{name.partition('.')[0]}", str(tmp_path / name))]  # fmt: skip
    ablation_report.main([str(tmp_path / "report.html"), "--layout", layout.to_json(), *inputs])
    assert "no-color-loss" in (tmp_path / "report.html").read_text()


def test_a_killed_timing_goes_on(tmp_path, monkeypatch, capsys):
    add, told = Turns.add, []

    def killed_in_the_third(self, turn):
        if len(told) == 2:
            raise KeyboardInterrupt
        told.append(turn)
        add(self, turn)

    arguments = [str(tmp_path / "timing.json"), "--size", "4", "32", "57", "--threads", "1", "--steps", "1"]
    arguments += ["--configs", json.dumps({FULL: json.loads(config(FULL))})]
    monkeypatch.setattr(Turns, "add", killed_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        ablation_timing.main(arguments)
    assert not (tmp_path / "timing.json").exists()
    monkeypatch.setattr(Turns, "add", add)
    ablation_timing.main(arguments)
    assert "2 turns of an earlier run are kept" in capsys.readouterr().err
    (seconds,) = (one["seconds"] for one in json.loads((tmp_path / "timing.json").read_text())["variants"].values())
    assert seconds[0][:2] == [turn.seconds for turn in told]


@pytest.mark.parametrize(
    "script", [cells, table1, leaderboard, contact_sheet, page], ids=lambda script: script.__name__
)
def test_a_missing_file_is_one_line_with_its_name(script, tmp_path):
    layout = Layout(str(tmp_path), "smoke", ("waterfall",), ("copy",), (), (0,), 1)
    more = ["--cells", str(tmp_path / "cells.csv")] if script in (table1, leaderboard) else []
    with pytest.raises(InputError, match=str(tmp_path)) as caught:
        script.main([str(tmp_path / "out" / "x.csv"), "--layout", layout.to_json(), *more])
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()
