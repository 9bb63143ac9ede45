"""Ablations in the workflow: what is planned, what is refused, and the whole of it on the smoke protocol."""

import csv
import json
import re

import pytest

from datasets.errors import InputError
from sgif.config import flatten
from sgif.presets import resolve
from workflow.code import HOME
from workflow.methods import ABLATIONS, FULL
from workflow.plan import NEITHER, Plan

ABLATED = {
    "no-color-loss": {"losses.colour": 0.0},
    "no-image-critic": {"model.image_critic": False},
    "no-2d-switch": {"model.scales_3d": 99},
    "no-separable": {"model.separable": False},
}


def test_an_ablation_differs_from_the_full_model_in_one_key():
    full = flatten(resolve("cpu", FULL))
    assert set(ABLATIONS) == set(ABLATED)
    for name, expected in ABLATED.items():
        changed = flatten(resolve("cpu", name))
        assert {key: changed[key] for key in changed if changed[key] != full[key]} == expected, name


def test_own_ablations_change_the_full_model_of_the_protocol():
    plan = Plan(HOME, {"ablations": {"narrow": {"model.channels": 16}}}, {})
    protocol = plan.protocol("results/quick")
    assert protocol.variants == (FULL, *ABLATIONS, "ablation:narrow")
    own, full = flatten(protocol.config("ablation:narrow")), flatten(protocol.config(FULL))
    assert {key for key in own if own[key] != full[key]} == {"model.channels"}
    configs = json.loads(plan.variant_configs("results/quick"))
    assert configs[NEITHER]["model.separable"] is False and configs[NEITHER]["model.scales_3d"] == 99


def test_planned_are_the_variants_trainings_and_one_job_of_timing(snakemake, tmp_path):
    own = json.dumps({"narrow": {"model.channels": 16}})
    planned = snakemake(tmp_path, "-n", "results/quick/ablations/report.html", "--config", f"ablations={own}")
    jobs = dict(re.findall(r"^([a-z_0-9]+) +(\d+)$", planned.stdout + planned.stderr, re.MULTILINE))
    assert planned.returncode == 0, planned.stderr
    assert jobs["train"] == str(3 * (1 + len(ABLATIONS) + 1)) and jobs["ablation_timing"] == "1"
    assert "ablation_timing_256" not in jobs


@pytest.mark.parametrize(
    ("ablations", "part"),
    [
        ({"a": {"losses.color": 0}}, "did you mean losses.colour?"),
        ({"a/b": {}}, "a/b"),
        ({"a": 3}, "mapping"),
        ({"a": {"model.channels": 0}}, "model.channels"),
    ],
)
def test_bad_ablations_are_refused_in_one_line(ablations, part):
    from datasets.errors import InputError

    with pytest.raises(InputError, match=re.escape(part)):
        Plan(HOME, {"ablations": ablations}, {})


@pytest.mark.slow
def test_smoke_ablations_end_in_a_report(smoke_copy, snakemake):
    root, folder = smoke_copy, smoke_copy.parents[1]
    done = snakemake(folder, "results/smoke/ablations/report.html")
    assert done.returncode == 0, done.stderr
    with (root / "ablations" / "table.csv").open(newline="") as file:
        rows = {row["variant"]: row for row in csv.DictReader(file)}
    assert next(iter(rows)) == FULL and set(rows) == {FULL, *ABLATIONS, NEITHER}
    claims = json.loads((root / "ablations" / "claims.json").read_text())
    assert len(claims) == 3 and {claim["verdict"] for claim in claims} == {"inconclusive"}
    assert "too small" in (root / "ablations" / "claims.md").read_text().lower()
    page = (root / "ablations" / "report.html").read_text()
    assert all(name in page for name in ABLATIONS) and "http://" not in page.split("</style>")[0]
    again = snakemake(folder, "-n", "results/smoke/ablations/report.html")
    assert "Nothing to be done" in again.stdout + again.stderr
    # The results page has no link to it yet, and gets one when it is next asked for.
    assert "ablations/report.html" not in (root / "index.html").read_text()
    assert snakemake(folder, "results/smoke/index.html").returncode == 0
    assert 'href="ablations/report.html"' in (root / "index.html").read_text()


def test_an_ablation_changes_its_key_whatever_all_trainings_are_told():
    """A key of `training` once made every variant without the switch to 2D the full model again."""
    plan = Plan(HOME, {"training": {"model.scales_3d": 1}}, {})
    quick = plan.protocol("results/quick")
    assert quick.config("singan-gif").model.scales_3d == 1 and quick.config("no-2d-switch").model.scales_3d == 99
    plan.ablation_files("results/quick")


def test_an_ablation_that_changes_nothing_is_refused():
    for config in ({"training": {"losses.colour": 0}}, {"ablations": {"same": {"losses.colour": 2.0}}}):
        plan = Plan(HOME, config, {})
        with pytest.raises(InputError, match="is the same training as singan-gif"):
            plan.ablation_files("results/quick")
