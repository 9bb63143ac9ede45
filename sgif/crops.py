"""Random crops to train on: where they lie, and how they are cut."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Crop:
    """A rectangle of a frame, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, x: Tensor, halo: int = 0) -> Tensor:
        """The rectangle of [..., H, W], and `halo` pixels more on every side of it if `x` was padded by so many."""
        bottom, right = self.top + self.height + 2 * halo, self.left + self.width + 2 * halo
        return x[..., self.top : bottom, self.left : right]


def draw_crop(size: tuple[int, int], side: int, rng: torch.Generator) -> Crop:
    """A random crop of at most `side` x `side` pixels.

    A crop that lies evenly in the frame sees the border seldom: of all its positions just one holds the corner. The
    border is what anchors a layout, so positions reach half a crop beyond the frame and are moved back to its edge:
    every pixel is seen with 0.5 to 1.5 times the mean frequency.
    """
    spans = [(full, min(full, side)) for full in size]
    (top, height), (left, width) = ((_draw(full, part, rng), part) for full, part in spans)
    return Crop(top, left, height, width)


def _draw(full: int, part: int, rng: torch.Generator) -> int:
    if part == full:
        return 0
    beyond = part // 2
    drawn = int(torch.randint(-beyond, full - part + beyond + 1, (), generator=rng))
    return min(max(drawn, 0), full - part)
