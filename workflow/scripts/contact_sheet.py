"""Rule `contact_sheet`: each real clip above the first samples of each trained method, as one picture."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from datasets.cli import OneLineParser, run
from datasets.clip import load_clip
from datasets.encode import contact_sheet, write_png
from evaluation.records import read_record
from workflow.layout import Layout

SAMPLES = 3
FRAMES = 5
FRAME_HEIGHT = 48
COLOURS = 256


def write_sheet(layout: Layout, out: Path) -> None:
    """Write the picture to `out` (.png): samples 0, 1 and 2 of the first seed, not picked, each with its SGFID.

    Raises:
        InputError: a file is missing or damaged.
    """
    rows = [row for clip in layout.clips for row in _rows(layout, clip)]
    write_png(
        out, contact_sheet(rows, frames_per_row=FRAMES, frame_height=FRAME_HEIGHT, text_height=10), colours=COLOURS
    )


def _rows(layout: Layout, clip: str) -> Iterator[tuple[str, np.ndarray]]:
    real = load_clip(layout.clip(clip))
    what = "a synthetic scene" if real.source["kind"] == "synthetic" else "the real clip"
    yield f"{clip}, {what}\n{real.source.get('credit') or ''}".rstrip(), real.frames
    for method in layout.trained:
        cell = clip, method, layout.seeds[0]
        record = read_record(layout.metrics(cell))
        diversity = record.whole_set.get("diversity")
        for (index, values), path in list(zip(record.samples, layout.sample_files(cell), strict=True))[:SAMPLES]:
            label = f"{method}, sample {index}\nSGFID {values['sgfid']:.1f}"
            if index == 0 and diversity is not None:
                label += f"\ndiversity {diversity:.2f}"
            yield label, load_clip(path).frames


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    options = parser.parse_args(arguments)
    write_sheet(options.layout, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
