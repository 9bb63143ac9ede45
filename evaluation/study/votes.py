"""Answers as they come back, and votes as they are counted: what both hold, and the files of votes.

An answer is what an importer found; a vote is an answer to an item of the study, with the name of the rule that leaves
it out, if one does. Whoever gave it is known by a keyed hash only (`evaluation.study.blinding`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

import pandas as pd

from datasets.errors import InputError
from datasets.files import write_text
from evaluation.study.blinding import blind
from evaluation.study.key import Key, read_key
from evaluation.study.spreadsheet import csv_of
from evaluation.texts import read_texts

ANSWERS = ("real", "fake")
SIMULATED = "simulated"
SOURCES = ("page", "mturk", SIMULATED)
_REMEDY = "import the answers again"
_STUDY = re.compile(r"[0-9a-f]{16}")
_WORKER = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Answer:
    """An answer as it was found; texts are not checked against any key.

    Attributes:
        file, line: where it stands; the number of the answer where the file has no lines.
        source: one of `SOURCES`.
        participant: whoever gave it, as the platform says.
        study: its hash, "" where the file does not say.
        sheet: its id, "" where the file does not say.
        item: its id.
        position: place in the sheet, if known.
        phase: "practice" or "main".
        answer: one of `ANSWERS`.
        plays: how often it was played, if known.
        exposure_ms: of the longest play, if known.
        reaction_ms: until the answer, if known.
        dropped_frames, blurred: of the plays, if known.
        answered_at: when, if known.
    """

    file: str
    line: int
    source: str
    participant: str
    study: str
    sheet: str
    item: str
    phase: str
    answer: str
    position: float | None = None
    plays: float | None = None
    exposure_ms: float | None = None
    reaction_ms: float | None = None
    dropped_frames: float | None = None
    blurred: float | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True)
class LeftOut:
    """Something that is no vote, and why.

    Attributes:
        file, line: where it stands.
        what: in words, without whoever gave it.
        reason: in words.
        answers: how many answers it stands for; 0 for a remark.
        expected: whether every sound study has such (practice); else it is worth a line to whoever imports.
    """

    file: str
    line: int
    what: str
    reason: str
    answers: int = 1
    expected: bool = False


@dataclass(frozen=True)
class Vote:
    """A row of `votes.csv`.

    Attributes:
        study, worker, source, sheet, item, answer: texts; `worker` is a keyed hash.
        position, plays, exposure_ms, reaction_ms, dropped_frames, blurred: numbers, None where not recorded.
        excluded: the rule that leaves it out (`evaluation.study.exclusions.RULES`), "" if it counts.
    """

    study: str
    worker: str
    source: str
    sheet: str
    item: str
    position: float | None
    answer: str
    plays: float | None
    exposure_ms: float | None
    reaction_ms: float | None
    dropped_frames: float | None
    blurred: float | None
    excluded: str


COLUMNS = tuple(field.name for field in fields(Vote))
NUMBERS = ("position", "plays", "exposure_ms", "reaction_ms", "dropped_frames", "blurred")
LEFT_OUT_COLUMNS = ("file", "line", "what", "reason")


def worker_id(secret: bytes, source: str, participant: str) -> str:
    """Whoever gave an answer, as 12 hexadecimal digits that say nothing without the secret."""
    return blind(secret, {"platform": source, "participant": participant})


def find_key(path: Path, studies: Collection[str]) -> Key:
    """The key file, or of a key folder that of the study which answers name, else the last one built.

    Raises:
        InputError: there is no such key.
    """
    if path.is_dir() and len(studies) == 1 and _STUDY.fullmatch(study := next(iter(studies))):
        own = path / f"{study}.json"
        return read_key(own if own.exists() else path)
    return read_key(path)


def write_votes(votes: list[Vote], path: Path) -> None:
    """Write `votes.csv`."""
    rows = ([_short(getattr(vote, name)) for name in COLUMNS] for vote in votes)
    write_text(path, csv_of(COLUMNS, rows))


def read_votes(path: Path) -> pd.DataFrame:
    """Read `votes.csv`, or the one in a folder: a row a vote, numbers as float64, NaN where not recorded.

    Raises:
        InputError: it is missing or not what `write_votes` wrote.
    """
    path = path / "votes.csv" if path.is_dir() else path
    frame = read_texts(path, "imports the answers ('python -m evaluation study import')", _REMEDY)
    if tuple(frame.columns) != COLUMNS:
        raise InputError(f"{path}: its columns are not those of votes; {_REMEDY}")
    if not frame["answer"].isin(ANSWERS).all() or not frame["worker"].map(lambda w: bool(_WORKER.fullmatch(w))).all():
        raise InputError(f"{path}: holds an answer or a worker that no import writes; {_REMEDY}")
    if frame.duplicated(["worker", "sheet", "item"]).any():
        raise InputError(f"{path}: holds a vote twice; {_REMEDY}")
    try:
        return frame.assign(**{name: pd.to_numeric(frame[name].replace("", None)).astype(float) for name in NUMBERS})
    except ValueError as error:
        raise InputError(f"{path}: holds something that is not a number: {error}; {_REMEDY}") from error


def write_left_out(left_out: list[LeftOut], path: Path) -> None:
    """Write `left_out.csv`."""
    write_text(path, csv_of(LEFT_OUT_COLUMNS, ((one.file, one.line, one.what, one.reason) for one in left_out)))


def read_left_out(path: Path) -> pd.DataFrame:
    """Read `left_out.csv`, all columns as text.

    Raises:
        InputError: it is missing or not what `write_left_out` wrote.
    """
    frame = read_texts(path, "imports the answers ('python -m evaluation study import')", _REMEDY)
    if tuple(frame.columns) != LEFT_OUT_COLUMNS:
        raise InputError(f"{path}: its columns are not those of what was left out; {_REMEDY}")
    return frame


def _short(value: object) -> object:
    """Whole numbers without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
