"""Rule `application_input`: the clip as an application's own training sees it, shorter or smaller."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.clip import load_clip, save_clip
from datasets.resize import prepare, require_minimum
from workflow.applications import find_application


def write_input(clip: Path, application: str, minimum: int, out: Path) -> None:
    """Write to `out` the clip that `application` is trained on.

    Raises:
        InputError: the clip is damaged, or too small once its sides are shortened to train a pyramid from `minimum` up.
    """
    wanted, whole = find_application(application), load_clip(clip)
    side = None if wanted.shrink == 1 else max(1, min(whole.size) // wanted.shrink)
    made = prepare(whole, short_side=side, max_frames=wanted.frames)
    require_minimum(made, minimum)
    save_clip(out, made)


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
