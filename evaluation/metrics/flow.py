r"""Whether a generated clip moves as fast as the training clip, and in the same directions, by optical flow.

Speeds are compared as distributions over all pixels and pairs of frames, directions as distributions weighted with
how much moves there; where in the frame it moves does not count, since samples may have layouts of their own.

    magnitude distance = W1( |v_x|, |v_y| ) = integral of |F_x(s) - F_y(s)| ds              F: share of vectors up to s

    direction distance = W1 on the circle = min over c of  integral of |G_x(a) - G_y(a) - c| da  /  pi

where G(a) is the share of weight in directions up to a; the least is reached by the median of G_x - G_y (Rabin, Delon
and Gousseau 2011, section 3). A turn of the whole clip by t gives t / pi, the reversal of a clip that moves one way 1.

Source: ours, on the flow of Kroeger et al. 2016 (dense inverse search) as OpenCV computes it, preset `medium`, down to
full resolution: its finest scale of one half is off by 5 % at speeds of half a pixel. Farneback's flow is as exact,
but is not zero at the borders of a still clip, and loses steps of more than a few pixels in small frames.

Conventions:
- Flow is taken on luma. Frames with a side of less than `LEAST_SIDE` pixels are enlarged for it (bicubic) and the
  vectors scaled back.
- A vector weighs as much as its length, at most `ENOUGH` pixels: beyond that it moves for certain, and the few
  longest vectors, often mistakes of the flow, do not decide.
- A clip that stands still has no direction. It counts as one that moves in all directions alike: 1/2 away from a clip
  that moves one way, 0 from another that stands still.
- Equal frames give equal bytes on one machine; another processor may round differently.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from datasets.errors import InputError
from evaluation.metrics.diversity import grey

LEAST_SIDE = 32
ENOUGH = 0.5
_BINS = 360


def flow(frames: np.ndarray) -> np.ndarray:
    """Optical flow from each frame to the next.

    Args:
        frames: uint8 [T, H, W, 3].

    Returns:
        float32 [T - 1, H, W, 2], (dx, dy) in pixels a frame, to the right and down; 0 where nothing changes.

    Raises:
        InputError: a clip of fewer than two frames.
    """
    import cv2

    if len(frames) < 2:
        raise InputError("flow: needs at least 2 frames; take longer clips")
    height, width = frames.shape[1:3]
    factor = max(1.0, LEAST_SIDE / min(height, width))
    size = round(width * factor), round(height * factor)
    vectors = np.empty((len(frames) - 1, height, width, 2), np.float32)
    with _one_thread():
        method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        method.setFinestScale(0)
        luma = [np.rint(grey(frame)).astype(np.uint8) for frame in frames]
        if factor > 1:
            luma = [cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in luma]
        for step, (before, after) in enumerate(pairwise(luma)):
            found = method.calc(before, after, None)
            if factor > 1:
                found = cv2.resize(found, (width, height), interpolation=cv2.INTER_AREA)
            vectors[step] = found
    return vectors * np.float32([width / size[0], height / size[1]])


def flow_magnitude_distance(fake_flow: np.ndarray, real_flow: np.ndarray) -> float:
    """1-Wasserstein distance between the speeds of two clips.

    Args:
        fake_flow, real_flow: flow of frames of one size, float [T, H, W, 2] in pixels a frame; T may differ.

    Returns:
        >= 0, in pixels a frame; 0 for the same distribution of speeds, the difference of two uniform speeds.
    """
    fake, real = np.sort(_speeds(fake_flow), axis=None), np.sort(_speeds(real_flow), axis=None)
    if fake.size == real.size:  # the same as below, ten times as fast
        return float(np.abs(fake - real).mean(dtype=np.float64))
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(fake, real))


def flow_direction_distance(fake_flow: np.ndarray, real_flow: np.ndarray) -> float:
    """1-Wasserstein distance on the circle between the weighted directions of two clips.

    Args:
        fake_flow, real_flow: flow, float [T, H, W, 2]; sizes may differ.

    Returns:
        In [0, 1], in half turns; 1 for two clips that move in opposite directions, each in one.
    """
    gap = np.cumsum(_directions(fake_flow) - _directions(real_flow))
    return float(np.abs(gap - np.median(gap)).sum() * 2 / _BINS)


def _speeds(vectors: np.ndarray) -> np.ndarray:
    return np.hypot(vectors[..., 0], vectors[..., 1])


def _directions(vectors: np.ndarray) -> np.ndarray:
    """Shares of the weight by direction, float64 [_BINS] with sum 1."""
    weights = np.minimum(_speeds(vectors), ENOUGH).ravel()
    turns = np.arctan2(vectors[..., 1], vectors[..., 0]).ravel() / (2 * np.pi)
    # Whole degrees lie in the middle of a bin: motion straight along an axis is not torn apart by rounding.
    bins = np.rint(turns * _BINS).astype(np.intp) % _BINS
    shares = np.bincount(bins, weights=weights, minlength=_BINS)
    total = shares.sum()
    return shares / total if total > 0 else np.full(_BINS, 1 / _BINS)


@contextmanager
def _one_thread() -> Iterator[None]:
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
