"""`python -m sgif train|plan|sample`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.cli import OneLineParser, run
from sgif.methods import METHODS
from sgif.presets import PRESETS
from sgif.tasks import TASKS

if TYPE_CHECKING:
    from datasets.clip import Clip
    from sgif.config import Config


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="python -m sgif", description="Train SinGAN-GIF on one clip, and sample from it.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    train = commands.add_parser(
        "train",
        help="train on a clip; run again, it resumes",
        description="Train on a GIF, MP4, WebP, APNG, .npz or folder of frames. Run again, it resumes, if clip, "
        "config and training code are the same.",
        epilog="example: python -m sgif train my.gif --out runs/my --preset quick --set losses.colour=0",
    )
    train.add_argument("clip", type=Path, metavar="CLIP")
    train.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of this run")
    _add_training_options(train)
    train.add_argument("--seed", type=_natural, default=0, metavar="N", help="default: 0")
    train.add_argument("--fresh", action="store_true", help="start over if the folder holds another training")
    train.set_defaults(call=_train)

    plan = commands.add_parser(
        "plan",
        help="predict time and memory of a training",
        description="Take a few steps of each scale and predict time and memory of the whole training on this machine.",
        epilog="example: python -m sgif plan my.gif --preset cpu",
    )
    plan.add_argument("clip", type=Path, metavar="CLIP")
    _add_training_options(plan)
    plan.add_argument("--steps", type=_positive, default=3, metavar="N", help="steps measured a scale (default: 3)")
    plan.add_argument("--json", type=Path, metavar="FILE", help="write the prediction there, too")
    plan.set_defaults(call=_plan)

    sample = commands.add_parser(
        "sample",
        help="draw samples from a finished run",
        description="Write samples as lossless .npz, with a GIF beside each for looking.",
        epilog="example: python -m sgif sample runs/my --out samples/my --num 10 --size 96x320 --frames 16",
    )
    sample.add_argument("run", type=Path, metavar="RUN")
    sample.add_argument("--out", type=Path, required=True, metavar="DIR")
    sample.add_argument("--num", type=_positive, default=1, metavar="N", help="how many (default: 1)")
    sample.add_argument("--seed", type=_natural, default=0, metavar="N", help="default: 0")
    sample.add_argument("--size", type=_size, metavar="HxW", help="height and width (default: the training size)")
    sample.add_argument("--frames", type=_natural, metavar="T", help="number of frames (default: the training clip's)")
    sample.add_argument("--device", default="auto", help="cpu, cuda, … (default: the first GPU, else the CPU)")
    sample.add_argument("--threads", type=_positive, metavar="N", help="CPU threads (default: torch's choice)")
    sample.set_defaults(call=_sample)
    return parser


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    presets = "; ".join(f"{p.name}: {p.about}" for p in PRESETS.values())
    methods = ", ".join(METHODS)
    tasks = "; ".join(f"{t.name}: {t.about}" for t in TASKS.values())
    parser.add_argument("--preset", default="paper", metavar="NAME", help=f"{presets} (default: paper)")
    parser.add_argument("--method", default="singan-gif", metavar="NAME", help=f"{methods} (default: singan-gif)")
    parser.add_argument("--task", default="sample", metavar="NAME", help=f"{tasks} (default: sample)")
    parser.add_argument("--factor", type=_positive, metavar="K", help="of the task, where it has one (default: 2)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the config; may be repeated"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, … (default: the first GPU, else the CPU)")
    parser.add_argument("--threads", type=_positive, metavar="N", help="CPU threads (default: torch's choice)")


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    if not _natural(text):
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    height, separator, width = text.lower().partition("x")
    if not (separator and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"{text} is not HEIGHTxWIDTH, such as 48x85")
    return int(height), int(width)


# The imports of torch come after the arguments were found good: they take seconds.


def _prepare(arguments: argparse.Namespace) -> tuple["Config", "Clip"]:
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


def _train(arguments: argparse.Namespace) -> None:
    config, clip = _prepare(arguments)

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
    print(f"trained {arguments.out}; sample it with: python -m sgif sample {arguments.out} --out DIR")


def _plan(arguments: argparse.Namespace) -> None:
    config, clip = _prepare(arguments)

    from datasets.files import write_json
    from sgif.device import choose_device, make_deterministic
    from sgif.forecast import ScaleForecast, measure
    from sgif.progress import duration

    def tell(measured: ScaleForecast) -> None:
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


def _sample(arguments: argparse.Namespace) -> None:
    from datasets.clip import save_clip
    from datasets.encode import write_gif
    from sgif.device import choose_device, make_deterministic
    from sgif.run import load_run
    from sgif.sampler import sample

    make_deterministic(arguments.threads)
    trained = load_run(arguments.run, choose_device(arguments.device))
    for index in range(arguments.num):
        clip = sample(trained, arguments.seed, index, size=arguments.size, frames=arguments.frames)
        save_clip(arguments.out / f"{index}.npz", clip)
        write_gif(arguments.out / f"{index}.gif", clip)
    print(f"wrote {arguments.num} samples to {arguments.out}")


def main(arguments: list[str]) -> None:
    """Run the command line `arguments`."""
    options = _parser().parse_args(arguments)
    options.call(options)


if __name__ == "__main__":
    sys.exit(run(main))
