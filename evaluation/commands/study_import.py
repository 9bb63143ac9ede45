"""`python -m evaluation study import`: votes from what comes back."""

import argparse
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "import",
        help="votes from the page's exports and from MTurk's results",
        description="Checks answers against the key and writes votes.csv, left_out.csv and import.json. Votes are left "
        "out by the rules that the study was built with, and nothing else.",
    )
    parser.add_argument(
        "key", metavar="KEY", type=Path, help="the key folder, or the key file of an earlier build in it"
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path,
        help="exports of the page (CSV, JSON), MTurk batch results (CSV), MTurk assignments (XML, JSON)",
    )  # fmt: skip
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where the votes go")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import, write, and say what was left out.

    Raises:
        InputError: a file cannot be read, or holds no vote of this study.
    """
    from evaluation.study.importing import import_files, write_imported

    imported = import_files(arguments.key, arguments.files)
    write_imported(imported, arguments.out)
    for one in imported.left_out:
        if not one.expected:
            print(f"left out: {one.file}, line {one.line}: {one.what}: {one.reason}", file=sys.stderr)
    counts = imported.counts()
    print(f"{counts['answers']} answers: {counts['counted']} votes count")
    for rule, count in counts["excluded"].items():
        print(f"  {count} left out by rule {rule}")
    if others := sum(counts["no_votes"].values()):
        print(f"  {others} are no votes, each in {arguments.out / 'left_out.csv'}")
    if counts["rejected_assignments"]:
        print(f"  {counts['rejected_assignments']} assignments were rejected; no rule speaks of that, so they count")
    print(f"wrote {arguments.out / 'votes.csv'}")
    return 0
