"""`python -m sgif lengthen`: longer clips than the training clip (paper, section 5.3)."""

import argparse
from typing import Any

from sgif.commands.options import add_run_options, open_run, positive, write


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "lengthen",
        help="longer clips than the training clip",
        description="Write random samples that are longer than the training clip, each with a GIF beside it. Any "
        "finished run will do; the paper's were trained on 8 frames: --set pyramid.frames=8",
        epilog="example: python -m sgif lengthen runs/my --out long/my --frames 32 --num 3",
    )
    add_run_options(parser)
    parser.add_argument(
        "--frames", type=positive, metavar="T", help="number of frames (default: 4 times the training clip's)"
    )
    parser.set_defaults(call=_lengthen)


def _lengthen(arguments: argparse.Namespace) -> None:
    from sgif.apps.lengthen import TIMES, lengthened

    trained = open_run(arguments)
    frames = arguments.frames or max(TIMES) * len(trained.clip)
    for index in range(arguments.num):
        write(arguments, index, lengthened(trained, arguments.seed, index, frames))
    print(f"wrote {arguments.num} samples of {frames} frames to {arguments.out}")
