"""How does SGFID depend on the number of frames and on their size?

    python benchmarks/sensitivity.py REAL FAKE... --out STEM [--encoder inception-fid] [--json FILE]

REAL against each FAKE with its first 2, 4, ... frames at full size, and with all frames at several sizes (both sides
resized alike, bicubic, antialiased); and REAL's second half of frames against its first. Writes STEM.csv, .svg, .png.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import torch

from datasets.decode import read_video
from datasets.errors import InputError
from datasets.files import write_json
from datasets.resize import fitted_size, resize_frames
from evaluation import score
from evaluation.encoders.encoder import Encoder, load_encoder
from evaluation.plots.sensitivity import COLUMNS, HALVES, sensitivity
from evaluation.plots.style import write

SIDES = (48, 64, 84, 112, 140)


def rows(real: np.ndarray, fakes: dict[str, np.ndarray], encoder: Encoder) -> Iterator[tuple]:
    """Of the columns `COLUMNS` without the clip: what varies, its value, sample, SGFID, locations."""
    count, side = len(real), min(real.shape[1:3])
    for frames in sorted({2, 4, *range(8, count, 4), count} & set(range(2, count + 1))):
        yield from _at("frames", frames, real[:frames], {k: v[:frames] for k, v in fakes.items()}, encoder)
    for height, width in [fitted_size(real.shape[1:3], short) for short in SIDES if short < side] + [real.shape[1:3]]:
        resized = {name: resize_frames(fake, height, width) for name, fake in fakes.items()}
        yield from _at("short side", min(height, width), resize_frames(real, height, width), resized, encoder)


def _at(what: str, at: int, real: np.ndarray, fakes: dict[str, np.ndarray], encoder: Encoder) -> Iterator[tuple]:
    for name, each in zip(fakes, score(real, list(fakes.values()), encoder), strict=True):
        yield what, at, name, each.sgfid, each.locations
    half = len(real) // 2
    (floor,) = score(real[:half], [real[half : 2 * half]], encoder)
    yield what, at, HALVES, floor.sgfid, floor.locations


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", type=Path)
    parser.add_argument("fakes", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True, metavar="STEM")
    parser.add_argument("--encoder", default="inception-fid")
    parser.add_argument("--stage", type=Path)
    parser.add_argument("--max-frames", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        encoder = load_encoder(options.encoder, stage=options.stage)
        real = read_video(options.real, first=options.max_frames).frames
        fakes = {}
        for path in options.fakes:
            frames = read_video(path, first=len(real)).frames
            fakes[f"{path.parent.name}/{path.stem}"] = resize_frames(frames, *real.shape[1:3])
        data = pd.DataFrame(list(rows(real, fakes, encoder)), columns=list(COLUMNS))
    except InputError as error:
        print(f"sensitivity.py: {error}", file=sys.stderr)
        return 2
    write(sensitivity(data), data, options.out)
    if options.json:
        write_json(options.json, data.to_dict("records"))
    print(data.to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
