import json
import random
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation import cells as cells_module
from evaluation import latex, markdown, tables, wording
from evaluation.cells import read_cells, write_cells
from evaluation.clip_table import clip_table
from evaluation.facts import ClipFacts, facts_of_metrics
from evaluation.remarks import remarks
from evaluation.tables import ratios, read_table1, table1, write_table1
from evaluation.trainings import Cost, read_costs

PUBLISHED = {"singan-gif": 0.37, "singan-frames": 0.89}
KINDS = {"copy": "control", "noise": "control", "shuffle-frames": "control", "vgpnn": "peer"}
ORDER = ["singan-gif", "singan-frames", "copy", "shuffle-frames", "noise"]


def record(clip, method, values, *, seed=0, source="published", **changes):
    trained = method.startswith("singan")
    return {
        "clip": clip,
        "clip_sha256": f"sha of {clip}",
        "clip_source": {"kind": source},
        "method": method,
        "kind": KINDS.get(method, "method"),
        "seed": seed,
        "protocol": "quick",
        "encoder": "inception-fid",
        "layer": "pre-pool2",
        "weights_sha256": "ab",
        "frames": 8,
        "height": 48,
        "width": 85,
        "locations_real": 2000,
        "locations_fake": 1900,
        "config_sha256": "cd" if trained else None,
        "samples": [{"sample": index, "sgfid": value} for index, value in enumerate(values)],
        "set": {"diversity": 0.5},
        **changes,
    }


def files(folder, *records):
    paths = []
    for index, one in enumerate(records):
        paths.append(folder / f"{index}.json")
        paths[-1].write_text(json.dumps(one))
    return paths


def collect(folder, *records):
    write_cells(files(folder, *records), folder / "cells.csv")
    return read_cells(folder / "cells.csv")


def usual():
    return [
        record("desert", "singan-gif", [10.0, 20.0]),
        record("waterfall", "singan-gif", [30.0, 40.0]),
        record("desert", "singan-frames", [40.0, 50.0]),
        record("waterfall", "singan-frames", [60.0, 70.0]),
        record("desert", "noise", [600.0]),
        record("waterfall", "noise", [700.0]),
        record("desert", "copy", [0.0]),
        record("waterfall", "copy", [0.0]),
    ]


# cells


def test_cells_hold_a_row_a_value(tmp_path):
    cells = collect(tmp_path, record("desert", "singan-gif", [1.5, 2.5], seed=3))
    assert tuple(cells.columns) == cells_module.COLUMNS
    assert cells[["metric", "value"]].to_numpy().tolist() == [["sgfid", 1.5], ["sgfid", 2.5], ["diversity", 0.5]]
    assert cells["sample"].tolist() == [0, 1, pd.NA]
    assert set(cells["locations"]) == {1900}
    assert set(cells["seed"]) == {3}


def test_cells_do_not_depend_on_the_order_of_the_files(tmp_path):
    paths = files(tmp_path, *usual())
    write_cells(paths, tmp_path / "a.csv")
    random.Random(1).shuffle(paths)
    write_cells(paths, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@settings(deadline=None, max_examples=50)
@given(value=st.floats(0, 1e300, allow_subnormal=True))
def test_values_read_back_exactly(tmp_path_factory, value):
    cells = collect(tmp_path_factory.mktemp("cells"), record("desert", "copy", [value]))
    assert cells["value"].iloc[0] == value


@pytest.mark.parametrize("clip", ["nan", "NA", "a,b", 'say "x"', "two\nlines", "<script>", "ünï"])
def test_names_of_clips_are_just_text(tmp_path, clip):
    cells = collect(tmp_path, record(clip, "copy", [0.0]))
    assert set(cells["clip"]) == {clip}


def test_an_undefined_metric_is_empty(tmp_path):
    cells = collect(tmp_path, record("desert", "copy", [0.0], set={"diversity": None}))
    assert np.isnan(cells.loc[cells["metric"] == "diversity", "value"].iloc[0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoder": 3}, "'encoder' must be text"),
        ({"kind": "winner"}, "'kind' must be one of"),
        ({"seed": -1}, "'seed' must be a whole number"),
        ({"seed": True}, "'seed' must be a whole number"),
        ({"samples": []}, "'samples' must be a list"),
        ({"samples": [{"sgfid": 1.0}]}, "every sample must have its number"),
        ({"samples": [{"sample": 0, "sgfid": float("nan")}]}, "metric 'sgfid' must be a finite number"),
        ({"samples": [{"sample": 0}, {"sample": 0}]}, "two samples have the same number"),
        ({"clip_source": {}}, "'clip_source' must say its kind"),
        ({"set": []}, "'set' must be an object"),
    ],
)
def test_a_bad_metric_file_is_named_with_its_key(tmp_path, changes, says):
    paths = files(tmp_path, record("desert", "copy", [0.0], **changes))
    with pytest.raises(InputError, match=re.escape(f"{paths[0]}: {says}")):
        write_cells(paths, tmp_path / "cells.csv")
    assert not (tmp_path / "cells.csv").exists()


def test_a_missing_key_is_named(tmp_path):
    one = record("desert", "copy", [0.0])
    del one["layer"]
    with pytest.raises(InputError, match="key 'layer' is missing"):
        write_cells(files(tmp_path, one), tmp_path / "cells.csv")


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (record("desert", "copy", [1.0]), "the same clip, method and seed"),
        (record("desert", "noise", [1.0], clip_sha256="other"), "another version of clip 'desert'"),
        (record("river", "copy", [1.0], kind="peer"), "calls 'copy' a peer"),
    ],
)
def test_contradicting_metric_files_are_refused(tmp_path, second, says):
    with pytest.raises(InputError, match=says):
        write_cells(files(tmp_path, record("desert", "copy", [0.0]), second), tmp_path / "cells.csv")


def test_nothing_to_collect_is_said(tmp_path):
    with pytest.raises(InputError, match="no metrics to collect"):
        write_cells([], tmp_path / "cells.csv")


def unsealed(path):
    """A file of cells that may be edited: without the checksum beside it."""
    path.with_name(f"{path.name}.sha256").unlink()
    return path


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("value,encoder", "encoder", "column missing: value"),
        ("value,encoder", "value,extra,encoder", "column unknown: extra"),
        ("sgfid,0.0", "sgfid,zero", "line 3: 'value' is not a number: zero"),
        ("desert,published", ",published", "line 2: 'clip' is empty"),
        ("copy,control", "copy,boss", "line 2: 'kind' must be one of"),
    ],
)
def test_bad_cells_are_named_in_one_line(tmp_path, old, new, says):
    collect(tmp_path, record("desert", "copy", [7.0, 0.0]))
    path = unsealed(tmp_path / "cells.csv")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        read_cells(path)
    assert "\n" not in str(caught.value)


def test_repeated_cells_are_refused(tmp_path):
    collect(tmp_path, record("desert", "copy", [0.0]))
    path = unsealed(tmp_path / "cells.csv")
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    with pytest.raises(InputError, match="line 4: repeats an earlier line"):
        read_cells(path)


# table 1


def test_table1_has_a_row_a_method_in_order(tmp_path):
    cells = collect(tmp_path, *usual(), record("desert", "vgpnn", [5.0]))
    costs = {(clip, "singan-gif", 0): Cost(120.0, 500.0) for clip in ("desert", "waterfall")}
    table = table1(cells, protocol="quick", published=PUBLISHED, seed=0, order=ORDER, costs=costs)
    assert table["method"].tolist() == ["singan-gif", "singan-frames", "vgpnn", "copy", "noise"]
    assert tuple(table.columns) == (
        *("kind", "method", "clip_set", "clips", "samples", "sgfid_mean", "sgfid_ci_low", "sgfid_ci_high"),
        *("sgfid_median", "encoder", "layer", "protocol", "clip_sources", "train_minutes", "peak_memory_mb"),
        "published_sgfid",
    )
    first = table.iloc[0]
    assert (first["clips"], first["samples"], first["sgfid_mean"], first["sgfid_median"]) == (2, 4, 25.0, 25.0)
    assert first["sgfid_ci_low"] < 25 < first["sgfid_ci_high"]
    assert (first["train_minutes"], first["peak_memory_mb"], first["published_sgfid"]) == (2.0, 500.0, 0.37)
    assert (first["clip_set"], first["clip_sources"], first["protocol"]) == ("all", "published:2", "quick")
    copied = table[table["method"] == "copy"].iloc[0]
    assert (copied["sgfid_mean"], copied["sgfid_ci_low"], copied["sgfid_ci_high"]) == (0, 0, 0)
    assert copied[["train_minutes", "peak_memory_mb", "published_sgfid"]].isna().all()


def test_seeds_are_pooled_and_trainings_averaged(tmp_path):
    costs = {("desert", "singan-gif", 0): Cost(120.0, 500.0), ("desert", "singan-gif", 1): Cost(360.0, 900.0)}
    cells = collect(
        tmp_path,
        record("desert", "singan-gif", [1.0, 2.0]),
        record("desert", "singan-gif", [3.0, 6.0], seed=1),
    )
    row = table1(cells, protocol="quick", published={}, costs=costs).iloc[0]
    assert (row["samples"], row["sgfid_mean"], row["sgfid_median"]) == (4, 3.0, 2.5)
    assert (row["train_minutes"], row["peak_memory_mb"]) == (4.0, 900.0)


def test_mixed_sources_get_a_second_row_over_the_published_clips(tmp_path):
    cells = collect(
        tmp_path,
        record("desert", "singan-gif", [10.0]),
        record("river", "singan-gif", [30.0], source="synthetic"),
        record("river", "noise", [500.0], source="synthetic"),
    )
    table = table1(cells, protocol="quick", published=PUBLISHED)
    assert table[["method", "clip_set", "clip_sources", "sgfid_mean"]].to_numpy().tolist() == [
        ["singan-gif", "all", "published:1;synthetic:1", 20.0],
        ["singan-gif", "published", "published:1", 10.0],
        ["noise", "all", "synthetic:1", 500.0],
    ]
    assert table["published_sgfid"].isna().tolist() == [False, True, True]


def test_a_row_does_not_depend_on_the_other_methods(tmp_path):
    cells = collect(tmp_path, *usual())
    alone = table1(cells[cells["method"] == "singan-frames"], protocol="quick", published={})
    together = table1(cells, protocol="quick", published={})
    pd.testing.assert_series_equal(
        alone.iloc[0], together[together["method"] == "singan-frames"].iloc[0], check_names=False
    )


def test_table1_reads_back_exactly_and_repeats_byte_for_byte(tmp_path):
    cells = collect(tmp_path, *usual())
    for name in ("a.csv", "b.csv"):
        table = table1(cells, protocol="quick", published=PUBLISHED, seed=4, order=ORDER)
        write_table1(table, tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    read = read_table1(tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read, table, check_dtype=False, check_exact=True)
    assert ",,," in (tmp_path / "a.csv").read_text()  # what does not apply is empty, not 'nan'


def test_other_protocols_are_left_out(tmp_path):
    cells = collect(tmp_path, record("desert", "copy", [0.0]), record("desert", "copy", [9.0], protocol="cpu"))
    assert table1(cells, protocol="cpu", published={})["sgfid_mean"].tolist() == [9.0]
    with pytest.raises(InputError, match="protocol 'paper': the cells hold no SGFID"):
        table1(cells, protocol="paper", published={})


@pytest.mark.parametrize(("key", "value"), [("encoder", "random-inception"), ("layer", "pre-pool1")])
def test_encoders_and_layers_are_never_mixed(tmp_path, key, value):
    cells = collect(tmp_path, record("desert", "copy", [0.0]), record("desert", "noise", [9.0], **{key: value}))
    with pytest.raises(InputError, match=f"{key}: the cells mix"):
        table1(cells, protocol="quick", published={})


def test_a_sample_without_sgfid_is_refused(tmp_path):
    cells = collect(tmp_path, record("desert", "copy", [None]))
    with pytest.raises(InputError, match="clip 'desert', method 'copy'"):
        table1(cells, protocol="quick", published={})


def test_a_table_that_is_none_is_refused(tmp_path):
    (tmp_path / "table1.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not those of Table 1"):
        read_table1(tmp_path / "table1.csv")
    with pytest.raises(InputError, match="no such file"):
        read_table1(tmp_path / "none.csv")


def test_ratios_need_the_same_clips(tmp_path):
    cells = collect(tmp_path, *usual(), record("desert", "vgpnn", [5.0]))
    table = table1(cells, protocol="quick", published={}, order=ORDER)
    found = dict(zip(table["method"], ratios(table, "singan-frames"), strict=True))
    assert found["singan-gif"] == pytest.approx(25 / 55)
    assert found["singan-frames"] == 1
    assert np.isnan([found["vgpnn"], found["noise"]]).all()
    assert np.isnan(ratios(table, "absent")).all()


def test_clip_table_has_means_over_seeds(tmp_path):
    cells = collect(
        tmp_path,
        record("desert", "singan-gif", [1.0, 3.0]),
        record("desert", "singan-gif", [5.0, 7.0], seed=1, set={"diversity": 0.7}),
        record("desert", "copy", [0.0], set={"diversity": None}),
    )
    table = clip_table(cells, protocol="quick", order=ORDER)
    assert table["method"].tolist() == ["singan-gif", "copy"]
    assert table["sgfid_mean"].tolist() == [4.0, 0.0]
    assert table["diversity"].iloc[0] == pytest.approx(0.6)
    assert np.isnan(table["diversity"].iloc[1])


# words


def texts(tmp_path, *records, facts=None, published=True):
    cells = collect(tmp_path, *records)
    facts = facts_of_metrics(tmp_path / f"{index}.json" for index in range(len(records))) if facts is None else facts
    found = remarks(cells, facts, protocol="quick", published=published)
    assert [one.level for one in found] == sorted((one.level for one in found), reverse=True), "warnings come first"
    return {one.topic: one for one in found}


def test_remarks_say_what_stands_behind_the_numbers(tmp_path):
    shuffled = [record(clip, "shuffle-frames", [0.0]) for clip in ("desert", "waterfall")]
    found = texts(tmp_path, *usual(), *shuffled)
    assert {one.level for one in found.values()} == {"note"}
    assert "inception-fid" in found["Encoder"].text
    assert "192 features" in found["Encoder"].text
    assert "smallest clip gave 1,900 feature locations a side" in found["Feature locations"].text
    for number in ("0.37", "0.89", "7.19", "0.91", "ratio"):
        assert number in found["The paper's numbers"].text
    blind = found["What SGFID cannot see"].text
    assert "copy (the clip itself) scores 0" in blind
    assert "shuffle-frames (its frames in another order) scores 0" in blind
    assert "85\u00d748 px, 8 frames" in found["Sizes"].text


def test_a_shuffle_that_does_not_score_zero_is_not_said_to(tmp_path):
    found = texts(tmp_path, record("desert", "shuffle-frames", [2.5, 3.5]))
    assert "scores 3.00" in found["What SGFID cannot see"].text


def test_stand_ins_are_loud(tmp_path):
    stand_in = {"kind": "synthetic", "fallback": True}
    found = texts(
        tmp_path,
        record("desert", "copy", [0.0], clip_source=stand_in, encoder="random-inception"),
        record("river", "copy", [0.0], source="synthetic", encoder="random-inception"),
    )
    assert found["Stand-in encoder"].level == found["Stand-in clips"].level == "warning"
    assert "stands in for a trained encoder" in found["Stand-in encoder"].text
    assert "not comparable with anything else" in found["Stand-in encoder"].text
    assert "desert is a synthetic stand-in" in found["Stand-in clips"].text
    assert "river" not in found["Stand-in clips"].text
    assert "river" in found["Other clips"].text


def test_few_locations_and_missing_cells_are_warnings(tmp_path):
    found = texts(
        tmp_path,
        record("desert", "copy", [0.0], locations_fake=999),
        record("river", "copy", [0.0]),
        record("river", "noise", [9.0]),
    )
    assert found["Few feature locations"].level == "warning"
    assert "gave 999 feature locations" in found["Few feature locations"].text
    assert "noise lacks desert" in found["Missing cells"].text


@pytest.mark.parametrize(
    ("values", "says"),
    [([1.0, 2.0], "resample its samples only"), ([1.0], "no interval can be given")],
)
def test_one_clip_is_said_to_say_nothing_about_others(tmp_path, values, says):
    assert says in texts(tmp_path, record("desert", "noise", values))["Intervals"].text


def test_facts_that_contradict_are_refused(tmp_path):
    paths = files(tmp_path, record("desert", "copy", [0.0]), record("desert", "noise", [0.0], frames=9))
    with pytest.raises(InputError, match="describes clip 'desert' otherwise"):
        facts_of_metrics(paths)


# markdown and LaTeX


def test_a_remark_names_methods_whose_samples_are_made_of_the_clips_pixels(tmp_path):
    assert "Pixels of the clip" not in texts(tmp_path, *usual())
    found = texts(tmp_path, *usual(), record("desert", "patch-nn", [1.0]), record("waterfall", "sgif-plus", [1.0]))
    said = found["Pixels of the clip"].text
    assert "patch-nn" in said and "sgif-plus" in said and "singan-gif" not in said


def write_both(tmp_path, *records):
    cells = collect(tmp_path, *records)
    facts = facts_of_metrics(tmp_path / f"{index}.json" for index in range(len(records)))
    costs = {(clip, "singan-gif", 0): Cost(120.0, 500.0) for clip in ("desert", "waterfall")}
    table = table1(cells, protocol="quick", published=PUBLISHED, order=ORDER, costs=costs)
    markdown.write_markdown(table, cells, facts, tmp_path / "table1.md", order=ORDER)
    found = remarks(cells, facts, protocol="quick", published=True)
    latex.write_latex(table, found, tmp_path / "table1.tex")
    return (tmp_path / "table1.md").read_text(), (tmp_path / "table1.tex").read_text()


def test_markdown_sets_controls_apart_and_explains_itself(tmp_path):
    text, _ = write_both(tmp_path, *usual())
    above, below = text.split("## Controls", 1)
    assert "singan-gif" in above
    assert "noise" not in above
    assert re.search(r"\| noise +\| +2 \| +2 \| +650 \|", below)
    row = next(line for line in above.splitlines() if line.startswith("| singan-gif"))
    assert [cell.strip() for cell in row.strip("|").split("|")][3:] == [
        *("25.0", wording.interval(*table_interval(tmp_path)), "25.0", "0.455", "2.0 min", "500 MB", "0.37")
    ]
    assert "| desert    | 15.0 (0.500) |  45.0 (0.500) |" in text
    assert "smallest clip gave 1,900 feature locations a side" in text
    assert "**Warning" not in text


def table_interval(tmp_path):
    row = table1(read_cells(tmp_path / "cells.csv"), protocol="quick", published={}, order=ORDER).iloc[0]
    return row["sgfid_ci_low"], row["sgfid_ci_high"]


def test_markdown_tables_have_as_many_cells_in_every_row(tmp_path):
    text, _ = write_both(tmp_path, *usual(), record("a|b", "noise", [3.0], source="synthetic"))
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 4
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block}) == 1


def test_warnings_stand_above_and_below_the_tables(tmp_path):
    text, tex = write_both(tmp_path, record("desert", "singan-gif", [1.0], encoder="random-inception"))
    assert "> **Warning: stand-in encoder.**" in text.split("## Methods")[0]
    assert "**WARNING, stand-in encoder.**" in text.split("## How to read this")[1]
    assert "Warning: stand-in encoder." in tex


def test_names_cannot_break_out_of_markdown_or_latex(tmp_path):
    text, tex = write_both(tmp_path, record("<script>alert(1)</script>", r"a_b&c\input{x}|*d*", [1.0]))
    assert not re.search(r"(?<!\\)<script", text)
    assert r"a\_b\&c\\input{x}\|\*d\*" in text
    assert r"a\_b\&c\textbackslash{}input\{x\}\textbar{}*d*" in tex
    assert r"\input{x}" not in tex


def test_latex_has_rules_and_equal_columns(tmp_path):
    _, tex = write_both(tmp_path, *usual())
    for word in (r"\toprule", r"\bottomrule", r"\begin{tabular}{lrrrrrrrr}", "booktabs"):
        assert word in tex
    assert tex.count(r"\midrule") == 2  # under the header, and between methods and controls
    rows = [line for line in tex.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {8}
    assert tex.isascii()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.37, "0.370"), (0.99951, "1.00"), (7.194, "7.19"), (9.9951, "10.0"), (99.96, "100"), (1234.5, "1,234"),
     (float("nan"), "\N{EN DASH}"), (float("inf"), "\N{INFINITY}"), (1e-9, "0.000")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0.01, "0.6 s"), (0.5, "30 s"), (1, "1.0 min"), (99.9, "99.9 min"), (120, "2.0 h")],
)
def test_durations_take_the_unit_that_suits(minutes, text):
    assert wording.minutes(minutes) == text


def test_lists_read_as_sentences():
    assert [wording.listing(list("abc")[:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_facts_are_frozen():
    with pytest.raises(AttributeError):
        ClipFacts("published", False, 8, 48, 85).kind = "file"


def test_the_metric_of_table1_is_registered():
    from evaluation.metrics import METRICS

    assert METRICS[tables.METRIC].direction == "lower"


# costs of trainings


def test_costs_are_read_from_run_folders(tmp_path):
    (tmp_path / "timings.json").write_text('{"seconds": 90, "peak_memory_mb": 321.5, "attempts": 2}')
    run = ("desert", "singan-gif", 0)
    assert read_costs({run: tmp_path / "timings.json"}) == {run: Cost(90.0, 321.5)}


@pytest.mark.parametrize("text", ["{}", "[]", "not json", '{"seconds": "long", "peak_memory_mb": 1}'])
def test_a_bad_file_of_costs_is_named(tmp_path, text):
    (tmp_path / "timings.json").write_text(text)
    with pytest.raises(InputError, match=r"timings\.json: .*; train again"):
        read_costs({("desert", "singan-gif", 0): tmp_path / "timings.json"})
