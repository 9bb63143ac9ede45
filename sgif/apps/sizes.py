"""Other sizes and aspect ratios (paper, section 5.1): the nets are convolutional, so noise of another size does it."""

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from datasets.clip import Clip
from sgif.sampler import sample

if TYPE_CHECKING:
    from sgif.run import Run

FACTORS = (0.5, 1.0, 1.5, 2.0)
"""Of height and of width. All pairs in which one is 1, and those in which both are the same."""


def scaled_size(size: tuple[int, int], height: float, width: float) -> tuple[int, int]:
    """`size` with its height and width so many times as large, in whole pixels."""
    return round(size[0] * height), round(size[1] * width)


def gallery(run: "Run", seed: int) -> Iterator[tuple[str, Clip]]:
    """A sample at each size, called `HEIGHTxWIDTH` in multiples of the clip's.

    Raises:
        InputError: the clip is so small that its half has no pixels to begin with.
    """
    for index, (height, width) in enumerate(product(FACTORS, FACTORS)):
        if 1 in (height, width) or height == width:
            yield f"{height:g}x{width:g}", sample(run, seed, index, size=scaled_size(run.clip.size, height, width))
