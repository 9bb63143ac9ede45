"""What a generator is given to refine in a training step, and what it is told about the result.

In the paper that is a random sample of the scales below, judged by the critics alone, while the reconstruction has a
pass of its own. `sgif-plus` also hands the generator blurred versions of the training clip (guided drafts), and tells
it for the random samples what each patch of them would best become (`sgif.matching`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sgif.execution import Execution
from sgif.frames import resize
from sgif.matching import matched
from sgif.model import GeneratorPyramid
from sgif.noise import seeded
from sgif.pool import Pool
from sgif.pyramid import Scale


@dataclass(frozen=True)
class Draft:
    """One input.

    Attributes:
        base: float [chunk, 3, h, w], whole frames at this scale's size.
        target: what the result is compared with, of the same shape; None for nothing.
        guided: whether `base` shows the training clip itself, and `target` is that clip.
        strength: share of the scale's noise amplitude that is added.
    """

    base: Tensor
    target: Tensor | None = None
    guided: bool = False
    strength: float = 1.0


class Drafts:
    """Draws drafts for one scale.

    Arguments:
        pyramid: the frozen coarser scales.
        scale: the level in training.
        real: the clip at this level, float [T, 3, h, w].
        anchor: the reconstruction by the scales below, at this level's size.
        seed: of the run.
        how: how the frozen scales are computed.
    """

    def __init__(
        self, pyramid: GeneratorPyramid, scale: Scale, real: Tensor, anchor: Tensor, seed: int, how: Execution
    ) -> None:
        self.pyramid, self.scale, self.real, self.anchor, self.how = pyramid, scale, real, anchor, how
        speed, self.plus = pyramid.config.speed, pyramid.config.plus
        self.guided = self.plus.guided if scale.index else 0.0
        self.coarse = resize(real, pyramid.scales[scale.index - 1].size) if scale.index else real
        self.ideal = resize(self.coarse, scale.size)
        self.pool: Pool[Draft] | None = None
        if scale.index and speed.pool:
            make = lambda number: self._sample(seeded(seed, 3, scale.index, number))  # noqa: E731
            self.pool = Pool(make, speed.pool, speed.pool_refresh)

    def draw(self, window: slice, iteration: int, rng: torch.Generator) -> Draft:
        """The draft of an iteration (counted from 1); `window` is the part of the clip that it trains on."""
        if self.scale.index == 0:
            return Draft(torch.zeros_like(self.real[window]))
        if not self.guided:
            return self.pool.draw(iteration, rng) if self.pool else self._sample(rng)
        # All strengths from none to full are learned, so that the reconstruction, without noise, is one case of many.
        strength = float(torch.rand((), generator=rng))
        if float(torch.rand((), generator=rng)) < self.guided:
            # Half of them as the scales below reconstruct the clip, half on the way to how it should be.
            share = max(0.0, 2 * float(torch.rand((), generator=rng)) - 1)
            base = (1 - share) * self.anchor[window] + share * self.ideal[window]
            return Draft(base, self.real[window], True, strength)
        free = self.pool.draw(iteration, rng) if self.pool else self._sample(rng)
        return Draft(free.base, free.target, False, strength)

    def _sample(self, rng: torch.Generator) -> Draft:
        """A random sample of the frozen scales, at this scale's size, with what its patches should become."""
        below = self.pyramid.generate(self.scale.chunk, rng, scales=self.scale.index, how=self.how)
        target = matched(below, self.coarse, self.real, rng, self.how.dtype) if self.plus.match else None
        return Draft(resize(below, self.scale.size), target)
