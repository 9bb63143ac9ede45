"""`python -m sgif COMMAND`: train on a clip, and make things from a finished run."""

import sys

from datasets.cli import OneLineParser, run
from sgif.commands import analogy, animate, compose, lengthen, plan, sample, slowmo, superres, train

COMMANDS = (train, plan, sample, slowmo, lengthen, compose, superres, animate, analogy)


def main(arguments: list[str]) -> None:
    """Run the command line `arguments`."""
    parser = OneLineParser(prog="python -m sgif", description="Train SinGAN-GIF on one clip, and make more of it.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    options = parser.parse_args(arguments)
    options.call(options)


if __name__ == "__main__":
    sys.exit(run(main))
