"""Which items stand on which sheet, and in which order.

With K samples of each of M methods there are K M sheets, and each shows one fake of every clip. Sheet (k, r) shows of
clip c the method (r + c) mod M, a Latin square: no sheet is one method, and every fake stands on exactly one sheet.
Where real clips are mixed in, a sheet has each clip once real and once fake, in different halves. Two sheets (2j, r)
and (2j + 1, r) have their clips at the same positions with real and fake exchanged; without real clips, the second has
the order of the first backwards. So a position says nothing about what stands there, with an even K exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.study.design import Design


@dataclass(frozen=True)
class Slot:
    """A place on a sheet.

    Attributes:
        kind: "fake", "real" or "catch".
        clip: None for a catch trial.
        method: of a fake.
        number: which of the method's chosen samples of the clip, from 0; or which catch trial of the sheet.
    """

    kind: str
    clip: str | None
    method: str | None = None
    number: int | None = None


def plan_sheets(design: Design) -> list[list[Slot]]:
    """The slots of every sheet in the order of showing; the order of the sheets themselves carries meaning."""
    rows = len(design.methods)
    sheets = [_sheet(design, k, row) for k in range(design.samples) for row in range(rows)]
    return [_with_catch(design, slots, *divmod(index, rows)) for index, slots in enumerate(sheets)]


def _sheet(design: Design, k: int, row: int) -> list[Slot]:
    """The scored slots of sheet (k, row)."""
    rng = np.random.default_rng([design.seed, 0, row, k // 2])
    first, second = rng.permutation(len(design.clips)), rng.permutation(len(design.clips))
    fakes_first = rng.permutation(len(design.clips)) < (len(design.clips) + int(rng.integers(2))) // 2
    if k % 2:
        fakes_first = ~fakes_first
    if not design.reals:
        return [_fake(design, clip, k, row) for clip in (first[::-1] if k % 2 else first)]
    halves = ((first, fakes_first), (second, ~fakes_first))
    return [
        _fake(design, clip, k, row) if fake[clip] else Slot("real", design.clips[clip])
        for order, fake in halves
        for clip in order
    ]


def _fake(design: Design, clip: int, k: int, row: int) -> Slot:
    methods = len(design.methods)
    # Each clip has its own order of samples; otherwise a sheet would show the k-th one of all.
    order = np.random.default_rng([design.seed, 1, clip]).permutation(design.samples)
    return Slot("fake", design.clips[clip], design.methods[(row + clip) % methods], int(order[k]))


def _with_catch(design: Design, slots: Sequence[Slot], k: int, row: int) -> list[Slot]:
    """The slots with catch trials between them: spread over equal parts of the sheet, none at its very start."""
    rng = np.random.default_rng([design.seed, 2, row, k // 2])
    parts = np.array_split(np.arange(1, len(slots) + 1), max(design.catch_trials, 1))
    sheet = list(slots)
    # From the end, so that places in front stay what they are.
    for number in reversed(range(design.catch_trials)):
        place = int(rng.choice(parts[number])) if len(parts[number]) else len(slots)
        sheet.insert(place, Slot("catch", None, number=number))
    return sheet
