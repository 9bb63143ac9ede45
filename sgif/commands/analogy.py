"""`python -m sgif analogy`: layout and motion of one clip, appearance of another (Haim et al., ECCV 2022)."""

import argparse
from pathlib import Path
from typing import Any

from sgif.commands.options import add_run_options, open_run, write


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "analogy",
        help="layout and motion of another clip, appearance of the run's; of patch-nn",
        description="Write a clip that is laid out and moves as CLIP, and looks like the clip of the run, which must "
        "be of patch-nn: python -m sgif train my.gif --method patch-nn --preset cpu --out runs/my",
        epilog="example: python -m sgif analogy runs/my --layout other.gif --out analogies/my",
    )
    add_run_options(parser)
    parser.add_argument("--layout", type=Path, required=True, metavar="CLIP", help="gives layout and motion")
    parser.set_defaults(call=_analogy)


def _analogy(arguments: argparse.Namespace) -> None:
    from datasets.decode import read_video
    from sgif.apps.analogy import analogy

    other = read_video(arguments.layout)
    trained = open_run(arguments)
    for index in range(arguments.num):
        write(arguments, index, analogy(trained, other, arguments.seed + index))
    print(f"wrote {arguments.num} analogies to {arguments.out}")
