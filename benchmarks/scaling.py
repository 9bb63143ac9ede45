"""What does a protocol cost on machines of other sizes? Its trainings by the cost model, packed onto GPUs or nodes.

    python benchmarks/scaling.py [--protocol paper] [--ablations] [--threads 4] [--core-speed 8.1e10] [--gpu-speed 2e12]
        [--json FILE]

CPU: operations of convolutions that a core does in a second of a training, all else included; by default from a few
measured steps of small nets in the number format of the trainings (`sgif.forecast.calibrate`: on an idle machine only).
Further threads gain what `workflow/resources.py` assumes. GPU: an assumed speed; none was measured. Trainings cannot be
split, so the longest bounds the whole: each machine takes the longest training that is left as it becomes free, which
is within a third of the best packing.
"""

import argparse
import heapq
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from datasets.files import write_json
from sgif.config import Config, override
from sgif.device import make_deterministic
from sgif.forecast import Speed, calibrate, estimate
from sgif.progress import duration
from workflow.announcement import trainings_of
from workflow.plan import Plan, root_of
from workflow.protocols import NAMES
from workflow.resources import gain_of_threads, training_seconds

HOME = Path(__file__).resolve().parents[1]
NODE_CORES = 32
SCORING_SECONDS = 60.0
"""Of one core, for all metrics of a sample of 32 frames of 256 x 256."""


@dataclass(frozen=True)
class Bill:
    """What a machine needs for all trainings.

    Attributes:
        machine: in words.
        slots: trainings at a time.
        hours: from the first to the last.
        longest: hours of the longest training, below which no machine of this kind comes.
        busy: share of all slots' time that is used.
    """

    machine: str
    slots: int
    hours: float
    longest: float
    busy: float


def makespan(seconds: Sequence[float], slots: int) -> float:
    """Wall time of jobs on equal slots, the longest first."""
    free = [0.0] * slots
    for one in sorted(seconds, reverse=True):
        heapq.heappush(free, heapq.heappop(free) + one)
    return max(free)


def bill(machine: str, seconds: Sequence[float], slots: int) -> Bill:
    """The bill of a machine with so many slots, on each of which a training takes `seconds`."""
    whole = makespan(seconds, slots)
    return Bill(machine, slots, whole / 3600, max(seconds) / 3600, sum(seconds) / (whole * slots))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=NAMES, default="paper")
    parser.add_argument("--ablations", action="store_true", help="with the four ablations of singan-gif")
    parser.add_argument("--threads", type=int, default=4, help="of a training on a CPU")
    parser.add_argument("--core-speed", type=float, help="floating-point operations a second of a core")
    parser.add_argument("--gpu-speed", type=float, default=2e12, help="floating-point operations a second of a GPU")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    plan, root = Plan(HOME, {"gpu": 1}, {}), root_of(options.protocol)
    protocol = plan.protocol(root)
    methods = [*protocol.trained, *(m for m in protocol.variants if options.ablations and m not in protocol.trained)]
    jobs = [
        ("train", {"root": root, "clip": clip, "method": method, "seed": str(seed)})
        for clip in protocol.clips
        for method in methods
        for seed in protocol.seeds
    ]
    make_deterministic(1)
    speeds, cpu, gpu = {}, [], []
    for group in trainings_of(plan, jobs):
        config = override(Config(), group.config)
        if config.speed not in speeds:
            told = options.core_speed and Speed(flop=1 / options.core_speed, element=0.0)
            speeds[config.speed] = told or calibrate(config, torch.device("cpu"))
        one = estimate(group.frames, group.size, config, speeds[config.speed])
        gpu_seconds = training_seconds(
            group.frames, group.size, config, threads=1, gpu=True, gpu_flops=options.gpu_speed
        )
        cpu += [one] * group.count
        gpu += [gpu_seconds] * group.count
        print(
            f"{group.method}: {group.count} x {group.frames} frames of {group.size[0]}x{group.size[1]}: "
            f"{duration(one)} of one core, {duration(gpu_seconds)} of a GPU"
        )
    threaded = [one / gain_of_threads(options.threads) for one in cpu]
    bills = [
        bill("1 GPU", gpu, 1),
        bill("8 GPUs", gpu, 8),
        bill(f"8 cores, {options.threads} threads a training", threaded, max(8 // options.threads, 1)),
        bill(f"100 nodes of {NODE_CORES} cores", threaded, 100 * NODE_CORES // options.threads),
    ]
    cells = len(cpu) + len(protocol.clips) * (len(protocol.methods) - len(protocol.trained)) * len(protocol.seeds)
    scoring = cells * protocol.samples * SCORING_SECONDS / 3600
    print(f"\n{len(cpu)} trainings: {sum(cpu) / 3600:,.0f} core hours, or {sum(gpu) / 3600:,.0f} GPU hours", end="")
    print(f"; scoring {cells} cells at most {scoring:.0f} core hours\n")
    print(
        "| machine | trainings at a time | all trainings | the longest | slots busy |\n| --- | --- | --- | --- | --- |"
    )
    for each in bills:
        whole, longest = duration(each.hours * 3600), duration(each.longest * 3600)
        print(f"| {each.machine} | {min(each.slots, len(cpu))} | {whole} | {longest} | {each.busy:.0%} |")
    if options.json:
        write_json(
            options.json,
            {
                "protocol": protocol.name, "trainings": len(cpu), "core_hours": sum(cpu) / 3600,
                "gpu_hours": sum(gpu) / 3600, "core_speed": options.core_speed,
                "gpu_speed": options.gpu_speed, "threads": options.threads,
                "scoring_core_hours": scoring, "bills": [asdict(each) for each in bills],
            },
        )  # fmt: skip


if __name__ == "__main__":
    main()
