"""Applications in the workflow: which trainings they need, what is refused, and the whole of it on smoke."""

import csv
import json
import re

import numpy as np
import pytest

from datasets.clip import load_clip, make_clip, save_clip
from datasets.errors import InputError
from workflow.announcement import trainings_of
from workflow.applications import APPLICATIONS, find_application
from workflow.code import HOME
from workflow.plan import Plan
from workflow.scripts.application_input import write_input
from workflow.scripts.apply import galleries
from workflow.scripts.judge_application import JUDGES

QUICK, CPU = "results/quick", "results/cpu"


def test_every_application_is_made_and_judged():
    assert set(galleries()) == set(JUDGES) == set(APPLICATIONS)
    with pytest.raises(InputError, match="did you mean slowmo"):
        find_application("slomo")


def test_what_needs_no_training_takes_one_of_the_protocols():
    plan = Plan(HOME, {}, {})
    assert plan.application_run(CPU, "sizes", "waterfall") == "results/cpu/runs/waterfall/sgif-plus/0/finished.json"
    own = "results/cpu/applications/desert/slowmo/run/finished.json"
    assert plan.application_run(CPU, "slowmo", "desert") == own
    config = json.loads(plan.application_config(CPU, "slowmo"))
    assert (config["task.kind"], config["task.factor"], config["plus.retrieval"]) == ("slowmo", 2, True)


def test_lengthening_trains_anew_only_where_the_clip_is_longer_than_it_asks_for():
    plan = Plan(HOME, {}, {})
    assert plan.clip_shape(QUICK, "waterfall")[0] == 8 < plan.clip_shape(QUICK, "desert")[0]
    assert "/runs/waterfall/" in plan.application_run(QUICK, "lengthen", "waterfall")
    assert plan.application_run(QUICK, "lengthen", "desert").endswith("/desert/lengthen/run/finished.json")
    assert plan.application_shape(QUICK, "lengthen", "desert")[0] == 8


@pytest.mark.parametrize(
    ("applications", "part"),
    [
        ({"methods": "singan-gif"}, "did you mean method?"),
        ({"clips": "desret"}, "did you mean desert?"),
        ({"method": "freeze-frame"}, "not trained"),
        ("sizes", "mapping"),
    ],
)
def test_a_bad_key_is_refused_in_one_line(applications, part):
    with pytest.raises(InputError, match=re.escape(part)) as caught:
        Plan(HOME, {"applications": applications}, {})
    assert "\n" not in str(caught.value)


def test_the_input_of_a_training_is_the_clip_cut(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (11, 40, 60, 3)).astype(np.uint8)
    save_clip(tmp_path / "clip.npz", make_clip(frames, range(10, 21)))
    write_input(tmp_path / "clip.npz", "lengthen", 25, tmp_path / "in.npz")
    cut = load_clip(tmp_path / "in.npz")
    assert (cut.frames == frames[:8]).all() and cut.delays_ms.tolist() == list(range(10, 18))
    with pytest.raises(InputError, match="use a larger clip"):
        write_input(tmp_path / "clip.npz", "lengthen", 41, tmp_path / "in.npz")


def test_planned_are_the_protocols_trainings_and_those_for_tasks(snakemake, tmp_path):
    planned = snakemake(tmp_path, "-n", "results/quick/applications.html", "--config", "clips=[waterfall,desert]")
    jobs = dict(re.findall(r"^([a-z_0-9]+) +(\d+)$", planned.stdout + planned.stderr, re.MULTILINE))
    assert planned.returncode == 0, planned.stderr
    cells = str(2 * len(APPLICATIONS))
    assert (jobs["apply"], jobs["judge_application"], jobs["applications_page"]) == (cells, cells, "1")
    own = sum(
        "/applications/" in Plan(HOME, {}, {}).application_run(QUICK, name, clip)
        for name in APPLICATIONS
        for clip in ("waterfall", "desert")
    )
    assert jobs["train"] == "2" and jobs["train_task"] == str(own)


def test_what_is_announced_and_asked_for_counts_an_applications_training():
    plan = Plan(HOME, {}, {})
    job = "train_task", {"root": QUICK, "clip": "desert", "application": "slowmo"}
    (found,) = trainings_of(plan, [job])
    assert (found.method, found.count, found.frames) == ("sgif-plus, slowmo", 1, 16)
    assert found.config["task.kind"] == "slowmo"
    longer = plan.application_request(QUICK, "slowmo", "desert", 1)
    assert longer.mem_mb > plan.training_request(QUICK, "desert", "sgif-plus", 1).mem_mb


@pytest.mark.slow
def test_smoke_applications_end_in_a_page(smoke_copy, snakemake):
    root, folder = smoke_copy, smoke_copy.parents[1]
    done = snakemake(folder, "results/smoke/applications.html")
    assert done.returncode == 0, done.stderr
    with (root / "applications" / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["application"] for row in rows} == set(APPLICATIONS)
    assert all((root / "applications" / "waterfall" / f"{name}.png").stat().st_size < 300_000 for name in APPLICATIONS)
    page = (root / "applications.html").read_text()
    assert all(application.title in page for application in APPLICATIONS.values())
    again = snakemake(folder, "-n", "results/smoke/applications.html")
    assert "Nothing to be done" in again.stdout + again.stderr
    index = snakemake(folder, "results/smoke/index.html")
    assert index.returncode == 0 and 'href="applications.html"' in (root / "index.html").read_text()
