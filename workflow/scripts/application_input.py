"""Rule `application_input`: the clip as an application's own training sees it, shorter or smaller."""

import sys
from pathlib import Path

import numpy as np

from datasets.cli import OneLineParser, run
from datasets.clip import Clip, load_clip, save_clip
from datasets.resize import prepare, require_minimum, resize_frames
from workflow.applications import find_application


def write_input(clip: Path, application: str, minimum: int, out: Path) -> None:
    """Write to `out` the clip that `application` is trained on.

    Raises:
        InputError: the clip is damaged, or too small once its sides are shortened to train a pyramid from `minimum` up.
    """
    wanted, whole = find_application(application), load_clip(clip)
    made = prepare(whole, max_frames=wanted.frames)
    if wanted.shrink > 1:
        made = shrunk(made, wanted.shrink)
    require_minimum(made, minimum)
    save_clip(out, made)


def shrunk(clip: Clip, times: int) -> Clip:
    """The clip with sides so many times as short, without the last rows and columns that are no multiple of that."""
    height, width = (max(1, side // times) for side in clip.size)
    whole = np.ascontiguousarray(clip.frames[:, : height * times, : width * times])
    note = {"resized_from": list(whole.shape[1:3]), "resized_to": [height, width], "filter": "bicubic"}
    return Clip(resize_frames(whole, height, width), clip.delays_ms.copy(), {**clip.source, "shrunk": note})


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("clip", type=Path)
    parser.add_argument("application")
    parser.add_argument("out", type=Path)
    parser.add_argument("--minimum", type=int, required=True)
    options = parser.parse_args(arguments)
    write_input(options.clip, options.application, options.minimum, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
