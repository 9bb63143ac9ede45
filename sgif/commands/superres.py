"""`python -m sgif superres`: a clip at a multiple of its size (paper, section 5.5)."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from sgif.commands.options import add_run_options, open_run, positive, write


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "superres",
        help="enlarge a clip, with details",
        description="Enlarge the clip of a run that was trained with --task superres, or another one like it, by the "
        "factor that it was trained for.",
        epilog="example: python -m sgif train my.gif --out runs/large --preset quick --task superres --factor 2 && "
        "python -m sgif superres runs/large --out large",
    )
    add_run_options(parser)
    parser.add_argument("--clip", type=Path, metavar="CLIP", help="what to enlarge (default: the clip trained on)")
    parser.add_argument(
        "--tile", type=positive, default=128, metavar="PIXELS", help="side of a tile; decides the memory (default: 128)"
    )
    parser.set_defaults(call=_superres)


def _superres(arguments: argparse.Namespace) -> None:
    from datasets.decode import read_video
    from sgif.apps.superresolution import enlarged
    from sgif.progress import SECONDS_BETWEEN_LINES

    trained = open_run(arguments)
    clip = read_video(arguments.clip) if arguments.clip else trained.clip
    last = time.monotonic()

    def tell(number: int, done: int, count: int) -> None:
        nonlocal last
        if done == count or time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"pass {number}: {done} of {count} tiles", file=sys.stderr, flush=True)

    for index in range(arguments.num):
        write(arguments, index, enlarged(trained, clip, arguments.seed, index, side=arguments.tile, told=tell))
    print(f"wrote {arguments.num} clips to {arguments.out}")
