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
    from evaluation.study.analysis import analyse
    from evaluation.study.key import read_key
    from evaluation.study.paragraphs import headline
    from evaluation.study.reporting import write_report
    from evaluation.study.votes import read_left_out, read_votes

    folder = arguments.votes if arguments.votes.is_dir() else arguments.votes.parent
    left_out = folder / "left_out.csv"
    analysis = analyse(
        read_key(arguments.key), read_votes(arguments.votes), read_left_out(left_out) if left_out.exists() else None
    )
    write_report(analysis, arguments.out)
    print(headline(analysis))
    print(f"wrote {arguments.out / 'study.html'}")
    return 0
