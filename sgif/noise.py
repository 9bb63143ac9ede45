"""Noise maps and seeds. Every draw comes from a generator on the CPU, so that a seed means the same on any device."""

import numpy as np
import torch
from torch import Tensor


def seeded(*key: int) -> torch.Generator:
    """A CPU generator for this key, independent of the generators for all other keys."""
    state = np.random.SeedSequence(key).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(state[0]) << 31 ^ int(state[1]))


def draw_noise(
    generator: torch.Generator, frames: int, size: tuple[int, int], *, coarsest: bool, shared: bool, still: float = 0.0
) -> Tensor:
    """A standard normal noise map [T or 1, 3, H, W].

    Arguments:
        generator: where the draw comes from.
        frames: T.
        size: H, W.
        coarsest: draw one channel and copy it to all three, as SinGAN does at its coarsest scale.
        shared: draw one map for all frames (2D scales, section 3.3.2): T is then 1, to be broadcast.
        still: share of the variance that all frames have in common: a layout that lasts, and what moves in it.
    """
    shape = (1 if shared else frames, 1 if coarsest else 3, *size)
    noise = torch.randn(shape, generator=generator)
    if still:
        lasting = torch.randn((1, *shape[1:]), generator=generator)
        noise = still**0.5 * lasting + (1 - still) ** 0.5 * noise
    return noise.expand(-1, 3, -1, -1)
