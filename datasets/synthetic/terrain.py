"""Landscapes in perspective: where each line of sight first meets a height field.

The camera looks level along the depth axis, with focal length 1 (in image heights): a point at depth z, sideways
offset u and height h appears at x = u / z, y = horizon + (eye - h) / z.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

HeightField = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Ground(NamedTuple):
    """What the lines of sight of an image [H, W] see of a height field.

    Attributes:
        seen: bool [H, W], whether they meet the ground at all.
        depth: float32 [H, W], how far away (the far limit where not seen).
        across: float32 [H, W], the sideways offset there.
        height: float32 [H, W], the height of the ground there.
    """

    seen: np.ndarray
    depth: np.ndarray
    across: np.ndarray
    height: np.ndarray


def look(
    field: HeightField,
    y: np.ndarray,
    x: np.ndarray,
    *,
    horizon: float,
    eye: float,
    near: float,
    far: float,
    slices: int = 320,
) -> Ground:
    """Intersect the lines of sight of the image with `field(depth, across) -> height`.

    The field is sampled on `slices` depths, spaced geometrically, front to back; a line of sight ends at the first
    slice that rises above it, and its depth is interpolated between that slice and the one before.

    Args:
        field: height of the ground, a function of depth and sideways offset.
        y: float32 [H, 1], image rows. x: float32 [1, W], image columns.
        horizon: the row of the horizon. eye: the height of the camera. near, far: limits of the depth.
    """
    depths = np.geomspace(near, far, slices).astype(np.float32)[:, None]
    rows = horizon + (eye - field(depths, depths * x)) / depths
    visible = np.minimum.accumulate(rows, axis=0)
    line = -y[:, 0]
    index = np.stack([np.searchsorted(-visible[:, column], line) for column in range(x.shape[1])], axis=1)
    seen = index < slices
    after = np.minimum(index, slices - 1)
    before = np.maximum(after - 1, 0)
    upper, lower = np.take_along_axis(rows, after, axis=0), np.take_along_axis(rows, before, axis=0)
    fraction = np.clip((lower - y) / np.maximum(lower - upper, 1e-6), 0, 1)
    depth = depths[before, 0] + fraction * (depths[after, 0] - depths[before, 0])
    depth = np.where(seen, depth, np.float32(far)).astype(np.float32)
    return Ground(seen, depth, depth * x, (eye - (y - horizon) * depth).astype(np.float32))


def slopes(field: HeightField, ground: Ground, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The slope of the field along depth and across, by central differences `step` x depth apart.

    The step grows with the distance: what is far away is seen coarsely.
    """
    delta = step * ground.depth
    along = field(ground.depth + delta, ground.across) - field(ground.depth - delta, ground.across)
    across = field(ground.depth, ground.across + delta) - field(ground.depth, ground.across - delta)
    return along / (2 * delta), across / (2 * delta)


def sunlight(slope_along: np.ndarray, slope_across: np.ndarray, sun: tuple[float, float, float]) -> np.ndarray:
    """Lambert's cosine in [0, 1] for a sun in the direction (along, across, up)."""
    along, across, up = np.asarray(sun, dtype=np.float32) / np.linalg.norm(sun)
    cosine = (up - along * slope_along - across * slope_across) / np.sqrt(1 + slope_along**2 + slope_across**2)
    return np.clip(cosine, 0, 1)
