"""`python -m sgif plan`: what a training would take on this machine."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sgif.commands.options import add_training_options, positive, prepare_training

if TYPE_CHECKING:
    from sgif.forecast import ScaleForecast


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser(
        "plan",
        help="predict time and memory of a training",
        description="Take a few steps of each scale and predict time and memory of the whole training on this machine.",
        epilog="example: python -m sgif plan my.gif --preset cpu",
    )
    add_training_options(parser)
    parser.add_argument("--steps", type=positive, default=3, metavar="N", help="steps measured a scale (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the prediction there, too")
    parser.set_defaults(call=_plan)


def _plan(arguments: argparse.Namespace) -> None:
    config, clip = prepare_training(arguments)

    from datasets.files import write_json
    from sgif.device import choose_device, make_deterministic
    from sgif.forecast import measure
    from sgif.progress import duration

    def tell(measured: "ScaleForecast") -> None:
        scale, time = measured.scale, duration(measured.total_seconds)
        height, width = scale.size
        print(
            f"{scale.index + 1:5}  {height:4}x{width:<4} {scale.dimensions}D {scale.chunk:6} {scale.channels:8} "
            f"{measured.voxels:9,} {measured.seconds:9.3f} {scale.iterations:10} {time:>10}",
            flush=True,
        )

    make_deterministic(arguments.threads)
    print("scale       size    frames channels    voxels s/iteration iterations       time")
    forecast = measure(len(clip), clip.size, config, choose_device(arguments.device), rounds=arguments.steps, told=tell)
    if arguments.json:
        write_json(arguments.json, forecast.to_dict())
    print(
        f"whole training: about {duration(forecast.seconds)} ({forecast.cpu_seconds:,.0f} CPU seconds), "
        f"{forecast.peak_memory_mb:,.0f} MiB, on {forecast.device} with {forecast.threads} thread(s) in "
        f"{forecast.precision}"
    )
