"""What a training will cost on this machine: measured at every scale, or estimated from two measured steps."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from sgif.config import Config, override
from sgif.cost import Work, iteration_voxels, iteration_work
from sgif.critics import Critic
from sgif.device import peak_memory_mb
from sgif.execution import Execution, choose_precision, execution_of
from sgif.frames import resize
from sgif.model import GeneratorPyramid, draw_z_star
from sgif.noise import seeded
from sgif.pyramid import Scale, plan_scales
from sgif.trainer import ScaleTraining

LONG = 10.0
"""Seconds of a step from which none is taken to warm up."""


@dataclass(frozen=True)
class ScaleForecast:
    """What one scale will take.

    Attributes:
        scale: the level.
        voxels: pixels of all frames that an iteration trains on.
        seconds, cpu_seconds: wall time and processor time of an iteration, upkeep of the pool included.
        fixed_seconds: wall time before the first and after the last iteration.
    """

    scale: Scale
    voxels: int
    seconds: float
    cpu_seconds: float
    fixed_seconds: float

    @property
    def total_seconds(self) -> float:
        """Wall time of the scale."""
        return self.seconds * self.scale.iterations + self.fixed_seconds

    @property
    def total_cpu_seconds(self) -> float:
        """Processor time of the scale."""
        return self.cpu_seconds * self.scale.iterations + self.fixed_seconds


@dataclass(frozen=True)
class Forecast:
    """What a whole training will take; memory in MiB is that of the process that measured."""

    scales: list[ScaleForecast]
    peak_memory_mb: float
    device: str
    threads: int
    precision: str

    @property
    def seconds(self) -> float:
        """Wall time of all scales."""
        return sum(s.total_seconds for s in self.scales)

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all scales."""
        return sum(s.total_cpu_seconds for s in self.scales)

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        keys = ("device", "threads", "precision", "peak_memory_mb", "seconds", "cpu_seconds")
        return {key: getattr(self, key) for key in keys} | {"scales": [asdict(s) for s in self.scales]}


def measure(
    frames: int,
    size: tuple[int, int],
    config: Config,
    device: torch.device,
    *,
    rounds: int = 3,
    told: Callable[[ScaleForecast], None] = lambda measured: None,
) -> Forecast:
    """Take a few steps of every scale, on noise and on untrained scales below.

    Arguments:
        frames, size: of the clip at its training size.
        config: of the training.
        device: where it will run.
        rounds: how many steps a scale are measured, after one to warm up where a step is short; with a lazy penalty
            that many cycles.
        told: called with each scale's result as it comes.
    """
    precision = choose_precision(config.speed.precision, device)
    how = execution_of(config.speed, precision, device)
    pyramid, real = untrained(frames, size, config, device)
    critics, results = {}, []
    for scale in pyramid.scales:
        measured, critics = measure_scale(pyramid, scale, real, critics, how, rounds=rounds)
        results.append(measured)
        told(measured)
    return Forecast(results, peak_memory_mb(device), str(device), torch.get_num_threads(), precision)


def untrained(
    frames: int, size: tuple[int, int], config: Config, device: torch.device
) -> tuple[GeneratorPyramid, Tensor]:
    """A pyramid without any generator yet, and a clip of noise, float [T, 3, H, W] in [-1, 1], to train it on."""
    scales = plan_scales(frames, size, config)
    real = torch.rand(frames, 3, *size, generator=seeded(0)).to(device) * 2 - 1
    z_star = draw_z_star(seeded(1), frames, scales[0].size, config)
    return GeneratorPyramid(config, scales, z_star.to(device)), real


def measure_scale(
    pyramid: GeneratorPyramid,
    scale: Scale,
    real: Tensor,
    previous: dict[str, Critic],
    how: Execution,
    *,
    rounds: int,
) -> tuple[ScaleForecast, dict[str, Critic]]:
    """Take a few steps of one scale; `pyramid` holds the scales below, and gets its generator as one more.

    Arguments:
        pyramid: as `untrained` gives it, with every scale below measured before.
        scale: which.
        real: the clip at its training size, float [T, 3, H, W].
        previous: critics of the scale below.
        how: nets are computed.
        rounds: how many steps are measured, as for `measure`.

    Returns:
        What it takes, and its critics.
    """
    speed, device = pyramid.config.speed, real.device
    gc.collect()  # a training and its pool hold each other, and the last one's samples would stay
    began = _now(device)
    training = ScaleTraining(pyramid, scale, resize(real, scale.size), previous, 0, how)
    before = _now(device) - began
    wall, cpu = _steps(training, speed.penalty_every, rounds, device)
    began, began_cpu = _now(device), time.process_time()
    if training.refresh_pool():
        wall += (_now(device) - began) / speed.pool_refresh
        cpu += (time.process_time() - began_cpu) / speed.pool_refresh
    began = _now(device)
    critics = training.finish().critics
    after = _now(device) - began
    voxels = iteration_voxels(scale, pyramid.config)
    return ScaleForecast(scale, voxels, wall, cpu, before + after), critics


def pass_scale(
    pyramid: GeneratorPyramid, scale: Scale, real: Tensor, previous: dict[str, Critic], how: Execution
) -> dict[str, Critic]:
    """A scale that was measured before: `pyramid` gets its generator without a step taken. Arguments and critics as
    those of `measure_scale`.
    """
    gc.collect()
    return ScaleTraining(pyramid, scale, resize(real, scale.size), previous, 0, how).finish().critics


def _steps(training: ScaleTraining, cycle: int, rounds: int, device: torch.device) -> tuple[float, float]:
    """Median wall and processor time of a step, over `rounds` cycles after a step to warm up.

    A long first step is measured, too, for the time that it saves; it may be slower than the next by what it sets up.
    """
    wall, cpu = _step(training, 1, device)
    measured = [(wall, cpu)] if wall > LONG and cycle == 1 else []
    measured += [_step(training, cycle, device) for _ in range(rounds - len(measured))]
    return tuple(statistics.median(values) for values in zip(*measured, strict=True))


def _step(training: ScaleTraining, cycle: int, device: torch.device) -> tuple[float, float]:
    """Wall and processor time of a step, the mean of a cycle."""
    began, began_cpu = _now(device), time.process_time()
    for _ in range(cycle):
        training.step()
    return (_now(device) - began) / cycle, (time.process_time() - began_cpu) / cycle


def _now(device: torch.device) -> float:
    """Seconds on the clock once everything that was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


@dataclass(frozen=True)
class Speed:
    """Seconds that this machine takes for an operation of a convolution, and for norm and activation of an element."""

    flop: float
    element: float

    def seconds(self, work: Work) -> float:
        """For so much work."""
        return self.flop * work.flop + self.element * work.elements


_PROBES = ((8, 64), (32, 40), (64, 40))
"""Channels and side of the steps that `calibrate` measures: few channels show the elements, many the convolutions."""


def calibrate(config: Config, device: torch.device) -> Speed:
    """The speed of this machine at trainings like this one, from a few steps of small nets: seconds, not minutes."""
    rows, seconds = [], []
    for channels, side in _PROBES:
        keys = {"pyramid.scales": 1, "model.channels": channels, "speed.penalty_every": 1, "speed.pool": 0}
        probe = override(config, keys | {"pyramid.coarsest_side": 25, "pyramid.frames": 8})
        probe = override(probe, {"pyramid.chunk_coarsest": 8, "pyramid.chunk_finest": 8})
        forecast = measure(8, (side, side), probe, device, rounds=2)
        work = iteration_work(plan_scales(8, (side, side), probe), 0, probe)
        rows.append((work.flop, work.elements))
        seconds.append(forecast.scales[0].seconds)
    # Relative errors count: each row is divided by its own time.
    matrix = np.array(rows) / np.array(seconds)[:, None]
    unit = matrix.max(axis=0)
    solution, _ = nnls(matrix / unit, np.ones(len(rows)))
    return Speed(*(float(value) for value in solution / unit))


def estimate(frames: int, size: tuple[int, int], config: Config, speed: Speed) -> float:
    """Seconds of a whole training, by counting its work."""
    scales = plan_scales(frames, size, config)
    return sum(speed.seconds(iteration_work(scales, s.index, config)) * s.iterations for s in scales)
