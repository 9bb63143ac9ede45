"""`python -m evaluation study`: whether people take generated clips for real ones."""

import argparse

from evaluation.commands import study_build, study_hits

COMMANDS = (study_build, study_hits)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand with its own subcommands."""
    parser = subparsers.add_parser("study", help="a study of whether people take samples for real clips")
    own = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(own)
