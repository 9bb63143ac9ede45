"""Rules `ablation_timing` and `ablation_timing_256`: what an iteration of each variant takes, measured in turns."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.cli import OneLineParser, run
from datasets.files import write_json
from workflow.gpus import training_device
from workflow.methods import FULL
from workflow.turns import Turns

ROUNDS = 3


def time_variants(
    frames: int,
    size: tuple[int, int],
    configs: Mapping[str, Mapping[str, Any]],
    threads: int,
    gpu: bool = False,
    *,
    steps: int,
    turns: Turns,
) -> dict[str, Any]:
    """Seconds of an iteration of every scale of every variant, as `sgif.timing` measures them; goes on from `turns`."""
    from sgif.config import Config, override
    from sgif.device import make_deterministic
    from sgif.timing import measure_variants

    make_deterministic(threads)
    names = [FULL, *(name for name in configs if name != FULL)]  # the first is what the others are compared with
    variants = [(name, override(Config(), configs[name])) for name in names]
    with training_device(gpu, lambda line: print(line, file=sys.stderr)) as device:
        return measure_variants(
            variants, frames, size, device, rounds=ROUNDS, steps=steps, kept=turns.kept, told=turns.add
        )


def main(arguments: list[str]) -> None:
    """Command line of the rules."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, nargs=3, required=True, metavar=("FRAMES", "HEIGHT", "WIDTH"))
    parser.add_argument("--configs", type=json.loads, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--gpu", type=int, default=0, choices=(0, 1))
    parser.add_argument("--steps", type=int, default=3, help="measured in a turn, after one to warm up")
    parser.add_argument("--code", default="", help="hash of the code that is timed")
    options = parser.parse_args(arguments)
    frames, height, width = options.size
    how = {key: value for key, value in vars(options).items() if key != "out"}
    turns = Turns(options.out.with_name(options.out.name + ".turns"), how)
    values = time_variants(
        frames, (height, width), options.configs, options.threads, bool(options.gpu), steps=options.steps, turns=turns
    )
    write_json(options.out, values)
    turns.clear()


if __name__ == "__main__":
    sys.exit(run(main))
