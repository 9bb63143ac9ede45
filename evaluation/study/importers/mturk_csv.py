"""MTurk's batch results: a row an assignment, answers in columns `Answer.ITEM`, and the page's export, if it ran
inside the HIT, as text in `Answer.export`.

Where both are there, the export counts, because it says how the item was seen; a column that says otherwise is listed.
Requesters may reject assignments; that is no rule of a design, so rejected ones count and are reported.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from datasets.errors import InputError
from evaluation.study.importers import page
from evaluation.study.importers.found import Found
from evaluation.study.importers.tables import Table
from evaluation.study.spreadsheet import quoted
from evaluation.study.votes import ANSWERS, Answer

_PREFIX = "Answer."
EXPORT = "export"
_SHEET = "sheet"
ITEM = re.compile(r"[0-9a-f]{12}")
_ZONES = {"PST": -8, "PDT": -7, "UTC": 0, "GMT": 0}
_TIME = re.compile(r"\w{3} (\w{3} \d{2} \d{2}:\d{2}:\d{2}) (\w{3}) (\d{4})")


def is_batch(columns: Sequence[str]) -> bool:
    """Whether a CSV with these columns is a batch of results."""
    return {"WorkerId", "AssignmentId"} <= set(columns)


def read_batch(table: Table, name: str) -> Found:
    """The answers of a batch.

    Raises:
        InputError: it has no column of answers.
    """
    columns = [column for column in table.columns if column.startswith(_PREFIX)]
    if not columns:
        raise InputError(f"{name}: has no column {_PREFIX}…; download the results of the batch, not its input")
    found = Found()
    for line, row in table.rows:
        answers = {column.removeprefix(_PREFIX): row[column].strip() for column in columns}
        if row.get("AssignmentStatus", "").strip().lower() == "rejected":
            found.rejected += 1
        take_assignment(
            found, answers, name, line,
            worker=row["WorkerId"].strip(), sheet=row.get("Input.sheet_id", "").strip(), at=row.get("SubmitTime", ""),
        )  # fmt: skip
    return found


def take_assignment(
    found: Found, answers: dict[str, str], name: str, line: int, *, worker: str, sheet: str, at: str
) -> None:
    """Add the answers of an assignment: {item or field: text}."""
    answers = {field: text for field, text in answers.items() if text}
    sheet = answers.pop(_SHEET, "") or sheet
    if not worker:
        count = sum(bool(ITEM.fullmatch(field)) for field in answers)
        found.total += count
        for field in answers:
            if ITEM.fullmatch(field):
                found.refuse(name, line, f"item {quoted(field)}", "says no worker")
        return
    seen: dict[str, str] = {}
    if EXPORT in answers:
        try:
            own = page.read_exports(page.parse_json(answers[EXPORT], name), name, line=line, mturk_worker=worker)
            seen = {answer.item: answer.answer for answer in own.answers}
            found.add(own)
        except InputError:
            found.remark(name, line, f"{_PREFIX}{EXPORT}", "not an export of the study's page")
    time = time_of(at)
    for field, text in answers.items():
        if field == EXPORT:
            continue
        if not ITEM.fullmatch(field):
            found.remark(name, line, f"field {quoted(field)}", "not the id of an item")
        elif field in seen:
            if text != seen[field]:
                found.remark(name, line, f"item {quoted(field)}", "says otherwise than the page's export, which counts")
        elif text not in ANSWERS:
            found.total += 1
            found.refuse(name, line, f"item {quoted(field)}", f"the answer {quoted(text)} is neither real nor fake")
        else:
            found.total += 1
            found.answers.append(Answer(name, line, "mturk", worker, "", sheet, field, "main", text, answered_at=time))


def time_of(text: str) -> datetime | None:
    """A time as MTurk writes it: `Mon Jan 02 15:04:05 PST 2017` in a batch, ISO 8601 elsewhere; None for others."""
    text = text.strip()
    if match := _TIME.fullmatch(text):
        moment, zone, year = match.groups()
        if zone not in _ZONES:
            return None
        try:
            time = datetime.strptime(f"{moment} {year}", "%b %d %H:%M:%S %Y")
        except ValueError:
            return None
        return time.replace(tzinfo=timezone(timedelta(hours=_ZONES[zone])))
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
