"""`python -m evaluation`: scores of generated clips."""

import os

from datasets.cli import OneLineParser, run
from evaluation.commands import controls, leaderboard, metrics, score, study

COMMANDS = (score, leaderboard, controls, metrics, study)


def main(arguments: list[str]) -> int:
    """Run one subcommand; returns its exit status."""
    parser = OneLineParser(prog="python -m evaluation", description="Scores of clips generated from one real clip.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    parsed = parser.parse_args(arguments)
    return parsed.run(parsed)


if __name__ == "__main__":
    # Matrices are small here: more threads gain nothing on an idle machine and, waiting for one another, cost a
    # hundredfold on a busy one. Read when numpy is first imported, which no module above does.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(run(main))
