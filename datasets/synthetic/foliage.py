"""Leaves: the broken pattern of lit and shaded leaves that trees and bushes make, seen from some way off."""

import numpy as np

from datasets.synthetic.colour import ramp, smoothstep
from datasets.synthetic.noise import cells, derive, fbm, noise, scatter

SUMMER = ((0.0, "#10160c"), (0.3, "#293a20"), (0.55, "#4d6436"), (0.8, "#8a9f5a"), (1.0, "#d3dba2"))


def leaves(seed: int, y: np.ndarray, x: np.ndarray, *, size: float, light: np.ndarray | float = 0.5) -> np.ndarray:
    """How bright foliage is at each position, about [0, 1], float32.

    Branches carry leaves in rounded clumps, lit from above, dark where clumps meet; each leaf catches the light
    differently.

    Args:
        size: of a leaf, in the units of y and x.
        light: the mean brightness, a number or an array of the image's shape.
    """
    wobble = size * noise(derive(seed, "edge"), y / (2.5 * size), x / (2.5 * size))
    clump, _, above, tint = cells(derive(seed, "clump"), (y + wobble) / (9 * size), (x - wobble) / (9 * size))
    leaf, border, _, shine = cells(derive(seed, "leaf"), (y + 0.5 * wobble) / size, (x - 0.5 * wobble) / size)
    broad = fbm(derive(seed, "broad"), y / (30 * size), x / (30 * size), octaves=4, gain=0.6)
    dome = 0.45 * above - 0.5 * smoothstep(0.35, 0.9, clump)
    spark = 0.55 * (shine - 0.5) - 0.25 * smoothstep(0.25, 0.0, border - leaf)
    return light + 0.75 * dome + spark + 0.3 * broad + 0.2 * (tint - 0.5)


def green(brightness: np.ndarray, palette: tuple[tuple[float, str], ...] = SUMMER) -> np.ndarray:
    """The colour of foliage of that brightness: [...] to linear [..., 3]."""
    return ramp(brightness, *palette)


def conifers(
    seed: int, y: np.ndarray, x: np.ndarray, *, foot: np.ndarray | float, height: np.ndarray | float, spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """A row of spruces.

    Args:
        foot: the row where the trees stand, and height: of the tallest; numbers or [1, W].
        spacing: between them, in image heights.

    Returns:
        `mask`: float32 [H, W] in [0, 1]; `light`: float32 [H, W] in [0, 1], higher at the upper left of each branch.
    """
    cell = np.floor(x / spacing)
    mask = np.zeros(np.broadcast_shapes(y.shape, x.shape), dtype=np.float32)
    light = np.zeros_like(mask)
    needles = 0.25 * fbm(derive(seed, "needles"), y / (0.3 * spacing), x / (0.3 * spacing), octaves=3)
    for step in (-2, -1, 0, 1, 2):
        centre = (cell + step + scatter(derive(seed, "place"), cell + step)) * spacing
        tall = np.maximum(height * (0.45 + 0.55 * scatter(derive(seed, "tall"), cell + step)), 1e-4)
        down = (y - (foot - tall)) / tall
        # Branches hang in tiers that widen downwards.
        tier = down * 7 + scatter(derive(seed, "tier"), cell + step)
        width = 0.23 * tall * (0.08 + 0.92 * down) * (0.6 + 0.4 * (tier - np.floor(tier)) + needles)
        side = (x - centre) / np.maximum(width, 1e-4)
        inside = smoothstep(1.0, 0.8, np.abs(side)) * (down > 0) * (y < foot + 0.5)
        shine = 0.5 - 0.3 * side - 0.35 * (tier - np.floor(tier)) + 1.2 * needles
        light = np.where(inside > mask, shine, light)
        mask = np.maximum(mask, inside)
    return mask, np.clip(light, 0, 1).astype(np.float32)
