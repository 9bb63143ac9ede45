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
    return frames[_other_order(len(frames), rng)]


def freeze_frame(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One frame, drawn at random, shown throughout."""
    chosen = int(rng.integers(len(frames)))
    return np.repeat(frames[chosen : chosen + 1], len(frames), axis=0)


def reverse(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The frames from the last to the first."""
    return frames[::-1].copy()


def shift(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All frames moved by one random distance in each direction, at least an eighth of the side either way round; what
    leaves at one border comes back at the other."""
    least = [-(-side // 8) for side in frames.shape[1:3]]
    by = [int(rng.integers(low, max(low, side - low) + 1)) for low, side in zip(least, frames.shape[1:3], strict=True)]
    return np.roll(frames, by, axis=(1, 2))


def block_shuffle(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frames cut into 4 x 4 equal blocks, and these put in another order, the same for all: any but their own.

    Up to 3 rows at the bottom and columns at the right, which do not divide, stay. Sides of fewer than 4 pixels have
    as many blocks as pixels.
    """
    height, width = frames.shape[1:3]
    rows, columns = min(4, height), min(4, width)
    tall, wide = height // rows, width // columns
    blocks = [
        np.s_[:, y * tall : (y + 1) * tall, x * wide : (x + 1) * wide] for y in range(rows) for x in range(columns)
    ]
    shuffled = frames.copy()
    for block, source in zip(blocks, _other_order(len(blocks), rng), strict=True):
        shuffled[block] = frames[blocks[source]]
    return shuffled


def requantised_gif(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What is left in a GIF of 64 colours: palettes as `datasets.encode.write_gif` makes them, one a frame, without
    dithering, but smaller. Its own 256 colours leave an error of only 2 or 3 grey levels in a natural scene."""
    from PIL import Image

    pictures = [Image.fromarray(frame).quantize(64, method=Image.Quantize.MEDIANCUT, kmeans=1) for frame in frames]
    return np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])


def blur(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each frame under a Gaussian with a deviation of 1/64 of its shorter side."""
    from scipy.ndimage import gaussian_filter

    deviation = min(frames.shape[1:3]) / 64
    sigma = (deviation, deviation, 0)
    return np.stack(
        [np.rint(gaussian_filter(frame.astype(np.float32), sigma, mode="nearest")).astype(np.uint8) for frame in frames]
    )


def colour_shift(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """20 to 30 grey levels more or less in each channel, drawn once for the clip; clipped to 0 to 255."""
    offsets = rng.integers(20, 31, size=3) * rng.choice([-1, 1], size=3)
    return np.clip(frames + offsets, 0, 255).astype(np.uint8)


def noise(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every value drawn uniformly from 0 to 255, independently."""
    return rng.integers(0, 256, size=frames.shape, dtype=np.uint8)


def _other_order(count: int, rng: np.random.Generator) -> np.ndarray:
    """A permutation of so many things that is not the identity, where there is more than one."""
    own = np.arange(count)
    order = rng.permutation(own)
    while count > 1 and np.array_equal(order, own):
        order = rng.permutation(own)
    return order


CONTROLS: Mapping[str, Control] = MappingProxyType(
    {
        control.name: control
        for control in (
            Control("copy", copy, "0 in a distance to the clip; reproducing the clip is the best that it can see"),
            Control("shuffle-frames", shuffle_frames, "0 in a metric that is blind to the order of frames"),
            Control("freeze-frame", freeze_frame, "how much a metric asks for change over time"),
            Control("reverse", reverse, "0 in a metric that is blind to the direction of time"),
            Control("shift", shift, "how much a metric asks for things to be where they are in the clip"),
            Control("block-shuffle", block_shuffle, "how much a metric sees of the layout, beside the seams"),
            Control("requantised-gif", requantised_gif, "what the palettes of a GIF alone cost"),
            Control("blur", blur, "how much a metric asks for fine detail"),
            Control("colour-shift", colour_shift, "how much a metric asks for the clip's colours"),
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
