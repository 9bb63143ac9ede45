"""`python -m sgif sample`: random samples, at any size and number of frames (paper, sections 4 and 5.1)."""

import argparse
from typing import Any

from sgif.commands.options import add_run_options, natural, open_run, size, write


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "sample",
        help="draw samples from a finished run, at any size and length",
        description="Write samples as lossless .npz, with a GIF beside each for looking.",
        epilog="example: python -m sgif sample runs/my --out samples/my --num 10 --size 96x320 --frames 16",
    )
    add_run_options(parser)
    parser.add_argument("--size", type=size, metavar="HxW", help="height and width (default: the training size)")
    parser.add_argument("--frames", type=natural, metavar="T", help="number of frames (default: the training clip's)")
    parser.set_defaults(call=_sample)


def _sample(arguments: argparse.Namespace) -> None:
    from sgif.sampler import sample

    trained = open_run(arguments)
    for index in range(arguments.num):
        write(arguments, index, sample(trained, arguments.seed, index, size=arguments.size, frames=arguments.frames))
    print(f"wrote {arguments.num} samples to {arguments.out}")
