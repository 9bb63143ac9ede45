"""Lengthening, judged: whether a long clip repeats itself, and whether it stays what it was.

    autocorrelation r(P) = sum of x_t x_{t+P}  /  sqrt( sum of x_t^2  *  sum of x_{t+P}^2 )    x: less the mean frame

P is the length of the training clip. A loop of it, which is lengthening for nothing, has r(P) = 1.

The ends of a long clip are like those of the training clip; its middle is what the training never saw. So SGFID is
taken of the first, the middle and the last P frames, each against the clip; and colours and motion of the ends.

Drift is to leave the clip's colours, so distances from the clip are compared, at the tail and at the head. A layout
that changes while it plays has other colours at its ends, and neither need be farther from the clip's; the distance of
head and tail from each other stands in a note.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.clip import Clip
from datasets.encode import contact_sheet
from datasets.errors import InputError
from evaluation.applications.score import Scorer
from evaluation.applications.verdict import Measure, Shown, Verdict
from evaluation.metrics.colour import colour_distance
from evaluation.metrics.motion import motion_energy_ratio

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder

MOST_WORSE = 1.5
"""SGFID and colours of the tail, SGFID of the middle, and motion of either end may be so many times the other's."""
_UNSEEN = 0.5
"""Grey levels below which a distance of colours is none."""


def lag_autocorrelation(frames: np.ndarray, lag: int) -> float:
    """Correlation of each frame with the one `lag` later, less the mean frame: in [-1, 1], 1 for a loop of that length.

    Args:
        frames: uint8 [T, H, W, 3].
        lag: in [1, T - 1].

    Raises:
        InputError: the clip stands still, or is not longer than the lag.
    """
    if not 1 <= lag < len(frames):
        raise InputError(f"lag autocorrelation: {len(frames)} frames have no lag of {lag}; take a longer clip")
    moving = frames.astype(np.float64) - frames.mean(axis=0)
    before, after = moving[:-lag], moving[lag:]
    scale = np.sqrt((before**2).sum() * (after**2).sum())
    if not scale:
        raise InputError("lag autocorrelation: the clip stands still; choose another clip")
    return float((before * after).sum() / scale)


def looped(frames: np.ndarray, length: int) -> np.ndarray:
    """Frames uint8 [T, H, W, 3] played round and round: uint8 [length, H, W, 3]."""
    return frames[np.arange(length) % len(frames)]


def judge(real: Clip, made: Mapping[str, Clip], about: Mapping[str, Any], encoder: "Encoder") -> Verdict:
    """Judge what `sgif.apps.lengthen.gallery` made.

    Args:
        real: the clip.
        made: samples called `FRAMES-NUMBER`.
        about: has `trained_frames`, how many of the clip's first frames were trained on.
        encoder: of SGFID.
    """
    period = int(about["trained_frames"])
    own, loop = real.frames[:period], lambda frames: looped(real.frames[:period], len(frames))
    score = Scorer(own, encoder)
    by_length: dict[int, list[np.ndarray]] = {}
    for clip in made.values():
        by_length.setdefault(len(clip), []).append(clip.frames)
    measures, apart = [], {}
    for length, samples in sorted(by_length.items()):
        middle = (length - period) // 2
        heads = np.mean([score(frames[:period]) for frames in samples])
        middles = np.mean([score(frames[middle : middle + period]) for frames in samples])
        tails = np.mean([score(frames[-period:]) for frames in samples])
        apart[length] = np.mean([colour_distance(frames[:period], frames[-period:]) for frames in samples])
        first, last = (
            max(_UNSEEN, np.mean([colour_distance(end, own) for end in ends]))
            for ends in zip(*((frames[:period], frames[-period:]) for frames in samples), strict=True)
        )
        motion = np.mean([motion_energy_ratio(frames[-period:], frames[:period]) for frames in samples])
        measures += [
            Measure(
                f"lag_autocorrelation_{length}", f"{length} frames: lag autocorrelation at {period}",
                float(np.mean([lag_autocorrelation(frames, period) for frames in samples])),
                "a loop of the clip", float(np.mean([lag_autocorrelation(loop(f), period) for f in samples])),
            ),
            _within(f"tail_{length}", f"{length} frames: SGFID of the tail over the head's", tails / heads, MOST_WORSE),
            _within(f"middle_{length}", f"{length} frames: SGFID of the middle over the head's", middles / heads,
                    MOST_WORSE),
            _within(f"colour_{length}", f"{length} frames: colours, distance of the tail over the head's",
                    last / first, MOST_WORSE),
            _within(f"motion_{length}", f"{length} frames: motion of the tail over the head's, or the inverse",
                    max(motion, 1 / motion), MOST_WORSE),
        ]  # fmt: skip
    longest = by_length[max(by_length)]
    rows = [("the clip, looped", loop(longest[0]))]
    rows += [(f"a sample of\n{length} frames", samples[0]) for length, samples in sorted(by_length.items())]
    rows += [("another", longest[-1])] if len(longest) > 1 else []
    levels = " and ".join(f"{value:.1f} (of {length} frames)" for length, value in apart.items())
    return Verdict(
        measures=measures,
        sheet=contact_sheet(rows, frames_per_row=12, frame_height=48, text_height=10),
        shown=[Shown(label.replace("\n", " "), frames) for label, frames in rows],
        delays_ms=np.resize(real.delays_ms[:period], max(by_length)).tolist(),
        notes=[
            f"Trained on {period} frames. SGFID of heads of {max(by_length)} frames: "
            f"{np.mean([score(frames[:period]) for frames in longest]):.1f}.",
            f"Colours of head and tail lie {levels} grey levels apart.",
        ],
    )


def _within(name: str, title: str, value: float, limit: float) -> Measure:
    return Measure(name, title, float(value), better="within", limit=limit)
