"""Rule `control_matrix`: the controls of all clips as a table and heat maps."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.control_matrix import read_rows, write_matrix


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    write_matrix(read_rows(options.clips), options.out)


if __name__ == "__main__":
    sys.exit(run(main))
