"""cells.csv: every metric value in tidy form, one row a (clip, method, seed, sample, metric).

The file is what all tables, figures and reports are made from. Rows are sorted and floats written so that they read
back exactly: equal metrics give equal bytes, whatever the order of the metric files.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.errors import InputError
from datasets.files import check_seal, seal, write_text
from evaluation.records import KINDS, MetricRecord, read_record
from evaluation.texts import read_texts

COLUMNS = (
    *("protocol", "clip", "clip_source", "method", "kind", "seed", "sample", "metric", "value"),
    *("encoder", "layer", "locations", "config_sha256", "clip_sha256"),
)
_REMEDY = "delete it and let the step that collects the cells run again"
_WHOLE = ("seed", "locations")
_MAY_BE_EMPTY = ("sample", "value", "config_sha256")


def write_cells(metric_files: Iterable[str | Path], out: str | Path) -> None:
    """Collect metric files into `out`. `sample` is empty for metrics of the whole set, `value` where undefined.

    Raises:
        InputError: a metric file is unusable, two hold the same (protocol, clip, method, seed), a method changes its
            kind, or two were scored against different versions of the same clip.
    """
    seen: dict[tuple[str, str, str, int], Path] = {}
    clips: dict[tuple[str, str], tuple[str, Path]] = {}
    kinds: dict[str, tuple[str, Path]] = {}
    rows: list[dict[str, object]] = []
    for path in map(Path, metric_files):
        record = read_record(path)
        key = (record.protocol, record.clip, record.method, record.seed)
        if key in seen:
            raise InputError(f"{path}: holds the same clip, method and seed as {seen[key]}; give each only once")
        seen[key] = path
        sha256, other = clips.setdefault((record.protocol, record.clip), (record.clip_sha256, path))
        if sha256 != record.clip_sha256:
            raise InputError(f"{path}: was scored against another version of clip '{record.clip}' than {other}; "
                             "delete both and let the step that scores run again")  # fmt: skip
        kind, other = kinds.setdefault(record.method, (record.kind, path))
        if kind != record.kind:
            raise InputError(f"{path}: calls '{record.method}' a {record.kind}, {other} a {kind}; score both again")
        rows += _rows(record)
    if not rows:
        raise InputError(f"{out}: there are no metrics to collect; score some samples first")
    # An empty sample (a metric of the whole set) goes after the samples.
    rows.sort(key=lambda row: (*(row[name] for name in ("protocol", "clip", "method", "seed")),
                               np.inf if row["sample"] is None else row["sample"], row["metric"]))  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _as_text(value) for name, value in row.items()} for row in rows)
    write_text(out, text.getvalue())
    seal(out)


def read_cells(path: str | Path) -> pd.DataFrame:
    """Read what `write_cells` wrote.

    Returns a frame with exactly the columns `COLUMNS`; `seed` and `locations` are int64, `sample` is a nullable Int64,
    `value` is float64 (NaN where empty), the rest is text.

    Raises:
        InputError: the file is missing, has other columns, or a value that is not what its column holds.
    """
    path = Path(path)
    cells = read_texts(path, "collects the cells", _REMEDY)
    check_seal(path, _REMEDY)
    missing = [name for name in COLUMNS if name not in cells.columns]
    unknown = [str(name) for name in cells.columns if name not in COLUMNS]
    if missing or unknown:
        problems = [f"column {what} {', '.join(names)}"
                    for what, names in (("missing:", missing), ("unknown:", unknown)) if names]  # fmt: skip
        raise InputError(f"{path}: {'; '.join(problems)}; {_REMEDY}")
    cells = cells[list(COLUMNS)]
    for name in COLUMNS:
        empty = cells[name] == ""
        if name not in _MAY_BE_EMPTY and empty.any():
            raise InputError(f"{path}: line {_line(empty)}: '{name}' is empty; {_REMEDY}")
        if name == "value" or name in _WHOLE or name == "sample":
            cells = cells.assign(**{name: _numbers(cells[name], name, path)})
    strange = ~cells["kind"].isin(KINDS)
    if strange.any():
        raise InputError(f"{path}: line {_line(strange)}: 'kind' must be one of {', '.join(KINDS)}; {_REMEDY}")
    repeated = cells.duplicated(["protocol", "clip", "method", "seed", "sample", "metric"])
    if repeated.any():
        raise InputError(f"{path}: line {_line(repeated)}: repeats an earlier line; {_REMEDY}")
    return cells


def _rows(record: MetricRecord) -> list[dict[str, object]]:
    common = {
        "protocol": record.protocol,
        "clip": record.clip,
        "clip_source": record.source["kind"],
        "method": record.method,
        "kind": record.kind,
        "seed": record.seed,
        "encoder": record.encoder,
        "layer": record.layer,
        "locations": record.locations,
        "config_sha256": record.config_sha256,
        "clip_sha256": record.clip_sha256,
    }
    groups = [*record.samples, (None, record.whole_set)]
    return [
        {**common, "sample": sample, "metric": metric, "value": None if value is None else float(value)}
        for sample, metrics in groups
        for metric, value in metrics.items()
    ]


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _numbers(column: pd.Series, name: str, path: Path) -> pd.Series:
    filled = column[column != ""]
    convert = float if name == "value" else int
    numbers: dict[object, float | int] = {}
    for index, text in filled.items():
        try:
            numbers[index] = convert(text)
        except ValueError as error:
            raise InputError(f"{path}: line {index + 2}: '{name}' is not a number: {text[:40]}; {_REMEDY}") from error
    dtype = "float64" if name == "value" else "Int64" if name == "sample" else "int64"
    return pd.Series([numbers.get(index, pd.NA if name == "sample" else np.nan) for index in column.index],
                     index=column.index, dtype=dtype)  # fmt: skip


def _line(mask: pd.Series) -> int:
    """The line in the file of the first row of a mask; the header is line 1."""
    return int(np.flatnonzero(mask.to_numpy())[0]) + 2
