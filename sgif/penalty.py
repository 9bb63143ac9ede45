"""Where the gradient penalty is taken (paper, equation 4)."""

import math

import torch
from torch import Tensor

from sgif.config import Config


def penalty_points(real: Tensor, fake: Tensor, config: Config, rng: torch.Generator) -> Tensor:
    """Where the gradient penalty is taken: interpolates with one mixing weight a step ([10]), or the samples.

    With `speed.penalty_crop` below 1, a random window of that share of each side: the penalty is a mean over pixels of
    a patch critic, so a window estimates the same mean for a part of the cost.
    """
    if config.losses.penalty_at == "interpolates":
        mix = float(torch.rand((), generator=rng))
        points = mix * real + (1 - mix) * fake
    else:
        points = fake
    share = config.speed.penalty_crop
    if share == 1:
        return points
    height, width = points.shape[-2:]
    smallest = 1 + config.model.layers * (config.model.kernel - 1)
    h, w = (min(side, max(smallest + 4, math.ceil(side * share))) for side in (height, width))
    top = int(torch.randint(height - h + 1, (), generator=rng))
    left = int(torch.randint(width - w + 1, (), generator=rng))
    return points[..., top : top + h, left : left + w]
