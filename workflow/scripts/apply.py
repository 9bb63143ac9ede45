"""Rule `apply`: what an application makes of a clip, by a finished training."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.cli import OneLineParser, run
from datasets.clip import Clip, save_clip
from datasets.encode import write_gif
from datasets.files import write_sealed
from workflow.applications import find_application

if TYPE_CHECKING:
    from sgif.run import Run

INPUT = "input"
"""Name of the clip that was trained on, among what was made."""


def galleries() -> Mapping[str, Callable[["Run", int], Iterator[tuple[str, Clip]]]]:
    """What makes each application: called with a run and a seed, it gives clips by name."""
    from sgif.apps import animation, composition, lengthen, sizes, slowmo, superresolution

    return {
        "sizes": sizes.gallery,
        "slowmo": slowmo.gallery,
        "lengthen": lengthen.gallery,
        "compose": composition.gallery,
        "superres": superresolution.gallery,
        "animate": animation.gallery,
    }


def apply(application: str, finished: Path, seed: int, made: Path) -> None:
    """Write the clips of an application beside `made`, and that record of them last.

    Raises:
        InputError: no such application, or the run is damaged or was not trained for it.
    """
    from sgif.device import make_deterministic
    from sgif.run import load_run

    wanted, folder = find_application(application), made.parent
    # On the CPU everywhere: the same weights give the same clips, and a GPU is kept free for trainings.
    make_deterministic(threads=1)
    trained = load_run(finished.parent)
    shutil.rmtree(folder, ignore_errors=True)
    names = []
    for name, clip in [(INPUT, trained.clip), *galleries()[wanted.name](trained, seed)]:
        save_clip(folder / f"{name}.npz", clip)
        write_gif(folder / f"{name}.gif", clip)
        names.append(name)
    record, height_width = trained.record, trained.clip.size
    write_sealed(
        made,
        {
            "format": 1,
            "application": wanted.name,
            "method": record["method"],
            "preset": record["preset"],
            "task": wanted.task,
            "factor": wanted.factor,
            "size": list(height_width),
            "trained_frames": len(trained.clip),
            "iterations": list(trained.pyramid.config.optim.iterations),
            "seed": seed,
            "training_seed": record["seed"],
            "clip_sha256": record["clip"]["sha256"],
            "config_sha256": record["config_sha256"],
            "clips": names[1:],
        },
    )


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("application")
    parser.add_argument("finished", type=Path, help="finished.json of the training")
    parser.add_argument("made", type=Path, help="the record that is written last; the clips lie beside it")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args(arguments)
    apply(options.application, options.finished, options.seed, options.made)


if __name__ == "__main__":
    sys.exit(run(main))
