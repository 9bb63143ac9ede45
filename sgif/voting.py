"""A clip out of overlapping patches: each pixel is what the patches over it say on the whole."""

from typing import Literal

import torch
from torch import Tensor


def overlapped(places: Tensor, clip: Tensor, side: int, frames: int, reduce: Literal["median", "mean"]) -> Tensor:
    """The clip that patches make which lie inside it, one at each place.

    The median is that of a colour at a time, and sharper than the mean where patches disagree; of an even number of
    patches it is the lower of the two in the middle.

    Arguments:
        places: int64 [3, t, h, w], where in `clip` the patch at each place comes from: frame, row and column of its
            first pixel.
        clip: float [S, 3, H, W].
        side, frames: of a patch.
        reduce: how the patches over a pixel are brought together.

    Returns:
        float [t + frames - 1, 3, h + side - 1, w + side - 1].
    """
    _, length, height, width = places.shape
    colours = clip.permute(0, 2, 3, 1)
    made = []
    for frame in range(length + frames - 1):
        said = []
        for later in range(frames):
            if not 0 <= frame - later < length:
                continue
            first, row, column = places[:, frame - later]
            for down in range(side):
                for right in range(side):
                    pixels = clip.new_full((height + side - 1, width + side - 1, 3), torch.nan)
                    pixels[down : down + height, right : right + width] = colours[
                        first + later, row + down, column + right
                    ]
                    said.append(pixels)
        stack = torch.stack(said)
        made.append(stack.nanmedian(0).values if reduce == "median" else stack.nanmean(0))
    return torch.stack(made).permute(0, 3, 1, 2).contiguous()
