"""Outputs of the frozen scales, kept for several steps: making one costs a pass through them at full size."""

from collections.abc import Callable

import torch
from torch import Tensor


class Pool:
    """The last `size` of a series of samples that goes on by one every `refresh` iterations.

    Sample number n of the series is always the same, so a pool needs no place in a checkpoint: what it holds at an
    iteration follows from the iteration. It starts with one sample and fills up.

    Arguments:
        make: sample number n, as `make(n)`.
        size: how many are kept.
        refresh: iterations between one sample and the next.
    """

    def __init__(self, make: Callable[[int], Tensor], size: int, refresh: int) -> None:
        self.make, self.size, self.refresh = make, size, refresh
        self._kept: dict[int, Tensor] = {}

    def draw(self, iteration: int, rng: torch.Generator) -> Tensor:
        """One of the samples of this iteration (counted from 1), each as likely as the others."""
        newest = (iteration - 1) // self.refresh
        oldest = max(0, newest - self.size + 1)
        number = int(torch.randint(oldest, newest + 1, (), generator=rng))
        self._kept = {n: sample for n, sample in self._kept.items() if n >= oldest}
        if number not in self._kept:
            self._kept[number] = self.make(number)
        return self._kept[number]
