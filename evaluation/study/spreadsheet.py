"""CSV cells as spreadsheets read them: what begins like a formula is written with an apostrophe before it.

A cell that begins with =, +, -, @ or a control character may be run when somebody opens the file (OWASP, "CSV
injection"); the apostrophe makes it text. Numbers that we write ourselves are left as they are.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_LONGEST = 120


def neutral(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(cell: str) -> str:
    """What a cell was before `neutral`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


def quoted(text: object) -> str:
    """Text from outside for a message: one line, not longer than 120 characters."""
    line = _CONTROL.sub(" ", str(text)).strip()
    return f"'{line[:_LONGEST]}…'" if len(line) > _LONGEST else f"'{line}'"


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a header; every text is neutral, None an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if v is None else neutral(v) if isinstance(v, str) else v for v in row])
    return buffer.getvalue()
