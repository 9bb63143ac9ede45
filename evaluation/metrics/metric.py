"""What is known about a metric, as data: tables, reports, ranks and tests read it."""

from dataclasses import dataclass
from typing import Literal

DIRECTIONS = {
    "lower": "lower is better",
    "higher": "higher is better",
    "one": "1 is best",
    "none": "not ranked",
}
GROUPS = {
    "quality": "does it look like the clip",
    "diversity": "do samples differ",
    "copying": "is it the clip itself",
    "motion": "does it move like the clip",
    "appearance": "colour, contrast, noise",
}


@dataclass(frozen=True)
class Metric:
    """A number that tells something about generated clips.

    Attributes:
        name: key in metric files, cells and command lines.
        title: heading in tables and figures.
        group: the question that it answers, a key of `GROUPS`.
        unit: unit of the value; empty for a ratio.
        range: least and greatest possible value.
        direction: which way is better, a key of `DIRECTIONS`.
        of: whether one generated clip has a value, or only several together.
        definition: what is computed, in a sentence.
        source: where it was defined.
        blind_to: what it cannot see, in words.
        cost: seconds a sample of 8 frames of 168 x 298 on one core, about; what metrics share counts with the first.
        worse_on: controls on which it must be worse than the clip's own second half is against its first.
        same_on: controls on which it must not be.
        layer: of the encoder, where it is not the one that was asked for.
    """

    name: str
    title: str
    group: Literal["quality", "diversity", "copying", "motion", "appearance"]
    unit: str
    range: tuple[float, float]
    direction: Literal["lower", "higher", "one", "none"]
    of: Literal["sample", "set"]
    definition: str
    source: str
    blind_to: str
    cost: float
    worse_on: tuple[str, ...] = ()
    same_on: tuple[str, ...] = ()
    layer: str | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS or self.group not in GROUPS:
            raise ValueError(f"{self.name}: no direction {self.direction!r} or no group {self.group!r}")
        if set(self.worse_on) & set(self.same_on):
            raise ValueError(f"{self.name}: a control cannot be both worse and the same")

    @property
    def about(self) -> str:
        """Definition, direction, unit and blindness, for readers of a table."""
        unit = f"; in {self.unit}" if self.unit else ""
        return f"{self.sentence} ({DIRECTIONS[self.direction]}{unit}). It cannot see {self.blind_to}."

    @property
    def sentence(self) -> str:
        """The definition with a capital, without a full stop."""
        return f"{self.definition[0].upper()}{self.definition[1:]}"

    def badness(self, value: float) -> float:
        """The value on a scale on which less is better, whatever the direction; 0 is best where there is a best value.

        Raises:
            ValueError: the metric has no direction.
        """
        if self.direction == "lower":
            return max(value, 0.0)  # an unbiased distance may be negative by chance, which is no merit
        if self.direction == "higher":
            return -value
        if self.direction == "one":
            from math import inf, log

            return abs(log(value)) if value > 0 else inf
        raise ValueError(f"{self.name}: has no direction")
