"""CSV from outside as rows by column name."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from datasets.errors import InputError
from evaluation.study.spreadsheet import plain, quoted

MAX_ROWS = 500_000
_MAX_CELL = 4 * 2**20
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Table:
    """Columns in their order, and for each row its line and its cells by column; formula marks are taken off."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]


def read_table(text: str, name: str) -> Table:
    """Rows of a CSV with a header, separated by commas, semicolons or tabs. Empty lines are skipped.

    Raises:
        InputError: two columns have the same name, a row has another number of cells, or the text is no CSV.
    """
    header = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header.count)
    before = csv.field_size_limit(_MAX_CELL)
    try:
        rows = list(_rows(text, delimiter, name))
    except csv.Error as error:
        raise InputError(f"{name}: not a readable CSV ({error}); give the file as it was downloaded") from error
    finally:
        csv.field_size_limit(before)
    columns = tuple(cell.strip() for cell in rows[0][1])
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise InputError(f"{name}: has the column {quoted(twice)} twice; give the file as it was downloaded")
    for line, cells in rows[1:]:
        if len(cells) != len(columns):
            raise InputError(
                f"{name}: line {line} has {len(cells)} cells, and the header {len(columns)}; "
                "give the file as it was downloaded"
            )
    by_name = ((line, dict(zip(columns, map(plain, cells), strict=True))) for line, cells in rows[1:])
    return Table(columns, tuple(by_name))


def _rows(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    for count, cells in enumerate(reader):
        if count > MAX_ROWS:
            raise InputError(f"{name}: has more than {MAX_ROWS} rows; split the file")
        if any(cells):
            yield start, cells
        start = reader.line_num + 1
