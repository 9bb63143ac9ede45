"""`python -m evaluation metrics`: the table of metrics."""

import argparse
import math

from evaluation.controls import CONTROLS
from evaluation.metrics import METRICS
from evaluation.metrics.metric import DIRECTIONS, GROUPS, Metric

_COLUMNS = ("metric", "group", "better", "range", "seconds", "cannot see", "source")
_HEAD = """# Metrics

Made from the registry by `python -m evaluation metrics --markdown > evaluation/METRICS.md`; a test compares the two.

A metric is a function of a generated clip and the real one it was trained on (diversity: of all samples of a clip).
`evaluation/metrics/` has the formulas, each with its source and conventions. No single one suffices: SGFID sees neither
motion nor copies, diversity rewards noise. So each entry says what it cannot see, and on which controls
(`evaluation/controls.py`) it must be worse than the clip's own second half is against its first, or must not be; the
controls matrix (`results/PROTOCOL/controls.md`) shows what was found. Seconds are of one core, for a sample of 8 frames
of 168 x 298; what several metrics share counts with the first.
"""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("metrics", help="list the metrics: range, direction, cost, what they cannot see")
    parser.add_argument("--markdown", action="store_true", help="everything about them, as Markdown")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line a metric, columns aligned, or the page."""
    if arguments.markdown:
        print(page(), end="")
        return 0
    rows = [_COLUMNS]
    for metric in METRICS.values():
        rows.append(
            (metric.name, metric.group, metric.direction, interval(metric), f"{metric.cost:g}",
             metric.blind_to, metric.source)
        )  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def interval(metric: Metric) -> str:
    """`[0, inf)`: the metric's range."""
    low, high = metric.range
    return f"{'(' if math.isinf(low) else '['}{low:g}, {high:g}{')' if math.isinf(high) else ']'}"


def page() -> str:
    """`evaluation/METRICS.md`."""
    blocks = [_HEAD.rstrip()]
    for group, question in GROUPS.items():
        blocks.append(f"## {group.capitalize()}: {question}?")
        blocks += [_entry(metric) for metric in METRICS.values() if metric.group == group]
    controls = "\n".join(f"- `{name}`: {control.shows}" for name, control in CONTROLS.items())
    return "\n\n".join([*blocks, "## Controls", controls]) + "\n"


def _entry(metric: Metric) -> str:
    lines = [
        f"### {metric.title} (`{metric.name}`)",
        "",
        f"{metric.sentence}.",
        "",
        f"- {DIRECTIONS[metric.direction].capitalize()}; range {interval(metric)}"
        + (f" {metric.unit}" if metric.unit else "")
        + f"; of {'one sample' if metric.of == 'sample' else 'all samples of a clip'}; {metric.cost:g} s.",
        f"- Source: {metric.source}.",
        f"- Cannot see {metric.blind_to}.",
    ]
    for what, controls in (("Must be worse on", metric.worse_on), ("Must not be worse on", metric.same_on)):
        if controls:
            lines.append(f"- {what}: {', '.join(controls)}.")
    return "\n".join(lines)
