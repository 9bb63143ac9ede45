"""What the status report says of run folders in every state."""

import fcntl
import json

import pytest

from datasets import cli
from sgif.config import flatten
from sgif.presets import resolve
from workflow.layout import Layout
from workflow.status import main, report, training_state


@pytest.fixture
def begun(tmp_path):
    """A training of the smoke preset in its second scale."""
    folder = tmp_path / "runs" / "desert" / "singan-gif" / "0"
    folder.mkdir(parents=True)
    config = {**flatten(resolve("smoke", "singan-gif")), "optim.iterations": [8]}
    identity = {"clip": {"frames": 4, "height": 32, "width": 57}, "config": config}
    (folder / "config.json").write_text(json.dumps(identity))
    lines = [{"scale": 0, "iteration": 8, "seconds": 9.0}, {"scale": 1, "iteration": 2, "seconds": 30.0}]
    (folder / "losses.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / ".lock").touch()
    return folder


def test_a_training_that_nobody_holds_was_interrupted_and_says_where(begun):
    state, far = training_state(begun)
    assert state == "interrupted"
    # 6 iterations of this scale and 8 of the next, half a minute each.
    assert far == "scale 2 of 3, iteration 2 of 8, 30.00 s/iteration, at least 7 min left"


def test_a_held_lock_means_running_and_asking_changes_nothing(begun):
    before = {path: path.read_bytes() for path in begun.iterdir()}
    with (begun / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert training_state(begun)[0] == "running"
    assert training_state(begun)[0] == "interrupted"
    assert {path: path.read_bytes() for path in begun.iterdir()} == before


def test_finished_and_not_begun(begun, tmp_path):
    (begun / "finished.json").write_text("{}")
    assert training_state(begun) == ("done", "")
    assert training_state(tmp_path / "nowhere") == ("not begun", "")


@pytest.mark.parametrize("name", ["config.json", "losses.jsonl"])
def test_a_damaged_file_is_no_traceback(begun, name):
    (begun / name).write_text("{")
    assert training_state(begun) == ("not begun", "")


def test_the_report_counts_cells(begun, tmp_path):
    layout = Layout(str(tmp_path), "quick", ("desert",), ("singan-gif", "copy"), ("singan-gif",), (0, 1), 2)
    samples = tmp_path / "samples" / "desert" / "copy" / "0"
    samples.mkdir(parents=True)
    (samples / "0.npz").touch()
    lines = list(report(str(tmp_path), [layout], ["table1.csv"]))
    assert lines[0].endswith("trainings: 1 interrupted, 1 not begun")
    assert "desert singan-gif seed 0: interrupted, scale 2 of 3" in lines[1]
    assert lines[2:] == ["  samples: 0 of 3 cells", "  metrics: 0 of 3 cells", "  table1.csv: not yet"]
    (samples / "1.npz").touch()
    (tmp_path / "table1.csv").touch()
    lines = list(report(str(tmp_path), [layout, layout], ["table1.csv"]))
    assert lines[2] == "  samples: 1 of 3 cells" and lines[-1] == "  table1.csv: there"


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.run(main, []) == 0 and "nothing was begun" in capsys.readouterr().out
    assert cli.run(main, ["smoke"]) == 0 and "results/smoke: trainings: 2 not begun" in capsys.readouterr().out
    assert cli.run(main, ["smok"]) == 2 and "choose one of" in capsys.readouterr().err
