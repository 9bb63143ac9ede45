"""`python -m sgif animate`: a still image with the motion of the clip (paper, section 5.6)."""

import argparse
from pathlib import Path
from typing import Any

from sgif.commands.options import add_run_options, natural, open_run, write


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "animate",
        help="animate a still image",
        description="Give a still image the motion of a finished run's clip. It should show the like of it. The result "
        "has the clip's size and the image's colours.",
        epilog="example: python -m sgif animate runs/waterfall --image another_waterfall.jpg --out animated --num 3",
    )
    add_run_options(parser)
    parser.add_argument(
        "--image", type=Path, required=True, metavar="FILE", help="PNG, JPEG, WebP or a GIF's first frame"
    )
    parser.add_argument("--frames", type=natural, metavar="T", help="number of frames (default: the training clip's)")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="the image alone enters, as in the paper: without the motion of the coarsest generator",
    )
    parser.set_defaults(call=_animate)


def _animate(arguments: argparse.Namespace) -> None:
    from datasets.decode import read_picture
    from sgif.apps.animation import animated

    image = read_picture(arguments.image)
    trained = open_run(arguments)
    for index in range(arguments.num):
        clip = animated(trained, image, arguments.seed, index, frames=arguments.frames, lively=not arguments.plain)
        write(arguments, index, clip)
    print(f"wrote {arguments.num} clips to {arguments.out}")
