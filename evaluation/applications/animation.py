"""Motion transfer, judged: whether a still image moves where and as the clip does, and keeps its colours.

    flow correlation = sum of u . v  /  sqrt( sum of |u|^2  *  sum of |v|^2 )          u, v: flow of both, everywhere

in [-1, 1]; 0 for what stands still. A scene may move in one direction as a whole, which motion anywhere has in common
with it, so the value to beat is that of the clip's own flow at other places: displaced, the way round.

Speed is compared by the distance of the flows' lengths; colours by those of 8 x 8 parts, averaged over time.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.clip import Clip
from datasets.encode import contact_sheet
from evaluation.applications.verdict import Measure, Shown, Verdict
from evaluation.metrics.flow import flow, flow_magnitude_distance

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder

MOST_COLOUR = 8.0
"""Grey levels by which the colours of the parts may differ from the image's."""
_PARTS = 8
_DISPLACEMENTS = 16
_TITLES = {"own": "a frame of the clip", "sample": "a frame of a sample"}


def flow_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two flows, float [T, H, W, 2] of one size, over as many steps as both have; 0 if one is still."""
    steps = min(len(a), len(b))
    a, b = a[:steps].astype(np.float64), b[:steps].astype(np.float64)
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale else 0.0


def displaced_correlation(vectors: np.ndarray, seed: int = 0) -> float:
    """Mean correlation of a flow [T, H, W, 2] with itself, moved at least an eighth of each side, the way round."""
    rng, (height, width) = np.random.default_rng(seed), vectors.shape[1:3]
    found = []
    for _ in range(_DISPLACEMENTS):
        by = [int(rng.integers(-(-side // 8), max(-(-side // 8), side - side // 8) + 1)) for side in (height, width)]
        found.append(flow_correlation(np.roll(vectors, by, axis=(1, 2)), vectors))
    return float(np.mean(found))


def part_colours(frames: np.ndarray) -> np.ndarray:
    """Mean colours over time of 8 x 8 parts of frames uint8 [T, H, W, 3]: float64 [8, 8, 3]; fewer of small frames."""
    mean = frames.mean(axis=0, dtype=np.float64)
    rows = np.array_split(mean, min(_PARTS, len(mean)))
    return np.stack(
        [[part.mean(axis=(0, 1)) for part in np.array_split(row, min(_PARTS, row.shape[1]), axis=1)] for row in rows]
    )


def judge(real: Clip, made: Mapping[str, Clip], about: Mapping[str, Any], encoder: "Encoder") -> Verdict:
    """Judge what `sgif.apps.animation.gallery` made.

    Args:
        real: the clip.
        made: the images, `NAME-image`, and what became of them, `NAME`.
        about, encoder: not asked.
    """
    own = flow(real.frames)
    displaced, measures, rows = displaced_correlation(own), [], [("the clip", real.frames)]
    for name, title in _TITLES.items():
        image, frames = made[f"{name}-image"].frames, made[name].frames
        vectors = flow(frames)
        off = part_colours(frames) - part_colours(image)
        measures += [
            Measure(
                f"correlation_{name}", f"{title}: flow correlation", flow_correlation(vectors, own),
                "the clip's flow, displaced", displaced, "higher",
            ),
            Measure(
                f"speed_{name}", f"{title}: distance of flow lengths, pixels", flow_magnitude_distance(vectors, own),
                "the image, still", flow_magnitude_distance(np.zeros_like(own), own),
            ),
            Measure(
                f"colour_{name}", f"{title}: change of its colours, grey levels", float(np.sqrt((off**2).mean())),
                better="within", limit=MOST_COLOUR,
            ),
        ]  # fmt: skip
        rows += [(f"{title},\nstill", np.repeat(image, len(frames), axis=0)), (f"{title},\nanimated", frames)]
    return Verdict(
        measures=measures,
        sheet=contact_sheet(rows, frames_per_row=4, frame_height=80, text_height=10),
        shown=[Shown(label.replace("\n", " "), frames) for label, frames in rows],
        delays_ms=real.delays_ms.tolist(),
        notes=["The image standing still has a flow correlation of 0."],
    )
