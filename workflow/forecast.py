"""What all trainings of a workflow will take on this machine, said before the first one starts.

Run as a process of its own (`python -m workflow.forecast`), because the workflow itself never imports torch. It takes
a few small steps and counts the rest: quick and rough. `python -m sgif plan` measures one training scale by scale.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sgif.config import Config, override
from sgif.progress import duration
from workflow.resources import training_seconds

_SECONDS = 120
_WORTH_SECONDS = 120
"""Less than this is not worth the ten seconds of measuring it."""
_LONG_HOURS = 24


@dataclass(frozen=True)
class Trainings:
    """Trainings that cost the same.

    Attributes:
        method: of all of them.
        count: how many.
        frames, size: of their clips at training size.
        config: dotted keys.
        threads: of each.
        gpu: whether they ask for one.
    """

    method: str
    count: int
    frames: int
    size: tuple[int, int]
    config: Mapping[str, Any]
    threads: int
    gpu: int = 0


def tell(groups: Sequence[Trainings], cores: int) -> list[str]:
    """The forecast in lines, or one line that says why there is none.

    Arguments:
        groups: all trainings to come.
        cores: how many the workflow may use at a time.
    """
    if not groups:
        return []
    if _at_most(groups) < _WORTH_SECONDS:
        return [f"  all trainings: about {duration(_WORTH_SECONDS)} or less"]
    request = json.dumps({"cores": cores, "groups": [asdict(group) for group in groups]})
    command = [sys.executable, "-m", "workflow.forecast"]
    try:
        done = subprocess.run(command, input=request, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"  no forecast of the trainings' time ({type(error).__name__})"]
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return [f"  no forecast of the trainings' time ({reason})"]
    return done.stdout.splitlines()


def forecast(groups: Sequence[Trainings], cores: int) -> list[str]:
    """Lines with the time of each kind of training and of all, on the devices that trainings get here."""
    import torch

    from sgif.device import make_deterministic
    from sgif.forecast import calibrate, estimate

    lines: list[str] = []
    work = {"cpu": 0.0, "cuda": 0.0}  # seconds of one core, of one GPU
    speeds: dict[Any, Any] = {}
    for group in groups:
        make_deterministic(group.threads)
        config = override(Config(), group.config)
        device = torch.device("cuda" if group.gpu and torch.cuda.is_available() else "cpu")
        kind = config, group.threads, device  # methods of two protocols may differ in number format and width
        if kind not in speeds:
            speeds[kind] = calibrate(config, device)
        seconds = estimate(group.frames, group.size, config, speeds[kind])
        height, width = group.size
        lines.append(
            f"  {group.method}: {group.count} x about {duration(seconds)} "
            f"({group.frames} frames of {height}x{width}, {_where(device.type, group.threads)})"
        )
        work[device.type] += seconds * group.count * (group.threads if device.type == "cpu" else 1)
    gpus = torch.cuda.device_count()
    whole = max(work["cpu"] / cores, work["cuda"] / max(gpus, 1))
    lines.append(f"  all trainings: about {duration(whole)} on this machine, {cores} core(s), {gpus} GPU(s)")
    if whole > _LONG_HOURS * 3600:
        lines.append("  WARNING: that is long; protocols cpu and quick train in less, and a GPU is many times faster")
    return lines


def _at_most(groups: Sequence[Trainings]) -> float:
    """Seconds of all trainings on one core of a slow machine, counted and not measured."""
    return sum(
        training_seconds(group.frames, group.size, override(Config(), group.config), threads=1, gpu=False) * group.count
        for group in groups
    )


def _where(device: str, threads: int) -> str:
    return "on a GPU" if device == "cuda" else f"{threads} thread(s)"


def main() -> int:
    """Read a request from standard input and print its forecast."""
    request = json.load(sys.stdin)
    groups = [Trainings(**{**group, "size": tuple(group["size"])}) for group in request["groups"]]
    print("\n".join(forecast(groups, request["cores"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
