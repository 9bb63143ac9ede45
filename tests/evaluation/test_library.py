"""`evaluation` as a library: what it exports, its examples, and the page of its metrics."""

import doctest
import subprocess
import sys
from pathlib import Path

import evaluation
from evaluation import scoring
from evaluation.commands.metrics import page
from evaluation.metrics import METRICS

HOME = Path(__file__).resolve().parents[2]


def test_names_are_there_and_others_are_not():
    for name in evaluation.__all__:
        assert getattr(evaluation, name) is not None
    assert evaluation.score is scoring.score
    assert not hasattr(evaluation, "scoer")


def test_score_stays_the_function_after_its_module_was_imported():
    code = "import evaluation.scoring, evaluation.commands.score; from evaluation import score; assert callable(score)"
    assert subprocess.run([sys.executable, "-c", code], cwd=HOME, check=False).returncode == 0


def test_the_examples_run():
    found = doctest.testmod(scoring)
    assert found.attempted >= 6 and not found.failed


def test_the_page_of_metrics_is_that_of_the_registry():
    text = (HOME / "evaluation" / "METRICS.md").read_text(encoding="utf-8")
    assert text == page(), "run: python -m evaluation metrics --markdown > evaluation/METRICS.md"
    assert all(f"(`{name}`)" in text for name in METRICS)
