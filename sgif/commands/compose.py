"""`python -m sgif compose`: an edited clip without its seams (paper, section 5.4)."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sgif.commands.options import add_run_options, open_run, positive, size, write

if TYPE_CHECKING:
    from sgif.apps.composition import Edit
    from sgif.run import Run


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "compose",
        help="mend the seams of an edited clip",
        description="Shift the clip of a finished run, paste a part of it elsewhere, or take a clip that you edited, "
        "and mend the seams. What the mask does not hold stays as it is, bit for bit.",
        epilog="examples: python -m sgif compose runs/my --out composed --shift 30; "
        "python -m sgif compose runs/my --out composed --paste 10,40 --size 24x24 --at 10,5; "
        "python -m sgif compose runs/my --out composed --edited edited.gif --mask mask.png",
    )
    add_run_options(parser)
    edits = parser.add_mutually_exclusive_group(required=True)
    edits.add_argument("--shift", type=positive, metavar="PIXELS", help="move the clip to the left, round and round")
    edits.add_argument("--paste", type=place, metavar="TOP,LEFT", help="set this part of the clip, --size, in --at")
    edits.add_argument("--edited", type=Path, metavar="CLIP", help="a clip of the run's size, edited by hand")
    parser.add_argument("--size", type=size, metavar="HxW", help="of the part that is pasted")
    parser.add_argument("--at", type=place, metavar="TOP,LEFT", help="where it goes")
    parser.add_argument("--mask", type=Path, metavar="IMAGE", help="of the edited clip: white where it may change")
    parser.add_argument(
        "--margin", type=positive, metavar="PIXELS", help="how far from a seam (default: a fifth of the short side)"
    )
    parser.add_argument(
        "--skip",
        type=positive,
        metavar="N",
        help="generators that are skipped: fewer mend more widely (default: 3, or all but the finest of a small run)",
    )
    parser.add_argument("--passes", type=positive, default=2, metavar="K", help="default: 2")
    parser.set_defaults(call=_compose)


def place(text: str) -> tuple[int, int]:
    """Row and column, from 0 on."""
    row, separator, column = text.partition(",")
    if not (separator and row.isdecimal() and column.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text} is not TOP,LEFT, such as 10,40")
    return int(row), int(column)


def _compose(arguments: argparse.Namespace) -> None:
    from datasets.clip import make_clip
    from datasets.encode import write_gif
    from sgif.apps.composition import composed

    _check(arguments)
    trained = open_run(arguments)
    edit = _edit(arguments, trained)
    write_gif(arguments.out / "edited.gif", make_clip(edit.frames))
    for index in range(arguments.num):
        clip = composed(
            trained,
            edit,
            arguments.seed,
            index,
            skipped=arguments.skip,
            passes=arguments.passes,
            told=lambda number: print(f"pass {number} of {arguments.passes}", file=sys.stderr, flush=True),
        )
        write(arguments, index, clip)
    print(f"wrote {arguments.num} clips to {arguments.out}, with edited.gif for comparison")


def _check(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    from datasets.errors import InputError

    if (arguments.paste is None) != (arguments.size is None) or (arguments.paste is None) != (arguments.at is None):
        raise InputError("--paste, --size and --at: one needs the others; give all three or none")
    if (arguments.edited is None) != (arguments.mask is None):
        raise InputError("--edited and --mask: one needs the other; give both or none")


def _edit(arguments: argparse.Namespace, trained: "Run") -> "Edit":
    from datasets.decode import read_picture, read_video
    from sgif.apps.composition import Edit, pasted, shifted

    if arguments.shift:
        return shifted(trained.clip.frames, arguments.shift, arguments.margin)
    if arguments.paste:
        return pasted(trained.clip.frames, arguments.paste, arguments.size, arguments.at, arguments.margin)
    return Edit(read_video(arguments.edited).frames, read_picture(arguments.mask).mean(axis=2) > 127)
