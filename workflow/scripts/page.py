"""Rule `page`: the page of a protocol, one self-contained file."""

import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.report import build_page
from workflow.code import HOME
from workflow.layout import Layout

_PACKAGES = ("torch", "numpy", "scipy", "snakemake")


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
        losses=layout.run_files("losses.jsonl"),
        configs=layout.run_files("config.json"),
        timings=layout.run_files("timings.json"),
        links=links,
        notes=notes,
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """What a page was made with: commit, Python, packages."""
    return {"commit": commit(), "python": platform.python_version(), **{p: version(p) for p in _PACKAGES}}


def commit() -> str:
    """The commit of this checkout, with a mark if files differ from it; 'unknown' outside of one."""
    try:
        return subprocess.run(
            ["git", "-C", str(HOME), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


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
