"""Rule `leaderboard`: all methods on all metrics as CSV, Markdown and a page, comparisons, and the figures."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.board import write_board
from evaluation.cells import read_cells
from evaluation.records import read_record
from evaluation.study.rate_table import read_rates
from evaluation.trainings import read_costs
from workflow.layout import Layout


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--cells", type=Path, required=True)
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    parser.add_argument("--study", type=Path, help="rates of a study of people, if there was one")
    options = parser.parse_args(arguments)
    layout = options.layout
    minutes = {key: cost.seconds / 60 for key, cost in read_costs(layout.run_files("timings.json")).items()}
    records = [read_record(layout.metrics(cell)) for cell in layout.cells()]
    write_board(
        read_cells(options.cells), options.out,
        protocol=layout.protocol, order=layout.methods, minutes=minutes, records=records,
        study=read_rates(options.study) if options.study else None,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(run(main))
