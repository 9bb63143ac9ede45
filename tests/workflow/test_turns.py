"""Turns of a long measurement on disk: what is kept, and what starts anew."""

import json

import pytest

from sgif.pyramid import Scale
from sgif.timing import Turn
from workflow.turns import Turns

HOW = {"size": [8, 32, 32], "configs": {"a": {}, "b": {}}, "code": "1"}


def scale(index):
    return Scale(index=index, size=(25, 29), chunk=4, dimensions=3, channels=8, iterations=3)


@pytest.fixture
def path(tmp_path):
    turns = Turns(tmp_path / "turns", HOW)
    assert turns.kept == {}
    turns.add(Turn("a", 0, scale(0), 0.1 + 0.2))
    turns.add(Turn("b", 0, scale(1), 2.0))
    return tmp_path / "turns"


def test_what_was_added_is_kept_to_the_last_bit(path, capsys):
    assert Turns(path, HOW).kept == {("a", 0, 0): 0.1 + 0.2, ("b", 0, 1): 2.0}
    assert "2 turns of an earlier run are kept" in capsys.readouterr().err


def test_each_turn_is_told_in_a_line(path, capsys):
    Turns(path, HOW).add(Turn("a", 1, scale(2), 3.25))
    assert "round 2, scale 3 (25x29), a: 3.250 s an iteration\n" in capsys.readouterr().err


def test_another_measurement_starts_anew(path):
    assert Turns(path, {**HOW, "code": "2"}).kept == {}
    assert Turns(path, HOW).kept == {}  # and nothing of the first is left for it to come back to


def test_a_line_that_was_cut_short_does_not_count(path):
    text = path.read_text()
    path.write_text(text[:-9])
    turns = Turns(path, HOW)
    assert turns.kept == {("a", 0, 0): 0.1 + 0.2}
    turns.add(Turn("b", 0, scale(1), 4.0))
    assert Turns(path, HOW).kept == {("a", 0, 0): 0.1 + 0.2, ("b", 0, 1): 4.0}


@pytest.mark.parametrize("text", ["", "{", "null\n", '[1]\n{"variant": "a"}\n'])
def test_a_file_that_is_no_such_file_starts_anew(path, text):
    path.write_text(text)
    assert Turns(path, HOW).kept == {}
    assert json.loads(path.read_text()) == HOW


def test_a_finished_measurement_leaves_nothing(path):
    Turns(path, HOW).clear()
    assert not path.exists()
