"""Whether a training is still one: running means of its losses, and when they say that it has failed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from datasets.errors import InputError
from sgif.config import Config


class Diverged(InputError):
    """A training whose losses are beyond recovery."""


@dataclass
class Means:
    """Running means of named scalars between two log lines."""

    sums: dict[str, Tensor] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Count in one step's values; a step need not have all of them."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0) + value.detach()
            self.counts[name] = self.counts.get(name, 0) + 1

    def read(self) -> dict[str, float]:
        """The means since the start or the last `take`."""
        return {name: float(total) / self.counts[name] for name, total in self.sums.items()}

    def take(self) -> dict[str, float]:
        """The means, and start over."""
        means = self.read()
        self.sums, self.counts = {}, {}
        return means


WORSE_THAN_GREY = 1.5
"""A net begins near a grey clip. So many times that clip's error, and it has died: it puts out one extreme colour."""


def check_losses(
    values: Mapping[str, float], scale: int, iteration: int, config: Config, grey: float | None = None
) -> None:
    """Stop a training whose losses are not finite or run away.

    A reconstruction is runaway when it is clearly worse than a grey clip, any other loss when it is beyond
    `optim.runaway`.

    Arguments:
        values: weighted mean losses of some steps up to `iteration`.
        grey: the weighted reconstruction loss of a grey clip; by default its most, 1 in either norm on [-1, 1].

    Raises:
        Diverged: with scale, iteration, and what to try.
    """
    most = config.losses.reconstruction
    most = most if grey is None else min(most, WORSE_THAN_GREY * grey)
    for name, value in values.items():
        if not math.isfinite(value):
            problem = "is not finite"
        elif name == "reconstruction" and value > most > 0:
            problem = f"is {value:.4g}, worse than a grey clip's ({most:.3g} at most)"
        elif name != "reconstruction" and abs(value) > config.optim.runaway:
            problem = f"is {value:.4g}, beyond optim.runaway = {config.optim.runaway:g}"
        else:
            continue
        raise Diverged(
            f"scale {scale}, iteration {iteration}: {name} {problem}; try a lower optim.lr_generator and "
            "optim.lr_critic (for sgif-plus plus.patch_lr), a higher losses.penalty, or another seed"
        )
