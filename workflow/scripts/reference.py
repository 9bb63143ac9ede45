"""Rule `reference`: statistics of the real clip's features, computed once for all methods."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.clip import load_clip
from evaluation.statistics import save_statistics


def write_reference(clip: Path, out: Path, encoder: str, weights: Path, layer: str) -> None:
    """Write the statistics of a clip's features to `out` (.npz).

    Raises:
        InputError: the clip or the weights are damaged, or the frames are too small for the layer.
    """
    import torch

    from evaluation.encoders.encoder import load_encoder
    from evaluation.features import clip_statistics

    torch.set_num_threads(1)
    network = load_encoder(encoder, weights, layer)
    statistics = clip_statistics(load_clip(clip).frames, network)
    save_statistics(out, statistics, network.identity)
    print(f"{clip.stem}: {statistics[0].count} feature locations")


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("clip", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--layer", required=True)
    options = parser.parse_args(arguments)
    write_reference(options.clip, options.out, options.encoder, options.weights, options.layer)


if __name__ == "__main__":
    sys.exit(run(main))
