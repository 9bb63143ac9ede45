"""Rule `cells`: all metric files of a protocol as one tidy table."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.cells import write_cells
from workflow.layout import Layout


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    options = parser.parse_args(arguments)
    layout = options.layout
    files = [layout.metrics(cell) for cell in layout.cells()] + [layout.floor(clip) for clip in layout.clips]
    write_cells(files, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
