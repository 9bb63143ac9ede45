"""What the workflow says about the time of its trainings before the first one starts."""

import re
import subprocess
import sys

from sgif.config import flatten, override
from sgif.presets import resolve
from workflow import forecast
from workflow.forecast import Trainings

TINY = {"pyramid.scales": 2, "model.scales_3d": 1, "model.channels": 4, "optim.iterations": 2}


def trainings(count=2, **keys):
    config = flatten(override(resolve("smoke", "singan-gif", TINY), keys))
    return Trainings("singan-gif", count, 4, (32, 40), config, 1)


def test_it_names_every_kind_and_adds_them_up():
    lines = forecast.forecast([trainings(), trainings(count=3)], cores=2)
    assert len(lines) == 3
    assert re.fullmatch(r"  singan-gif: 2 x about \d+ s \(4 frames of 32x40, 1 thread\(s\)\)", lines[0])
    assert "all trainings: about" in lines[2]


def test_days_are_warned_of():
    lines = forecast.forecast([trainings(**{"optim.iterations": 10**9})], cores=2)
    assert "days" in lines[1] and "WARNING" in lines[2]


def test_the_process_of_its_own_says_the_same_kind_of_thing(monkeypatch):
    told = forecast.tell([trainings(**{"optim.iterations": 10**6})], cores=2)
    assert told[0].startswith("  singan-gif: 2 x about ") and told[1].startswith("  all trainings: about ")
    assert forecast.tell([], cores=2) == []


def test_what_takes_seconds_is_not_measured_first(monkeypatch):
    monkeypatch.setattr(forecast.subprocess, "run", None)
    assert forecast.tell([trainings()], cores=2) == ["  all trainings: about 2 min or less"]


def test_without_a_forecast_it_says_so_and_the_workflow_goes_on(monkeypatch):
    def fails(*arguments, **keys):
        return subprocess.CompletedProcess(arguments, 1, "", "ModuleNotFoundError: No module named 'torch'")

    monkeypatch.setattr(subprocess, "run", fails)
    assert forecast.tell([trainings(**{"optim.iterations": 10**6})], 2) == [
        "  no forecast of the trainings' time (ModuleNotFoundError: No module named 'torch')"
    ]


def test_planning_does_not_import_torch():
    code = "import workflow.plan, workflow.forecast, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
