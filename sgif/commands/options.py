"""Arguments that several commands take, and what several commands do with them."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sgif.methods import METHODS
from sgif.presets import PRESETS
from sgif.tasks import TASKS

if TYPE_CHECKING:
    from datasets.clip import Clip
    from sgif.config import Config
    from sgif.run import Run


def natural(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not natural(text):
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return int(text)


def size(text: str) -> tuple[int, int]:
    """Height and width, both at least 1."""
    height, separator, width = text.lower().partition("x")
    if not (separator and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"{text} is not HEIGHTxWIDTH, such as 48x85")
    return int(height), int(width)


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Where a command computes."""
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, … (default: the first GPU, else the CPU)")
    parser.add_argument("--threads", type=positive, metavar="N", help="CPU threads (default: torch's choice)")


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """What a training is told: clip, preset, method, task, single keys, device."""
    presets = "; ".join(f"{p.name}: {p.about}" for p in PRESETS.values())
    methods = ", ".join(METHODS)
    tasks = "; ".join(f"{t.name}: {t.about}" for t in TASKS.values())
    parser.add_argument("clip", type=Path, metavar="CLIP")
    parser.add_argument("--preset", default="paper", metavar="NAME", help=f"{presets} (default: paper)")
    parser.add_argument("--method", default="singan-gif", metavar="NAME", help=f"{methods} (default: singan-gif)")
    parser.add_argument("--task", default="sample", metavar="NAME", help=f"{tasks} (default: sample)")
    parser.add_argument("--factor", type=positive, metavar="K", help="of the task, where it has one (default: 2)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the config; may be repeated"
    )
    add_device_options(parser)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes that makes clips from a finished run."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets 0.npz, 0.gif, …")
    parser.add_argument("--num", type=positive, default=1, metavar="N", help="how many (default: 1)")
    parser.add_argument("--seed", type=natural, default=0, metavar="N", help="default: 0")
    parser.add_argument("--mp4", action="store_true", help="write an MP4 beside each GIF, too")
    add_device_options(parser)


def prepare_training(arguments: argparse.Namespace) -> tuple["Config", "Clip"]:
    """The resolved config and the clip at its training size."""
    from sgif.config import parse_assignments
    from sgif.presets import resolve

    config = resolve(
        arguments.preset,
        arguments.method,
        parse_assignments(arguments.set),
        task=arguments.task,
        factor=arguments.factor,
    )

    from datasets.decode import read_video
    from datasets.resize import prepare, require_minimum

    size = config.pyramid
    clip = prepare(
        read_video(arguments.clip), short_side=size.short_side, long_side=size.long_side, max_frames=size.frames
    )
    require_minimum(clip, size.coarsest_side)
    return config, clip


def open_run(arguments: argparse.Namespace) -> "Run":
    """The finished run that a command was given, on the device that it was given."""
    from sgif.device import choose_device, make_deterministic
    from sgif.run import load_run

    make_deterministic(arguments.threads)
    return load_run(arguments.run, choose_device(arguments.device))


def write(arguments: argparse.Namespace, name: int | str, clip: "Clip") -> None:
    """One of a command's results: lossless .npz, a GIF for looking, an MP4 where one is asked for; a line says so."""
    from datasets.clip import save_clip
    from datasets.encode import write_gif, write_mp4

    save_clip(arguments.out / f"{name}.npz", clip)
    write_gif(arguments.out / f"{name}.gif", clip)
    if arguments.mp4:
        write_mp4(arguments.out / f"{name}.mp4", clip)
    height, width = clip.size
    print(f"{arguments.out / f'{name}.npz'}: {len(clip)} frames of {width}x{height}", file=sys.stderr, flush=True)
