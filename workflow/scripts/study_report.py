"""Rule `study_report`: from what raters sent back to votes, rates, a page and a methods paragraph."""

import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.errors import InputError
from evaluation.study.analysis import analyse_imported
from evaluation.study.importing import import_files, write_imported
from evaluation.study.reporting import write_report


def write_study(folder: Path, key: Path, answers: Sequence[Path]) -> None:
    """Write `votes/` and `report/` into `folder`.

    Raises:
        InputError: there are no answers, or they are not of this study.
    """
    if not answers:
        raise InputError(f"{folder / 'answers'}: holds no file; put what raters sent back there")
    write_imported(import_files(key, answers), folder / "votes")
    write_report(analyse_imported(key, folder / "votes"), folder / "report")


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--answers", type=Path, nargs="*", default=[])
    options = parser.parse_args(arguments)
    write_study(options.folder, options.key, options.answers)


if __name__ == "__main__":
    sys.exit(run(main))
