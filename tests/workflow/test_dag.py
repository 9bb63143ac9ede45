"""The DAG as Snakemake plans it, and the smoke protocol as it runs it."""

import csv
import json
import re

import pytest

from workflow.code import HOME


def counts(output):
    """Jobs a rule from Snakemake's table of a dry run."""
    return {name: int(count) for name, count in re.findall(r"^([a-z_0-9]+) +(\d+)$", output, re.MULTILINE)}


def test_the_papers_table_takes_18_trainings_and_no_data(snakemake, tmp_path):
    planned = snakemake(tmp_path, "-n", "results/table1.csv")
    assert planned.returncode == 0, planned.stderr
    jobs = counts(planned.stdout + planned.stderr)
    assert jobs["train"] == 18 and jobs["clip"] == 9 and jobs["samples_paper"] == 54
    assert not (tmp_path / "results").exists()


def test_quick_stays_small(snakemake, tmp_path):
    planned = snakemake(tmp_path, "-n", "results/quick/table1.csv", "results/quick/index.html")
    jobs = counts(planned.stdout + planned.stderr)
    assert planned.returncode == 0 and jobs["train"] == 6 and jobs["total"] <= 120


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--config", "sample=3"], "did you mean samples?"),
        (["--config", "clips=dessert"], "desert"),
        (["--config", "stage=/nowhere"], "/nowhere"),
    ],
)
def test_bad_config_stops_at_parse_time_without_a_traceback(snakemake, tmp_path, arguments, part):
    refused = snakemake(tmp_path, "-n", "results/smoke/table1.csv", *arguments)
    assert refused.returncode == 2
    profile, error = refused.stderr.splitlines()
    assert part in error and error.startswith("error: ") and profile.startswith("Using workflow specific profile")


def test_a_protocol_without_fallback_stops_before_its_first_job(snakemake, tmp_path):
    stopped = snakemake(tmp_path, "results/cpu/table1.csv")
    assert stopped.returncode == 2
    assert "python -m datasets fetch waterfall seashore desert birds cliff" in stopped.stderr
    assert "Traceback" not in stopped.stderr and not list(tmp_path.glob("results/cpu/clips/*.npz"))


def rules():
    """Text of each rule by name; one that is made from another has what it does not change itself."""
    text = "\n".join(path.read_text() for path in sorted((HOME / "workflow" / "rules").glob("*.smk")))
    found = {}
    for start in re.finditer(r"^( *)(?:use )?rule(?: (\w+))?(?: as (\w+) with)?:\n", text, re.MULTILINE):
        body = re.match(rf"(?:(?:{start[1]} +.*)?\n)*", text[start.end() :])[0]
        found[start[3] or start[2] or "samples"] = (found[start[2]] if start[3] else "") + body
    return found


def test_every_rule_has_a_log_and_the_environment_and_every_compute_rule_a_benchmark():
    found = rules()
    assert len(found) > 15 and "floor" in found
    listed = re.search(r"localrules:\n((?: +\w+,\n)+)", (HOME / "Snakefile").read_text())[1]
    local = {name.strip(" ,") for name in listed.splitlines()}
    assert local - {"all"} <= set(found)
    for name, body in found.items():
        assert "log:" in body and "conda:\n" in body and "ENVIRONMENT" in body, name
        assert ("benchmark:" in body) == (name not in local), name
        # Under conda nothing else tells a job where our packages are.
        assert '"PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.' in body, name


@pytest.mark.slow
def test_smoke_makes_every_artefact(smoke):
    root, _ = smoke
    run = root / "runs" / "waterfall" / "singan-gif" / "0"
    for path in (
        root / "clips" / "waterfall.npz", root / "clips" / "waterfall.json", root / "stats" / "waterfall.npz",
        run / "config.json", run / "losses.jsonl", run / "timings.json", run / "scale_02.safetensors",
        root / "samples" / "waterfall" / "copy" / "0" / "1.npz", root / "tables" / "cells.csv",
        root / "table1.md", root / "table1.tex", root / "index.html", root / "samples.png",
    ):  # fmt: skip
        assert path.stat().st_size > 0, path
    assert not [p for p in root.rglob("*") if ".part" in p.name or p.suffix in (".pkl", ".pth", ".pt")]


@pytest.mark.slow
def test_smoke_says_loudly_that_its_clip_stands_in(smoke):
    root, done = smoke
    assert "WARNING: waterfall is a synthetic STAND-IN" in done.stderr
    for name in ("table1.md", "index.html"):
        assert "stand-in" in (root / name).read_text().lower()


@pytest.mark.slow
def test_smoke_table_has_the_columns_and_the_controls(smoke):
    root, _ = smoke
    with (root / "table1.csv").open(newline="") as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    columns = (
        "kind method clip_set clips samples sgfid_mean sgfid_ci_low sgfid_ci_high sgfid_median encoder layer protocol",
        "clip_sources train_minutes peak_memory_mb published_sgfid",
    )
    assert list(next(iter(rows.values()))) == " ".join(columns).split()
    assert {row["encoder"] for row in rows.values()} == {"random-inception"}
    assert rows["singan-gif"]["published_sgfid"] == "0.37" and rows["singan-frames"]["published_sgfid"] == "0.89"
    assert float(rows["copy"]["sgfid_mean"]) < 1e-6 and float(rows["shuffle-frames"]["sgfid_mean"]) < 1e-6
    assert float(rows["noise"]["sgfid_mean"]) > float(rows["freeze-frame"]["sgfid_mean"]) > 0
    assert float(rows["singan-gif"]["train_minutes"]) > 0 and rows["copy"]["train_minutes"] == ""


@pytest.mark.slow
def test_a_finished_smoke_run_has_nothing_left_to_do_and_a_seed_adds_only_its_cells(smoke, snakemake):
    folder = smoke[0].parents[1]
    again = snakemake(folder, "-n", "results/smoke/table1.csv", "results/smoke/index.html")
    assert "Nothing to be done" in again.stdout + again.stderr
    more = counts_of(snakemake(folder, "-n", "results/smoke/table1.csv", "--config", "seeds=0,1"))
    assert more == {"train": 2, "samples_smoke": 2, "metrics": 2, "cells": 1, "table1": 1, "total": 8}


def counts_of(planned):
    return counts(planned.stdout + planned.stderr)


@pytest.mark.slow
def test_smoke_again_elsewhere_gives_the_same_bytes(smoke, snakemake, compare_results, tmp_path):
    done = snakemake(tmp_path, "results/smoke/table1.csv", "--config", "methods=singan-gif,copy")
    assert done.returncode == 0, done.stderr
    compare_results(tmp_path / "results" / "smoke", smoke[0])


@pytest.mark.slow
def test_metrics_say_what_made_them(smoke):
    record = json.loads((smoke[0] / "metrics" / "waterfall" / "singan-gif" / "0.json").read_text())
    run = json.loads((smoke[0] / "runs" / "waterfall" / "singan-gif" / "0" / "config.json").read_text())
    clip = json.loads((smoke[0] / "clips" / "waterfall.json").read_text())
    assert record["config_sha256"] == run["config_sha256"] and record["clip_sha256"] == clip["sha256"]
    assert record["clip_source"]["kind"] == "synthetic" and record["clip_source"]["fallback"] is True
    assert len(record["weights_sha256"]) == 64 and record["locations_fake"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["report.html", "report.zip"])
def test_snakemakes_own_report_has_every_item_with_its_label(smoke, snakemake, name):
    folder = smoke[0].parents[1]
    made = snakemake(folder, "results/smoke/table1.csv", "results/smoke/index.html", "--report", name)
    assert made.returncode == 0, made.stderr
    for item in ("table1.csv", "cells.csv", "index.html"):
        assert f"Adding {item}" in made.stderr, item
    if name.endswith("html"):
        text = (folder / name).read_text(encoding="utf-8")
        assert all(part in text for part in ("Clips and samples", "Table 1", "mean SGFID of every method"))
        assert not re.search(r'<(script|link)[^>]+(src|href)="https?:', text)
    else:
        assert (folder / name).stat().st_size > 100_000
