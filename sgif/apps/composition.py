"""Seamless composition (paper, section 5.4): an edited clip enters above the coarse generators, which are skipped.

What comes out is like the clip everywhere, also where the edit left a seam. It is shrunk and passed again, some times.
Around the seam it takes the edited clip's place, fading in from the border of a mask; beyond the mask the edited clip
stays as it was, bit for bit. Before every pass the two are put together, so that the seam is mended to fit to what
stays; before the first the seam is blurred, as its edge would be taken for one of the scene's. [ours: the paper shows
whole frames, and names neither mask nor blur]
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from datasets.clip import Clip, make_clip
from datasets.errors import InputError
from sgif.frames import to_frames, to_tensor
from sgif.noise import seeded
from sgif.retrieval import softened
from sgif.sampler import entry_level, refine_from

if TYPE_CHECKING:
    from sgif.run import Run

PASSES = 2
MARGIN = 1 / 5
"""Of the short side: how far from a seam pixels may change."""
_FADE = 1 / 20
"""Of the short side: how far into the mask what was there fades out."""
_BLUR = 1 / 30
"""Of the short side: deviation of the Gaussian that takes the edge off a seam before the first pass."""
_ALPHA = 0.1
"""Of the retrieval's completeness weight."""


@dataclass(frozen=True)
class Edit:
    """A clip that was cut and put together anew.

    Attributes:
        frames: uint8 [T, H, W, 3].
        mask: bool [H, W], where it may be changed.
        inset: top, left, bottom and right of what was set in; where that is the frame's border there is no seam.
        margin: how far from the seam the mask goes, in pixels; None for an edit of somebody's own.
    """

    frames: np.ndarray
    mask: np.ndarray
    inset: tuple[int, int, int, int] | None = None
    margin: int | None = None


def shifted(frames: np.ndarray, columns: int, margin: int | None = None) -> Edit:
    """The clip moved so far to the left; what leaves there comes back at the right, behind a seam.

    Arguments:
        frames: uint8 [T, H, W, 3].
        columns: in [1, W - 1].
        margin: pixels on either side of the seam that may change.

    Raises:
        InputError: the clip is not so wide.
    """
    height, width = frames.shape[1:3]
    if not 0 < columns < width:
        raise InputError(f"--shift {columns}: must lie between 1 and {width - 1}, one less than the width")
    return _edit(np.roll(frames, -columns, axis=2), (0, width - columns, height, width), margin)


def pasted(
    frames: np.ndarray,
    source: tuple[int, int],
    size: tuple[int, int],
    target: tuple[int, int],
    margin: int | None = None,
) -> Edit:
    """The clip with a part of it set in at another place, too.

    Arguments:
        frames: uint8 [T, H, W, 3].
        source: top and left of the part.
        size: its height and width.
        target: top and left of where it goes.
        margin: pixels on either side of the seam that may change.

    Raises:
        InputError: the part or its new place lies beyond the frame.
    """
    for what, place in (("--paste", source), ("--at", target)):
        for start, length, full in zip(place, size, frames.shape[1:3], strict=True):
            if length < 1 or start + length > full:
                raise InputError(
                    f"{what} {place[0]},{place[1]}: {size[0]}x{size[1]} pixels from there do not lie within the clip's "
                    f"{frames.shape[1]}x{frames.shape[2]}; choose a place or a size that do"
                )
    (top, left), (height, width) = source, size
    inset = (*target, target[0] + height, target[1] + width)
    edited = frames.copy()
    edited[:, inset[0] : inset[2], inset[1] : inset[3]] = frames[:, top : top + height, left : left + width]
    return _edit(edited, inset, margin)


def composed(
    run: "Run",
    edit: Edit,
    seed: int,
    index: int = 0,
    *,
    skipped: int | None = None,
    passes: int = PASSES,
    told: Callable[[int], None] = lambda done: None,
) -> Clip:
    """The edited clip without its seam.

    Arguments:
        run: a finished training.
        edit: frames of the training clip's size, any number of them.
        seed, index: together the seed of the noise.
        skipped: generators that are skipped, see `sgif.sampler.entry_level`.
        passes: how often the clip goes through the others, at least 1.
        told: called after each pass with the number of it.

    Raises:
        InputError: the edited clip has another size than the training clip, or the mask than the clip, or the mask
            is empty; or so many generators cannot be skipped.
    """
    if edit.frames.shape[1:3] != run.clip.size or edit.mask.shape != run.clip.size:
        (height, width), (own_height, own_width) = edit.frames.shape[1:3], run.clip.size
        raise InputError(
            f"the edited clip is {height}x{width} pixels and its mask {edit.mask.shape[0]}x{edit.mask.shape[1]}, but "
            f"{run.folder} was trained on {own_height}x{own_width}; bring both to that size"
        )
    if not edit.mask.any():
        raise InputError("the mask holds no pixel that may change; mark some in white")
    level = entry_level(run.pyramid, run.retrieval, skipped)
    # What is not edited should be found where it is, with less weight on what is missing: materials would grow out of
    # the seam. Without any the mended part is bland. There is no generator's noise to be softened.
    retrieval = run.retrieval.told(apart=0.0, alpha=_ALPHA, soften=0.0) if run.retrieval else None
    edited, rng = to_tensor(edit.frames).to(run.pyramid.z_star.device), seeded(seed, 4, index)
    weight = _faded(edit.mask).to(edited.device)
    mixed = edited
    if edit.inset:
        mixed = _blurred(edited, edit.inset)
    for number in range(1, passes + 1):
        video = refine_from(run.pyramid, retrieval, mixed, level, rng, run.clip.size)
        mixed = edited + weight * (video - edited)
        told(number)
    frames = to_frames(mixed)
    frames[:, ~edit.mask] = edit.frames[:, ~edit.mask]
    return make_clip(
        frames,
        np.resize(run.clip.delays_ms, len(frames)),
        kind="generated",
        method=run.record["method"],
        application="compose",
        skipped=level,
        passes=passes,
        training_seed=run.record["seed"],
        seed=seed,
        index=index,
        inset=list(edit.inset) if edit.inset else None,
        margin=edit.margin,
        clip_sha256=run.record["clip"]["sha256"],
        config_sha256=run.record["config_sha256"],
    )


def gallery(run: "Run", seed: int) -> Iterator[tuple[str, Clip]]:
    """The clip shifted by a third of its width, and a part of it pasted beside itself: `NAME-edited`, and `NAME`."""
    frames, (height, width) = run.clip.frames, run.clip.size
    edits = {
        "shift": shifted(frames, width // 3),
        "paste": pasted(frames, (height // 4, width // 2), (height // 2, width // 4), (height // 4, width // 8)),
    }
    for name, edit in edits.items():
        yield f"{name}-edited", make_clip(edit.frames, run.clip.delays_ms, kind="generated", edit=name)
        yield name, composed(run, edit, seed)


def _edit(frames: np.ndarray, inset: tuple[int, int, int, int], margin: int | None) -> Edit:
    size = frames.shape[1:3]
    margin = max(1, round(MARGIN * min(size))) if margin is None else margin
    return Edit(frames, seam_band(size, inset, margin), inset, margin)


def seam_band(size: tuple[int, int], inset: tuple[int, int, int, int], margin: int) -> np.ndarray:
    """Bool [H, W]: pixels at most `margin` from a seam of the inset. A side at the frame's border is none."""
    outer, inner = np.zeros(size, bool), np.zeros(size, bool)
    top, left, bottom, right = inset
    outer[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin] = True
    rows = slice(top + margin if top else 0, bottom - margin if bottom < size[0] else size[0])
    columns = slice(left + margin if left else 0, right - margin if right < size[1] else size[1])
    inner[rows, columns] = True
    return outer & ~inner


def _blurred(video: torch.Tensor, inset: tuple[int, int, int, int]) -> torch.Tensor:
    """`video` float [T, 3, H, W] with its seam blurred, and nothing else: texture must stay to be recognised."""
    size = tuple(video.shape[-2:])
    deviation = _BLUR * min(size)
    near = torch.from_numpy(seam_band(size, inset, max(1, round(2 * deviation)))).float().to(video.device)
    weight = softened(near.expand(1, 3, -1, -1), deviation)
    return video + weight * (softened(video, deviation) - video)


def _faded(mask: np.ndarray) -> torch.Tensor:
    """A weight for each pixel, float [H, W]: 0 beyond the mask, rising to 1 some pixels within."""
    reach = max(1, ceil(_FADE * min(mask.shape)))
    wanted = torch.from_numpy(mask).float()[None, None]
    mean = F.avg_pool2d(F.pad(wanted, [reach] * 4, mode="replicate"), 2 * reach + 1, 1)[0, 0]
    # Along a straight border the mean is 1/2 there.
    return (2 * mean - 1).clamp(0, 1) * wanted[0, 0]
