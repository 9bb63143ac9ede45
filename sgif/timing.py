"""How long an iteration takes at every scale of several variants of a training, measured in turns.

A machine is faster at one time than at another. So every round goes through the scales, and takes each variant once at
each: A B C at the coarsest, A B C at the next. A ratio of two variants is then taken within a round, between turns that
follow each other, and its spread over rounds says how far it can be trusted. Of a processor, which may be shared, the
time that was spent on us is taken; of a GPU wall time.

Every round starts with new nets, and a turn leaves only the frozen generator and the critics that the next scale needs:
memory is that of one scale of one variant.

At 256 x 256 that takes an hour of one core, so a measurement can be killed and go on: turns that an earlier process
took are handed in. A scale of a round that was broken off is measured anew for all variants, so that one process
measured what is compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from datasets.errors import InputError
from sgif.config import Config
from sgif.critics import Critic
from sgif.execution import choose_precision, execution_of
from sgif.forecast import measure_scale, pass_scale, untrained
from sgif.model import GeneratorPyramid, build_generator
from sgif.pyramid import Scale, plan_scales
from sgif.trainer import build_critics


@dataclass(frozen=True)
class Turn:
    """What one turn gave.

    Attributes:
        variant: its name.
        round: from 0.
        scale: the level.
        seconds: of an iteration, by the measurement's clock; upkeep of the pool included.
    """

    variant: str
    round: int
    scale: Scale
    seconds: float


@dataclass
class _Round:
    """A variant on its way up the pyramid."""

    pyramid: GeneratorPyramid
    real: torch.Tensor
    critics: dict[str, Critic] = field(default_factory=dict)


def measure_variants(
    variants: Sequence[tuple[str, Config]],
    frames: int,
    size: tuple[int, int],
    device: torch.device,
    *,
    rounds: int = 3,
    steps: int = 3,
    clip: str | None = None,
    kept: Mapping[tuple[str, int, int], float] = MappingProxyType({}),
    told: Callable[[Turn], None] = lambda turn: None,
) -> dict[str, Any]:
    """Time an iteration of every scale of every variant, on noise and on untrained scales below.

    Arguments:
        variants: names and configs, at least one, the full model first.
        frames, size: of the clip at its training size.
        device: where it will run.
        rounds: how often every variant has its turn at a scale.
        steps: how many steps a turn measures, as `sgif.forecast.measure` does; the turn's value is their median.
        clip: name of the clip, for the record.
        kept: seconds by variant, round and scale that an earlier process of this measurement was told. Those of a scale
            in a round count if every variant is there.
        told: called with each turn as it comes, not with kept ones.

    Returns:
        As JSON holds it: device, threads, precision, clock ("processor" or "wall"), clip, frames, size, rounds, scales
        (their sizes), and for every variant iterations, dimensions and parameters of generator and critics a scale, and
        seconds of an iteration a round and scale.

    Raises:
        InputError: no variant, two of one name, no round or step, or a variant whose scales have other sizes.
    """
    plans = _plans(variants, frames, size)
    if rounds < 1 or steps < 1:
        raise InputError(f"timing: needs at least 1 round and 1 step, not {rounds} and {steps}; ask for more")
    seconds = {name: [[0.0] * len(scales) for _ in range(rounds)] for name, scales in plans.items()}
    precisions = {name: choose_precision(config.speed.precision, device) for name, config in variants}
    levels = range(len(plans[variants[0][0]]))
    for index in range(rounds):
        missing = [level for level in levels if any((name, index, level) not in kept for name in plans)]
        running = {name: _Round(*untrained(frames, size, config, device)) for name, config in variants}
        for level in levels:
            for name, config in variants:
                own, scale = running[name], plans[name][level]
                how = execution_of(config.speed, precisions[name], device)
                if level not in missing:
                    seconds[name][index][level] = kept[name, index, level]
                    if missing and level < missing[-1]:
                        own.critics = pass_scale(own.pyramid, scale, own.real, own.critics, how)
                    continue
                measured, own.critics = measure_scale(own.pyramid, scale, own.real, own.critics, how, rounds=steps)
                value = measured.seconds if device.type == "cuda" else measured.cpu_seconds
                seconds[name][index][level] = value
                told(Turn(name, index, scale, value))
    return {
        "device": str(device),
        "threads": torch.get_num_threads(),
        "precision": ", ".join(dict.fromkeys(precisions.values())),
        "clock": "wall" if device.type == "cuda" else "processor",
        "clip": clip,
        "frames": frames,
        "size": list(size),
        "rounds": rounds,
        "scales": [{"size": list(scale.size)} for scale in plans[variants[0][0]]],
        "variants": {
            name: {
                "iterations": [scale.iterations for scale in plans[name]],
                "dimensions": [scale.dimensions for scale in plans[name]],
                "parameters": count_parameters(plans[name], config),
                "seconds": seconds[name],
            }
            for name, config in variants
        },
    }


def count_parameters(scales: Sequence[Scale], config: Config) -> dict[str, list[int]]:
    """How many numbers training learns at each scale: those of its `generator`, and of its `critics` together."""
    return {
        "generator": [_size(build_generator(scale, config.model)) for scale in scales],
        "critics": [sum(_size(critic) for critic in build_critics(scale, config).values()) for scale in scales],
    }


def _plans(variants: Sequence[tuple[str, Config]], frames: int, size: tuple[int, int]) -> dict[str, list[Scale]]:
    """The scales of each variant, all of the same sizes."""
    plans = {name: plan_scales(frames, size, config) for name, config in variants}
    if not plans or len(plans) < len(variants):
        raise InputError("timing: needs at least one variant, and none twice; name each once")
    first, *others = plans
    for name in others:
        if [scale.size for scale in plans[name]] != [scale.size for scale in plans[first]]:
            raise InputError(f"timing: the scales of {name} and {first} differ in size; time variants of one pyramid")
    return plans


def _size(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())
