"""Composition, judged: whether the seam is gone, and everything else as it was.

    jump = mean |difference| of the pixels on either side of the seam  /  that of all neighbours in the real clip

over pixels, channels and frames: 1 where the seam is no sharper than any place of the clip. A seam that only moved
would not show there, so the largest jump across any line parallel to it within the band that was mended is taken, too.

SGFID is that of the features near the seam: each sees 23 pixels, and those within 12 of it see across.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.clip import Clip
from datasets.encode import contact_sheet
from evaluation.applications.verdict import Measure, Shown, Verdict
from evaluation.encoders.stem import places
from evaluation.features import clip_statistics
from evaluation.metrics.sgfid import few_locations, sgfid
from evaluation.statistics import Statistics, gather

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder

ACROSS = 12
"""Pixels from the seam to the centre of a feature that sees across it."""
_TITLES = {"shift": "shifted", "paste": "pasted"}


def seam_distance(size: tuple[int, int], inset: Sequence[int]) -> np.ndarray:
    """How many pixels each pixel is from the seam around an inset, float64 [H, W]; 1 beside it.

    Args:
        size: height and width of the frame.
        inset: top, left, bottom and right of what was set in. A side at the frame's border is no seam.
    """
    top, left, bottom, right = inset
    y, x = np.ogrid[: size[0], : size[1]]
    beyond = np.maximum(np.maximum(top - y, y - bottom + 1), np.maximum(left - x, x - right + 1))
    within = np.full(size, np.inf)
    for there, depth in (
        (top > 0, y - top + 1), (bottom < size[0], bottom - y), (left > 0, x - left + 1), (right < size[1], right - x),
    ):  # fmt: skip
        if there:
            within = np.minimum(within, depth)
    return np.where(beyond > 0, beyond, within)


def jump(frames: np.ndarray, inset: Sequence[int]) -> float:
    """Mean difference, in grey levels, of the pixels on either side of the seam around an inset.

    Args:
        frames: uint8 [T, H, W, 3].
        inset: as in `seam_distance`, with at least one side within the frame.
    """
    top, left, bottom, right = inset
    height, width = frames.shape[1:3]
    lines = [(frames[:, y - 1, left:right], frames[:, y, left:right]) for y in (top, bottom) if 0 < y < height] + [
        (frames[:, top:bottom, x - 1], frames[:, top:bottom, x]) for x in (left, right) if 0 < x < width
    ]
    steps = [np.abs(after.astype(np.float64) - before).ravel() for before, after in lines]
    return float(np.concatenate(steps).mean())


def usual_step(frames: np.ndarray) -> float:
    """Mean difference of horizontal and vertical neighbours in frames uint8 [T, H, W, 3], in grey levels."""
    values = frames.astype(np.float64)
    return float((np.abs(np.diff(values, axis=1)).mean() + np.abs(np.diff(values, axis=2)).mean()) / 2)


def sharpest(frames: np.ndarray, inset: Sequence[int], margin: int) -> float:
    """The largest `jump` across the seam, or a line parallel to it up to `margin` pixels away."""
    return max(jump(frames, moved) for moved in _parallels(frames.shape[1:3], inset, margin))


def _parallels(size: tuple[int, int], inset: Sequence[int], margin: int) -> list[tuple[int, int, int, int]]:
    """Insets that were grown by -margin to margin pixels; sides at the frame's border stay there."""
    top, left, bottom, right = inset
    found = []
    for by in range(-margin, margin + 1):
        grown = (
            max(1, top - by) if top else 0,
            max(1, left - by) if left else 0,
            min(size[0] - 1, bottom + by) if bottom < size[0] else bottom,
            min(size[1] - 1, right + by) if right < size[1] else right,
        )
        if grown[0] < grown[2] and grown[1] < grown[3]:
            found.append(grown)
    return found


def seam_statistics(frames: np.ndarray, inset: Sequence[int], encoder: "Encoder") -> list[Statistics]:
    """Statistics of the features near a seam, one for each member of the encoder."""
    height, width = frames.shape[1:3]
    rows, columns = places(height, width, encoder.layer)
    y = ((np.arange(rows) + 0.5) * height / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * width / columns).astype(int)
    near = (seam_distance((height, width), inset)[np.ix_(y, x)] <= ACROSS).ravel()
    return [
        gather((block[near] for block in encoder.features(frames, member)), encoder.dims)
        for member in range(encoder.members)
    ]


def judge(real: Clip, made: Mapping[str, Clip], about: Mapping[str, Any], encoder: "Encoder") -> Verdict:
    """Judge what `sgif.apps.composition.gallery` made.

    Args:
        real: the clip.
        made: the edited clips, `NAME-edited`, and what became of them, `NAME`; those say where the seam was.
        about: not asked.
        encoder: of SGFID.
    """
    own, step = clip_statistics(real.frames, encoder), usual_step(real.frames)
    measures, notes, rows = [], [], [("the clip", real.frames)]
    for name in _TITLES:
        edited, ours = made[f"{name}-edited"].frames, made[name].frames
        inset, margin = made[name].source["inset"], int(made[name].source["margin"])
        near = [seam_statistics(frames, inset, encoder) for frames in (ours, edited)]
        away = seam_distance(real.size, inset) > margin
        changed = int(np.abs(ours[:, away].astype(int) - edited[:, away]).max(initial=0))
        values = {
            "sgfid": ("SGFID near the seam", *(sgfid(own, each) for each in near)),
            "jump": ("jump across the seam", *(jump(frames, inset) / step for frames in (ours, edited))),
            "sharpest": (
                "largest jump near it",
                *(sharpest(frames, inset, margin) / step for frames in (ours, edited)),
            ),
        }
        measures += [
            Measure(f"{key}_{name}", f"{_TITLES[name]}: {title}", value, "the edit as it is", before)
            for key, (title, value, before) in values.items()
        ]
        measures.append(
            Measure(
                f"unedited_{name}", f"{_TITLES[name]}: change beyond {margin} pixels from it, grey levels",
                float(changed), better="within", limit=0.0,
            )
        )  # fmt: skip
        natural = max(jump(real.frames, moved) for moved in _parallels(real.size, inset, margin)) / step
        notes.append(f"{_TITLES[name].capitalize()}: the largest jump in the clip itself, there: {natural:.2f}.")
        notes += [
            f"{_TITLES[name].capitalize()}: {warning}."
            for warning in {few_locations(*each) for each in near}
            if warning
        ]
        rows += [(f"{_TITLES[name]}", edited), (f"{_TITLES[name]},\nmended", ours)]
    return Verdict(
        measures=measures,
        sheet=contact_sheet(rows, frames_per_row=4, frame_height=80, text_height=10),
        shown=[Shown(label.replace("\n", " "), frames) for label, frames in rows],
        delays_ms=real.delays_ms.tolist(),
        notes=notes,
    )
