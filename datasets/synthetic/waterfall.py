"""A curtain of water falling over a cliff in a wood, with spray at its foot."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.foliage import green, leaves
from datasets.synthetic.noise import cells, derive, fbm, noise, ridge, uniform

# Speed of the water at the lip (image heights a second) and how much it gains an image height further down.
_SPEED, _GAIN = 0.2, 1.2


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    centre = uniform(seed, "centre", -0.2, 0.2)
    half = uniform(seed, "half", 0.26, 0.34)
    pool = uniform(seed, "pool", 0.82, 0.87)
    top = uniform(seed, "top", 0.2, 0.27)

    lip = (
        top + 0.035 * fbm(derive(seed, "lip"), 4 * x, octaves=3) + 0.5 * np.maximum(np.abs(x - centre) - 0.7 * half, 0)
    )
    foot = pool + 0.05 * fbm(derive(seed, "foot"), 4 * x, octaves=6, gain=0.6)
    below = np.maximum(y - lip, 0)
    ragged = 0.13 * fbm(derive(seed, "ragged"), 4.5 * y, 4 * x, octaves=5)
    inside = 0.85 * half + 0.2 * below - np.abs(x - centre) + ragged
    wall = _rock(seed, y, x)
    # Water hides the cliff except where ledges stick out of it.
    ledge = fbm(derive(seed, "ledge"), 3.5 * y, 5 * x, octaves=4)
    water = smoothstep(0.0, 0.03, inside) * smoothstep(0.0, 0.012, y - lip) * smoothstep(0.0, 0.012, foot - y)
    water = water * (1 - 0.85 * smoothstep(0.22, 0.32, ledge - 0.3 * inside))
    fall = np.log1p(_GAIN * below) / (_GAIN * _SPEED)
    # The wood stands to the left and right of the fall and above it.
    edge = 0.24 * fbm(derive(seed, "wood"), 4 * y, 4 * x, octaves=5, gain=0.6)
    wood = smoothstep(-0.01, 0.02, np.maximum(np.abs(x - centre) - half - 0.12 - 0.12 * y, lip - 0.015 - y) + edge)
    wood = wood * smoothstep(0.0, 0.015, foot - 0.02 - y + 0.3 * edge)
    sunny = 0.42 + 0.35 * fbm(derive(seed, "sun"), 1.5 * y, 1.5 * x + 9, octaves=2)

    # Boulders that broke off lie in front, left and right of the fall.
    pile, _, above, label = cells(derive(seed, "boulders"), 8 * y + 0.3 * edge, 6 * x)
    heap = y - foot - 0.17 + 0.3 * np.maximum(np.abs(x - centre) - 0.2, 0) + 0.08 * (0.6 - pile) + 0.3 * edge
    heap = smoothstep(0.0, 0.006, heap)
    boulders = wall * (0.9 - 0.9 * above - 0.5 * pile + 0.5 * label)[..., None] * 1.4

    def frame(time: float) -> np.ndarray:
        breeze = 0.008 * noise(derive(seed, "breeze"), 1.3 * time, 2 * y, 2 * x)
        picture = mix(wall, green(leaves(derive(seed, "leaves"), y, x + breeze, size=0.015, light=sunny)), wood)
        picture = mix(picture, _pool(seed, y, x, time, foot, inside), smoothstep(-0.004, 0.004, y - foot))

        moving = fall - time
        sheet = fbm(derive(seed, "sheet"), 1.3 * moving, 9 * x, octaves=3)
        strand = fbm(derive(seed, "strand"), 3.2 * moving, 34 * x + 0.6 * sheet, octaves=3, gain=0.6)
        body = 0.45 + 0.45 * strand + 0.55 * sheet + 0.2 * smoothstep(0.1, 0.0, below)
        white = ramp(body, (0.0, "#2c3a40"), (0.3, "#7d8b93"), (0.6, "#c3ccd2"), (1.0, "#ffffff"))
        picture = mix(picture, white, water * smoothstep(-0.7, 0.1, strand + sheet + 0.8 * smoothstep(0, 0.15, inside)))

        rising = fbm(derive(seed, "spray"), 0.8 * time, 4 * y + 0.5 * time, 4 * x, octaves=4)
        spray = smoothstep(0.22, 0.0, np.abs(y - foot + 0.05) - 0.12 * rising) * smoothstep(-0.1, 0.1, inside)
        picture = mix(picture, rgb("#dfe6ea"), 0.75 * spray * (0.65 + 0.5 * rising))
        return mix(picture, boulders, heap)

    return frame


def _rock(seed: int, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A wet cliff in layers, cracked across: linear [H, W, 3]."""
    bend = 0.05 * fbm(derive(seed, "bend"), 2 * y, 2 * x, octaves=3)
    layers = fbm(derive(seed, "layers"), 22 * (y + bend), 3 * x, octaves=4, shape=ridge, gain=0.55)
    cracks = fbm(derive(seed, "cracks"), 4 * y, 11 * (x + bend), octaves=4, shape=ridge, gain=0.55)
    grain = fbm(derive(seed, "grain"), 30 * y, 30 * x, octaves=3)
    tone = 0.42 + 0.3 * layers - 0.28 * np.maximum(cracks, 0) + 0.15 * grain
    stone = ramp(tone, (0.0, "#14140f"), (0.35, "#3d3a31"), (0.65, "#77705f"), (1.0, "#b5ac97"))
    moss = smoothstep(0.0, 0.35, fbm(derive(seed, "moss"), 5 * y, 5 * x, octaves=5) - 0.1)
    return mix(stone, green(0.25 + 0.5 * tone), 0.7 * moss)


def _pool(seed: int, y: np.ndarray, x: np.ndarray, time: float, foot: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The pool below the fall, seen flat, with foam drifting towards the viewer: linear [H, W, 3]."""
    # Perspective: rows close to the fall lie further away.
    near = 1 / (np.maximum(y - foot, 0) + 0.3)
    u, v = x * near, 1.6 * near + 0.5 * time
    waves = fbm(derive(seed, "waves"), 0.5 * time, 3 * v, 2.5 * u, octaves=5, gain=0.6)
    foam = fbm(derive(seed, "foam"), 0.25 * time, 2.2 * v, 2 * u, octaves=5, gain=0.6)
    churn = smoothstep(0.1, 0.0, y - foot) * smoothstep(-0.3, 0.1, inside)
    water = ramp(waves, (-0.6, "#15241c"), (-0.1, "#304a3a"), (0.3, "#62806c"), (0.7, "#b9c9be"))
    return mix(water, rgb("#eef2f3"), 0.85 * smoothstep(0.2, 0.7, foam + 0.6 * churn + 0.2 * waves - 0.1))
