"""Sizes of the pyramid's scales: what will be trained, known without torch."""

from dataclasses import dataclass
from math import log

from datasets.errors import InputError
from sgif.config import Config, PyramidConfig


@dataclass(frozen=True)
class Scale:
    """One level of the pyramid.

    Attributes:
        index: 0 for the coarsest.
        size: height and width of the training clip at this level.
        chunk: frames a training step sees.
        dimensions: 3 or 2, of the generator.
        channels: width of generator and critics.
        iterations: training iterations.
    """

    index: int
    size: tuple[int, int]
    chunk: int
    dimensions: int
    channels: int
    iterations: int


def scale_sizes(size: tuple[int, int], config: PyramidConfig) -> list[tuple[int, int]]:
    """Heights and widths, coarsest first; the last is `size` itself.

    The number of scales is the nearest to what `config.factor` gives between the coarsest short side and that of
    `size`; the factor is then refitted so that both ends are exact, as SinGAN does.
    """
    short = min(size)
    if short < config.coarsest_side:
        raise InputError(
            f"pyramid.coarsest_side: the clip's short side is {short} px, the coarsest scale needs "
            f"{config.coarsest_side}; use a larger clip"
        )
    ratio = short / config.coarsest_side
    count = config.scales or 1 + round(log(ratio) / log(config.factor))
    count = count if ratio > 1 else 1
    shrinks = [ratio ** ((i + 1 - count) / (count - 1)) for i in range(count - 1)]
    # Rounding must not take a side below the coarsest one.
    sizes = [tuple(max(round(side * shrink), config.coarsest_side) for side in size) for shrink in shrinks]
    return [*sizes, size]


def plan_scales(frames: int, size: tuple[int, int], config: Config) -> list[Scale]:
    """All levels that are trained for a clip of `frames` frames of `size`, coarsest first."""
    sizes = scale_sizes(size, config.pyramid)
    first, last = config.pyramid.chunk_coarsest, config.pyramid.chunk_finest
    model, iterations = config.model, config.optim.iterations
    finest_only = config.task.base == "clip"
    return [
        Scale(
            index=i,
            size=level,
            chunk=min(frames, round(first + (last - first) * i / max(1, len(sizes) - 1))),
            dimensions=3 if i < model.scales_3d else 2,
            channels=min(model.channels * 2 ** (i // model.channels_double_every), model.channels_max),
            iterations=1 if finest_only and i < len(sizes) - 1 else iterations[min(i, len(iterations) - 1)],
        )
        for i, level in enumerate(sizes)
        if not config.plus.by_retrieval(i)
    ]
