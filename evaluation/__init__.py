"""Scores of generated clips, and what is made of them.

Role: encoders turn frames into features, features into statistics, statistics and frames into metrics; intervals,
tables, figures and reports are made from their values.
Layer: imports `datasets` and nothing else of ours. Within the package: encoders -> features -> statistics -> metrics
-> intervals -> tables; a metric reads no file and loads no network.
Depends on: numpy and, only where features are computed or checkpoints converted, torch. Importing this package, the
registries (`evaluation.encoders`, `evaluation.metrics`), `evaluation.statistics` or `evaluation.controls` does not
import torch, so jobs that make tables start fast.
"""
