"""`python -m sgif train`: train on a clip."""

import argparse
from pathlib import Path
from typing import Any

from sgif.commands.options import add_training_options, natural, prepare_training


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "train",
        help="train on a clip; run again, it resumes",
        description="Train on a GIF, MP4, WebP, APNG, .npz or folder of frames. Run again, it resumes, if clip, "
        "config and training code are the same.",
        epilog="example: python -m sgif train my.gif --out runs/my --preset quick --set losses.colour=0",
    )
    add_training_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of this run")
    parser.add_argument("--seed", type=natural, default=0, metavar="N", help="default: 0")
    parser.add_argument("--fresh", action="store_true", help="start over if the folder holds another training")
    parser.set_defaults(call=_train)


def _train(arguments: argparse.Namespace) -> None:
    config, clip = prepare_training(arguments)

    from sgif.device import choose_device, make_deterministic
    from sgif.run import train

    make_deterministic(arguments.threads)
    train(
        clip,
        config,
        arguments.out,
        method=arguments.method,
        preset=arguments.preset,
        seed=arguments.seed,
        device=choose_device(arguments.device),
        fresh=arguments.fresh,
    )
    # Each task has the command of its name.
    print(f"trained {arguments.out}; next: python -m sgif {config.task.kind} {arguments.out} --out DIR")
