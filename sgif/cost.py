"""What a training computes, counted: enough to compare scales with each other, without torch."""

from dataclasses import dataclass
from itertools import pairwise

from sgif.config import Config, ModelConfig
from sgif.pyramid import Scale, plan_scales

_PENALTY_PASSES = 6  # value, gradient, and two gradients of each of them
_SORT = 4  # norms and activations of an element that take as long as sorting it
_ELEMENT = 800  # floating-point operations that take as long as a norm and an activation of one element, in float32
_TORCH_MB = 760
_KEPT_MB = 280  # for a million voxels times channels: outputs of all layers, gradients, buffers
_SHOWN_MB = 20
_SHOWN_FRAMES = 8


@dataclass(frozen=True)
class Work:
    """An amount of work.

    Attributes:
        flop: floating-point operations of convolutions.
        elements: outputs of convolutions, each of which norm and activation pass over.
    """

    flop: float = 0.0
    elements: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.flop + other.flop, self.elements + other.elements)

    def times(self, factor: float) -> "Work":
        """So much of it."""
        return Work(self.flop * factor, self.elements * factor)

    @property
    def relative(self) -> float:
        """One number to compare scales of a training by."""
        return self.flop + _ELEMENT * self.elements


def iteration_work(scales: list[Scale], index: int, config: Config) -> Work:
    """One iteration of scale `index`, upkeep of the pool included."""
    speed, scale, optim = config.speed, scales[index], config.optim
    height, width = (min(side, speed.crop) if speed.crop else side for side in scale.size)
    rate, by_patches = config.task.rate, config.plus.by_patches(index)
    samples = optim.generator_steps + (0 if by_patches else optim.critic_steps - 1)
    # A sample and a reconstruction for each step of the generator, each with gradients; the other samples without.
    work = _generator(scale, height, width, config.model).times((5 * optim.generator_steps + samples) * rate)
    if by_patches:
        return work + _patch_distance(scale, config).times(optim.generator_steps)
    real, fake = 3 * optim.critic_steps, 3 * optim.critic_steps + (0 if speed.joint else 2 * optim.generator_steps)
    share = optim.critic_steps * speed.penalty_crop**2 * _PENALTY_PASSES / speed.penalty_every
    for taps, there, seen in (
        (1, config.model.image_critic, rate),
        (config.model.kernel, config.model.video_critic, 1),
    ):
        if there:
            work += _critic(scale, height, width, taps, config.model).times(real + seen * fake + share)
    below = Work()
    for frozen in scales[: 0 if config.task.base == "clip" else index]:
        below += _generator(frozen, *frozen.size, config.model)
    return work + below.times(rate / speed.pool_refresh if speed.pool else rate * samples)


def iteration_voxels(scale: Scale, config: Config) -> int:
    """Pixels of all frames that an iteration trains on."""
    height, width = (min(side, config.speed.crop) if config.speed.crop else side for side in scale.size)
    return config.task.rate * scale.chunk * height * width


def relative_costs(scales: list[Scale], config: Config) -> list[float]:
    """The cost of all iterations of each scale, in one unit."""
    return [iteration_work(scales, s.index, config).relative * s.iterations for s in scales]


def _generator(scale: Scale, height: int, width: int, model: ModelConfig) -> Work:
    """A pass of a generator that makes height x width pixels."""
    halo = model.layers * (model.kernel - 1)
    stacked = 1 if scale.dimensions == 3 else 2 * model.neighbours + 1
    widths = [3 * stacked, *[scale.channels] * (model.layers - 1), 3]
    if scale.dimensions == 2:
        return _convolutions(widths, scale.chunk, height + halo, width + halo, model.kernel, 1)
    if not model.separable:
        return _convolutions(widths, scale.chunk, height + halo, width + halo, model.kernel, model.kernel)
    space = _convolutions(widths, scale.chunk, height + halo, width + halo, model.kernel, 1)
    in_time = sum(
        2 * b * b * model.kernel * scale.chunk * h * w
        for b, h, w in _outputs(widths, height + halo, width + halo, model.kernel)
    )
    return space + Work(in_time, 0.0)


def _critic(scale: Scale, height: int, width: int, taps: int, model: ModelConfig) -> Work:
    widths = [3, *[scale.channels] * (model.layers - 1), 1]
    return _convolutions(widths, scale.chunk, height, width, model.kernel, taps)


def _patch_distance(scale: Scale, config: Config) -> Work:
    """Responses of both clips to all filters, one with a gradient; sorting an element is as dear as `_SORT` norms."""
    plus, work = config.plus, Work()
    frames = min(plus.patch_frames, scale.chunk)
    for side in (min(side, *scale.size) for side in plus.patch_sizes):
        moments, height, width = (
            n - m + 1 for n, m in zip((scale.chunk, *scale.size), (frames, side, side), strict=True)
        )
        responses = float(plus.patch_projections * moments * height * width)
        work += Work(3 * 2 * 3 * frames * side**2 * responses, 2 * _SORT * responses)
    return work


def _outputs(widths: list[int], height: int, width: int, kernel: int) -> list[tuple[int, int, int]]:
    """Channels, height and width of each layer's output."""
    return [(b, height - (kernel - 1) * i, width - (kernel - 1) * i) for i, b in enumerate(widths[1:], 1)]


def _convolutions(widths: list[int], frames: int, height: int, width: int, kernel: int, taps: int) -> Work:
    outputs = _outputs(widths, height, width, kernel)
    # A temporal tap passes over the frames that it reaches: one fewer for each frame of lag.
    passes = sum(max(0, frames - abs(tap - taps // 2)) for tap in range(taps))
    flop = sum(
        2 * a * b * kernel**2 * passes * h * w for (a, b), (_, h, w) in zip(pairwise(widths), outputs, strict=True)
    )
    return Work(flop, sum(b * frames * h * w for b, h, w in outputs))


def training_memory_mb(frames: int, size: tuple[int, int], config: Config) -> float:
    """Resident memory of a training's process on a CPU, in MiB, to within a quarter (`tests/sgif/test_cost.py`).

    A sum of three terms, fitted to 19 trainings of 32x57 to 168x298 pixels: torch itself, what a step keeps for its
    gradients, and a picture at every width that no gradient needs.

    Arguments:
        frames, size: of the clip at its training size.
        config: of the training.
    """
    scales = plan_scales(frames, size, config)
    if not scales:
        return _TORCH_MB
    kept = max(iteration_voxels(scale, config) * scale.channels for scale in scales)
    finest = scales[-1]
    shown = min(frames, _SHOWN_FRAMES) * finest.size[0] * finest.size[1] * finest.channels
    return _TORCH_MB + _KEPT_MB * kept / 1e6 + _SHOWN_MB * shown / 1e6
