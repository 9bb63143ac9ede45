"""Resizing: a clip at the size and length that a protocol asks for. Nothing is ever enlarged."""

from fractions import Fraction
from math import floor

import numpy as np

from datasets.clip import Clip
from datasets.errors import InputError

# The coarsest scale of the paper's pyramid has a short side of 25 pixels (section 4, as in SinGAN).
MINIMUM_SIDE = 25


def fitted_size(size: tuple[int, int], short_side: int | None = None, long_side: int | None = None) -> tuple[int, int]:
    """Height and width after scaling `size` (height, width) down until neither side exceeds its bound.

    The aspect ratio is kept, sides are rounded to the nearest pixel (halves up), and nothing is enlarged.

    Args:
        size: height and width in pixels.
        short_side: at most so many pixels for the shorter side; None for no bound.
        long_side: the same for the longer side.
    """
    for bound in (short_side, long_side):
        if bound is not None and bound < 1:
            raise ValueError(f"a side of {bound} pixels is no size")
    scale = min(
        Fraction(1),
        Fraction(short_side or min(size), min(size)),
        Fraction(long_side or max(size), max(size)),
    )
    height, width = (max(1, floor(side * scale + Fraction(1, 2))) for side in size)
    return height, width


def prepare(
    clip: Clip, *, short_side: int | None = None, long_side: int | None = None, max_frames: int | None = None
) -> Clip:
    """The first frames of a clip, each scaled down to fit (`fitted_size`) by Pillow's antialiased bicubic filter.

    Returns:
        The clip itself if nothing has to be done; else a new one whose source has a note `prepared`.
    """
    if max_frames is not None and max_frames < 1:
        raise ValueError(f"max_frames must be 1 or more, not {max_frames}")
    frames, note = clip.frames[:max_frames], {}
    if len(frames) < len(clip):
        note["first_frames"] = len(frames)
    size = fitted_size(clip.size, short_side, long_side)
    if size != clip.size:
        note |= {"resized_from": list(clip.size), "resized_to": list(size), "filter": "bicubic"}
        frames = resize_frames(frames, *size)
    if not note:
        return clip
    return Clip(np.ascontiguousarray(frames), clip.delays_ms[: len(frames)].copy(), {**clip.source, "prepared": note})


def require_minimum(clip: Clip, minimum: int = MINIMUM_SIDE) -> None:
    """Raise InputError if the clip's shorter side has fewer than `minimum` pixels."""
    height, width = clip.size
    if min(height, width) < minimum:
        name = clip.source.get("name") or clip.source.get("id") or "clip"
        raise InputError(
            f"{name}: is {width}x{height} pixels, and the shorter side needs at least {minimum}; use a larger clip"
        )


def resize_frames(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 frames [T, H, W, 3] at another size: bicubic, with antialiasing where they shrink, rounded to uint8."""
    from PIL import Image

    pictures = (Image.fromarray(np.ascontiguousarray(frame)) for frame in frames)
    return np.stack([np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC)) for picture in pictures])
