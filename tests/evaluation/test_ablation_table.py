"""The ablation table: its numbers against the functions they are defined by and by hand, and its three files."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation.ablation_table import ablation_table, scales_of, signed, write_ablation_table
from evaluation.comparisons import compare
from evaluation.iteration_times import read_timing
from evaluation.metrics import METRICS
from evaluation.trainings import Cost

FULL = "singan-gif"
VARIANTS = (FULL, "no-color-loss", "no-2d-switch")
NEITHER = "no-separable-no-2d-switch"
CLIPS = ("desert", "river", "seashore")


def make_cells(variants=VARIANTS, *, clips=CLIPS, seeds=(0, 1), samples=3, metrics=tuple(METRICS)):
    """Cells of every metric, each of its own values; `sample` is empty for metrics of a set."""
    rng, rows = np.random.default_rng(0), []
    for method in variants:
        for clip in clips:
            for seed in seeds:
                for name in metrics:
                    whole = METRICS[name].of == "set"
                    for sample in range(1 if whole else samples):
                        rows.append(
                            {
                                "protocol": "cpu",
                                "clip": clip,
                                "clip_source": "published",
                                "method": method,
                                "kind": "control" if method in ("copy", "half-against-half") else "method",
                                "seed": seed,
                                "sample": pd.NA if whole else sample,
                                "metric": name,
                                "value": float(rng.gamma(9, 0.1)),
                                "encoder": "inception-fid",
                                "layer": METRICS[name].layer or "pre-pool2",
                                "locations": 2000,
                                "config_sha256": "",
                                "clip_sha256": f"sha of {clip}",
                            }
                        )
    return pd.DataFrame(rows).astype({"sample": "Int64"})


def make_timing(seconds=None, iterations=(10, 20)):
    """A timing file from {variant: seconds [rounds][scales]}."""
    seconds = seconds or {
        FULL: [[1.0, 3.0], [1.0, 4.0], [2.0, 3.0]],
        "no-2d-switch": [[2.0, 4.0], [2.0, 4.5], [4.0, 4.0]],
        NEITHER: [[3.0, 6.0], [3.0, 8.0], [6.0, 6.0]],
    }
    variants = {
        name: {
            "iterations": list(iterations),
            "dimensions": [3, 2],
            "parameters": {"generator": [1000 + number, 2000], "critics": [3000, 4000 + number]},
            "seconds": rounds,
        }
        for number, (name, rounds) in enumerate(seconds.items())
    }
    rounds = len(next(iter(seconds.values())))
    return {"device": "cpu", "threads": 1, "precision": "float32", "clock": "wall",
            "clip": None, "frames": 8, "size": [48, 85],
            "rounds": rounds, "scales": [{"size": [25, 44]}, {"size": [48, 85]}], "variants": variants}  # fmt: skip


def make_costs(cells):
    runs = sorted(set(zip(cells["clip"], cells["method"], cells["seed"], strict=True)))
    return {run: Cost(60.0 * (1 + index % 4), 500.0 + index) for index, run in enumerate(runs)}


def table(cells=None, **options):
    cells = make_cells() if cells is None else cells
    options = {"order": VARIANTS, "timing": make_timing(), "costs": make_costs(cells), **options}
    return ablation_table(cells, protocol="cpu", full=FULL, bootstrap=100, **options)


def row(frame, variant):
    return frame[frame["variant"] == variant].iloc[0]


def test_every_metric_has_mean_difference_and_interval():
    cells = make_cells()
    frame, expected = table(cells), compare(cells, protocol="cpu", reference=FULL, bootstrap=100)
    assert frame["variant"].tolist() == [*VARIANTS, NEITHER]
    for name in METRICS:
        own = cells[cells["metric"] == name]
        for variant in VARIANTS:
            by_seed = own[own["method"] == variant].groupby(["clip", "seed"])["value"].mean()
            assert row(frame, variant)[f"{name}_mean"] == pytest.approx(by_seed.groupby("clip").mean().mean())
        for other in expected[expected["metric"] == name].itertuples():
            found = row(frame, other.method)
            assert (found[f"{name}_difference"], found[f"{name}_low"], found[f"{name}_high"]) == (
                other.difference, other.low, other.high,
            )  # fmt: skip
        assert np.isnan(row(frame, FULL)[f"{name}_difference"])
    assert frame[["clips", "seeds", "samples"]].to_numpy()[:3].tolist() == [[3, 2, 18]] * 3


def test_parameters_are_of_each_scale_and_in_all():
    found = row(table(), "no-2d-switch")
    assert (found["generator_parameters_1"], found["generator_parameters_2"]) == (1001, 2000)
    assert (found["generator_parameters"], found["critics_parameters"]) == (3001, 7001)
    assert pd.isna(row(table(), "no-color-loss")["generator_parameters"])


def test_ratios_are_taken_within_rounds():
    frame = table()
    found = row(frame, "no-2d-switch")
    # Of all iterations: 100 / 70, 110 / 90, 120 / 80.
    ends = [found[name] for name in ("ratio_low", "ratio", "ratio_high")]
    assert ends == pytest.approx([110 / 90, 100 / 70, 120 / 80])
    assert (found["seconds_1"], found["seconds_2"]) == (2.0, 4.0)
    assert [found[f"ratio_1{end}"] for end in ("", "_low", "_high")] == [2.0, 2.0, 2.0]
    assert [found[f"ratio_2{end}"] for end in ("", "_low", "_high")] == pytest.approx([4 / 3, 4.5 / 4, 4 / 3])
    assert found["timed_minutes"] == pytest.approx(110 / 60)
    own = row(frame, FULL)
    assert {own[f"ratio{what}{end}"] for what in ("", "_1", "_2") for end in ("", "_low", "_high")} == {1.0}


positive = st.floats(0.01, 100)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(positive, positive, positive, positive), min_size=1, max_size=4),
    st.lists(st.floats(0.1, 10), min_size=4, max_size=4),
)
def test_a_machine_that_slows_between_rounds_changes_no_ratio(rounds, slower):
    def costs(factors):
        seconds = {
            name: [[f * one[i], f * one[i + 1]] for f, one in zip(factors, rounds, strict=False)]
            for name, i in ((FULL, 0), ("no-2d-switch", 2))
        }
        return row(table(CELLS, timing=make_timing(seconds)), "no-2d-switch")

    steady, other = costs([1.0] * 4), costs(slower)
    for name in ("ratio", "ratio_1", "ratio_2"):
        assert other[name] == pytest.approx(steady[name])
        assert steady[f"{name}_low"] <= steady[name] <= steady[f"{name}_high"]
    # The whole lies between its scales, round by round.
    ends = [steady[f"ratio_{k}_{end}"] for k in (1, 2) for end in ("low", "high")]
    assert min(ends) * (1 - 1e-9) <= steady["ratio"] <= max(ends) * (1 + 1e-9)


CELLS = make_cells(clips=("desert",), seeds=(0,), metrics=("sgfid",))


def test_training_and_memory_are_those_of_the_runs():
    costs = {
        ("desert", FULL, 0): Cost(60, 700), ("desert", FULL, 1): Cost(180, 800), ("river", FULL, 0): Cost(240, 900),
        ("river", FULL, 1): Cost(240, 100), ("cliff", FULL, 0): Cost(9e9, 9e9),
    }  # fmt: skip
    found = row(table(costs=costs), FULL)
    assert (found["train_minutes"], found["peak_memory_mb"]) == (3.0, 900)
    assert np.isnan(row(table(costs=None), FULL)["train_minutes"])


def test_what_a_variant_lacks_is_said():
    cells = make_cells((*VARIANTS, "no-separable"))
    cells = cells[~((cells["method"] == "no-separable") & (cells["clip"] == "river"))]
    flow = (cells["metric"] == "flow_direction") & (cells["method"] == "no-color-loss") & (cells["clip"] == "desert")
    cells = cells.assign(value=cells["value"].mask(flow))
    frame = table(cells, order=(*VARIANTS, "no-separable", "ablation:mine"))
    assert dict(zip(frame["variant"], frame["note"], strict=True)) == {
        FULL: "",
        "no-color-loss": "not timed; no Flow direction on desert",
        "no-2d-switch": "",
        "no-separable": "not scored on river; not timed",
        "ablation:mine": "not scored; not timed",
        NEITHER: "not scored",
    }
    assert np.isnan(row(frame, "ablation:mine")["sgfid_mean"]) and row(frame, "ablation:mine")["clips"] == 0
    assert row(frame, NEITHER)["ratio"] == pytest.approx(150 / 70)


def test_without_timing_there_are_no_columns_of_it():
    frame = table(timing=None)
    assert frame["variant"].tolist() == list(VARIANTS) and not frame["note"].any()
    assert scales_of(frame) == [] and "ratio" not in frame and "generator_parameters" not in frame
    assert scales_of(table()) == [1, 2]


def test_by_default_all_methods_of_the_cells_and_no_control():
    cells = make_cells((*VARIANTS, "copy", "half-against-half"))
    assert table(cells, order=(), timing=None)["variant"].tolist() == [FULL, "no-2d-switch", "no-color-loss"]


def test_without_the_full_model_there_is_no_table():
    with pytest.raises(InputError, match="reference 'singan-gif'"):
        table(make_cells(VARIANTS[1:]))


def test_a_full_model_that_was_not_timed_leaves_ratios_empty():
    frame = table(timing=make_timing({"no-2d-switch": [[1.0, 2.0]]}))
    found = row(frame, "no-2d-switch")
    assert found["seconds_1"] == 1.0 and np.isnan(found["ratio"]) and np.isnan(found["ratio_1"])
    assert row(frame, FULL)["note"] == "not timed"


@pytest.mark.parametrize("key", ["rounds", "scales", "variants", "size", "frames", "clip"])
def test_a_timing_file_without_a_key_is_refused_in_one_line(key):
    timing = make_timing()
    del timing[key]
    with pytest.raises(InputError, match="delete it and measure again") as caught:
        read_timing(timing)
    assert "\n" not in str(caught.value)


def test_a_timing_file_reads_as_what_it_says():
    found = read_timing(json.loads(json.dumps(make_timing())))
    assert (found.height, found.width, found.frames, found.clip) == (48, 85, 8, None)
    one = found.variants["no-2d-switch"]
    assert one.training.tolist() == [100, 110, 120] and one.dimensions == (3, 2)


@pytest.mark.parametrize(("value", "text"), [(1.0, "+1.00"), (-0.0123, "-0.012"), (0.0, "0"), (0.00042, "+0.00042")])
def test_differences_have_a_sign(value, text):
    assert signed(value) == text


# the files


@pytest.fixture
def written(tmp_path):
    cells = make_cells((*VARIANTS, "ablation:my_own"))
    frame = table(cells, order=(*VARIANTS, "ablation:my_own"))
    write_ablation_table(frame, tmp_path / "table.csv")
    return frame, tmp_path


def test_the_csv_reads_back_exactly_and_is_the_same_bytes(written):
    frame, folder = written
    text = (folder / "table.csv").read_text()
    write_ablation_table(frame, folder / "again.csv")
    assert (folder / "again.csv").read_text() == text and "nan" not in text.lower().replace("singan", "")
    read = pd.read_csv(folder / "table.csv", dtype=str)
    assert list(read.columns) == list(frame.columns)
    for name in ("sgfid_mean", "kid_low", "ratio", "seconds_2", "generator_parameters", "peak_memory_mb"):
        np.testing.assert_array_equal(read[name].map(float), frame[name].astype(float))
    assert text.splitlines()[1].split(",")[list(frame.columns).index("generator_parameters")] == "3000"


def test_the_markdown_has_a_table_a_group_costs_and_scales(written):
    frame, folder = written
    text = (folder / "table.md").read_text()
    assert text.startswith("# Ablations, protocol cpu\n") and "nan" not in text.lower().replace("singan", "")
    assert re.findall(r"^## ([\w ]+)", text, re.MULTILINE) == [
        "Quality", "Diversity", "Copying", "Motion", "Appearance", "Cost", "By scale", "How to read this"
    ]  # fmt: skip
    for metric in METRICS.values():
        assert f"{metric.title}, " in text
    lines = [line for line in text.splitlines() if line.startswith("| no-2d-switch")]
    assert len(lines) == 8 and "| ablation:my\\_own" in text
    found = row(frame, "no-2d-switch")
    assert f"{found['sgfid_mean']:.3f}, {signed(found['sgfid_difference'])} (" in lines[0]
    assert "1.43 (1.22 to 1.50)" in lines[5] and "3,001" in lines[5]
    assert "1,001 + 3,000" in lines[6] and "4.00 (1.33)" in lines[7] and "– +" not in text
    assert f"**Note.** {NEITHER}: not scored." in text and "High frequencies: the mean is that of the values" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    blocks = text.split("\n\n")
    assert all(len({line.count(" | ") for line in block.splitlines()}) == 1 for block in blocks if block[0] == "|")
    assert len(rows) == 8 * (2 + len(frame))


def test_the_latex_has_a_column_a_variant_and_is_escaped(written):
    frame, folder = written
    text = (folder / "table.tex").read_text()
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {len(frame)}
    assert len(rows) == 1 + len(METRICS) + 6
    assert r"ablation:my\_own" in text and "my_own" not in text.replace(r"my\_own", "")
    assert r"SGFID $\downarrow$" in text and r"Diversity $\uparrow$" in text and r"Contrast $\to 1$" in text
    for name in ("sgfid", "kid"):
        for _, found in frame.iterrows():
            if found[f"{name}_low"] > 0 or found[f"{name}_high"] < 0:
                assert f"({signed(found[f'{name}_difference'])}*)" in text
    assert text.count("{") == text.count("}") and text.count(r"\begin{") == text.count(r"\end{") == 2


def test_a_table_without_timing_is_written_too(tmp_path):
    write_ablation_table(table(timing=None, costs=None), tmp_path / "table.csv")
    text = (tmp_path / "table.md").read_text()
    assert "By scale" not in text and "–" in text and "nan" not in text.lower().replace("singan", "")
