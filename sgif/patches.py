"""Sliced Wasserstein distance between the space-time patches of two clips: a loss without critics.

Elnekave and Weiss (ECCV 2022) optimise an image until its patches are distributed as another's, the distance taken
along random directions: a direction is a filter, the responses of all patches to it are one convolution, and in one
dimension the Wasserstein distance is the mean difference of the sorted values:

    SWD(x, y) = mean over filters w, |w| = 1, of mean over i of  | sort(w * x)_i - sort(w * y)_i |

Here it trains the generators of the coarsest scales of `sgif-plus`. The distributions are compared at each moment of
the clip apart: over a whole clip at once, a generator can put all of the sky into one frame and all of the ground into
another. [ours]
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def patch_distance(
    x: Tensor, y: Tensor, sizes: Sequence[int], frames: int, projections: int, rng: torch.Generator
) -> Tensor:
    """Sliced Wasserstein distance of the patches of `x` to those of `y`, averaged over patch sizes; a scalar >= 0.

    Arguments:
        x: float [T, 3, H, W], with a graph or without.
        y: float [T, 3, H, W], without.
        sizes: sides of the patches in pixels; one that exceeds a frame is cut to its shorter side.
        frames: length of the patches; cut to T.
        projections: random directions for each size.
        rng: CPU generator of the directions.
    """
    frames, shorter = min(frames, len(x)), min(x.shape[-2:])
    distances = [_distance(x, y, min(side, shorter), frames, projections, rng) for side in sizes]
    return torch.stack(distances).mean()


def _distance(x: Tensor, y: Tensor, side: int, frames: int, projections: int, rng: torch.Generator) -> Tensor:
    filters = torch.randn(projections, 3 * frames, side, side, generator=rng)
    filters = (filters / filters.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).to(x.device)
    responses = _responses(x, filters, frames)
    with torch.no_grad():
        wanted = _responses(y, filters, frames).sort(dim=2).values
    return (responses.sort(dim=2).values - wanted).abs().mean()


def _responses(clip: Tensor, filters: Tensor, frames: int) -> Tensor:
    """Each patch's response to each filter, [T - frames + 1, projections, patches of a moment]."""
    count = len(clip) - frames + 1
    stacked = torch.cat([clip[start : start + count] for start in range(frames)], dim=1)
    return F.conv2d(stacked, filters).flatten(2)
