"""Controls: clips made from the real one by hand, which show what a metric can and cannot see.

A control is a function of frames and a generator of random numbers that gives frames of the same shape.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from datasets.clip import Clip
from datasets.names import pick


@dataclass(frozen=True)
class Control:
    """A way to spoil a clip, or to leave it.

    Attributes:
        name: in tables, paths and command lines.
        make: (uint8 [T, H, W, 3], generator) -> uint8 [T, H, W, 3].
        shows: what its score tells about a metric.
    """

    name: str
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    shows: str


def copy(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The clip itself."""
    return frames.copy()


def shuffle_frames(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The frames in another order: any but their own, where there is more than one."""
    own = np.arange(len(frames))
    order = rng.permutation(own)
    while len(frames) > 1 and np.array_equal(order, own):
        order = rng.permutation(own)
    return frames[order]


def freeze_frame(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One frame, drawn at random, shown throughout."""
    chosen = int(rng.integers(len(frames)))
    return np.repeat(frames[chosen : chosen + 1], len(frames), axis=0)


def noise(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every value drawn uniformly from 0 to 255, independently."""
    return rng.integers(0, 256, size=frames.shape, dtype=np.uint8)


CONTROLS: Mapping[str, Control] = MappingProxyType(
    {
        control.name: control
        for control in (
            Control("copy", copy, "0 in a distance to the clip; reproducing the clip is the best that it can see"),
            Control("shuffle-frames", shuffle_frames, "0 in a metric that is blind to the order of frames"),
            Control("freeze-frame", freeze_frame, "how much a metric asks for change over time"),
            Control("noise", noise, "the worst that a metric should be able to tell"),
        )
    }
)


def make_control(name: str, clip: Clip, seed: int, index: int = 0) -> Clip:
    """Sample `index` of control `name`: the clip's size, length and delays; the same seed and index, the same frames.

    Raises:
        InputError: no such control.
    """
    control = pick(CONTROLS, name, "control")
    frames = control.make(clip.frames, np.random.default_rng([seed, index]))
    source = {"kind": "generated", "method": name, "seed": seed, "index": index, "clip_sha256": clip.sha256}
    return Clip(np.ascontiguousarray(frames), clip.delays_ms.copy(), source)
