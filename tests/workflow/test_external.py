"""Samples from outside: their rule, the layout of their cells, and the workflow from the folder to the leaderboard."""

import csv
import json
import re
import shutil
from functools import cache

import numpy as np
import pytest

from datasets.clip import load_clip, make_clip, save_clip
from datasets.encode import write_gif
from datasets.errors import InputError
from datasets.synthetic import render
from evaluation.control_matrix import COLUMNS, read_rows
from evaluation.controls import CONTROLS
from evaluation.encoders.encoder import load_encoder
from evaluation.encoders.location import obtain_stem
from evaluation.external import INDEX, sample_files
from evaluation.features import clip_statistics
from evaluation.measures import Reference, halves, measure, measure_controls
from evaluation.metrics import METRICS
from evaluation.statistics import save_statistics
from workflow.layout import Layout
from workflow.scripts.controls import control_values
from workflow.scripts.external import main, take_in
from workflow.scripts.metrics import score_samples

REAL = render("waterfall", height=32, width=57, frames=4)


@cache
def sample(seed, count=4, size=(32, 57)):
    return make_clip(render("waterfall", height=size[0], width=size[1], frames=count, seed=seed).frames)


@pytest.fixture
def folder(tmp_path):
    """A clip, and four files: one that fits, one corrupted, one too long and one of another size."""
    save_clip(tmp_path / "waterfall.npz", REAL)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    save_clip(theirs / "0.npz", sample(1))
    (theirs / "1.gif").write_bytes(b"GIF89a, and nothing else")
    save_clip(theirs / "2.npz", sample(2, 6))
    save_clip(theirs / "3.npz", sample(3, size=(40, 60)))
    return tmp_path


def files(folder):
    return sample_files(str(folder), "theirs")


def test_what_fits_is_written_with_its_number_and_the_rest_is_named(folder, capsys):
    take_in(folder / "waterfall.npz", files(folder), folder / "out", resize=False)
    written = {path.name for path in (folder / "out").iterdir()}
    assert written == {f"{number}.{kind}" for number in (0, 2) for kind in ("gif", "npz", "json")} | {INDEX}
    taken = load_clip(folder / "out" / "2.npz")
    np.testing.assert_array_equal(taken.frames, sample(2, 6).frames[:4])
    np.testing.assert_array_equal(taken.delays_ms, REAL.delays_ms)
    assert taken.source == {"kind": "external", "name": "2.npz", "notes": ["first 4 frames"]}
    index = json.loads((folder / "out" / INDEX).read_text())
    assert index["samples"] == [0, 2] and index["notes"] == ["2.npz: first 4 frames"]
    assert [line.partition(": ")[0] for line in index["left_out"]] == [str(files(folder)[i]) for i in (1, 3)]
    said = capsys.readouterr().out.splitlines()
    assert said == [f"left out: {line}" for line in index["left_out"]]


def test_resizing_where_it_is_allowed(folder):
    place = folder / "mine"
    place.mkdir()
    (folder / "theirs").rename(place / "waterfall")
    arguments = [str(folder / "waterfall.npz"), str(place), "--out", str(folder / "out"), "--resize"]
    main(arguments)
    index = json.loads((folder / "out" / INDEX).read_text())
    assert index["samples"] == [0, 2, 3] and "3.npz: resized from 60x40" in index["notes"]
    assert load_clip(folder / "out" / "3.npz").frames.shape == REAL.frames.shape


def test_nothing_that_can_be_used_is_an_error_of_one_line(folder):
    with pytest.raises(InputError, match=r"theirs: none of its 1 files can be used; see the log") as caught:
        take_in(folder / "waterfall.npz", files(folder)[1:2], folder / "out", resize=False)
    assert "\n" not in str(caught.value) and not (folder / "out").exists()


# ---- layout


def layout(root, **changes):
    values = {
        **{"root": str(root), "protocol": "smoke", "clips": ("waterfall", "desert"), "samples": 2, "seeds": (0, 1)},
        **{"methods": ("singan-gif", "external:mine", "copy"), "trained": ("singan-gif",)},
        **{"external": ("external:mine",), "missing": (("desert", "external:mine"),)},
    }
    return Layout(**{**values, **changes})


def test_cells_without_samples_are_left_out():
    cells = list(layout("r").cells())
    assert cells == [
        ("waterfall", "singan-gif", 0), ("waterfall", "singan-gif", 1), ("waterfall", "external:mine", 0),
        ("waterfall", "copy", 0), ("desert", "singan-gif", 0), ("desert", "singan-gif", 1), ("desert", "copy", 0),
    ]  # fmt: skip
    assert len(list(layout("r", missing=()).cells())) == len(cells) + 1


def test_a_layout_goes_through_json():
    for one in (layout("r"), layout("r", external=(), missing=())):
        assert Layout.from_json(one.to_json()) == one


def test_external_samples_are_those_that_are_there_in_order(tmp_path):
    cell = ("waterfall", "external:mine", 0)
    folder = tmp_path / "samples" / "waterfall" / "external:mine" / "0"
    folder.mkdir(parents=True)
    for name in ("10.npz", "2.npz", "0.npz", "0.gif", INDEX):
        (folder / name).touch()
    assert [path.name for path in layout(tmp_path).sample_files(cell)] == ["0.npz", "2.npz", "10.npz"]
    assert layout(tmp_path).sample_folder(cell) == folder
    own = layout(tmp_path).sample_files(("waterfall", "copy", 0))
    assert [path.name for path in own] == ["0.npz", "1.npz"]  # those that will be there


def test_where_floors_and_controls_lie():
    one = layout("r")
    assert one.floor("desert").as_posix() == "r/metrics/desert/half-against-half/0.json"
    assert one.control_values("desert").as_posix() == "r/controls/desert.csv"


# ---- the scripts behind the rules


def test_metrics_of_a_folder_and_controls_of_a_clip(folder):
    obtain_stem("random-inception", folder / "stem.safetensors")
    encoder = load_encoder("random-inception", folder / "stem.safetensors")
    save_statistics(folder / "stats.npz", clip_statistics(REAL.frames, encoder), encoder.identity)
    take_in(folder / "waterfall.npz", files(folder), folder / "out", resize=False)
    names = ("sgfid", "motion_energy", "diversity")
    options = {"encoder": "random-inception", "weights": folder / "stem.safetensors", "metrics": names}
    common = {**options, "seed": 0, "protocol": "smoke"}
    paths = folder / "waterfall.npz", folder / "stats.npz"
    record = score_samples(*paths, [folder / "out"], method="external:mine", **common)
    assert (record["kind"], record["method"]) == ("peer", "external:mine")
    assert record["notes"] == ["2.npz: first 4 frames"] and len(record["left_out"]) == 2
    side = Reference(REAL.frames, encoder)
    expected = [{"sample": i, **measure(load_clip(folder / "out" / f"{i}.npz").frames, side, names)} for i in (0, 2)]
    assert record["samples"] == expected
    floor = score_samples(*paths, [], method="half-against-half", **common)
    second, first = halves(REAL.frames, encoder, {})
    assert floor["samples"] == [{"sample": 0, **measure(second, first, names)}]
    (folder / "floor.json").write_text(json.dumps(floor))
    rows = control_values(*paths, folder / "floor.json", **options)
    assert tuple(rows.columns) == COLUMNS and set(rows["control"]) == set(CONTROLS)
    values = measure_controls(REAL, side, names)
    for row in rows[rows["metric"] == "sgfid"].itertuples():
        assert row.value == values[row.control]["sgfid"] and row.floor == floor["samples"][0]["sgfid"]
    assert rows.loc[~rows["metric"].isin(names), "value"].isna().all()


# ---- the workflow


def put_samples(folder, corrupted=False):
    """Three GIFs of the smoke protocol's stand-in, one of them cut off."""
    theirs = folder / "mine" / "waterfall"
    theirs.mkdir(parents=True)
    for number in range(2):
        write_gif(theirs / f"{number}.gif", sample(number + 1))
    if corrupted:
        (theirs / "10.gif").write_bytes((theirs / "1.gif").read_bytes()[:400])
    return theirs.parent


def external(**folders):
    return "external=" + json.dumps({name: str(folder) for name, folder in folders.items()})


def test_a_dry_run_plans_the_rule(snakemake, tmp_path):
    mine = put_samples(tmp_path)
    settings = ["--config", external(mine=mine), "clips=waterfall"]
    planned = snakemake(tmp_path, "-n", "results/smoke/leaderboard.html", *settings)
    text = planned.stdout + planned.stderr
    assert planned.returncode == 0, text
    jobs = {name: int(count) for name, count in re.findall(r"^([a-z_0-9]+) +(\d+)$", text, re.MULTILINE)}
    # Its own methods too: named are none.
    assert jobs["external"] == 1 and jobs["train"] == 2 and jobs["metrics"] == 7 and jobs["floor"] == 1
    assert "results/smoke/samples/waterfall/external:mine/0" in text


def test_a_stage_that_nobody_named_stops_at_parse_time(snakemake, tmp_path):
    refused = snakemake(tmp_path, "-n", "results/smoke/leaderboard.html", "--config", external(mine="{stage}/x"))
    assert refused.returncode == 2
    _, error = refused.stderr.splitlines()  # the first line names the profile
    assert error.startswith("error: ") and "external.mine" in error and "stage" in error


@pytest.fixture(scope="module")
def finished(snakemake, tmp_path_factory):
    """The smoke protocol with two methods from outside, one of which has samples of another clip only."""
    folder = tmp_path_factory.mktemp("external")
    mine = put_samples(folder, corrupted=True)
    (folder / "other" / "desert").mkdir(parents=True)
    shutil.copy(mine / "waterfall" / "0.gif", folder / "other" / "desert" / "0.gif")
    done = snakemake(
        folder, "results/smoke/leaderboard.html", "results/smoke/controls.md", "results/smoke/index.html",
        "--config", external(mine=mine, other=folder / "other"), "clips=waterfall",
        "methods=external:mine,external:other,copy", "metrics=sgfid,kid,diversity,zero_displacement,motion_energy",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "results" / "smoke", done


@pytest.mark.slow
def test_the_leaderboard_has_the_method_and_names_what_was_left_out(finished):
    root, _ = finished
    with (root / "leaderboard.csv").open(newline="") as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["external:mine", "copy", "half-against-half"]
    assert (rows["external:mine"]["kind"], rows["external:mine"]["samples"]) == ("peer", "2")
    assert float(rows["external:mine"]["sgfid_rank"]) == 1 and float(rows["external:mine"]["sgfid_mean"]) > 0
    record = json.loads((root / "metrics" / "waterfall" / "external:mine" / "0.json").read_text())
    assert [row["sample"] for row in record["samples"]] == [0, 1]
    (left,) = record["left_out"]
    assert "10.gif: " in left and "\n" not in left
    page = (root / "leaderboard.html").read_text()
    assert "external:mine" in page and "10.gif" in page and "Left out" in page
    for suffix in ("md", "csv"):
        assert "external:mine" in (root / f"leaderboard.{suffix}").read_text()


@pytest.mark.slow
def test_a_method_without_samples_of_a_clip_is_announced_and_the_rest_goes_on(finished):
    root, done = finished
    (line,) = [line for line in done.stderr.splitlines() if "WARNING: left out" in line]
    assert "other/waterfall: no such folder" in line
    assert not (root / "metrics" / "waterfall" / "external:other").exists()
    assert "external:other" not in (root / "leaderboard.csv").read_text()


@pytest.mark.slow
def test_nothing_was_trained_and_the_page_shows_the_samples(finished):
    root, _ = finished
    assert not (root / "runs").exists()
    assert "external:mine, sample 1" in (root / "index.html").read_text()


@pytest.mark.slow
def test_the_controls_are_a_table(finished):
    root, _ = finished
    rows = read_rows([root / "controls.csv"])
    assert set(rows["control"]) == set(CONTROLS) and set(rows["metric"]) == set(METRICS)
    floor = json.loads((root / "metrics" / "waterfall" / "half-against-half" / "0.json").read_text())["samples"][0]
    assert set(rows.loc[rows["metric"] == "sgfid", "floor"]) == {floor["sgfid"]}
    text = (root / "controls.md").read_text()
    assert "stated outcomes were found" in text and "| SGFID" in text
