"""The exports of the study's own page: CSV with a row an answer, or JSON with an object a participant and sheet."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from datasets.errors import InputError
from evaluation.study.importers.found import Found
from evaluation.study.importers.tables import Table
from evaluation.study.spreadsheet import quoted
from evaluation.study.votes import ANSWERS, SIMULATED, Answer

COLUMNS = (
    *("study", "sheet", "participant", "item", "position", "phase", "answer", "plays", "exposure_ms"),
    *("total_exposure_ms", "reaction_ms", "dropped_frames", "blurred", "answered_at", "page_version"),
)
"""What the page writes."""
NEEDED = ("study", "sheet", "participant", "item", "phase", "answer")
FORMAT = 1
_NUMBERS = ("position", "plays", "exposure_ms", "reaction_ms", "dropped_frames", "blurred")
_PHASES = ("practice", "main")
_LARGEST = 1e9


def is_export(columns: Sequence[str]) -> bool:
    """Whether a CSV with these columns is a page's export."""
    return set(NEEDED) <= set(columns)


def read_rows(table: Table, name: str) -> Found:
    """The answers of a CSV export."""
    found = Found(total=len(table.rows))
    for line, row in table.rows:
        _take(found, row, name, line, source="page")
    return found


def parse_json(text: str, name: str) -> Any:
    """JSON from outside.

    Raises:
        InputError: it is damaged, nested too deeply, or holds numbers that JSON does not have.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not readable as JSON; give the file as it was downloaded") from error


def read_exports(value: Any, name: str, *, line: int | None = None, mturk_worker: str | None = None) -> Found:
    """The answers of one JSON export or a list of them.

    Args:
        value: the parsed JSON.
        name: of the file, for messages.
        line: where the export stands in the file; else answers are numbered from 1.
        mturk_worker: whoever MTurk says gave them; else each export says so itself.

    Raises:
        InputError: it is no export of the page.
    """
    found = Found()
    number = 0
    for export in value if isinstance(value, list) else [value]:
        answers = export.get("answers") if isinstance(export, dict) else None
        if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
            raise InputError(f"{name}: not an export of the study's page; give the file as it was downloaded")
        if export.get("format") != FORMAT:
            raise InputError(
                f"{name}: an export of format {quoted(export.get('format'))}, and only {FORMAT} is known; "
                "import it with the version that built the study"
            )
        shared = {key: export.get(key, "") for key in ("study", "sheet", "participant")}
        source = "page" if mturk_worker is None else "mturk"
        who = mturk_worker or _text(shared["participant"])
        if export.get("withdrawn"):
            found.withdrawn.add((source, who))
        consented = bool(export.get("consent_at"))
        for answer in answers:
            number += 1
            found.total += 1
            at = number if line is None else line
            row = {**shared, **answer, "participant": who}
            if consented:
                _take(found, row, name, at, source=source)
            else:
                found.refuse(name, at, f"item {quoted(row.get('item', ''))}", "no consent is recorded")
    return found


def _take(found: Found, row: Mapping[str, Any], name: str, line: int, *, source: str) -> None:
    """Add the answer of a row, or say why not. Simulated raters say so in place of the page's version."""
    source = SIMULATED if row.get("page_version") == SIMULATED else source
    try:
        found.answers.append(_answer(row, name, line, source))
    except ValueError as error:
        found.refuse(name, line, f"item {quoted(row.get('item', ''))}", str(error))


def _answer(row: Mapping[str, Any], name: str, line: int, source: str) -> Answer:
    texts = {key: _text(row.get(key, "")) for key in NEEDED}
    if not texts["participant"]:
        raise ValueError("says no participant")
    if texts["answer"] not in ANSWERS:
        raise ValueError(f"the answer {quoted(texts['answer'])} is neither real nor fake")
    if texts["phase"] not in _PHASES:
        raise ValueError(f"the phase {quoted(texts['phase'])} is neither practice nor main")
    numbers = {key: _number(row.get(key), key) for key in _NUMBERS}
    return Answer(name, line, source, answered_at=_time(row.get("answered_at")), **texts, **numbers)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _number(value: Any, key: str) -> float | None:
    """A finite number that is not negative; None where nothing was recorded."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= _LARGEST:
        raise ValueError(f"{key} {quoted(value)} is not a number from 0 to {_LARGEST:g}")
    return number


def _time(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"answered_at {quoted(value)} is no ISO 8601 time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _no_number(text: str) -> None:
    raise ValueError(text)
