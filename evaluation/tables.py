"""Table 1: one row a method, made from the cells alone.

The value of a method is the mean over clips of the mean over samples (and seeds), with a 95 % bootstrap interval
(`evaluation.intervals`). Rows over all clips have clip_set `all`; where published clips stand among others, a second
row over the published ones alone has clip_set `published`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.errors import InputError
from datasets.files import write_text
from evaluation.intervals import mean_interval
from evaluation.records import KINDS
from evaluation.texts import read_texts
from evaluation.trainings import Cost, Run, mean_minutes, peak_memory_mb, runs_of

COLUMNS = (
    *("kind", "method", "clip_set", "clips", "samples", "sgfid_mean", "sgfid_ci_low", "sgfid_ci_high", "sgfid_median"),
    *("encoder", "layer", "protocol", "clip_sources", "train_minutes", "peak_memory_mb", "published_sgfid"),
)
_COUNTS = ("clips", "samples")
_FLOATS = (
    *("sgfid_mean", "sgfid_ci_low", "sgfid_ci_high", "sgfid_median"),
    *("train_minutes", "peak_memory_mb", "published_sgfid"),
)
METRIC = "sgfid"
RESAMPLES = 2000


def table1(
    cells: pd.DataFrame,
    *,
    protocol: str,
    published: Mapping[str, float],
    bootstrap: int = RESAMPLES,
    seed: int = 0,
    order: Sequence[str] = (),
    costs: Mapping[Run, Cost] | None = None,
) -> pd.DataFrame:
    """Table 1 of a protocol.

    Args:
        cells: as `evaluation.cells.read_cells` gives them.
        published: for methods that the paper has, its value; printed beside the row over all clips.
        bootstrap: resamples of the interval.
        seed: of the bootstrap; each row starts from it anew, so that a row does not depend on which others there are.
        order: names of methods in the order of their registry; others follow alphabetically. Kinds go first: methods,
            peers, controls.
        costs: of the trainings, by (clip, method, seed).

    Returns:
        A frame with exactly the columns `COLUMNS`; NaN where a value does not apply.

    Raises:
        InputError: the cells hold no SGFID of this protocol, an empty one, or values from several encoders or layers.
    """
    cells = sgfid_cells(cells, protocol)
    kinds = cells.drop_duplicates("method").set_index("method")["kind"]
    mixed = "published" in set(cells["clip_source"]) and cells["clip_source"].nunique() > 1
    rows = []
    for method in in_order(kinds, order):
        own = cells[cells["method"] == method]
        rows.append(_row(own, "all", bootstrap, seed, published.get(method), costs or {}))
        real = own[own["clip_source"] == "published"]
        if mixed and len(real):
            # The paper's value is a mean over its own nine clips, so it stands beside `all` only.
            rows.append(_row(real, "published", bootstrap, seed, None, costs or {}))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def sgfid_cells(cells: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """The SGFID rows of a protocol, checked: they exist, have values, and one encoder and layer."""
    cells = cells[(cells["protocol"] == protocol) & (cells["metric"] == METRIC) & cells["sample"].notna()]
    if cells.empty:
        raise InputError(f"protocol '{protocol}': the cells hold no SGFID of any sample; score some samples first")
    empty = cells[cells["value"].isna()]
    if len(empty):
        clip, method = empty.iloc[0][["clip", "method"]]
        raise InputError(f"clip '{clip}', method '{method}': a sample has no SGFID; score it again")
    for name in ("encoder", "layer"):
        found = sorted(set(cells[name]))
        if len(found) > 1:
            raise InputError(
                f"{name}: the cells mix {' and '.join(found)}, which cannot be compared; score all again with one"
            )
    return cells


def in_order(kinds: Mapping[str, str] | pd.Series, order: Sequence[str] = ()) -> list[str]:
    """Names of methods by kind, then as in `order`, then alphabetically."""
    rank = {name: index for index, name in enumerate(order)}
    return sorted(dict(kinds), key=lambda name: (KINDS.index(kinds[name]), rank.get(name, len(rank)), name))


def groups_by_clip(cells: pd.DataFrame) -> dict[str, np.ndarray]:
    """For every clip the values float64 [n] of its samples, all seeds together."""
    return {str(clip): group["value"].to_numpy(dtype=np.float64) for clip, group in cells.groupby("clip", sort=True)}


def ratios(table: pd.DataFrame, baseline: str) -> list[float]:
    """For every row its mean SGFID as a multiple of the baseline's over the same clips; NaN where there is none."""
    below = {row.clip_set: row for row in table.itertuples() if row.method == baseline}
    return [
        row.sgfid_mean / below[row.clip_set].sgfid_mean
        if row.clip_set in below
        and below[row.clip_set].sgfid_mean > 0
        and below[row.clip_set].clips == row.clips
        and row.kind != "control"
        else float("nan")
        for row in table.itertuples()
    ]


def write_table1(table: pd.DataFrame, path: str | Path) -> None:
    """Write `table` as CSV; floats read back exactly."""
    text = table.astype(object).where(table.notna(), "").map(_as_text)
    write_text(path, text.to_csv(index=False, lineterminator="\n"))


def read_table1(path: str | Path) -> pd.DataFrame:
    """Read what `write_table1` wrote.

    Raises:
        InputError: the file is missing, or is not such a table.
    """
    remedy = "delete it and let the step that makes the table run again"
    table = read_texts(path, "makes the table", remedy)
    if tuple(table.columns) != COLUMNS:
        raise InputError(f"{path}: its columns are not those of Table 1; {remedy}")
    try:
        floats = {name: table[name].map(lambda text: float(text) if text else np.nan) for name in _FLOATS}
        return table.assign(**floats, **{name: table[name].map(int) for name in _COUNTS})
    except ValueError as error:
        raise InputError(f"{path}: holds something that is not a number: {error}; {remedy}") from error


def _row(
    cells: pd.DataFrame, clip_set: str, bootstrap: int, seed: int, published: float | None, costs: Mapping[Run, Cost]
) -> dict[str, object]:
    interval = mean_interval(list(groups_by_clip(cells).values()), resamples=bootstrap, seed=seed)
    first = cells.iloc[0]
    runs = runs_of(cells)
    return {
        "kind": first["kind"],
        "method": first["method"],
        "clip_set": clip_set,
        "clips": cells["clip"].nunique(),
        "samples": len(cells),
        "sgfid_mean": interval.estimate,
        "sgfid_ci_low": interval.low,
        "sgfid_ci_high": interval.high,
        "sgfid_median": float(cells["value"].median()),
        "encoder": first["encoder"],
        "layer": first["layer"],
        "protocol": first["protocol"],
        "clip_sources": _sources(cells),
        "train_minutes": mean_minutes(runs, costs),
        "peak_memory_mb": peak_memory_mb(runs, costs),
        "published_sgfid": np.nan if published is None else published,
    }


def _sources(cells: pd.DataFrame) -> str:
    """How many clips of which kind, as `published:5;synthetic:4`."""
    counts = cells.drop_duplicates("clip")["clip_source"].value_counts()
    kinds = sorted(counts.index, key=lambda kind: (kind != "published", kind))
    return ";".join(f"{kind}:{counts[kind]}" for kind in kinds)


def _as_text(value: object) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
