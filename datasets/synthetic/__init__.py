"""Synthetic natural scenes: procedural, seeded, of any size and length.

Role: stand-ins for the paper's nine scenes, for those clips that never were published and for machines that can reach
neither network nor stage. Each scene has a module with one function `scene(seed, y, x)` that prepares what stands
still and returns `frame(time)`; a scene is a function of position and time, so the same seed shows the same place at
every size, and the first frames of a long clip are those of a short one. What the scenes share: `noise` (hash lattice
noise), `colour` (linear light, sRGB), `terrain` (landscapes in perspective), `sky` (clouds), `foliage` (trees).

Layer: part of `datasets`, the lowest.

Depends on: NumPy. The same seed gives the same bytes with the same NumPy on the same kind of processor.
"""

from collections.abc import Callable

import numpy as np

from datasets.clip import Clip, make_clip
from datasets.errors import InputError
from datasets.limits import Limits
from datasets.names import unknown
from datasets.synthetic import birds, cliff, clouds, desert, night, river, seashore, sunset, waterfall
from datasets.synthetic.colour import encode, tone
from datasets.synthetic.noise import derive

# Bumped whenever a scene changes, so that results can say which edition of it they saw.
VERSION = 1
# Scene time from one frame to the next, in seconds, whatever the delay with which the frames are shown.
STEP = 0.2

_SCENES: dict[str, Callable[[int, np.ndarray, np.ndarray], Callable[[float], np.ndarray]]] = {
    "clouds": clouds.scene,
    "waterfall": waterfall.scene,
    "desert": desert.scene,
    "cliff": cliff.scene,
    "sunset": sunset.scene,
    "seashore": seashore.scene,
    "night": night.scene,
    "river": river.scene,
    "birds": birds.scene,
}
SCENES = tuple(_SCENES)

# A picture is computed on a finer grid of about this many rows at least, then averaged: what is too fine for a small
# picture becomes its mean colour instead of flicker.
_ROWS = 192
# Samples computed at once; bounds the memory.
_BAND = 2**19


def render(
    scene_id: str, *, height: int = 168, width: int = 298, frames: int = 8, seed: int = 0, delay_ms: int = 200
) -> Clip:
    """Render a synthetic scene.

    Args:
        scene_id: one of `SCENES`.
        height, width: of the frames, in pixels. A wider picture shows more to the left and right.
        frames: how many.
        seed: another place of the same kind; 0 or more.
        delay_ms: how long each frame is shown; does not change the frames.

    Returns:
        A clip of kind synthetic; its source says id, seed and version of the scene.

    Raises:
        InputError: there is no such scene, or a number is out of range.
    """
    if scene_id not in _SCENES:
        raise InputError(unknown("scene", str(scene_id), SCENES))
    _check(height, width, frames, seed, delay_ms)
    fine = min(max(-(-_ROWS // height), 2), 8)
    unit = np.float32(height * fine)
    y = (np.arange(height * fine, dtype=np.float32)[:, None] + np.float32(0.5)) / unit
    x = (np.arange(width * fine, dtype=np.float32)[None, :] + np.float32(0.5 - width * fine / 2)) / unit
    picture = np.empty((frames, height, width, 3), dtype=np.uint8)
    band = max(_BAND // (width * fine * fine), 1)
    for top in range(0, height, band):
        rows = slice(top, min(top + band, height))
        frame = _SCENES[scene_id](derive(seed, scene_id), y[rows.start * fine : rows.stop * fine], x)
        for t in range(frames):
            light = frame(STEP * t).reshape(rows.stop - rows.start, fine, width, fine, 3).mean(axis=(1, 3))
            picture[t, rows] = np.rint(encode(tone(light)) * 255)
    return make_clip(picture, delay_ms, kind="synthetic", id=scene_id, seed=seed, version=VERSION)


def _check(height: int, width: int, frames: int, seed: int, delay_ms: int) -> None:
    """Raise InputError for numbers that no clip can have."""
    limits = Limits()
    for name, value, most in (
        ("height", height, limits.max_frame_pixels),
        ("width", width, limits.max_frame_pixels),
        ("frames", frames, limits.max_frames),
        ("delay_ms", delay_ms, 2**31 - 1),
    ):
        if not 1 <= value <= most:
            raise InputError(f"{name}: {value} is out of range; choose 1 to {most}")
    if seed < 0:
        raise InputError(f"seed: {seed} is negative; choose 0 or more")
    if height * width > limits.max_frame_pixels or frames * height * width > limits.max_total_pixels:
        raise InputError(
            f"size: {frames} frames of {width}x{height} are too many pixels; choose at most "
            f"{limits.max_frame_pixels} a frame and {limits.max_total_pixels} in all"
        )
