"""This workflow as a module of another one: the example of the README, planned, and its smoke table made through it."""

import csv
import re

import pytest

from workflow.code import HOME


def blocks(language):
    """Code of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (HOME / "README.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def other(tmp_path, snakemake):
    """`other(*arguments)` runs a workflow that is the README's example, with this checkout in place of its folder."""
    (example,) = blocks("snakemake")
    assert example.count("singan-gif-bench/Snakefile") == 1
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(example.replace("singan-gif-bench/Snakefile", str(HOME / "Snakefile")))

    def call(*arguments):
        return snakemake(tmp_path, "--snakefile", snakefile, *arguments)

    return call


def test_its_own_rule_is_the_default_and_ours_are_planned_for_it(other):
    planned = other("-n")
    assert planned.returncode == 0, planned.stderr
    jobs = dict(re.findall(r"^([a-z_0-9]+) +(\d+)$", planned.stdout + planned.stderr, re.MULTILINE))
    assert jobs["ranking"] == "1" and jobs["bench_table1"] == "1" and jobs["bench_train"] == "2"
    assert {name for name in jobs if not name.startswith("bench_")} == {"ranking", "total"}


def test_a_wrong_key_is_refused_in_one_line(other):
    refused = other("-n", "--config", "bench={smaples: 3}")
    assert refused.returncode == 2
    # The working directory is this checkout's, so Snakemake says that it found our default profile.
    (error,) = [line for line in refused.stderr.splitlines() if "profile" not in line]
    assert error.startswith("error: smaples: unknown config key; did you mean samples?")


@pytest.mark.slow
def test_the_smoke_table_is_made_through_it(other, tmp_path):
    done = other("results/smoke/table1.csv", "--config", 'bench={methods: "copy,noise", clips: waterfall}')
    assert done.returncode == 0, done.stderr
    with (tmp_path / "results" / "smoke" / "table1.csv").open(newline="") as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert float(rows["copy"]["sgfid_mean"]) < 1e-6 < float(rows["noise"]["sgfid_mean"])
