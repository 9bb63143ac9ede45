"""What a training step costs, against a naive step on the same tensors in the same run.

    python benchmarks/training_step.py [--sizes 48x85 84x149] [--threads 1 2] [--steps 5] [--json FILE]

Naive: `conv3d` as torch computes it, memory channels first, the penalty on whole frames. Ours: what training runs, and
the same with the levers of the `cpu` preset. The three take turns within one process, so that a busy machine slows
all alike; ratios are of medians. The last lines compare the video critic's 32 -> 32 convolution, its gradient and its
gradient's gradient with the machine's matrix product.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import torch.nn.functional as F
from torch import Tensor

from datasets.files import write_json
from sgif.config import Config, override
from sgif.layers import Conv3d, SeparableConv3d, pad_time
from sgif.model import GeneratorPyramid
from sgif.noise import draw_noise, seeded
from sgif.pyramid import plan_scales
from sgif.trainer import ScaleTraining

FRAMES = 8


def naive_conv3d(self: Conv3d, x: Tensor) -> Tensor:
    """`Conv3d.forward` as `torch.nn.Conv3d` computes it."""
    volume = pad_time(x, self.weight.shape[2] // 2, self.padding).transpose(0, 1).unsqueeze(0).contiguous()
    return F.conv3d(volume, self.weight, self.bias)[0].transpose(0, 1).contiguous()


def naive_separable(self: SeparableConv3d, x: Tensor) -> Tensor:
    """`SeparableConv3d.forward` as two `conv3d`."""
    volume = pad_time(x, self.time.kernel_size[0] // 2, self.padding).transpose(0, 1).unsqueeze(0).contiguous()
    volume = F.conv3d(volume, self.space.weight.unsqueeze(2), self.space.bias)
    return F.conv3d(volume, self.time.weight.unsqueeze(-1), self.time.bias)[0].transpose(0, 1).contiguous()


@contextmanager
def naive() -> Iterator[None]:
    """Within: no layout of ours and no convolution of ours."""
    contiguous = Tensor.contiguous
    with (
        mock.patch.object(Conv3d, "forward", naive_conv3d),
        mock.patch.object(SeparableConv3d, "forward", naive_separable),
        mock.patch.object(Tensor, "contiguous", lambda self, memory_format=None: contiguous(self)),
    ):
        yield


def make_training(size: tuple[int, int], dimensions: int, penalty_crop: float) -> ScaleTraining:
    """A single scale of the paper's model at `size`, ready to step."""
    keys = {"pyramid.scales": 1, "model.scales_3d": 1 if dimensions == 3 else 0, "speed.penalty_crop": penalty_crop}
    config = override(Config(), keys)
    scales = plan_scales(FRAMES, size, config)
    z_star = draw_noise(seeded(0, 0), FRAMES, size, coarsest=True, shared=False)
    real = torch.rand(FRAMES, 3, *size, generator=seeded(1)) * 2 - 1
    return ScaleTraining(GeneratorPyramid(config, scales, z_star), scales[0], real, {}, seed=0)


def in_turns(variants: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each variant, called A B C A B C … after one call each to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for round_ in range(rounds + 1):
        for name, call in variants.items():
            began = time.perf_counter()
            call()
            if round_:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def measure_step(size: tuple[int, int], dimensions: int, steps: int) -> dict[str, float]:
    """Median seconds of a step: naive, ours, ours with levers."""
    crops = {"naive": 1.0, "ours": 1.0, "levers": 0.5}
    trainings = {name: make_training(size, dimensions, crop) for name, crop in crops.items()}

    def step(name: str) -> None:
        with naive() if name == "naive" else nullcontext():
            trainings[name].step()

    return in_turns({name: lambda name=name: step(name) for name in trainings}, steps)


def measure_convolution(size: tuple[int, int], steps: int) -> dict[str, float]:
    """GFLOP/s of the critic's 32 -> 32 convolution (value, and value with gradients) and of a matrix product."""
    conv = Conv3d(32, 32)
    torch.nn.init.normal_(conv.weight, std=0.02, generator=seeded(0))
    x = torch.randn(FRAMES, 32, *size, generator=seeded(1)).contiguous(memory_format=torch.channels_last)
    left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)
    # The outer taps reach one frame fewer each.
    flop = 2 * (3 * FRAMES - 2) * (size[0] - 2) * (size[1] - 2) * 32 * 32 * 9

    def value() -> None:
        with torch.no_grad():
            conv(x)

    def gradients() -> None:
        out = conv(x.clone().requires_grad_())
        out.backward(torch.ones_like(out))

    seconds = in_turns({"value": value, "gradients": gradients, "product": lambda: left @ right}, 3 * steps)
    work = {"value": flop, "gradients": 3 * flop, "product": 2 * 1024**3}
    return {name: work[name] / seconds[name] / 1e9 for name in seconds}


def parse_size(text: str) -> tuple[int, int]:
    """HxW."""
    height, width = text.lower().split("x")
    return int(height), int(width)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=parse_size, default=[(48, 85), (84, 149)], metavar="HxW")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--steps", type=int, default=5, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for threads in options.threads:
        torch.set_num_threads(threads)
        for size in options.sizes:
            for dimensions in (3, 2):
                seconds = measure_step(size, dimensions, options.steps)
                row = {"threads": threads, "size": list(size), "frames": FRAMES, "dimensions": dimensions, **seconds}
                row |= {f"{name}_times": seconds["naive"] / seconds[name] for name in ("ours", "levers")}
                rows.append(row)
                print(
                    f"{threads} thread(s), {FRAMES}x{size[0]}x{size[1]}, {dimensions}D: naive {seconds['naive']:.2f} s"
                    + "".join(f", {n} {seconds[n]:.2f} s ({row[n + '_times']:.1f} x)" for n in ("ours", "levers")),
                    flush=True,
                )
        rates = measure_convolution(options.sizes[0], options.steps)
        rows.append({"threads": threads, "gflops": rates})
        share = rates["gradients"] / rates["product"]
        print(
            f"{threads} thread(s): convolution {rates['value']:.0f} GFLOP/s, with gradients {rates['gradients']:.0f}, "
            f"matrix product {rates['product']:.0f}: {share:.0%} of it",
            flush=True,
        )
    if options.json:
        write_json(options.json, json.loads(json.dumps(rows)))


if __name__ == "__main__":
    main()
