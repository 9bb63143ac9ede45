"""`python -m evaluation study analyse`: what the votes say."""

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "analyse",
        help="rates, intervals, tests, a page and a methods paragraph from votes",
        description="Writes analysis.json, rates.csv, methods.md, study.html and figures/.",
    )
    parser.add_argument("key", metavar="KEY", type=Path, help="the key folder, or a key file in it")
    parser.add_argument("votes", metavar="VOTES", type=Path, help="votes.csv, or the folder that it was imported to")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where the results go")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Analyse and write.

    Raises:
        InputError: the votes are not of this study, or none counts.
    """
    from evaluation.study.analysis import analyse_imported
    from evaluation.study.paragraphs import headline
    from evaluation.study.reporting import write_report

    analysis = analyse_imported(arguments.key, arguments.votes)
    write_report(analysis, arguments.out)
    print(headline(analysis))
    print(f"wrote {arguments.out / 'study.html'}")
    return 0
