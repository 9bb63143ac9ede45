"""Slow motion, judged: whether it moves at every step, and whether the frames between look like frames of the clip.

    unevenness = standard deviation / mean, over the steps of a clip, of the mean length of the optical flow

0 for a clip that moves alike at every step. Showing each frame k times, which is slow motion for nothing, gives
sqrt(k - 1) where the clip itself moves evenly: one step of k moves.

Linear blending, the other way for nothing, moves at every step, but shows two frames at once. SGFID of a clip whose
frames between are blended is compared with that of the clip as it was made; both have the same frames at the clip's
own moments, so the frames between make the difference. Of the training clip itself in slow motion, the frames between
are also compared alone with those that blend the training clip's own frames, the hardest of these baselines.

A clip that stands still is even, too. So the speed is measured beside it: mean flow a step, times k, over the clip's.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.clip import Clip
from datasets.encode import contact_sheet
from datasets.errors import InputError
from evaluation.applications.score import Scorer
from evaluation.applications.verdict import Measure, Shown, Verdict
from evaluation.metrics.flow import flow

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder

MOST_OFF = 2.0
"""The speed may be so many times too high or too low."""


def step_speeds(frames: np.ndarray) -> np.ndarray:
    """Mean length of the optical flow at each step of frames uint8 [T, H, W, 3]: float64 [T - 1], in pixels a frame."""
    vectors = flow(frames)
    return np.hypot(vectors[..., 0], vectors[..., 1]).mean(axis=(1, 2), dtype=np.float64)


def unevenness(speeds: np.ndarray) -> float:
    """Standard deviation over mean of speeds [T - 1]; >= 0.

    Raises:
        InputError: nothing moves.
    """
    if not speeds.any():
        raise InputError("unevenness: the clip stands still; choose another clip")
    return float(speeds.std() / speeds.mean())


def repeated(frames: np.ndarray, factor: int) -> np.ndarray:
    """Every `factor`-th frame shown `factor` times, of frames uint8 [T, H, W, 3]."""
    return np.repeat(frames[::factor], factor, axis=0)[: len(frames)]


def blended(frames: np.ndarray, factor: int) -> np.ndarray:
    """Every `factor`-th frame kept, those between replaced by a linear blend of the two kept ones beside them.

    After the last kept frame it stays.
    """
    kept = frames[::factor].astype(np.float64)
    place = np.minimum(np.arange(len(frames)) / factor, len(kept) - 1)
    before = np.floor(place).astype(int)
    after = np.minimum(before + 1, len(kept) - 1)
    share = (place - before).reshape(-1, 1, 1, 1)
    return np.rint((1 - share) * kept[before] + share * kept[after]).astype(np.uint8)


def between(frames: np.ndarray, factor: int) -> np.ndarray:
    """Those of frames uint8 [T, H, W, 3] that lie between two of every `factor`-th."""
    inside = np.arange(len(frames) - (len(frames) - 1) % factor)
    return frames[inside[inside % factor > 0]]


def judge(real: Clip, made: Mapping[str, Clip], about: Mapping[str, Any], encoder: "Encoder") -> Verdict:
    """Judge what `sgif.apps.slowmo.gallery` made.

    Args:
        real: the clip.
        made: `clip`, the clip in slow motion, and random samples in slow motion by number.
        about: has `factor`.
        encoder: of SGFID.
    """
    factor, score = int(about["factor"]), Scorer(real.frames, encoder)
    samples = [clip.frames for name, clip in made.items() if name != "clip"]
    slowed, own = made["clip"].frames, step_speeds(real.frames)
    pace = float(np.mean([step_speeds(frames).mean() for frames in samples]) * factor / own.mean())
    shown = "each frame shown several times", "frames between blended"
    own_blended = blended(np.repeat(real.frames, factor, axis=0), factor)
    measures = [
        Measure("step_unevenness", "Unevenness of the flow over steps", *_uneven(samples, shown[0], factor)),
        Measure("sgfid", "SGFID", *_scores(samples, shown[1], factor, score)),
        Measure("speed", "Speed, times too high or too low", max(pace, 1 / pace) if pace else float("inf"),
                better="within", limit=MOST_OFF),
        Measure("clip_step_unevenness", "Unevenness, of the clip itself slowed", *_uneven([slowed], shown[0], factor)),
        Measure("clip_sgfid", "SGFID of the clip itself, slowed", *_scores([slowed], shown[1], factor, score)),
        Measure("clip_between_sgfid", "SGFID of the frames between, of the clip itself slowed",
                score(between(slowed, factor)), "the clip's own frames blended", score(between(own_blended, factor))),
    ]  # fmt: skip
    rows = [
        ("the clip", real.frames),
        (f"a sample's frames\nshown {'twice' if factor == 2 else f'{factor} times'}", repeated(samples[0], factor)),
        ("blended between", blended(samples[0], factor)),
        ("the sample,\nslow motion", samples[0]),
        ("the clip itself,\nslow motion", slowed),
    ]
    return Verdict(
        measures=measures,
        sheet=contact_sheet([(label, frames[:8]) for label, frames in rows], frame_height=56, text_height=10),
        shown=[
            Shown("the clip", np.repeat(real.frames, factor, axis=0)),
            *(Shown(label.replace("\n", " "), frames) for label, frames in rows[1:]),
        ],
        delays_ms=np.repeat(real.delays_ms, factor).tolist(),
        notes=[
            f"Speed of the samples: {pace:.2f} times the clip's, slowed {factor} times.",
            f"The clip's own unevenness is {unevenness(own):.2f}.",
        ],
    )


def _uneven(clips: Sequence[np.ndarray], baseline: str, factor: int) -> tuple[float, str, float]:
    """Mean unevenness of clips, and of their frames repeated."""
    ours = np.mean([unevenness(step_speeds(frames)) for frames in clips])
    return float(ours), baseline, float(np.mean([unevenness(step_speeds(repeated(f, factor))) for f in clips]))


def _scores(clips: Sequence[np.ndarray], baseline: str, factor: int, score: Scorer) -> tuple[float, str, float]:
    """Mean SGFID of clips, and of the same with the frames between blended."""
    ours = np.mean([score(frames) for frames in clips])
    return float(ours), baseline, float(np.mean([score(blended(frames, factor)) for frames in clips]))
