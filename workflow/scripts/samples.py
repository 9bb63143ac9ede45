"""Rule `samples`: all samples of one (clip, method, seed), from a training or made by a control."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.clip import Clip, load_clip, save_clip
from datasets.encode import write_gif
from datasets.errors import InputError
from evaluation.controls import CONTROLS, make_control


def draw(clip: Path, method: str, seed: int, num: int, out: Path, finished: Path | None) -> None:
    """Write samples 0 … num - 1 to `out` as .npz, each with a .gif beside for looking at.

    Raises:
        InputError: the clip or the run is damaged, or the method is neither trained nor a control.
    """
    for index, sample in enumerate(_samples(load_clip(clip), method, seed, num, finished)):
        save_clip(out / f"{index}.npz", sample)
        write_gif(out / f"{index}.gif", sample)


def _samples(clip: Clip, method: str, seed: int, num: int, finished: Path | None):
    if finished is None:
        if method not in CONTROLS:
            raise InputError(f"{method}: no control of this name, and no training is given; check the method")
        yield from (make_control(method, clip, seed, index) for index in range(num))
        return
    from sgif.device import make_deterministic
    from sgif.run import load_run
    from sgif.sampler import sample

    # On the CPU everywhere: the same weights give the same samples, and a GPU is kept free for trainings.
    make_deterministic(threads=1)
    trained = load_run(finished.parent)
    if trained.record["clip"]["sha256"] != clip.sha256:
        raise InputError(f"{finished.parent}: was trained on another clip; train it again")
    yield from (sample(trained, seed, index) for index in range(num))


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("clip", type=Path)
    parser.add_argument("method")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--num", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--run", type=Path, nargs="?", help="finished.json of the training; none for a control")
    options = parser.parse_args(arguments)
    draw(options.clip, options.method, options.seed, options.num, options.out, options.run)


if __name__ == "__main__":
    sys.exit(run(main))
