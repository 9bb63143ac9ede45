"""What raters sent back, as the workflow turns it into a report and joins it to the leaderboard."""

import json

import pytest

from datasets.files import write_json
from evaluation.study.key import write_key
from evaluation.study.raters import Raters, simulate
from tests.evaluation.study.keys import make_study_key, write_key_folder


@pytest.fixture
def returned(tmp_path):
    """A results folder with a key and the answers of simulated raters; and the key."""
    key = make_study_key(clips=("waterfall", "desert"), samples=2)
    study = tmp_path / "results" / "quick" / "study"
    write_key_folder(study / "key", key)
    for number, export in enumerate(simulate(key, Raters(), 6)):
        write_json(study / "answers" / f"{number} of six.json", export)
    return tmp_path, key


def test_answers_become_a_report_and_are_read_again_only_when_they_change(snakemake, returned):
    folder, key = returned
    target = "results/quick/study/report/study.html"
    done = snakemake(folder, target)
    assert done.returncode == 0, done.stderr
    study = folder / "results" / "quick" / "study"
    assert json.loads((study / "votes" / "import.json").read_text())["counted"] == 6 * 4
    assert "singan-gif,,judged_real_majority," in (study / "report" / "rates.csv").read_text()
    assert "Nothing to be done" in snakemake(folder, "-n", target).stdout
    more = make_study_key(clips=("waterfall", "desert"), samples=2, seed=1)
    write_key(study / "key", more)  # a rebuilt study: the key of the answers is still there
    assert "Nothing to be done" in snakemake(folder, "-n", target).stdout
    late = next(iter(simulate(key, Raters(), 7, seed=5)))
    late["participant"] = "late"
    write_json(study / "answers" / "late.json", late)
    assert snakemake(folder, target).returncode == 0
    assert json.loads((study / "votes" / "import.json").read_text())["counted"] == 7 * 4


def test_a_leaderboard_waits_for_a_study_where_answers_are_and_for_none_where_none_are(snakemake, returned):
    folder, _ = returned
    planned = snakemake(folder, "-n", "results/quick/leaderboard.csv", "results/smoke/leaderboard.csv")
    assert planned.returncode == 0, planned.stderr
    text = planned.stdout + planned.stderr
    assert "results/quick/study/report/rates.csv" in text and "results/smoke/study" not in text


def test_without_answers_the_rule_says_where_they_go(snakemake, tmp_path):
    failed = snakemake(tmp_path, "results/quick/study/report/study.html")
    assert failed.returncode != 0
    assert "results/quick/study/answers: holds no file; put what raters sent back there" in failed.stderr
