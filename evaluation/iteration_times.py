"""The timing file of the ablations: what an iteration of each variant takes at each scale, measured in turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets.errors import InputError
from evaluation import wording

NETS = ("generator", "critics")


@dataclass(frozen=True)
class Times:
    """What the file says of one variant.

    Attributes:
        seconds: of an iteration, float64 [rounds, scales].
        iterations: int64 [scales].
        dimensions: of the generator's convolutions, 3 or 2 a scale.
        parameters: of `generator` and `critics`, int64 [scales] each.
    """

    seconds: np.ndarray
    iterations: np.ndarray
    dimensions: tuple[int, ...]
    parameters: Mapping[str, np.ndarray]

    @property
    def training(self) -> np.ndarray:
        """Seconds of all iterations of all scales, float64 [rounds]."""
        return self.seconds @ self.iterations


@dataclass(frozen=True)
class Timing:
    """The whole file.

    Attributes:
        height, width, frames: that were timed.
        clip: whose size that is, None if no clip's.
        rounds: in each of which every variant had its turn.
        scales: height and width of each, coarsest first.
        machine: where, in words.
        clock: "processor" or "wall": which time was taken.
        variants: by name.
    """

    height: int
    width: int
    frames: int
    clip: str | None
    rounds: int
    scales: tuple[tuple[int, int], ...]
    machine: str
    clock: str
    variants: Mapping[str, Times]

    @property
    def how(self) -> str:
        """How it was measured, as a sentence."""
        clip = f"{self.clip}, " if self.clip else ""
        return (
            f"Measured in turns over the variants, {wording.counted(self.rounds, 'round')}, in {self.clock} time on "
            f"{self.machine}: {clip}"
            f"{wording.counted(self.frames, 'frame')} of {self.width}{wording.TIMES}{self.height} px."
        )

    def only(self, names: Sequence[str]) -> dict[str, Times]:
        """Those of the named variants that it has, in that order."""
        return {name: self.variants[name] for name in names if name in self.variants}


def read_timing(timing: Mapping[str, Any]) -> Timing:
    """A parsed timing file.

    Raises:
        InputError: it is no such file: a key is missing, or a number of rounds or scales does not fit.
    """
    try:
        rounds = int(timing["rounds"])
        scales = tuple((int(scale["size"][0]), int(scale["size"][1])) for scale in timing["scales"])
        height, width = map(int, timing["size"])
        threads = wording.counted(int(timing["threads"]), "thread")
        machine = f"{timing['device']} with {threads} in {timing['precision']}"
        variants = {name: _times(one, rounds, len(scales)) for name, one in timing["variants"].items()}
        frames, clip = int(timing["frames"]), timing["clip"]
        clock = str(timing["clock"])
        if clock not in ("processor", "wall"):
            raise ValueError(clock)
        return Timing(height, width, frames, clip, rounds, scales, machine, clock, variants)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError("the timing file of the ablations is not one; delete it and measure again") from error


def _times(variant: Mapping[str, Any], rounds: int, scales: int) -> Times:
    times = Times(
        np.array(variant["seconds"], dtype=np.float64),
        np.array(variant["iterations"], dtype=np.int64),
        tuple(variant["dimensions"]),
        {net: np.array(variant["parameters"][net], dtype=np.int64) for net in NETS},
    )
    lengths = {len(times.iterations), len(times.dimensions), *map(len, times.parameters.values())}
    if times.seconds.shape != (rounds, scales) or lengths != {scales} or not rounds or not (times.seconds > 0).all():
        raise ValueError("rounds and scales do not fit")
    return times
