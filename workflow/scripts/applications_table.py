"""Rule `applications_table`: all measures of all applications."""

import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.applications.table import read_records, write_table
from workflow.applications import APPLICATIONS


def write(protocol: str, measures: Sequence[Path], out: Path) -> None:
    """Write the table to `out` (.csv), and as Markdown beside it.

    Raises:
        InputError: a file is missing or damaged.
    """
    titles = {application.name: application.title for application in APPLICATIONS.values()}
    write_table(read_records(measures), titles, protocol, out)


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--measures", type=Path, nargs="+", required=True)
    options = parser.parse_args(arguments)
    write(options.protocol, options.measures, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
