"""Rule `control_values`: every metric of every control of one clip."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from datasets.cli import OneLineParser, run
from datasets.clip import load_clip
from evaluation.control_matrix import control_rows, write_rows
from evaluation.records import read_record
from evaluation.statistics import load_statistics


def control_values(
    clip: Path, reference: Path, floor: Path, *, encoder: str, weights: Path, metrics: Sequence[str]
) -> pd.DataFrame:
    """The outcomes (`evaluation.control_matrix`) of a clip.

    Raises:
        InputError: a file is damaged.
    """
    import torch

    from evaluation.encoders.encoder import load_encoder
    from evaluation.measures import Reference, measure_controls, other_layers

    torch.set_num_threads(1)
    real = load_clip(clip)
    statistics, identity = load_statistics(reference)
    layers = {layer: load_encoder(encoder, weights, layer) for layer in other_layers(metrics, identity.layer)}
    side = Reference(real.frames, load_encoder(encoder, weights, identity.layer), layers, statistics)
    ((_, floors),) = read_record(floor).samples
    return control_rows(clip.stem, measure_controls(real, side, metrics), floors)


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    for name in ("clip", "reference", "floor", "weights"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--metrics", nargs="+", required=True)
    options = parser.parse_args(arguments)
    rows = control_values(
        options.clip, options.reference, options.floor,
        encoder=options.encoder, weights=options.weights, metrics=options.metrics,
    )  # fmt: skip
    write_rows(rows, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
