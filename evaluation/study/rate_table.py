"""`rates.csv`: what a study found, tidy: one row a (method, clip, measure). The leaderboard reads it too."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from datasets.errors import InputError
from datasets.files import write_text
from evaluation.study.spreadsheet import csv_of
from evaluation.texts import read_texts

RATE_COLUMNS = ("method", "clip", "measure", "value", "low", "high", "n")
RateRow: TypeAlias = tuple[str, str, str, float, float, float, int]
"""In the order of `RATE_COLUMNS`; clip "" stands for all."""


def write_rates(all_rows: Iterable[RateRow], path: Path) -> None:
    """Write `rates.csv`; floats read back exactly, empty where a value is not defined."""
    rows = ([None if isinstance(value, float) and math.isnan(value) else value for value in row] for row in all_rows)
    write_text(path, csv_of(RATE_COLUMNS, rows))


def read_rates(path: Path) -> pd.DataFrame:
    """Read `rates.csv`: texts, and value, low, high and n as float64, NaN where empty.

    Raises:
        InputError: it is missing or not what `write_rates` wrote.
    """
    remedy = "analyse the votes again"
    frame = read_texts(path, "analyses the votes ('python -m evaluation study analyse')", remedy)
    if tuple(frame.columns) != RATE_COLUMNS:
        raise InputError(f"{path}: its columns are not those of a study's rates; {remedy}")
    try:
        numbers = {name: pd.to_numeric(frame[name].replace("", None)).astype(float) for name in RATE_COLUMNS[3:]}
    except ValueError as error:
        raise InputError(f"{path}: holds something that is not a number: {error}; {remedy}") from error
    return frame.assign(**numbers)
