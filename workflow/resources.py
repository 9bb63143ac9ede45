"""What a training asks of a scheduler: memory and time, counted before anything runs, and more at each attempt."""

import math
from dataclasses import dataclass
from functools import cache

from sgif.config import Config
from sgif.cost import iteration_work, training_memory_mb
from sgif.pyramid import plan_scales

# Nominal machines, slower than those that were measured: a training that is stopped for time resumes where it was, but
# waits in the queue again. One thread with AVX-512 and AMX does 80 (float32) to 240 (bfloat16) GFLOP/s in a training.
_CPU_FLOPS = 40e9
_CPU_ELEMENTS = 0.25e9
_THREAD_GAIN = 0.6  # of a second thread and all further ones; 0.4 to 0.6 measured with two
_GPU_FLOPS = 2e12  # a guess: no GPU was measured
_GPU_INTENSITY = 100  # operations of convolutions in the time of a norm and activation of one element
_START_MINUTES = 10.0  # imports from a network drive, checksums, pictures
_MEMORY_MARGIN = 1.5
_MEMORY_GROWTH = 1.5


@dataclass(frozen=True)
class Request:
    """Memory in MB (as Snakemake counts it) and wall time in minutes."""

    mem_mb: int
    runtime: int


def gain_of_threads(threads: int) -> float:
    """How much faster so many threads of a CPU train than one."""
    return 1 + _THREAD_GAIN * (threads - 1)


def training_seconds(
    frames: int,
    size: tuple[int, int],
    config: Config,
    *,
    threads: int,
    gpu: bool,
    gpu_flops: float = _GPU_FLOPS,
) -> float:
    """Wall time of a training on a nominal machine.

    Arguments:
        frames, size: of the clip at its training size.
        config: of the training.
        threads: of the CPU.
        gpu: whether it has a GPU.
        gpu_flops: what that does in a second.
    """
    if gpu:
        flops, elements = gpu_flops, gpu_flops / _GPU_INTENSITY
    else:
        flops, elements = (speed * gain_of_threads(threads) for speed in (_CPU_FLOPS, _CPU_ELEMENTS))
    scales = plan_scales(frames, size, config)
    works = [iteration_work(scales, scale.index, config).times(scale.iterations) for scale in scales]
    return sum(work.flop / flops + work.elements / elements for work in works)


@cache  # memory and time are asked for apart, and many trainings are alike
def training_request(
    frames: int, size: tuple[int, int], config: Config, *, threads: int, gpu: bool, attempt: int = 1
) -> Request:
    """What to ask for; arguments as for `training_seconds`, and Snakemake's number of the attempt, from 1 on."""
    memory = training_memory_mb(frames, size, config) * 2**20 / 1e6 * _MEMORY_MARGIN
    minutes = _START_MINUTES + training_seconds(frames, size, config, threads=threads, gpu=gpu) / 60
    return Request(
        mem_mb=math.ceil(memory * _MEMORY_GROWTH ** (attempt - 1) / 100) * 100,
        runtime=math.ceil(minutes * attempt),
    )
