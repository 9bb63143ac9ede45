"""Clips as sprite sheets: all frames of a clip in one WebP image, from which the page's player draws.

For looking only; scores come from the lossless files. A page has a budget of bytes, and this module decides what fits:
all samples without loss, else as many as possible with little loss, else smaller ones.
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datasets.clip import load_clip
from evaluation.report.document import data_uri

_INSET = 2  # WebP shares colour between neighbouring pixels; on every side a frame has copies of its own edge there
_LARGEST_SIDE = 16383  # of a WebP image
_LOSSLESS_SHARE = 0.5  # of the budget: a lighter page is worth more than the last bit of frames that are looked at


@dataclass(frozen=True)
class Form:
    """How frames are encoded: WebP `quality` in 1..100 or None for lossless, sides scaled by `scale` in (0, 1]."""

    quality: int | None
    scale: float

    def __str__(self) -> str:
        loss = "without loss" if self.quality is None else f"with slight loss (WebP, quality {self.quality})"
        return loss if self.scale == 1 else f"at {self.scale:.0%} of their size and {loss}"


FORMS = (Form(None, 1.0), Form(92, 1.0), Form(85, 1.0), Form(85, 0.7), Form(85, 0.5), Form(80, 0.25))


@dataclass(frozen=True)
class Sheet:
    """A sprite sheet.

    Attributes:
        uri: the image as data URI.
        frames: how many; frame i is in column i % columns, row i // columns.
        width, height: of a frame in the sheet, in pixels.
        cell_width, cell_height: from one frame to the next.
        inset: where in its cell a frame begins, from the left and from the top.
    """

    uri: str
    frames: int
    columns: int
    width: int
    height: int
    cell_width: int
    cell_height: int
    inset: int


def make_sheet(frames: np.ndarray, form: Form) -> Sheet:
    """The sprite sheet of uint8 frames [T, H, W, 3]."""
    native = frames.shape[1:3]
    height, width = (max(1, round(side * form.scale)) for side in native)
    # A sheet has a largest side; a huge clip is shown smaller rather than not at all.
    count = len(frames)
    while True:
        cell_height, cell_width = (math.ceil((side + 2 * _INSET) / 4) * 4 for side in (height, width))
        columns = min(count, max(1, round(math.sqrt(count * cell_height / cell_width))))
        rows = math.ceil(count / columns)
        if max(columns * cell_width, rows * cell_height) <= _LARGEST_SIDE or max(height, width) == 1:
            break
        height, width = (max(1, int(side * 0.9)) for side in (height, width))
    sheet = np.zeros((rows * cell_height, columns * cell_width, 3), dtype=np.uint8)
    for index, frame in enumerate(frames):
        image = frame
        if (height, width) != native:
            image = np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS))
        top, left = index // columns * cell_height, index % columns * cell_width
        padding = (_around(height, cell_height), _around(width, cell_width), (0, 0))
        sheet[top : top + cell_height, left : left + cell_width] = np.pad(image, padding, mode="edge")
    buffer = io.BytesIO()
    options: dict[str, Any] = {"lossless": True, "quality": 50} if form.quality is None else {"quality": form.quality}
    Image.fromarray(sheet).save(buffer, "WEBP", method=4, **options)
    uri = data_uri(buffer.getvalue(), "image/webp")
    return Sheet(uri, count, columns, width, height, cell_width, cell_height, _INSET)


def _around(side: int, cell: int) -> tuple[int, int]:
    return _INSET, cell - side - _INSET


def samples_that_fit(fixed: int, rounds: Sequence[int], budget: int) -> int:
    """How many samples a method fit: the largest k with fixed + rounds[0] + … + rounds[k-1] <= budget.

    Args:
        fixed: bytes that are there anyway.
        rounds: bytes of the first sample of every method, of the second, and so on.
        budget: bytes in all.
    """
    total, count = fixed, 0
    for size in rounds:
        total += size
        if total > budget:
            break
        count += 1
    return count


@dataclass(frozen=True)
class Embedded:
    """What a page shows.

    Attributes:
        sheets: by file.
        most: how many samples of a group are shown at most; groups may have fewer.
        form: how they are encoded.
    """

    sheets: Mapping[Path, Sheet]
    most: int
    form: Form


def embed(always: Sequence[Path], groups: Sequence[Sequence[Path | None]], budget: int) -> Embedded:
    """Encode clips so that their data URIs stay within `budget` bytes.

    Lossless is taken if everything fits into half of it; else the first lossy form in which at least three samples a
    group fit (or all, if there are fewer); else the smallest form, with at least one sample a group in any case.

    Args:
        always: clips that are shown in any case, as .npz.
        groups: for every clip and method its samples, in the order in which they are to be shown; None holds the place
            of one that there is not, where samples of several groups are shown side by side.

    Raises:
        InputError: a file is not a readable clip.
    """
    rounds = [
        [path for group in groups for path in group[index : index + 1] if path is not None]
        for index in range(max(map(len, groups), default=0))
    ]
    for form in FORMS:
        last, lossless = form is FORMS[-1], form.quality is None
        limit = budget * _LOSSLESS_SHARE if lossless else budget
        wanted = len(rounds) if lossless else min(3, len(rounds))
        sheets = _encode(always, form)
        fixed = _size(sheets)
        sizes: list[int] = []
        for batch in rounds:
            encoded = _encode(batch, form)
            sheets |= encoded
            sizes.append(_size(encoded))
            # Later rounds are about as large as the last one, or smaller; do not encode in vain.
            expected = fixed + sum(sizes) + sizes[-1] * (wanted - len(sizes))
            if samples_that_fit(fixed, sizes, limit) < len(sizes) or (expected > limit and not last):
                break
        most = samples_that_fit(fixed, sizes, limit)
        if last or (most >= wanted and fixed <= limit):
            most = max(most, min(1, len(rounds)))
            shown = {*always, *(path for batch in rounds[:most] for path in batch)}
            return Embedded({path: sheet for path, sheet in sheets.items() if path in shown}, most, form)
    raise AssertionError("the last form takes everything")


def _encode(paths: Sequence[Path], form: Form) -> dict[Path, Sheet]:
    return {path: make_sheet(load_clip(path).frames, form) for path in paths}


def _size(sheets: Mapping[Path, Sheet]) -> int:
    return sum(len(sheet.uri) for sheet in sheets.values())
