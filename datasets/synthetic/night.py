"""Stars and the Milky Way turning over a moonlit ridge with spruces."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.foliage import conifers
from datasets.synthetic.noise import cells, derive, fbm, noise, ridge, uniform
from datasets.synthetic.terrain import look, slopes, sunlight

# How fast the sky turns, radians a second: time-lapse. Counter-clockwise, as seen on the northern hemisphere.
TURNING = 0.22
# Stars: (how many an image height, radius in image heights, brightness), from many faint ones to a few bright ones.
_STARS = ((36.0, 0.0024, 0.5), (15.0, 0.0032, 2.5), (6.0, 0.0048, 7.0))


def pole(seed: int) -> tuple[float, float]:
    """The point (y, x) about which the sky turns."""
    return uniform(seed, "pole y", 0.36, 0.5), uniform(seed, "pole x", -0.2, 0.2)


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    pole_y, pole_x = pole(seed)
    lean = uniform(seed, "lean", 0, 2 * np.pi)

    def mountains(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        rough = fbm(derive(seed, "rough"), 0.08 * depth, 0.08 * across, octaves=8, gain=0.48, shape=ridge)
        skyline = 1 + 1.1 * noise(derive(seed, "skyline"), 2.2 * across / depth)
        return 2.6 * rough + 7 * skyline * smoothstep(12, 34, depth) - 2

    ground = look(mountains, y, x, horizon=0.84, eye=3.0, near=7.0, far=48)
    along, across = slopes(mountains, ground, 0.004)
    light = sunlight(along, across, (-0.3, 0.85, 0.4))
    grain = fbm(derive(seed, "grain"), 1.5 * ground.depth, 1.5 * ground.across, octaves=4)
    snow = smoothstep(1.9, 1.0, np.hypot(along, across) + 0.4 * grain)
    slope = mix(rgb("#34383f"), rgb("#aab4c8"), snow) * ramp(light, (0, "#1c2338"), (1, "#8f9cc0")) * 0.8
    slope = mix(slope, rgb("#31405f"), 0.5 * (1 - np.exp(-ground.depth / 40)))
    foot = 1.0 + 0.16 * fbm(derive(seed, "foot"), 1.5 * x, octaves=4)
    wood, shine = conifers(derive(seed, "wood"), y, x, foot=foot, height=0.26, spacing=0.05)
    trees = ramp(shine, (0, "#05070c"), (0.6, "#141c28"), (1, "#3c4a60"))
    air = ramp(y, (0, "#0a1230"), (0.4, "#152550"), (0.62, "#2c4a6e"), (0.75, "#5a7a80"))

    def frame(time: float) -> np.ndarray:
        sine, cosine = np.float32(np.sin(TURNING * time)), np.float32(np.cos(TURNING * time))
        dy, dx = y - pole_y, x - pole_x
        v, u = cosine * dy + sine * dx, cosine * dx - sine * dy
        sky = air + _milky_way(seed, v, u, lean)
        for count, radius, brightness in _STARS:
            nearest, _, _, label = cells(derive(seed, f"stars {count}"), v * count, u * count)
            spot = np.exp(-((nearest / (count * radius)) ** 2)) * brightness * (0.06 + label**4)
            hue = ramp((label * 37) % 1, (0, "#ffd2a8"), (0.4, "#ffffff"), (1, "#b8ccff"))
            sky = sky + spot[..., None] * hue
        picture = np.where(ground.seen[..., None], slope, sky)
        return mix(picture, trees, wood)

    return frame


def _milky_way(seed: int, v: np.ndarray, u: np.ndarray, lean: float) -> np.ndarray:
    """The glow of the Milky Way with its dark lanes, in coordinates that turn with the sky: linear [H, W, 3]."""
    off = np.float32(np.cos(lean)) * v + np.float32(np.sin(lean)) * u - 0.12
    along = np.float32(np.cos(lean)) * u - np.float32(np.sin(lean)) * v
    puffs = fbm(derive(seed, "puffs"), 4 * off, 3 * along, octaves=6, gain=0.6)
    lanes = fbm(derive(seed, "lanes"), 6 * off, 3 * along, octaves=5, gain=0.6, shape=ridge)
    band = np.exp(-(((off + 0.06 * puffs) / 0.17) ** 2))
    core = np.exp(-((off / 0.06) ** 2))
    glow = band * (0.55 + 0.9 * puffs) * (1 - 0.85 * core * smoothstep(-0.1, 0.6, lanes))
    dust = np.maximum(glow, 0)[..., None]
    return 0.32 * dust * mix(rgb("#8fa0d8"), rgb("#ffe2cc"), core)
