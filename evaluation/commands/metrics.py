"""`python -m evaluation metrics`: the table of metrics."""

import argparse
import math

from evaluation.metrics import METRICS

_COLUMNS = ("metric", "better", "range", "cannot see", "source")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("metrics", help="list the metrics: range, direction, what they cannot see")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line a metric, columns aligned."""
    rows = [_COLUMNS]
    for metric in METRICS.values():
        low, high = metric.range
        closing = ")" if math.isinf(high) else "]"
        rows.append((metric.name, metric.direction, f"[{low:g}, {high:g}{closing}", metric.blind_to, metric.source))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0
