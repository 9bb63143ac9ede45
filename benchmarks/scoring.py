"""What does SGFID cost? Scoring samples of one clip, against pytorch-fid's way of doing it.

    python benchmarks/scoring.py [--stage STAGE] [--samples 10] [--frames 8] [--size 168x298] [--json FILE]

Ours: `evaluation.score`, with the real clip's statistics computed once. Theirs: the same five convolutions as they are
in pytorch-fid (torchvision's blocks, batch norm apart), all features in memory, `numpy.cov` and pytorch-fid's own
`calculate_frechet_distance` with `scipy.linalg.sqrtm`, and the real clip anew for each sample, as its command does.
Both score the same frames with the same weights in this process, in turns; imports and loading weights are left out.
Then the peak memory of a process that scores one clip of 8, 32 and 128 frames of 256 x 256.

Weights do not change the time: without a stage random ones are used.
"""

import argparse
import resource
import subprocess
import sys
import time
import warnings
from collections import OrderedDict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from torchvision.models.inception import BasicConv2d

from datasets.files import write_json
from evaluation import score
from evaluation.encoders import DEFAULT_LAYER
from evaluation.encoders.encoder import Encoder
from evaluation.encoders.location import find_weights, read_located
from evaluation.encoders.random_stem import random_stem
from evaluation.encoders.weights import StemWeights

_BLOCKS = (
    ("Conv2d_1a_3x3", {"stride": 2}), ("Conv2d_2a_3x3", {}), ("Conv2d_2b_3x3", {"padding": 1}),
    ("Conv2d_3b_1x1", {}), ("Conv2d_4a_3x3", {}),
)  # fmt: skip


def pytorch_fids_network(stem: StemWeights) -> torch.nn.Module:
    """pytorch-fid's blocks 0 and 1 without the second pooling, with these weights."""
    layers = OrderedDict()
    for name, options in _BLOCKS:
        weight, bias = (torch.tensor(stem[f"{name}.{part}"]) for part in ("weight", "bias"))
        block = BasicConv2d(weight.shape[1], weight.shape[0], kernel_size=weight.shape[2], **options)
        block.conv.weight.data, block.bn.bias.data = weight, bias
        # The weights have batch norm folded in; what is left of it changes nothing but takes its time.
        block.bn.weight.data = torch.sqrt(block.bn.running_var + block.bn.eps)
        layers[name] = block
        if name == "Conv2d_2b_3x3":
            layers["pool"] = torch.nn.MaxPool2d(kernel_size=3, stride=2)
    return torch.nn.Sequential(layers).eval().requires_grad_(False)


def pytorch_fids_path(real: np.ndarray, fakes: list[np.ndarray], network: torch.nn.Module) -> list[float]:
    """Fréchet distances as pytorch-fid computes them, the real clip anew for each sample."""

    def statistics(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            x = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
            features = network(2 * x - 1).permute(0, 2, 3, 1).reshape(-1, 192).numpy()
        return features.mean(axis=0), np.cov(features, rowvar=False)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of sqrtm's `disp`, which pytorch-fid 0.3 passes
        return [float(calculate_frechet_distance(*statistics(real), *statistics(fake))) for fake in fakes]


def peak_memory(frames: int) -> int:
    """Peak resident memory in MiB of a process that scores one clip of so many frames of 256 x 256 pixels."""
    command = [sys.executable, __file__, "--memory", str(frames)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", type=Path)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", default="168x298")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    if options.memory:
        clips = rng.integers(0, 256, (2, options.memory, 256, 256, 3), dtype=np.uint8)
        score(clips[0], [clips[1]], Encoder("random-inception", DEFAULT_LAYER, [random_stem(0)]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return 0
    located = find_weights("inception-fid", options.stage) if options.stage else None
    name, stem = ("inception-fid", read_located(located)[0]) if located else ("random-inception", random_stem(0))
    encoder, network = Encoder(name, DEFAULT_LAYER, [stem]), pytorch_fids_network(stem)
    height, width = map(int, options.size.split("x"))
    real, *fakes = rng.integers(0, 256, (options.samples + 1, options.frames, height, width, 3), dtype=np.uint8)
    times: dict[str, list[float]] = {"ours": [], "pytorch_fid": []}
    for _ in range(options.rounds):
        began = time.perf_counter()
        ours = [each.sgfid for each in score(real, fakes, encoder)]
        times["ours"].append(time.perf_counter() - began)
        began = time.perf_counter()
        theirs = pytorch_fids_path(real, fakes, network)
        times["pytorch_fid"].append(time.perf_counter() - began)
    agreement = float(np.max(np.abs(np.divide(ours, theirs) - 1)))
    ratios = np.divide(times["pytorch_fid"], times["ours"])
    print(f"{options.samples} samples of {options.frames} frames of {width}x{height}, {encoder.name}, one thread")
    for name, seconds in times.items():
        print(f"  {name:12} {', '.join(f'{s:.2f}' for s in seconds)} s")
    print(f"  pytorch-fid's path takes {np.median(ratios):.2f} times as long; largest difference {agreement:.1e}")
    memory = {frames: peak_memory(frames) for frames in (8, 32, 128)}
    print("  peak memory at 256x256: " + ", ".join(f"{frames} frames {mib} MiB" for frames, mib in memory.items()))
    if options.json:
        write_json(
            options.json,
            {
                "samples": options.samples, "frames": options.frames, "size": [height, width], "encoder": encoder.name,
                "seconds": times, "ratio_median": float(np.median(ratios)), "largest_relative_difference": agreement,
                "peak_memory_mib": memory,
            },
        )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
