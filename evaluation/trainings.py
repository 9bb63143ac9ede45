"""What the trainings cost, joined to the cells.

Time and memory differ from run to run, so they are kept out of the cells (equal inputs give equal cells) and read from
the `timings.json` of each training's run folder when a table is made.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.errors import InputError
from datasets.files import read_json

Run = tuple[str, str, int]
"""Clip, method and seed."""


def join_trainings(cells: pd.DataFrame, timings: Mapping[Run, str | Path]) -> pd.DataFrame:
    """The cells with two more columns, NaN for methods that do not train.

    Args:
        cells: as `evaluation.cells.read_cells` gives them.
        timings: by (clip, method, seed): the `timings.json` of a training.

    Returns:
        A copy with `train_seconds` (wall time over all attempts) and `peak_memory_mb`, both float64.

    Raises:
        InputError: a file is missing or lacks one of the two.
    """
    read = {run: _read(path) for run, path in timings.items()}
    runs = list(zip(cells["clip"], cells["method"], cells["seed"], strict=True))
    missing = (np.nan, np.nan)
    seconds, memory = ([read.get(run, missing)[i] for run in runs] for i in (0, 1))
    return cells.assign(train_seconds=np.array(seconds, float), peak_memory_mb=np.array(memory, float))


def _read(path: str | Path) -> tuple[float, float]:
    remedy = "train again, with --fresh if the run is finished"
    record = read_json(path, remedy)
    try:
        return float(record["seconds"]), float(record["peak_memory_mb"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: holds no seconds and peak_memory_mb; {remedy}") from error
