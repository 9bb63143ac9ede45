"""Benchmarks compare like with like: the naive variants compute the same values."""

import csv
import importlib
import json
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from datasets.clip import make_clip
from datasets.encode import write_mp4
from datasets.errors import InputError
from sgif.critics import Critic
from sgif.layers import Conv2d, Conv3d, SeparableConv3d, initialise
from sgif.norm import BatchNorm
from sgif.presets import LEVERS, resolve


@pytest.fixture(scope="module")
def benchmark():
    return importlib.import_module("benchmarks.training_step")


@pytest.fixture(scope="module")
def learning_curve():
    return importlib.import_module("benchmarks.learning_curve")


@pytest.mark.parametrize(
    "layer",
    [
        lambda: Conv2d(3, 4, 3),
        lambda: Conv3d(3, 4),
        lambda: Conv3d(3, 4, padding="replicate"),
        lambda: SeparableConv3d(3, 4),
        lambda: SeparableConv3d(3, 4, padding="replicate"),
    ],
)
def test_the_naive_layers_give_our_values(benchmark, layer):
    net = layer().double()
    initialise(net, torch.Generator().manual_seed(0))
    x = torch.randn(5, 3, 7, 8, dtype=torch.double, generator=torch.Generator().manual_seed(1))
    ours = net(x)
    with benchmark.naive():
        theirs = net(x)
    torch.testing.assert_close(ours, theirs)
    assert torch.equal(net(x), ours)  # and the patch is gone again


@pytest.mark.parametrize("scales_3d", [0, 4])
def test_a_naive_step_sees_the_same_losses(benchmark, scales_3d):
    losses = []
    for naive in (False, True):
        # Adam's first step is the rate times the sign of the gradient: at a usual rate rounding would show.
        keys = {"model.scales_3d": scales_3d, "model.channels": 8, "optim.lr_critic": 1e-9}
        config = benchmark.make_config("ours", (34, 40), **keys)
        training = benchmark.make_training((34, 40), config)
        with benchmark.naive() if naive else nullcontext():
            losses.append(training.step())
    for name, value in losses[0].items():
        torch.testing.assert_close(losses[1][name], value, rtol=1e-3, atol=1e-4)


def test_the_naive_norm_is_torchs_and_critics_stay_trainable(benchmark):
    with benchmark.naive():
        assert BatchNorm.forward is torch.nn.BatchNorm2d.forward
        critic = Critic(2, 4).requires_grad_(False)
        assert all(parameter.requires_grad for parameter in critic.parameters())
    assert BatchNorm.forward is not torch.nn.BatchNorm2d.forward


def test_variants_are_what_they_say(benchmark):
    size = (84, 149)
    assert benchmark.make_config("naive", size) == benchmark.make_config("ours", size)
    assert benchmark.make_config("levers", size).speed == resolve("cpu", "singan-gif").speed
    training = benchmark.make_training((34, 40), benchmark.make_config("ours", (34, 40)))
    assert training.scale.size == (34, 40) and training.scale.chunk == 8


def test_levers_can_be_taken_off_and_put_on_one_by_one(learning_curve):
    exact, levers = (learning_curve.make_config(name, 5, {}).speed for name in ("exact", "levers"))
    assert exact == resolve("paper", "singan-gif").speed and levers == resolve("cpu", "singan-gif").speed
    assert learning_curve.make_config("levers,-crop", 5, {}).speed == replace(levers, crop=None)
    assert learning_curve.make_config("levers,+joint", 5, {}).speed == replace(levers, joint=True)
    assert learning_curve.make_config("exact,+lazy", 5, {}).speed == replace(exact, penalty_every=2)
    assert {key for keys in learning_curve.GROUPS.values() for key in keys} >= set(LEVERS)
    with pytest.raises(InputError, match="no lever jiont"):
        learning_curve.make_config("levers,+jiont", 5, {})


def test_turns_alternate(benchmark):
    order = []
    medians = benchmark.in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2)
    assert order == list("ababab") and set(medians) == {"a", "b"}


def test_quality_scores_trainings_beside_published_samples(tmp_path, monkeypatch, capsys):
    quality = importlib.import_module("benchmarks.quality")
    t, y, x = np.mgrid[0:9, 0:48, 0:64]
    red = (4 * (x + 2 * t)) % 256
    real = np.stack([red, 5 * y, (red + 5 * y) // 2], axis=-1).astype(np.uint8)
    folder = tmp_path / "stage" / "published" / "waterfall"
    (folder / "vgpnn").mkdir(parents=True)
    write_mp4(folder / "real.mp4", make_clip(real))
    write_mp4(folder / "vgpnn" / "0.mp4", make_clip(real))
    write_mp4(folder / "vgpnn" / "1.mp4", make_clip(np.roll(real, 8, axis=2)))
    out = tmp_path / "out"
    line = ["--stage", str(tmp_path / "stage"), "--out", str(out), "--clips", "waterfall", "--samples", "2"]
    line += ["--preset", "smoke", "--encoder", "random-inception", "--set", "optim.iterations=2"]
    monkeypatch.setattr("sys.argv", ["quality.py", *line, "--set", "model.channels=4"])
    assert quality.main() == 0
    rows = {row["name"]: row for row in csv.DictReader((out / "quality.csv").open(newline=""))}
    assert set(rows) == {"VGPNN (published)", "sgif-plus"}
    assert float(rows["sgif-plus"]["sgfid_192"]) > float(rows["VGPNN (published)"]["sgfid_192"]) > 0
    assert 0.4 < float(rows["VGPNN (published)"]["zero_displacement"]) < 0.9  # a copy and a moved one, behind a codec
    assert (out / "waterfall_sgif-plus_0.png").exists() and (out / "waterfall_VGPNN--published-_0.png").exists()
    before = (out / "quality.csv").read_bytes()
    assert quality.main() == 0 and (out / "quality.csv").read_bytes() == before  # nothing is done twice
    monkeypatch.setattr("sys.argv", ["quality.py", *line, "--clips", "desert"])
    assert quality.main() == 2
    assert "desert" in capsys.readouterr().err


def test_scoring_compares_the_same_values():
    scoring = importlib.import_module("benchmarks.scoring")
    from evaluation import score
    from evaluation.encoders.encoder import Encoder
    from evaluation.encoders.random_stem import random_stem

    stem = random_stem(3)
    real, *fakes = np.random.default_rng(0).integers(0, 256, (3, 4, 60, 72, 3), dtype=np.uint8)
    fakes[1] = real // 2
    ours = [each.sgfid for each in score(real, fakes, Encoder("random-inception", "pre-pool2", [stem]))]
    theirs = scoring.pytorch_fids_path(real, fakes, scoring.pytorch_fids_network(stem))
    assert ours == pytest.approx(theirs, rel=1e-3) and min(ours) > 0.01


def test_sensitivity_covers_frames_and_sizes_and_draws_them(tmp_path):
    sensitivity = importlib.import_module("benchmarks.sensitivity")
    import pandas as pd

    from evaluation.encoders.encoder import Encoder
    from evaluation.encoders.random_stem import random_stem
    from evaluation.plots.sensitivity import COLUMNS, HALVES
    from evaluation.plots.sensitivity import sensitivity as draw
    from evaluation.plots.style import write

    real = np.random.default_rng(0).integers(0, 256, (8, 60, 72, 3), dtype=np.uint8)
    encoder = Encoder("random-inception", "pre-pool2", [random_stem(0)])
    data = pd.DataFrame(list(sensitivity.rows(real, {"copy": real, "dark": real // 2}, encoder)), columns=list(COLUMNS))
    assert set(data.loc[data["what"] == "frames", "at"]) == {2, 4, 8}
    assert set(data.loc[data["what"] == "short side", "at"]) == {48, 60}
    assert data.loc[data["sample"] == "copy", "sgfid"].max() < 1e-6 < data.loc[data["sample"] == "dark", "sgfid"].min()
    assert (data.loc[data["sample"] == HALVES, "locations"] * 2).tolist() == data.loc[
        data["sample"] == "copy", "locations"
    ].tolist()
    write(draw(data), data, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_study_coverage_is_near_what_is_wanted(tmp_path, monkeypatch, capsys):
    study_coverage = importlib.import_module("benchmarks.study_coverage")
    monkeypatch.setattr(study_coverage, "CASES", {name: study_coverage.CASES[name] for name in ("9 clips", "3 clips")})
    monkeypatch.setattr("sys.argv", ["study_coverage.py", "--studies", "200", "--json", str(tmp_path / "c.json")])
    assert study_coverage.main() == 0
    assert "wrongly_equivalent" in capsys.readouterr().out
    found = json.loads((tmp_path / "c.json").read_text())
    assert [row["case"] for row in found] == ["9 clips", "3 clips"]
    for row in found:
        assert min(row[name] for name in ("clustered", "bootstrap", "dprime", "criterion", "alpha")) > 0.88, row
        assert row["wilson"] < row["clustered"] and row["wilson_width"] < row["clustered_width"]
        assert row["wrongly_equivalent"] < 0.1


def test_planning_takes_a_catalogue_of_any_size(tmp_path):
    planning = importlib.import_module("benchmarks.planning")
    home = planning.copy_code(tmp_path / "code")
    planning.fill_catalogue(home, 12)
    few, many = (planning.plan(code, tmp_path / "work") for code in (planning.HOME, home))
    # A clip: itself, its reference, its halves, 6 methods and 4 ablations of which 6 are trained.
    assert many["jobs"] - few["jobs"] == 3 * (3 + 2 * 10 + 6)
    assert many["characters"] > few["characters"] and not (tmp_path / "work" / "results").exists()
    with pytest.raises(RuntimeError, match="dessert"):
        planning.plan(home, tmp_path / "work", "--config", "clips=dessert")


@pytest.mark.parametrize(("jobs", "slots", "whole"), [([3, 1, 2], 1, 6), ([3, 1, 2], 2, 3), ([5, 1], 9, 5)])
def test_scaling_packs_trainings_that_cannot_be_split(jobs, slots, whole):
    assert importlib.import_module("benchmarks.scaling").makespan(jobs, slots) == whole


def test_scaling_prints_the_bill_of_a_protocol(tmp_path, monkeypatch, capsys):
    scaling = importlib.import_module("benchmarks.scaling")
    arguments = ["scaling.py", "--protocol", "quick", "--core-speed", "1e11", "--json", str(tmp_path / "bill.json")]
    monkeypatch.setattr("sys.argv", arguments)
    scaling.main()
    printed, found = capsys.readouterr().out, json.loads((tmp_path / "bill.json").read_text())
    assert found["trainings"] == 6 and "6 trainings: " in printed
    one, eight = found["bills"][:2]
    assert one["hours"] == pytest.approx(found["gpu_hours"]) and one["busy"] == pytest.approx(1)
    assert one["hours"] > eight["hours"] >= eight["longest"] == one["longest"]
