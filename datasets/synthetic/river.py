"""A stream running towards the viewer between wooded banks, over and around boulders."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.foliage import conifers, green, leaves
from datasets.synthetic.noise import cells, derive, fbm, ridge, uniform
from datasets.synthetic.terrain import look, slopes, sunlight

_HORIZON, _EYE = 0.16, 1.6
# Speed of the water, in world units a second.
_SPEED = 1.0
# Rows of trees between the viewer and the horizon.
_ROWS = 12


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    turn = uniform(seed, "turn", 0, 2 * np.pi)

    def bank(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Distance from the water's edge: negative on the river."""
        middle = 0.9 * np.sin(0.33 * depth + turn) - 0.9 * np.sin(turn + 0.7)
        rough = 0.18 * fbm(derive(seed, "edge"), 1.1 * depth, 1.1 * across, octaves=4)
        return np.abs(across - middle) - 1.1 - 0.02 * depth + rough

    def land(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        edge = np.maximum(bank(depth, across), 0)
        pebble, _, _, _ = cells(derive(seed, "pebbles"), 4 * depth, 4 * across)
        return (
            0.16 * edge + 0.1 * np.maximum(0.6 - pebble, 0) * smoothstep(0, 0.15, edge) + 0.3 * smoothstep(0.5, 5, edge)
        )

    ground = look(land, y, x, horizon=_HORIZON, eye=_EYE, near=1.5, far=60)
    depth, across = ground.depth, ground.across
    edge = bank(depth, across)
    light = sunlight(*slopes(land, ground, 0.004), (0.25, -0.7, 0.7))
    _, _, _, tint = cells(derive(seed, "pebbles"), 4 * depth, 4 * across)
    grit = fbm(derive(seed, "grit"), 9 * depth, 14 * across, octaves=4, gain=0.65)
    shingle = ramp(0.5 + 0.6 * (tint - 0.5) + 0.3 * grit, (0, "#4a4438"), (0.5, "#8f8673"), (1, "#cfc7b5"))
    shingle = shingle * (0.25 + 0.9 * light)[..., None]
    grass = green(0.34 + 0.25 * light + 0.4 * grit)
    banks = mix(shingle, grass, smoothstep(0.2, 0.4, edge + 0.15 * grit))
    sky = ramp(y / _HORIZON, (-1, "#86aed6"), (1, "#e0e6e4"))
    hill = _HORIZON - 0.05 - 0.07 * fbm(derive(seed, "hill"), 1.8 * x, octaves=4)
    far = mix(green(leaves(derive(seed, "far"), y, x, size=0.006)), rgb("#b9c8cc"), np.float32(0.55))
    sky = mix(sky, far, smoothstep(-0.003, 0.003, y - hill))
    forest, wood = _forest(seed, y, x, bank)
    rock, stone = _boulders(seed, depth, across)
    wake = _wake(seed, depth, across)
    on_water = ground.seen & (edge < 0.02)
    # Seen at a grazing angle, far off, the water mirrors the trees; close by we see into it.
    mirror = smoothstep(2.0, 9.0, depth)
    shallows = smoothstep(-0.35, 0.0, edge)

    def frame(time: float) -> np.ndarray:
        along = depth + _SPEED * time
        drift = fbm(derive(seed, "drift"), 0.3 * time, 1.2 * along, 3.5 * across, octaves=5, gain=0.6)
        chop = fbm(derive(seed, "chop"), 0.8 * time, 5 * along, 9 * across + drift, octaves=4, gain=0.6)
        standing = np.maximum(fbm(derive(seed, "standing"), 0.9 * depth, 1.3 * across, octaves=3), 0)
        water = ramp(
            0.45 + 0.35 * drift + 0.4 * chop, (0, "#0f1f1c"), (0.35, "#274640"), (0.7, "#5f8683"), (1, "#c4d8da")
        )
        water = mix(water, rgb("#7c7355") * (0.7 + 0.4 * chop)[..., None], 0.5 * shallows)
        reflected = mix(
            rgb("#22331f"), rgb("#c9d6d8"), smoothstep(0.1, 0.7, 0.5 + 0.6 * chop + 0.5 * drift + 0.5 * edge)
        )
        water = mix(water, reflected, 0.7 * mirror)
        white = wake * (1.0 + 1.3 * drift + 1.1 * chop) + 1.1 * standing + 0.9 * drift + 0.5 * chop
        water = mix(water, rgb("#f2f6f6"), 0.95 * smoothstep(0.45, 1.0, white))
        water = mix(water, stone, smoothstep(-0.02, 0.02, rock - 0.03 * chop))
        water = mix(water, rgb("#b9c8cc"), 0.5 * (1 - np.exp(-np.maximum(depth - 4, 0) / 22)))
        picture = np.where(on_water[..., None], water, np.where(ground.seen[..., None], banks, sky))
        return mix(picture, forest, wood)

    return frame


def _forest(
    seed: int, y: np.ndarray, x: np.ndarray, bank: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of spruces on both banks, painted back to front: linear [H, W, 3], and where they stand [H, W]."""
    picture = np.zeros((*np.broadcast_shapes(y.shape, x.shape), 3), dtype=np.float32)
    total = np.zeros(picture.shape[:2], dtype=np.float32)
    for row, depth in enumerate(np.geomspace(30, 2.4, _ROWS)):
        depth = np.float32(depth)
        edge = bank(depth, depth * x)
        foot = _HORIZON + (_EYE - 0.16 * np.maximum(edge, 0) - 0.3 * smoothstep(0.5, 5, edge)) / depth
        height = 2.1 * smoothstep(0.2, 1.0, edge) / depth
        own = derive(seed, f"row {row}")
        mask, shine = conifers(own, y, x, foot=foot, height=height, spacing=float(0.5 / depth))
        mask = mask * smoothstep(0.004, -0.004, y - foot)
        gap = fbm(derive(own, "hue"), 2 * y, 2 * x, octaves=2)
        colour = green(0.06 + 0.6 * shine + 0.2 * gap - 0.15 * smoothstep(-0.5 * 2.1 / depth, 0, y - foot))
        colour = mix(colour, rgb("#b9c8cc"), np.asarray(0.75 * (1 - np.exp(-max(depth - 3, 0) / 16))))
        picture = mix(picture, colour, mask)
        total = np.maximum(total, mask)
    return picture, total


def _boulders(seed: int, depth: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boulders in the stream: how far inside one a position is (above 0: on it), and their colour."""
    bent = 0.25 * fbm(derive(seed, "bent"), 2.5 * depth, 2.5 * across, octaves=3)
    distance, _, above, label = cells(derive(seed, "boulders"), 0.8 * depth, 1.3 * across)
    inside = np.where(label > 0.45, 0.1 + 0.13 * label, 0) - distance + 0.2 * bent
    crack = fbm(derive(seed, "crack"), 3 * depth, 6 * across, octaves=5, gain=0.6, shape=ridge)
    tone = 0.5 - 1.2 * above + 0.25 * crack - 0.8 * distance
    return inside, ramp(tone, (0, "#1b1a17"), (0.5, "#6b665c"), (1, "#bdb6a6"))


def _wake(seed: int, depth: np.ndarray, across: np.ndarray) -> np.ndarray:
    """White water around and downstream (towards the viewer) of the boulders, about [0, 1]."""
    total = np.zeros(np.broadcast_shapes(depth.shape, across.shape), dtype=np.float32)
    for step in range(5):
        inside, _ = _boulders(seed, depth + 0.12 * step, across)
        total = np.maximum(total, smoothstep(-0.09, 0.05, inside) * (1 - 0.18 * step))
    return total
