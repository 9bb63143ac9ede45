"""`python -m sgif slowmo`: slow motion, from a run that was trained for it (paper, section 5.2)."""

import argparse
from typing import Any

from sgif.commands.options import add_run_options, open_run, write


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "slowmo",
        help="slow motion, from a run trained with --task slowmo",
        description="Write the training clip in slow motion (clip.npz), and random samples in slow motion, each with a "
        "GIF beside it. The run must have been trained for it: python -m sgif train my.gif --out runs/slow --task "
        "slowmo --factor 2",
        epilog="example: python -m sgif slowmo runs/slow --out slow/my --num 3 --seed 1",
    )
    add_run_options(parser)
    parser.set_defaults(call=_slowmo)


def _slowmo(arguments: argparse.Namespace) -> None:
    from sgif.apps.slowmo import slow_sample, slowed_clip

    trained = open_run(arguments)
    write(arguments, "clip", slowed_clip(trained))
    for index in range(arguments.num):
        write(arguments, index, slow_sample(trained, arguments.seed, index))
    print(f"wrote the clip and {arguments.num} samples in slow motion to {arguments.out}")
