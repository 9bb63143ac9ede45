"""Rule `page`: the page of a protocol, one self-contained file."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.report.page import build_page
from workflow.layout import Layout
from workflow.methods import learns
from workflow.versions import versions


def write_page(layout: Layout, notes: Sequence[str], links: Sequence[tuple[str, str]], out: Path) -> None:
    """Write the page of a protocol's results to `out`.

    Raises:
        InputError: a file is missing or damaged.
    """
    build_page(
        out,
        title=f"SinGAN-GIF benchmark, protocol {layout.protocol}",
        protocol=layout.protocol,
        table_csv=Path(layout.root, "table1.csv"),
        cells_csv=Path(layout.root, "tables", "cells.csv"),
        clips={clip: layout.clip(clip) for clip in layout.clips},
        samples={cell: layout.sample_files(cell) for cell in layout.cells()},
        losses={run: path for run, path in layout.run_files("losses.jsonl").items() if learns(run[1])},
        configs=layout.run_files("config.json"),
        timings=layout.run_files("timings.json"),
        links=links,
        notes=notes,
        versions=versions(),
    )


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    parser.add_argument("--notes", type=json.loads, default=[])
    parser.add_argument("--links", type=json.loads, default=[])
    options = parser.parse_args(arguments)
    write_page(options.layout, options.notes, [(title, place) for title, place in options.links], options.out)


if __name__ == "__main__":
    sys.exit(run(main))
