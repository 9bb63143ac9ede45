"""Scores of generated clips, and what is made of them.

Role: encoders turn frames into features, features into statistics, statistics and frames into metrics; intervals,
tables, figures and reports are made from their values.
Layer: imports `datasets` and nothing else of ours. Within the package: encoders -> features -> statistics -> metrics
-> intervals -> tables; a metric reads no file and loads no network.
Depends on: numpy and, only where features are computed or checkpoints converted, torch. Importing this package, the
registries (`evaluation.encoders`, `evaluation.metrics`), `evaluation.statistics` or `evaluation.controls` does not
import torch, so jobs that make tables start fast. The names below are loaded when they are first used.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "METRICS": "metrics",
    "Reference": "measures",
    "Score": "scoring",
    "load_encoder": "encoders.encoder",
    "measure": "measures",
    "measure_set": "measures",
    "score": "scoring",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'evaluation' has no attribute '{name}'")
    return getattr(import_module(f"evaluation.{_HOME[name]}"), name)
