"""What a training step costs, against a naive step on the same tensors in the same run.

    python benchmarks/training_step.py [--sizes 84x149 168x298] [--threads 1 2] [--rounds 2] [--json FILE]

The step is that of the finest scale which the `paper` preset plans for a clip of 8 frames of that size. Naive:
convolutions and batch norm as torch computes and differentiates them, memory channels first, whole frames, the penalty
on whole frames, gradients of the critics' weights in every step. (a) ours: the same tensors, the same values, in
float32 and in bfloat16. (b) levers: the `cpu` preset, which trains on crops; upkeep of its pool included. All take
turns within one process, so that a busy machine slows all alike; ratios are of medians. (c) the video critic's 32 -> 32
convolution with its double backward, and a whole step, in GFLOP/s against the machine's matrix product. Each size runs
in a process of its own; peak memory is that of processes that take a step of one variant alone.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.files import read_json, write_json
from sgif.config import Config
from sgif.cost import iteration_voxels, iteration_work
from sgif.critics import Critic
from sgif.device import peak_memory_mb
from sgif.execution import Execution, choose_precision, execution_of
from sgif.layers import Conv2d, Conv3d, SeparableConv3d, initialise, pad_time
from sgif.model import GeneratorPyramid, build_generator
from sgif.noise import draw_noise, seeded
from sgif.norm import BatchNorm
from sgif.presets import resolve
from sgif.pyramid import plan_scales
from sgif.trainer import ScaleTraining

FRAMES = 8
CPU = torch.device("cpu")


def naive_conv2d(self: Conv2d, x: Tensor) -> Tensor:
    """`Conv2d.forward` as `torch.nn.Conv2d` computes it."""
    return F.conv2d(x, self.weight, self.bias)


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
    """Within: no convolution, norm or layout of ours, and critics never frozen."""
    with (
        mock.patch.object(Conv2d, "forward", naive_conv2d),
        mock.patch.object(Conv3d, "forward", naive_conv3d),
        mock.patch.object(SeparableConv3d, "forward", naive_separable),
        mock.patch.object(BatchNorm, "forward", nn.BatchNorm2d.forward),
        mock.patch.object(Execution, "run", lambda self, net, x: net(x.contiguous())),
        mock.patch.object(Critic, "requires_grad_", lambda self, wanted=True: nn.Module.requires_grad_(self, True)),
    ):
        yield


VARIANTS = {
    "naive": ("paper", {}),
    "ours": ("paper", {}),
    "bfloat16": ("paper", {"speed.precision": "bfloat16", "speed.penalty_precision": "same"}),
    "levers": ("cpu", {}),
}
"""Preset and overrides of each variant."""


def make_config(variant: str, size: tuple[int, int], **more: object) -> Config:
    """The config of a variant, for clips of this size."""
    preset, overrides = VARIANTS[variant]
    return resolve(preset, "singan-gif", {"pyramid.long_side": max(25, *size), **overrides, **more})


def make_training(size: tuple[int, int], config: Config) -> ScaleTraining:
    """The finest scale for a clip of this size, on untrained scales below, ready to step."""
    scales = plan_scales(FRAMES, size, config)
    z_star = draw_noise(seeded(0, 0), FRAMES, scales[0].size, coarsest=True, shared=False)
    pyramid = GeneratorPyramid(config, scales, z_star)
    for scale in scales[:-1]:
        generator = build_generator(scale, config.model)
        initialise(generator, seeded(2, scale.index))
        pyramid.append(generator, 1.0 if scale.index == 0 else 0.1)
        pyramid.freeze()
    real = torch.rand(FRAMES, 3, *size, generator=seeded(1)) * 2 - 1
    how = execution_of(config.speed, choose_precision(config.speed.precision, CPU), CPU)
    return ScaleTraining(pyramid, scales[-1], real, {}, 0, how)


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


def measure_steps(size: tuple[int, int], rounds: int) -> dict[str, float]:
    """Median seconds of a step of each variant; the levers' over a whole cycle of pool and penalty."""
    trainings = {name: make_training(size, make_config(name, size)) for name in VARIANTS}
    speed = trainings["levers"].config.speed
    cycles = {name: speed.pool_refresh * speed.penalty_every if name == "levers" else 1 for name in VARIANTS}

    def call(name: str) -> None:
        with naive() if name == "naive" else nullcontext():
            for _ in range(cycles[name]):
                trainings[name].step()

    seconds = in_turns({name: lambda name=name: call(name) for name in trainings}, rounds)
    return {name: value / cycles[name] for name, value in seconds.items()}


def measure_convolution(size: tuple[int, int], rounds: int) -> dict[str, float]:
    """GFLOP/s of the critic's 32 -> 32 convolution, alone and with its double backward, and of a matrix product."""
    conv = Conv3d(32, 32)
    torch.nn.init.normal_(conv.weight, std=0.02, generator=seeded(0))
    x = torch.randn(FRAMES, 32, *size, generator=seeded(1)).contiguous(memory_format=torch.channels_last)
    left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)
    # The outer taps reach one frame fewer each.
    flop = 2 * (3 * FRAMES - 2) * (size[0] - 2) * (size[1] - 2) * 32 * 32 * 9

    def value() -> None:
        with torch.no_grad():
            conv(x)

    def double_backward() -> None:
        at = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(conv(at).square().sum(), at, create_graph=True)
        gradient.square().sum().backward()

    calls = {"value": value, "double_backward": double_backward, "product": lambda: left @ right}
    seconds = in_turns(calls, 5 * rounds)
    work = {"value": flop, "double_backward": 6 * flop, "product": 2 * 1024**3}
    return {name: work[name] / seconds[name] / 1e9 for name in seconds}


def measure(size: tuple[int, int], threads: int, rounds: int) -> dict[str, object]:
    """Everything for one size and number of threads."""
    torch.set_num_threads(threads)
    seconds = measure_steps(size, rounds)
    config = make_config("levers", size)
    scale = plan_scales(FRAMES, size, config)[-1]
    flop = iteration_work(plan_scales(FRAMES, size, Config()), scale.index, make_config("ours", size)).flop
    rates = measure_convolution((config.speed.crop, config.speed.crop), rounds)
    return {
        "threads": threads,
        "size": list(size),
        "dimensions": scale.dimensions,
        "channels": scale.channels,
        "voxels": {"naive": FRAMES * size[0] * size[1], "levers": iteration_voxels(scale, config)},
        "seconds": seconds,
        "times": {name: seconds["naive"] / seconds[name] for name in seconds},
        "gflops": {**rates, "step": flop / seconds["ours"] / 1e9},
    }


def show(row: dict) -> str:
    """One line of a measurement."""
    height, width = row["size"]
    lines = [
        f"{row['threads']} thread(s), {FRAMES}x{height}x{width}, {row['dimensions']}D, {row['channels']} channels: "
        f"naive {row['seconds']['naive']:.2f} s"
    ]
    for name in ("ours", "bfloat16", "levers"):
        lines.append(f"  {name:9} {row['seconds'][name]:6.2f} s  {row['times'][name]:5.1f} x")
    gflops, voxels, memory = row["gflops"], row["voxels"], row.get("peak_memory_mb", {})
    lines.append(f"  voxels a step: {voxels['naive']:,}, with levers {voxels['levers']:,}")
    lines.append(
        f"  GFLOP/s: convolution {gflops['value']:.0f}, with double backward {gflops['double_backward']:.0f}, step "
        f"{gflops['step']:.0f}, matrix product {gflops['product']:.0f}"
    )
    if memory:
        lines.append("  peak memory: " + ", ".join(f"{name} {value:,.0f} MiB" for name, value in memory.items()))
    return "\n".join(lines)


def summary(rows: list[dict]) -> str:
    """The last line."""
    last = rows[-1]
    share = last["gflops"]["double_backward"] / last["gflops"]["product"]
    first = next((r for r in rows if r["threads"] == last["threads"]), last)
    return (
        f"summary: at {last['size'][0]}x{last['size'][1]}, {last['threads']} thread(s): (a) ours "
        f"{last['times']['ours']:.1f} x, in bfloat16 {last['times']['bfloat16']:.1f} x; (b) levers "
        f"{last['times']['levers']:.1f} x; (c) convolution with double backward at {share:.0%} of the matrix product; "
        f"a step with levers takes {last['seconds']['levers'] / first['seconds']['levers']:.2f} times that at "
        f"{first['size'][0]}x{first['size'][1]}"
    )


def in_process(*arguments: str) -> dict:
    """Run this file with these arguments and read the JSON that it writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "row.json")
        subprocess.run([sys.executable, __file__, *arguments, "--json", str(path)], check=True)
        return read_json(path, "")


def parse_size(text: str) -> tuple[int, int]:
    """HxW."""
    height, width = text.lower().split("x")
    return int(height), int(width)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = ["84x149", "128x227", "168x298"]
    parser.add_argument("--sizes", nargs="+", type=parse_size, default=[*map(parse_size, sizes)], metavar="HxW")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="measured calls of each variant")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # measure in this process: `times`, or a variant's memory
    options = parser.parse_args()
    if options.one:
        (size,), (threads,) = options.sizes, options.threads
        if options.one == "times":
            result = measure(size, threads, options.rounds)
        else:
            torch.set_num_threads(threads)
            training = make_training(size, make_config(options.one, size))
            with naive() if options.one == "naive" else nullcontext():
                training.step()
            result = {"peak_memory_mb": peak_memory_mb(CPU)}
        write_json(options.json, json.loads(json.dumps(result)))
        return
    rows = []
    for threads in options.threads:
        for height, width in options.sizes:
            common = ("--sizes", f"{height}x{width}", "--threads", str(threads), "--rounds", str(options.rounds))
            row = in_process(*common, "--one", "times")
            if threads == options.threads[0]:
                alone = {n: in_process(*common, "--one", n)["peak_memory_mb"] for n in ("naive", "ours", "levers")}
                row["peak_memory_mb"] = alone
            rows.append(row)
            print(show(row), flush=True)
    if options.json:
        write_json(options.json, rows)
    print(summary(rows))


if __name__ == "__main__":
    main()
