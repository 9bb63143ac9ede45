"""`python -m evaluation leaderboard|controls`: samples of several methods without a workflow."""

import csv

import numpy as np
import pytest

from datasets import cli
from datasets.clip import make_clip, save_clip
from datasets.encode import write_gif
from evaluation.__main__ import main

FEW = ["--metrics", "sgfid", "diversity", "motion_energy", "zero_displacement", "--encoder", "random-inception"]


def moving(seed, shape=(6, 40, 48), noise=0.0):
    """A smooth texture that drifts to the right."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[1], : shape[2]]
    frames = [128 + 60 * np.sin((columns - 2 * t) / 5 + rng.random() * noise) + 40 * np.cos(rows / 7 + seed)
              for t in range(shape[0])]  # fmt: skip
    return np.repeat(np.clip(np.stack(frames)[..., None], 0, 255).astype(np.uint8), 3, axis=3)


@pytest.fixture
def folder(tmp_path):
    save_clip(tmp_path / "sea.npz", make_clip(moving(0)))
    for method, noise in (("calm", 0.2), ("wild", 3.0)):
        place = tmp_path / method / "sea"
        place.mkdir(parents=True)
        for index in range(3):
            write_gif(place / f"{index}.gif", make_clip(moving(index, noise=noise)))
    return tmp_path


def run(folder, *arguments):
    return cli.run(main, ["leaderboard", str(folder / "out"), *arguments])


def methods(folder, *names):
    return [part for name in names for part in ("--external", f"{name}={folder / name}")]


def test_methods_are_scored_and_ranked(folder, capsys):
    assert run(folder, "--real", f"sea={folder / 'sea.npz'}", *methods(folder, "calm", "wild"), *FEW) == 0
    rows = {row["method"]: row for row in csv.DictReader((folder / "out" / "leaderboard.csv").open(newline=""))}
    assert set(rows) == {"external:calm", "external:wild", "half-against-half"}
    assert rows["external:calm"]["sgfid_rank"] == "1.0" and rows["external:calm"]["samples"] == "3"
    assert rows["half-against-half"]["sgfid_rank"] == "" and float(rows["half-against-half"]["sgfid_mean"]) >= 0
    for name in ("leaderboard.md", "leaderboard.html", "comparisons.md", "cells.csv", "figures/pareto.svg"):
        assert (folder / "out" / name).stat().st_size > 100, name
    assert capsys.readouterr().err.count("3 of 3 samples") == 2


def test_bad_samples_are_named_in_a_line_each_and_the_rest_is_scored(folder, capsys):
    bad = folder / "calm" / "sea"
    write_gif(bad / "3.gif", make_clip(moving(0, (6, 44, 48))))
    write_gif(bad / "4.gif", make_clip(moving(0, (3, 40, 48))))
    (bad / "5.gif").write_bytes(b"GIF89a")
    save_clip(bad / "6.npz", make_clip(moving(0, (2, 40, 48))))
    save_clip(folder / "lake.npz", make_clip(moving(5)))
    reals = ["--real", f"sea={folder / 'sea.npz'}", "--real", f"lake={folder / 'lake.npz'}"]
    (folder / "wild" / "lake").mkdir()
    write_gif(folder / "wild" / "lake" / "0.gif", make_clip(moving(7)))
    assert run(folder, *reals, *methods(folder, "calm", "wild"), *FEW) == 3
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    for name in ("3.gif", "4.gif", "5.gif", "6.npz"):
        assert sum(str(bad / name) in line for line in errors) == 1, name
    assert sum(str(folder / "calm" / "lake") in line for line in errors) == 1
    assert len(errors) == 6 and "left out: 5" in errors[-1]
    rows = {row["method"]: row for row in csv.DictReader((folder / "out" / "leaderboard.csv").open(newline=""))}
    assert rows["external:calm"]["clips"] == "1" and "lacks lake" in rows["external:calm"]["note"]
    assert rows["external:calm"]["ranked"] == "False" and rows["external:wild"]["ranked"] == "True"
    page = (folder / "out" / "leaderboard.html").read_text()
    assert "Left out" in page and "5.gif" in page


def test_resizing_is_allowed_on_demand_and_recorded(folder):
    write_gif(folder / "calm" / "sea" / "3.gif", make_clip(moving(0, (8, 44, 48))))
    assert run(folder, "--real", f"sea={folder / 'sea.npz'}", *methods(folder, "calm"), "--resize", *FEW) == 0
    assert "first 6 frames, resized from 48x44 (3.gif)" in (folder / "out" / "leaderboard.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--real", "sea", "--external", "a=b"], "--real sea"),
        (["--real", "sea={sea}", "--external", "a"], "--external a"),
        (["--real", "sea={sea}", "--external", "../a=b"], "external method"),
        (["--real", "sea={sea}", "--external", "a={none}"], "nothing could be scored"),
        (["--real", "sea={sea}", "--external", "a={none}", "--metrics", "sgfidd"], "did you mean sgfid?"),
    ],
)
def test_bad_arguments_are_one_line_and_status_2(folder, capsys, arguments, part):
    filled = [a.format(sea=folder / "sea.npz", none=folder / "none") for a in arguments]
    assert run(folder, *filled, "--encoder", "random-inception") == 2
    assert part in capsys.readouterr().err.splitlines()[-1]
    assert not (folder / "out" / "leaderboard.csv").exists()


@pytest.mark.slow
def test_controls_of_a_clip(folder, capsys):
    out = folder / "controls.md"
    arguments = ["controls", str(folder / "sea.npz"), "--out", str(out), "--encoder", "random-inception"]
    assert cli.run(main, arguments) == 0
    text = out.read_text()
    assert "| Flow direction ↓" in text and "## sea" in text
    rows = list(csv.DictReader(out.with_suffix(".csv").open(newline="")))
    found = {(row["metric"], row["control"]): row["found"] for row in rows}
    assert len(rows) == 18 * 10
    assert found["flow_direction", "reverse"] == "worse" and found["sgfid", "reverse"] == "same"
    assert (folder / "controls-sea.png").stat().st_size > 5000
    assert cli.run(main, [*arguments[:-4], "--out", str(folder / "x.txt"), *arguments[-2:]]) == 2


def test_a_study_of_the_methods_joins_the_leaderboard(folder, capsys):
    columns = "method,clip,measure,value,low,high,n\n"
    rows = "external:calm,,judged_real_vote,0.4,0.3,0.5,90\nexternal:calm,,judged_real_majority,0.5,0.3,0.7,30\n"
    (folder / "rates.csv").write_text(columns + rows)
    line = ["--real", f"sea={folder / 'sea.npz'}", *methods(folder, "calm"), *FEW, "--study", str(folder / "rates.csv")]
    assert run(folder, *line) == 0
    found = {row["method"]: row for row in csv.DictReader((folder / "out" / "leaderboard.csv").open(newline=""))}
    assert found["external:calm"]["judged_real"] == "0.4" and found["half-against-half"]["judged_real"] == ""
    (folder / "rates.csv").write_text("a,b\n1,2\n")
    assert run(folder, *line) == 2 and "rates.csv" in capsys.readouterr().err
