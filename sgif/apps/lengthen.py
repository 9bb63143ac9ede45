"""Lengthening (paper, section 5.3): trained on few frames, a run makes clips of any number of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datasets.clip import Clip
from sgif.sampler import sample

if TYPE_CHECKING:
    from sgif.run import Run

TIMES = (2, 4)
"""How many times as long: of the paper's 8 frames 16 and 32."""
EACH = 2


def lengthened(run: "Run", seed: int, index: int, frames: int) -> Clip:
    """Random sample number `index`, of so many frames."""
    return sample(run, seed, index, frames=frames)


def gallery(run: "Run", seed: int) -> Iterator[tuple[str, Clip]]:
    """Samples of 2 and 4 times the clip's length, called `FRAMES-NUMBER`."""
    for times in TIMES:
        frames = times * len(run.clip)
        for index in range(EACH):
            yield f"{frames}-{index}", lengthened(run, seed, index, frames)
