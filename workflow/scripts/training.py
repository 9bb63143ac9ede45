"""Rule `train`: one training into its run folder; it resumes what is there, or starts over if that was another one."""

import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets.cli import OneLineParser, run
from datasets.clip import load_clip
from workflow.gpus import training_device


def train_run(
    clip: Path,
    folder: Path,
    method: str,
    preset: str,
    seed: int,
    config: Mapping[str, Any],
    threads: int,
    gpu: bool = False,
) -> None:
    """Train `method` on a clip into `folder` with this config (dotted keys), on a GPU of its own if one is asked for.

    A folder with another training, or with a damaged checkpoint, is started over, and the log says so. A folder in
    which another process still trains, because its Snakemake was killed, is waited for and then taken up.

    Raises:
        InputError: the clip is damaged, the folder cannot be written, or the losses run away.
    """
    from sgif.checkpoint import Damaged
    from sgif.config import Config, override
    from sgif.device import make_deterministic
    from sgif.progress import Progress
    from sgif.pyramid import plan_scales
    from sgif.run import AnotherTraining, train

    loaded, resolved = load_clip(clip), override(Config(), config)
    make_deterministic(threads)
    progress = Progress(plan_scales(len(loaded), loaded.size, resolved), f"{clip.stem} {method} seed {seed}", resolved)
    start = partial(
        train,
        loaded,
        resolved,
        folder,
        method=method,
        preset=preset,
        seed=seed,
        patient=True,
        progress=progress,
    )
    with training_device(gpu, progress.say) as device:
        try:
            start(device=device)
        except (AnotherTraining, Damaged) as error:
            what, _, _ = str(error).rpartition(";")
            progress.say(f"{what}; starts over")
            start(device=device, fresh=True)


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("clip", type=Path)
    parser.add_argument("finished", type=Path, help="the file that is written last; its folder is the run")
    parser.add_argument("--method", required=True)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--config", type=json.loads, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--gpu", type=int, default=0, choices=(0, 1))
    options = parser.parse_args(arguments)
    train_run(
        options.clip,
        options.finished.parent,
        options.method,
        options.preset,
        options.seed,
        options.config,
        options.threads,
        bool(options.gpu),
    )


if __name__ == "__main__":
    sys.exit(run(main))
