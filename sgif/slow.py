"""Slow motion's noise: frames as steps on a path between two maps (paper, section 5.2).

    frame n of N:   (n/N) z1 + ((N-n)/N) z2          z1 ~ N(+1, I), z2 ~ N(-1, I)

Frames are counted from 0, so every k-th of k T frames on a path is the path of T frames: to generate at a higher rate
and to take every k-th frame is to generate at the clip's rate, as far as the noise goes. [ours: the paper leaves open
whether it counts from 0 or 1, and whether z1 and z2 are drawn once a clip or once a frame; a path has two ends.]
"""

import torch
from torch import Tensor

from sgif.noise import draw_noise


def draw_path(
    generator: torch.Generator, frames: int, size: tuple[int, int], *, whole: int, still: float = 0.0
) -> Tensor:
    """Noise of `frames` successive frames on a path between two new ends, [frames, 3, H, W], for the coarsest scale.

    Arguments:
        generator: where the draws come from.
        frames: how many.
        size: H, W.
        whole: frames of the path. Fewer are a part of it that starts anywhere; more are smaller steps on it.
        still: share of the variance that both ends have in common.
    """
    ends = draw_noise(generator, 2, size, coarsest=True, shared=False, still=still)
    whole, start = max(whole, frames), 0
    if frames < whole:
        start = int(torch.randint(whole - frames + 1, (), generator=generator))
    share = (torch.arange(start, start + frames) / whole).view(-1, 1, 1, 1)
    return share * (ends[:1] + 1) + (1 - share) * (ends[1:] - 1)
