"""Scores of generated clips, and what is made of them.

Role: encoders turn frames into features, features into statistics, statistics and frames into metrics; intervals,
tables, figures and reports are made from their values.
Layer: imports `datasets` and nothing else of ours. Within the package: encoders -> features -> statistics -> metrics
-> intervals -> tables; a metric reads no file and loads no network.
Depends on: numpy and, only where features are computed or checkpoints converted, torch. Importing this package, the
registries (`evaluation.encoders`, `evaluation.metrics`), `evaluation.statistics` or `evaluation.controls` does not
import torch, so jobs that make tables start fast.
"""

from typing import Any

_HOME = {
    "score": "evaluation.scoring", "Score": "evaluation.scoring", "load_encoder": "evaluation.encoders.encoder",
    "measure_clips": "evaluation.measures", "METRICS": "evaluation.metrics",
}  # fmt: skip

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # Late, so that what needs no torch does not wait for it.
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
