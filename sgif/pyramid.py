"""The pyramid of sizes, and the clip at each of them."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

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
    count = config.scales or 1 + round(np.log(ratio) / np.log(config.factor))
    count = count if ratio > 1 else 1
    steps = [ratio ** (-(count - 1 - i) / (count - 1)) for i in range(count - 1)] if count > 1 else []
    # Rounding must not take the coarsest short side below what the critic's patch needs.
    return [(max(round(size[0] * s), config.coarsest_side), max(round(size[1] * s), config.coarsest_side)) for s in steps] + [size]


def plan_scales(frames: int, size: tuple[int, int], config: Config) -> list[Scale]:
    """All levels for a clip of `frames` frames of `size`, coarsest first."""
    sizes = scale_sizes(size, config.pyramid)
    first, last = config.pyramid.chunk_coarsest, config.pyramid.chunk_finest
    model, iterations = config.model, config.optim.iterations
    return [
        Scale(
            index=i,
            size=level,
            chunk=min(frames, round(first + (last - first) * i / max(1, len(sizes) - 1))),
            dimensions=3 if i < model.scales_3d else 2,
            channels=min(model.channels * 2 ** (i // model.channels_double_every), model.channels_max),
            iterations=iterations[min(i, len(iterations) - 1)],
        )
        for i, level in enumerate(sizes)
    ]


def resize(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """Frames [T, 3, H, W] at another size: bicubic, antialiased when it shrinks, as SinGAN's."""
    if tuple(frames.shape[-2:]) == tuple(size):
        return frames
    return F.interpolate(frames, size=size, mode="bicubic", align_corners=False, antialias=True)


def to_tensor(frames: np.ndarray) -> Tensor:
    """uint8 [T, H, W, 3] to float32 [T, 3, H, W] in [-1, 1]."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1


def to_frames(video: Tensor) -> np.ndarray:
    """float [T, 3, H, W] to uint8 [T, H, W, 3]; values outside [-1, 1] are clipped."""
    levels = (video.detach().float().clamp(-1, 1) + 1) * 127.5
    return levels.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
