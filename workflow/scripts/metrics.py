"""Rule `metrics`: every metric of all samples of one (clip, method, seed), with everything that made the values."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.cli import OneLineParser, run
from datasets.clip import Clip, load_clip
from datasets.errors import InputError
from datasets.files import write_json
from evaluation.metrics.diversity import diversity
from evaluation.metrics.sgfid import sgfid
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
) -> dict[str, Any]:
    """The record of a metric file (see `evaluation.records`).

    Raises:
        InputError: a file is damaged, or a sample has another shape than the clip.
    """
    import torch

    from evaluation.encoders.encoder import load_encoder
    from evaluation.features import clip_statistics

    torch.set_num_threads(1)
    real = load_clip(clip)
    statistics, identity = load_statistics(reference)
    network = load_encoder(encoder, weights, identity.layer)
    if network.identity != identity:
        raise InputError(f"{reference}: was made with another encoder; delete it and run the same command again")
    loaded = [_matching(path, real) for path in samples]
    scored = []
    for path, sample in zip(samples, loaded, strict=True):
        fake = clip_statistics(sample.frames, network)
        scored.append({"sample": int(path.stem), "sgfid": sgfid(statistics, fake)})
    height, width = real.size
    locations = statistics[0].count
    return {
        "protocol": protocol,
        "clip": clip.stem,
        "clip_sha256": real.sha256,
        "clip_source": dict(real.source),
        "method": method,
        "kind": find_method(method).kind,
        "seed": seed,
        "encoder": identity.encoder,
        "layer": identity.layer,
        "weights_sha256": identity.weights_sha256,
        "frames": len(real),
        "height": height,
        "width": width,
        "locations_real": locations,
        "locations_fake": locations,
        "config_sha256": loaded[0].source.get("config_sha256"),
        "samples": scored,
        "set": {"diversity": diversity([s.frames for s in loaded], real.frames) if len(loaded) > 1 else None},
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
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    for name in ("clip", "reference", "weights"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("encoder", "method", "protocol"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--samples", type=Path, nargs="+", required=True)
    options = vars(parser.parse_args(arguments))
    out = options.pop("out")
    record = score_samples(options.pop("clip"), options.pop("reference"), options.pop("samples"), **options)
    write_json(out, record)


if __name__ == "__main__":
    sys.exit(run(main))
