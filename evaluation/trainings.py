"""What trainings cost: read from the `timings.json` of their run folders when a table is made.

Time and memory differ from run to run, so they are kept out of the cells: equal inputs give equal cells.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from datasets.errors import InputError
from datasets.files import read_json

Run: TypeAlias = tuple[str, str, int]
"""Clip, method and seed."""


@dataclass(frozen=True)
class Cost:
    """What one training took.

    Attributes:
        seconds: wall time over all attempts.
        peak_memory_mb: largest memory of any attempt, in MiB.
    """

    seconds: float
    peak_memory_mb: float


def read_costs(timings: Mapping[Run, str | Path]) -> dict[Run, Cost]:
    """The cost of each training.

    Args:
        timings: by (clip, method, seed): the `timings.json` of its run folder.

    Raises:
        InputError: a file is missing or lacks one of the two.
    """
    return {run: _read(path) for run, path in timings.items()}


def runs_of(cells: pd.DataFrame) -> list[Run]:
    """The (clip, method, seed) that some cells are from, each once."""
    return list(dict.fromkeys(zip(cells["clip"], cells["method"], cells["seed"], strict=True)))


def mean_minutes(runs: Iterable[Run], costs: Mapping[Run, Cost]) -> float:
    """Mean over clips of the mean over seeds of the training time, in minutes; NaN if nothing was trained."""
    by_clip: dict[str, list[float]] = {}
    for run in runs:
        if run in costs:
            by_clip.setdefault(run[0], []).append(costs[run].seconds / 60)
    means = [sum(minutes) / len(minutes) for minutes in by_clip.values()]
    return sum(means) / len(means) if means else float("nan")


def peak_memory_mb(runs: Iterable[Run], costs: Mapping[Run, Cost]) -> float:
    """The largest memory of any training, in MiB; NaN if nothing was trained."""
    return max((costs[run].peak_memory_mb for run in runs if run in costs), default=float("nan"))


def _read(path: str | Path) -> Cost:
    remedy = "train again, with --fresh if the run is finished"
    record = read_json(path, remedy)
    try:
        return Cost(float(record["seconds"]), float(record["peak_memory_mb"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: holds no seconds and peak_memory_mb; {remedy}") from error
