"""Slow motion, judged: whether it moves at every step, and whether the frames between look like frames of the clip.

    unevenness = standard deviation / mean, over the steps of a clip, of the mean length of the optical flow

0 for a clip that moves alike at every step. Showing each frame k times, which is slow motion for nothing, gives
sqrt(k - 1) where the clip itself moves evenly: one step of k moves.

Linear blending, the other way for nothing, moves at every step, but shows two frames at once. SGFID of a clip whose
frames between are blended is compared with that of the clip as it was made; both have the same frames at the clip's
own moments, so the frames between make the difference.

A clip that stands still is even, too. So the speed is measured beside it: mean flow a step, times k, over the clip's.
"""

from collections.abc import Mapping
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
    slowed = made["clip"].frames
    own = step_speeds(real.frames)
    speeds = {id(frames): step_speeds(frames) for frames in (*samples, slowed)}

    def mean(values: list[float]) -> float:
        return float(np.mean(values))

    def even(frames: list[np.ndarray]) -> Measure:
        return Measure(
            "step_unevenness",
            "Unevenness of the flow over steps",
            mean([unevenness(speeds[id(each)]) for each in frames]),
            "each frame shown several times",
            mean([unevenness(step_speeds(repeated(each, factor))) for each in frames]),
        )

    between = Measure(
        "sgfid",
        "SGFID",
        mean([score(frames) for frames in samples]),
        "frames between blended",
        mean([score(blended(frames, factor)) for frames in samples]),
    )
    pace = mean([float(speeds[id(frames)].mean()) for frames in samples]) * factor / own.mean()
    speed = Measure(
        "speed",
        "Speed, times too high or too low",
        float(max(pace, 1 / pace)) if pace else float("inf"),
        better="within",
        limit=MOST_OFF,
    )
    of_clip = even([slowed])
    own_sgfid = Measure(
        "clip_sgfid", "SGFID of the clip itself, slowed", score(slowed), "frames between blended",
        score(blended(slowed, factor)),
    )  # fmt: skip
    rows = [
        ("the clip", real.frames),
        ("a sample's frames\nshown twice" if factor == 2 else f"a sample's frames\nshown {factor} times",
         repeated(samples[0], factor)),
        ("blended between", blended(samples[0], factor)),
        ("the sample,\nslow motion", samples[0]),
        ("the clip itself,\nslow motion", slowed),
    ]  # fmt: skip
    return Verdict(
        measures=[
            even(samples), between, speed,
            Measure("clip_step_unevenness", "Unevenness, of the clip itself slowed", of_clip.value, of_clip.baseline,
                    of_clip.baseline_value),
            own_sgfid,
        ],
        sheet=contact_sheet([(label, frames[: 8]) for label, frames in rows], frame_height=56, text_height=10),
        shown=[
            Shown("the clip", repeated(np.repeat(real.frames, factor, axis=0), factor)),
            *(Shown(label.replace("\n", " "), frames) for label, frames in rows[1:]),
        ],
        delays_ms=np.repeat(real.delays_ms, factor).tolist(),
        notes=[
            f"Speed of the samples: {pace:.2f} times the clip's, slowed {factor} times.",
            f"The clip's own unevenness is {unevenness(own):.2f}.",
        ],
    )  # fmt: skip
