"""Rule `applications_page`: the applications, playing in step, one self-contained file."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.report.applications_page import ApplicationText, build_applications_page
from workflow.applications import APPLICATIONS
from workflow.versions import versions


def write_page(protocol: str, measures: Sequence[Path], notes: Sequence[str], out: Path) -> None:
    """Write the page to `out`.

    Raises:
        InputError: a file is missing or damaged.
    """
    texts = [ApplicationText(a.name, a.title, a.section, a.about) for a in APPLICATIONS.values()]
    build_applications_page(
        out, protocol=protocol, applications=texts, measures=measures, versions=versions(), notes=notes
    )


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--notes", type=json.loads, default=[])
    parser.add_argument("--measures", type=Path, nargs="+", required=True)
    options = parser.parse_args(arguments)
    write_page(options.protocol, options.measures, options.notes, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
