"""losses.jsonl: what a training logged, one JSON object a line; keys may be missing, other than scale and iteration."""

import json
import math
from pathlib import Path

import pandas as pd

from datasets.errors import InputError

_NOT_LOSSES = ("scale", "iteration", "seconds")


def read_losses(path: str | Path) -> pd.DataFrame:
    """The log of a training.

    Returns:
        A frame sorted by scale and iteration with `scale`, `iteration`, `step` (iterations counted on over the scales)
        and a float64 column a loss, NaN where it was not logged or not finite. A resumed training may have logged a
        step twice: the later line counts. A last line that was cut off is left out.

    Raises:
        InputError: the file is missing, empty, or another line is not such an object.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the log of losses cannot be read; train again, or leave it out") from error
    records: dict[tuple[int, int], dict[str, float]] = {}
    for index, line in enumerate(lines):
        try:
            record = json.loads(line)
            key = (int(record["scale"]), int(record["iteration"]))
        except (ValueError, KeyError, TypeError) as error:
            if index == len(lines) - 1:
                break
            remedy = "train again, or leave it out"
            raise InputError(f"{path}: line {index + 1} is no entry of a log of losses; {remedy}") from error
        records[key] = {name: _number(value) for name, value in record.items() if name not in _NOT_LOSSES}
    if not records:
        raise InputError(f"{path}: holds no losses; train again, or leave it out")
    keys = sorted(records)
    ends: dict[int, int] = {}
    for scale, iteration in keys:
        ends[scale] = max(iteration, ends.get(scale, 0))
    starts = {scale: sum(ends[other] for other in ends if other < scale) for scale in ends}
    frame = pd.DataFrame([records[key] for key in keys], dtype="float64")
    frame.insert(0, "scale", [scale for scale, _ in keys])
    frame.insert(1, "iteration", [iteration for _, iteration in keys])
    frame.insert(2, "step", [starts[scale] + iteration for scale, iteration in keys])
    return frame


def loss_names(losses: pd.DataFrame) -> list[str]:
    """The columns of a log that are losses, those with any value, in the order in which they were logged."""
    return [name for name in losses.columns[3:] if losses[name].notna().any()]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return math.nan
    return float(value)
