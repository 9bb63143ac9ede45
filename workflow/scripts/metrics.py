"""Rules `metrics` and `floor`: every metric of all samples of one (clip, method, seed), with everything that made the
values; and of the clip's second half against its first."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.cli import OneLineParser, run
from datasets.clip import Clip, load_clip
from datasets.errors import InputError
from datasets.files import read_sealed, write_sealed
from evaluation.external import INDEX
from evaluation.records import FLOOR
from evaluation.statistics import load_statistics
from workflow.methods import find_method


def score_samples(
    clip: Path,
    reference: Path,
    samples: Sequence[Path],
    *,
    encoder: str,
    weights: Path,
    method: str,
    seed: int,
    protocol: str,
    metrics: Sequence[str],
) -> dict[str, Any]:
    """The record of a metric file (see `evaluation.records`).

    Args:
        samples: .npz files, or one folder of them; none for half against half.

    Raises:
        InputError: a file is damaged, or a sample has another shape than the clip.
    """
    import torch

    from evaluation.encoders.encoder import load_encoder
    from evaluation.measures import Reference, halves, measure_cell, other_layers

    torch.set_num_threads(1)
    real = load_clip(clip)
    statistics, identity = load_statistics(reference)
    network = load_encoder(encoder, weights, identity.layer)
    if network.identity != identity:
        raise InputError(f"{reference}: was made with another encoder; delete it and run the same command again")
    layers = {layer: load_encoder(encoder, weights, layer) for layer in other_layers(metrics, identity.layer)}
    if method == FLOOR:
        frames, real_side = halves(real.frames, network, layers)
        numbered, extra = [(0, frames)], {}
    else:
        files, extra = _files(samples)
        loaded = [(path, _matching(path, real)) for path in files]
        real_side = Reference(real.frames, network, layers, statistics)
        numbered = [(int(path.stem), sample.frames) for path, sample in loaded]
        extra["config_sha256"] = loaded[0][1].source.get("config_sha256")
    return {
        "protocol": protocol,
        "clip": clip.stem,
        "clip_sha256": real.sha256,
        "clip_source": dict(real.source),
        "method": method,
        "kind": "control" if method == FLOOR else find_method(method).kind,
        "seed": seed,
        **measure_cell(numbered, real_side, metrics, say=print),
        **extra,
    }


def _files(samples: Sequence[Path]) -> tuple[list[Path], dict[str, Any]]:
    """Sample files, and what is known of external ones."""
    if len(samples) != 1 or not samples[0].is_dir():
        return list(samples), {}
    folder = samples[0]
    index = read_sealed(folder / INDEX, "delete the folder and run the same command again")
    return [folder / f"{number}.npz" for number in index["samples"]], {
        "notes": index["notes"],
        "left_out": index["left_out"],
    }


def _matching(path: Path, real: Clip) -> Clip:
    """The sample, if it has the clip's shape: only then do both sides have equally many feature locations."""
    sample = load_clip(path)
    if sample.frames.shape != real.frames.shape:
        raise InputError(
            f"{path}: is {list(sample.frames.shape)}, the clip is {list(real.frames.shape)}; delete it and run again"
        )
    return sample


def main(arguments: list[str]) -> None:
    """Command line of the rules."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    for name in ("clip", "reference", "weights"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("encoder", "method", "protocol"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--metrics", nargs="+", required=True)
    parser.add_argument("--samples", type=Path, nargs="*", default=[])
    options = vars(parser.parse_args(arguments))
    out = options.pop("out")
    record = score_samples(options.pop("clip"), options.pop("reference"), options.pop("samples"), **options)
    write_sealed(out, record)


if __name__ == "__main__":
    sys.exit(run(main))
