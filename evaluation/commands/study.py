"""`python -m evaluation study …`: do people take generated clips for real ones?"""

import argparse

from evaluation.commands import study_analyse, study_build, study_hits, study_import, study_power, study_simulate

COMMANDS = (study_power, study_build, study_hits, study_import, study_analyse, study_simulate)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand with its own subcommands."""
    parser = subparsers.add_parser("study", help="the real-or-fake study: plan, build, import, analyse")
    own = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(own)
