"""What is said of an application on a clip: measures, each beside a trivial baseline or a limit, and what to look at.

A measure is won where it is better than its baseline's value; where there is none, where it keeps its limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True)
class Measure:
    """One number.

    Attributes:
        measure: name, for files.
        title: for tables, with its unit.
        value: of the application.
        baseline: what it is compared with, in words; empty where it only has a limit.
        baseline_value: the same of the baseline.
        better: lower or higher than the baseline; or within: at most `limit`.
        limit: largest value that is accepted, of measures that are `within`.
    """

    measure: str
    title: str
    value: float
    baseline: str = ""
    baseline_value: float | None = None
    better: Literal["lower", "higher", "within"] = "lower"
    limit: float | None = None

    def __post_init__(self) -> None:
        if (self.better == "within") != (self.limit is not None):
            raise ValueError(f"{self.measure}: a limit belongs to a measure that is 'within', and to no other")
        if self.better != "within" and self.baseline_value is None:
            raise ValueError(f"{self.measure}: neither a baseline nor a limit to compare with")

    @property
    def beats(self) -> bool:
        """Whether it is better than its baseline, or keeps its limit."""
        if self.better == "within":
            return self.value <= self.limit
        return self.value < self.baseline_value if self.better == "lower" else self.value > self.baseline_value

    def to_json(self) -> dict[str, Any]:
        """As the file of an application holds it."""
        return {**vars(self), "beats": self.beats}


@dataclass(frozen=True)
class Shown:
    """A clip for the page: frames uint8 [T, H, W, 3], any size and length."""

    label: str
    frames: np.ndarray


@dataclass(frozen=True)
class Verdict:
    """All that is said of an application on one clip.

    Attributes:
        measures: the numbers.
        sheet: the contact sheet, uint8 [H, W, 3].
        shown: what plays on the page.
        delays_ms: how long each frame of the longest of `shown` is shown.
        notes: sentences that a reader of the numbers needs.
    """

    measures: Sequence[Measure]
    sheet: np.ndarray
    shown: Sequence[Shown]
    delays_ms: Sequence[int]
    notes: Sequence[str] = field(default_factory=tuple)
