"""CSV files read as text: what a column means is for its reader to say, and a clip called 'nan' is a clip."""

from pathlib import Path

import pandas as pd

from datasets.errors import InputError


def read_texts(path: str | Path, first: str, remedy: str) -> pd.DataFrame:
    """All columns of a CSV file as text, empty cells as ''.

    Args:
        path: the file.
        first: the step that makes it, for the error of a missing file.
        remedy: for the error of a damaged one.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; let the step that {first} run first") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable CSV; {remedy}") from error
