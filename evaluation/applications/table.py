"""All measures of all applications as one table: CSV for machines, Markdown for reading."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets.errors import InputError
from datasets.files import read_sealed, write_text
from evaluation.markdown import escape, grid
from evaluation.wording import counted, number

COLUMNS = (
    "application", "clip", "measure", "title", "value", "baseline", "baseline_value", "better", "limit", "beats",
    "method", "height", "width", "frames", "encoder", "layer",
)  # fmt: skip
_REMEDY = "delete it and let the step that makes it run again"


def read_records(paths: Sequence[str | Path]) -> list[dict[str, Any]]:
    """The files of applications, one a clip and application, in this order.

    Raises:
        InputError: one is missing, damaged or something else.
    """
    records = []
    for path in paths:
        record = read_sealed(path, _REMEDY)
        if not isinstance(record, dict) or record.get("format") != 1 or not record.get("measures"):
            raise InputError(f"{path}: not the measures of an application; {_REMEDY}")
        records.append(record)
    return records


def compared(measure: Mapping[str, Any]) -> str:
    """What a value is compared with, in words and digits: `limit 1.50`, or the baseline and its value."""
    if measure["better"] == "within":
        return f"at most {number(measure['limit'])}"
    return f"{measure['baseline']}: {number(measure['baseline_value'])}"


def answer(measure: Mapping[str, Any]) -> str:
    """Whether a measure is won."""
    return "yes" if measure["beats"] else "no"


def won(records: Sequence[Mapping[str, Any]]) -> str:
    """`17 of 20 measures`."""
    measures = [measure for record in records for measure in record["measures"]]
    return f"{sum(bool(m['beats']) for m in measures)} of {counted(len(measures), 'measure')}"


def write_table(records: Sequence[Mapping[str, Any]], titles: Mapping[str, str], protocol: str, out: Path) -> None:
    """Write `out` (.csv), and the same as Markdown beside it.

    Args:
        records: as `read_records` gives them.
        titles: of applications by name, in the order of the table.
        protocol: whose they are.
        out: where to.
    """
    write_text(out, _csv(records))
    blocks = [
        f"# Applications, protocol {escape(protocol)}",
        f"Each against what costs no training. Better than that, or within the limit: {won(records)}.",
    ]
    for name, title in titles.items():
        own = [record for record in records if record["application"] == name]
        if own:
            blocks += [f"## {escape(title)}", _markdown(own)]
            notes = [f"- {escape(record['clip'])}: {escape(note)}" for record in own for note in record["notes"]]
            blocks += ["\n".join(notes)] if notes else []
    write_text(out.with_suffix(".md"), "\n\n".join(blocks) + "\n")


def _csv(records: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for record in records:
        shared = {**record, "height": record["size"][0], "width": record["size"][1]}
        for measure in record["measures"]:
            values = {**shared, **measure}
            rows.writerow(["" if values[key] is None else values[key] for key in COLUMNS])
    return text.getvalue()


def _markdown(records: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [escape(record["clip"]), escape(m["title"]), escape(compared(m)), answer(m), number(m["value"])]
        for record in records
        for m in record["measures"]
    ]
    return grid(["Clip", "Measure", "Compared with", "Won", "Value"], rows, left=4)
